//! Arguments: the verbs, and every option from the table of settings.

use std::ffi::OsString;
use std::path::PathBuf;

use firepush::Error;
use firepush::error::{Kind, Result};
use firepush::settings::{self, Row, Settings, Verb};
use lexopt::{Arg, Parser};

/// What the command line asks for.
pub enum Command {
    Usage,
    Help(Option<Verb>),
    Version,
    Send(Settings, Vec<PathBuf>),
    Receive(Settings),
}

/// Reads the arguments that follow the program's name.
///
/// # Errors
/// [`Kind::Usage`].
pub fn parse(args: impl Iterator<Item = OsString> + 'static) -> Result<Command> {
    let mut parser = Parser::from_args(args);
    let Some(first) = parser.next().map_err(misunderstood)? else { return Ok(Command::Usage) };
    let verb = match first {
        Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(None)),
        Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
        Arg::Value(word) if word == "help" => return help_of(&mut parser),
        Arg::Value(word) => verb(&word)?,
        option => return Err(usage(format!("expected a command in front of {}", shown(&option)))),
    };
    parse_verb(verb, &mut parser)
}

fn help_of(parser: &mut Parser) -> Result<Command> {
    match parser.next().map_err(misunderstood)? {
        Some(Arg::Value(word)) => Ok(Command::Help(Some(verb(&word)?))),
        _ => Ok(Command::Help(None)),
    }
}

fn verb(word: &OsString) -> Result<Verb> {
    match word.to_str() {
        Some("send") => Ok(Verb::Send),
        Some("receive") => Ok(Verb::Receive),
        _ => Err(usage(format!("there is no command {word:?}; there are send, receive and help"))),
    }
}

fn parse_verb(verb: Verb, parser: &mut Parser) -> Result<Command> {
    let mut settings = Settings::default();
    let mut files = Vec::new();
    while let Some(arg) = parser.next().map_err(misunderstood)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Some(verb))),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Short('v') => set(&option("verbose", verb)?, &mut settings, "yes")?,
            Arg::Short('q') => set(&option("quiet", verb)?, &mut settings, "yes")?,
            Arg::Short(letter) => return Err(usage(format!("there is no option -{letter}"))),
            Arg::Long(name) => {
                let row = option(name, verb)?;
                let value = value(&row, parser)?;
                set(&row, &mut settings, &value)?;
            }
            Arg::Value(file) => files.push(PathBuf::from(file)),
        }
    }
    check(verb, &settings, &files)?;
    Ok(match verb {
        Verb::Send => Command::Send(settings, files),
        Verb::Receive => Command::Receive(settings),
    })
}

fn option(name: &str, verb: Verb) -> Result<Row> {
    let found = settings::find(&name.replace('-', "_")).filter(|_| !name.contains('_'));
    match found {
        Some(row) if row.verbs.contains(&verb) => Ok(row),
        Some(_) => Err(usage(format!("--{name} is no option of {}", help::verb_name(verb)))),
        None => Err(usage(format!("there is no option --{name}{}", nearest(name, verb)))),
    }
}

fn value(row: &Row, parser: &mut Parser) -> Result<String> {
    let text = |value: OsString| {
        let bad = |value| usage(format!("the value {value:?} of --{} is not UTF-8", help::dashed(row.name)));
        value.into_string().map_err(bad)
    };
    match parser.optional_value() {
        Some(value) => text(value),
        None if row.is_switch() => Ok("yes".to_owned()),
        None => text(next_value(row, parser)?),
    }
}

/// The word that follows; one that looks like an option was hardly meant.
fn next_value(row: &Row, parser: &mut Parser) -> Result<OsString> {
    let name = help::dashed(row.name);
    let value = parser.value().map_err(|_| usage(format!("--{name} needs a {}", row.value)))?;
    let shown = value.to_string_lossy();
    if shown.starts_with("--") {
        let what =
            format!("--{name} needs a {}, but {shown} follows; --{name}={} says that it is meant", row.value, shown);
        return Err(usage(what));
    }
    Ok(value)
}

fn set(row: &Row, settings: &mut Settings, text: &str) -> Result<()> {
    let named = |e: Error| format!("--{}{}", help::dashed(row.name), e.what().trim_start_matches(row.name));
    row.apply(settings, text).map_err(|e| usage(named(e)))
}

/// What each command can't do without.
fn check(verb: Verb, settings: &Settings, files: &[PathBuf]) -> Result<()> {
    let config = &settings.config;
    let need = |there: bool, what: &str| if there { Ok(()) } else { Err(usage(format!("{what} is missing"))) };
    need(config.jid.is_some(), "--jid USER@DOMAIN")?;
    need(config.password_file.is_some() || config.cert_file.is_some(), "--password-file FILE")?;
    match verb {
        Verb::Send => {
            need(settings.to.is_some(), "--to JID")?;
            need(!files.is_empty(), "the FILE to send")?;
            if settings.name.is_some() && files.len() > 1 {
                return Err(usage("--name names one file, and several are given"));
            }
        }
        Verb::Receive => {
            need(config.dir.is_some(), "--dir DIR")?;
            need(!config.from.is_empty() || config.from_file.is_some(), "--from JID, who may send,")?;
            if let Some(file) = files.first() {
                return Err(usage(format!("receive takes no file, but there is {}", file.display())));
            }
        }
    }
    Ok(())
}

/// The option that was probably meant: the one that shares most letters in a row at the beginning.
fn nearest(name: &str, verb: Verb) -> String {
    let name = name.replace('-', "_");
    let shared = |row: &Row| row.name.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let rows = settings::rows().filter(|row| row.verbs.contains(&verb));
    match rows.max_by_key(shared) {
        Some(row) if shared(&row) >= 2 => format!("; did you mean --{}?", help::dashed(row.name)),
        _ => String::new(),
    }
}

fn shown(arg: &Arg<'_>) -> String {
    match arg {
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Long(name) => format!("--{name}"),
        Arg::Value(word) => format!("{word:?}"),
    }
}

fn misunderstood(error: lexopt::Error) -> Error {
    usage(error.to_string())
}

fn usage(what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what)
}

use crate::help;
