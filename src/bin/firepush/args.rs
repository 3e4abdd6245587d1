//! Arguments: the verbs, and every option from the table of settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use firepush::Error;
use firepush::error::{Kind, Result};
use firepush::settings::{self, Configuration, Row, Settings, USUAL, Verb};
use lexopt::{Arg, Parser};

use crate::help;
use crate::secret;

/// What the command line asks for.
pub enum Command {
    Usage,
    Help(Option<Verb>),
    Version,
    Do(Verb, Box<Configuration>, #[cfg_attr(not(feature = "jobs"), expect(dead_code))] Vec<String>),
    Send(Box<Configuration>, Vec<PathBuf>),
}

/// What stands behind a verb.
#[derive(Default)]
struct Words {
    options: Vec<(Row, String)>,
    settings: Settings,
    rest: Vec<OsString>,
}

/// Reads the arguments that follow the program's name, and the configuration files.
///
/// # Errors
/// [`Kind::Usage`], [`Kind::Config`].
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
        Some(Arg::Value(word)) => {
            let verb = verb(&word)?;
            left_out(verb).map_or(Ok(Command::Help(Some(verb))), |feature| Err(built_without(feature)))
        }
        _ => Ok(Command::Help(None)),
    }
}

fn verb(word: &OsString) -> Result<Verb> {
    let found = Verb::ALL.iter().copied().find(|verb| word == verb.name());
    let names: Vec<_> = Verb::ALL.iter().map(|verb| verb.name()).collect();
    found.ok_or_else(|| usage(format!("there is no command {word:?}; there are {} and help", names.join(", "))))
}

/// The feature that this was built without, if the command needs it.
pub fn left_out(verb: Verb) -> Option<&'static str> {
    let (feature, is_there) = match verb {
        Verb::Receive => ("receive", cfg!(feature = "receive")),
        Verb::Doctor => ("doctor", cfg!(feature = "doctor")),
        Verb::Run | Verb::Retry | Verb::Drop | Verb::Status => ("jobs", cfg!(feature = "jobs")),
        Verb::Send | Verb::Config => return None,
    };
    (!is_there).then_some(feature)
}

/// What was left out is as unknown as any other word.
pub fn built_without(feature: &str) -> Error {
    usage(format!("this firepush was built without {feature}"))
}

fn parse_verb(verb: Verb, parser: &mut Parser) -> Result<Command> {
    left_out(verb).map_or(Ok(()), |feature| Err(built_without(feature)))?;
    let mut words = Words::default();
    while let Some(arg) = parser.next().map_err(misunderstood)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Some(verb))),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Short('v') => words.set(option("verbose", verb)?, "yes".into())?,
            Arg::Short('q') => words.set(option("quiet", verb)?, "yes".into())?,
            Arg::Short(letter) => return Err(usage(format!("there is no option -{letter}"))),
            Arg::Long(name) => {
                let row = option(name, verb)?;
                let value = value(&row, parser)?;
                words.set(row, value)?;
            }
            Arg::Value(word) => words.rest.push(word),
        }
    }
    words.command(verb)
}

impl Words {
    fn set(&mut self, row: Row, text: String) -> Result<()> {
        if row.holds_password(&text) {
            let what = format!("--{} holds a password, which every user of this device can see here", row.name);
            return Err(usage(what + "; write it into a configuration file"));
        }
        let named = |e: Error| format!("--{}{}", help::dashed(row.name), e.what().trim_start_matches(row.name));
        row.apply(&mut self.settings, &text).map_err(|e| usage(named(e)))?;
        self.options.push((row, text));
        Ok(())
    }

    fn command(self, verb: Verb) -> Result<Command> {
        if verb == Verb::Config && self.options.iter().any(|(row, _)| row.name == "json") {
            return Err(usage("config prints a configuration file, not JSON"));
        }
        let mut configuration = Configuration::load(&self.settings.line.config, Path::new(USUAL), &self.options)?;
        if verb == Verb::Run {
            configuration.check_jobs()?;
        }
        if matches!(verb, Verb::Send | Verb::Receive | Verb::Run | Verb::Doctor) {
            secret::take(&mut configuration)?;
            secret::take_proxy(&mut configuration)?;
            check_account(verb, &configuration.settings)?;
        }
        check(verb, &configuration.settings, &self.rest)?;
        let configuration = Box::new(configuration);
        if verb == Verb::Send {
            return Ok(Command::Send(configuration, self.rest.into_iter().map(PathBuf::from).collect()));
        }
        let rest = self.rest.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Ok(Command::Do(verb, configuration, rest))
    }
}

fn option(name: &str, verb: Verb) -> Result<Row> {
    let found = settings::find(&name.replace('-', "_")).filter(|_| !name.contains('_'));
    match found {
        Some(row) if row.is_option_of(verb) => Ok(row),
        Some(_) => Err(usage(format!("--{name} is no option of {}", verb.name()))),
        None => Err(usage(format!("there is no option --{name}{}", nearest(name, verb)))),
    }
}

fn nearest(name: &str, verb: Verb) -> String {
    let meant = settings::nearest(&name.replace('-', "_"), |row| row.is_option_of(verb));
    meant.map(|row| format!("; did you mean --{}?", help::dashed(row.name))).unwrap_or_default()
}

fn value(row: &Row, parser: &mut Parser) -> Result<String> {
    let text = |value: OsString| {
        let bad = |value| usage(format!("the value {value:?} of --{} is not UTF-8", help::dashed(row.name)));
        value.into_string().map_err(bad)
    };
    match parser.optional_value() {
        Some(value) => text(value),
        None if row.is_switch() => Ok(switched(parser).to_owned()),
        None => text(next_value(row, parser)?),
    }
}

/// A switch may be followed by `yes` or `no`; a file of that name is `./no`.
fn switched(parser: &mut Parser) -> &'static str {
    let Ok(mut rest) = parser.raw_args() else { return "yes" };
    for word in ["yes", "no"] {
        if rest.next_if(|next| next == word).is_some() {
            return word;
        }
    }
    "yes"
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

/// What no login can do without.
fn check_account(verb: Verb, settings: &Settings) -> Result<()> {
    let config = &settings.config;
    let missing = |option: &str, key: &str| match verb {
        Verb::Run | Verb::Doctor => {
            let files: Vec<_> = settings.line.config.iter().map(|file| file.display().to_string()).collect();
            let files = if files.is_empty() { USUAL.to_owned() } else { files.join(", ") };
            Error::new(Kind::Config, format!("{key} is not set, neither in {files} nor on the command line"))
        }
        _ => usage(format!("{option} is missing")),
    };
    if config.jid.is_none() {
        return Err(missing("--jid USER@DOMAIN", "jid"));
    }
    if config.password.is_none() && config.password_file.is_none() && config.cert_file.is_none() {
        return Err(missing("--password-file FILE", "password_file"));
    }
    Ok(())
}

/// What each command can't do without, or can't do with.
fn check(verb: Verb, settings: &Settings, rest: &[OsString]) -> Result<()> {
    let need = |there: bool, what: &str| if there { Ok(()) } else { Err(usage(format!("{what} is missing"))) };
    match verb {
        Verb::Send => {
            need(!settings.to.is_empty(), "--to JID")?;
            need(!rest.is_empty(), "the FILE to send")?;
            check_send(settings, rest)
        }
        Verb::Receive => {
            need(settings.config.dir.is_some(), "--dir DIR")?;
            need(!settings.config.from.is_empty() || settings.config.from_file.is_some(), "--from JID, who may send,")?;
            nothing_behind(verb, rest)
        }
        Verb::Drop => need(!rest.is_empty(), "the ID to drop, or all,"),
        Verb::Run | Verb::Retry => Ok(()),
        Verb::Status | Verb::Config | Verb::Doctor => nothing_behind(verb, rest),
    }
}

fn check_send(settings: &Settings, rest: &[OsString]) -> Result<()> {
    let stream = rest.iter().any(|file| file == "-");
    if !cfg!(feature = "jobs") && (stream || settings.line.queue) {
        return Err(built_without("jobs"));
    }
    let one_name = settings.name.as_ref().is_some_and(|name| !name.is_for_many());
    if one_name && rest.len() > 1 {
        return Err(usage("--name names one file, and several are given"));
    }
    if stream && rest.len() > 1 {
        return Err(usage("- is standard input, and can't be sent together with files"));
    }
    if stream && settings.name.is_none() {
        return Err(usage("--name NAME is missing: standard input has no name"));
    }
    if settings.line.part_size > 0 && !stream {
        return Err(usage("--part-size is for standard input (-) only"));
    }
    Ok(())
}

fn nothing_behind(verb: Verb, rest: &[OsString]) -> Result<()> {
    match rest.first() {
        Some(word) => {
            Err(usage(format!("{} takes no arguments, but there is {}", verb.name(), word.to_string_lossy())))
        }
        None => Ok(()),
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
