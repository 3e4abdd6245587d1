//! What `--help` prints, made from the table of settings.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use firepush::error::Kind;
use firepush::settings::{self, Row, Verb};

use crate::{args, events};

const USAGE: &str = "\
firepush pushes files to a user of an XMPP server, and receives them.

  firepush send    --jid USER@DOMAIN --password-file FILE --to JID FILE...
  firepush receive --jid USER@DOMAIN --password-file FILE --dir DIR --from JID
  firepush run [JOB...]         does the jobs of /etc/firepush.conf, and sends what waits
  firepush status               what waits, and why
  firepush retry [ID...]        makes what waits due, brings back what was given up
  firepush drop ID...|all       forgets it
  firepush config               what is configured, and where
  firepush doctor [--to JID]    what is wrong, and what to do about it
  firepush help COMMAND | --version
";

const EXIT_CODES: &str = "
Exit codes:
   0  done
  64  command line not understood
  65  bad file                       66  no such file
  68  recipient unknown or not shared with this account
  69  recipient offline, unable, or refused
  70  bug                            73/74  can't write/read
  75  try again later: network, timeout, server, or nobody answered
  76  protocol or TLS                77  login refused
  78  configuration
";

/// The short usage of `firepush` alone.
pub fn usage() -> ExitCode {
    let _ = std::io::stderr().write_all(usage_text().as_bytes());
    ExitCode::from(Kind::Usage.exit_code())
}

/// Without the commands that were left out.
fn usage_text() -> String {
    let is_there = |line: &str| {
        let verb = Verb::ALL.iter().find(|verb| line.split_whitespace().nth(1) == Some(verb.name()));
        verb.is_none_or(|verb| args::left_out(*verb).is_none())
    };
    USAGE.split_inclusive('\n').filter(|line| is_there(line)).collect()
}

/// The version.
pub fn version() -> ExitCode {
    say(concat!("firepush ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// The help of all, or of one command.
pub fn print(verb: Option<Verb>) -> ExitCode {
    match verb {
        None => say(&(usage_text() + EXIT_CODES)),
        Some(verb) => say(&format!("{}{EXIT_CODES}", of(verb))),
    }
}

/// Who reads only the beginning (`| head`) ends us no worse.
pub fn say(text: &str) -> ExitCode {
    events::write_out(text);
    ExitCode::SUCCESS
}

fn about(verb: Verb) -> String {
    let ways: String = verb.usage().iter().map(|usage| format!("firepush {} {usage}\n", verb.name())).collect();
    format!("{ways}\n{}\n", verb.about())
}

fn of(verb: Verb) -> String {
    let mut text = format!("{}\nOptions:\n", about(verb));
    let (waits, options): (Vec<_>, Vec<_>) =
        settings::rows().filter(|row| row.verbs.contains(&verb)).partition(|row| row.name.starts_with("wait_"));
    options.iter().for_each(|row| text += &entry(row));
    if !waits.is_empty() {
        text += "\nHow long each wait may last (50ms, 30s, 10m; a bare number is seconds):\n";
        waits.iter().for_each(|row| text += &entry(row));
    }
    text
}

fn entry(row: &Row) -> String {
    let mut text = format!("  --{}", dashed(row.name));
    if !row.value.is_empty() {
        let _ = write!(text, " {}", row.value);
    }
    let _ = write!(text, "{:width$}{}", "", row.help, width = 34usize.saturating_sub(text.len()).max(1));
    if row.is_list() {
        text += "; may be repeated";
    }
    if !row.default.is_empty() {
        let _ = write!(text, " (default: {})", row.default);
    }
    text + "\n"
}

/// The name as it is written on the command line.
pub fn dashed(name: &str) -> String {
    name.replace('_', "-")
}
