//! The one table of settings, from which the command line, its help, and the configuration file are made. A new setting is one row here and one field.

use std::path::PathBuf;
use std::time::Duration;

use super::config::Config;
use super::error::{Error, Kind, Result};
use super::route::Via;
use super::rows;
use super::task::{Keep, Recipients, Task};
use super::template::Template;
use super::units;
use super::values;
pub use super::verb::Verb;
use super::waits::Wait;

/// All that can be set: the client's configuration and what only the commands know.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The client's part.
    pub config: Config,
    /// Who gets the files: each of these.
    pub to: Vec<Recipients>,
    /// The name that the recipient sees.
    pub name: Option<Template>,
    /// What a job does.
    pub task: Task,
    /// The spool and its schedule.
    pub keep: Keep,
    /// No single wait but `answer` is longer.
    pub timeout: Option<Duration>,
    /// Where log lines go.
    pub log: LogTo,
    /// A file that tells programs what the last run came to.
    pub status_file: Option<PathBuf>,
    /// The same as Prometheus' text.
    pub metrics_file: Option<PathBuf>,
    /// Events on standard output, one JSON object a line.
    pub json: bool,
    /// How much is logged: 0 to 3.
    pub verbose: u8,
    /// Say nothing but errors.
    pub quiet: bool,
    /// The outbound proxy is that of the environment.
    pub via_env: bool,
    /// What only the command line can say.
    pub line: CommandLine,
}

/// What only the command line can say.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// The configuration files.
    pub config: Vec<PathBuf>,
    /// An open descriptor to read the password from.
    pub password_fd: Option<u64>,
    /// `send`: keep in the spool what can't be sent now.
    pub queue: bool,
    /// `send -`: the size of a part; 0 is one part.
    pub part_size: u64,
    /// `run`: whatever the schedule says.
    pub now: bool,
    /// `run`: only say what would be done.
    pub dry_run: bool,
    /// Log the stream itself.
    pub wire: bool,
}

/// Where log lines go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogTo {
    /// Of a run that nobody watches, to the syslog; else to standard error.
    #[default]
    Auto,
    /// To standard error.
    Stderr,
    /// To the syslog (`/dev/log`, RFC 3164).
    Syslog,
}

/// Where a setting may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the command line only.
    Line,
    /// In front of the jobs of a configuration file too.
    Global,
    /// In a job too; in front of the jobs it is what they have in common.
    Job,
}

/// The commands that know a setting, and where it may stand.
pub(super) struct Where {
    pub verbs: &'static [Verb],
    pub place: Place,
}

/// One setting.
#[derive(Clone, Copy)]
pub struct Row {
    /// The name, with `_`; on the command line with `-`.
    pub name: &'static str,
    /// What the value is, e.g. `JID`; empty for a switch.
    pub value: &'static str,
    /// The default, in words for help.
    pub default: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The commands that do something with it.
    pub verbs: &'static [Verb],
    /// Where it may stand.
    pub place: Place,
    pub(super) set: Set,
}

type Refusal = std::result::Result<(), String>;

#[derive(Clone, Copy)]
pub(super) enum Set {
    Switch(fn(&mut Settings, bool)),
    Value(fn(&mut Settings, &str) -> Refusal),
    Values(fn(&mut Settings, Option<&str>) -> Refusal),
    Wait(Wait),
}

impl Row {
    /// Whether it takes no value.
    pub fn is_switch(&self) -> bool {
        matches!(self.set, Set::Switch(_))
    }

    /// Whether it may be given several times, and all count.
    pub fn is_list(&self) -> bool {
        matches!(self.set, Set::Values(_))
    }

    /// Whether such a value holds a password.
    pub fn holds_password(&self, text: &str) -> bool {
        self.name == "via" && text.contains('@')
    }

    /// A value as it may be shown.
    pub fn shown(&self, text: &str) -> String {
        if !self.holds_password(text) {
            return text.to_owned();
        }
        text.parse::<Via>().map_or_else(|_| "…".to_owned(), |via| via.to_string())
    }

    /// Whether the command takes it as an option: `config` takes whatever a file may hold.
    pub fn is_option_of(&self, verb: Verb) -> bool {
        self.verbs.contains(&verb) || (verb == Verb::Config && self.place != Place::Line)
    }

    /// Sets it from text; a switch takes `yes` or `no`; a list grows.
    ///
    /// # Errors
    /// [`Kind::Config`] that names the setting and says what was expected.
    pub fn apply(&self, settings: &mut Settings, text: &str) -> Result<()> {
        let outcome = match &self.set {
            Set::Switch(set) => units::yes_no(text).map(|on| set(settings, on)),
            Set::Value(set) => set(settings, text),
            Set::Values(set) => set(settings, Some(text)),
            Set::Wait(Wait::Answer) => values::answer(text).map(|limit| settings.config.waits.set(Wait::Answer, limit)),
            Set::Wait(wait) => units::duration(text).map(|limit| settings.config.waits.set(*wait, limit)),
        };
        outcome.map_err(|why| Error::new(Kind::Config, format!("{}: {why}", self.name)))
    }

    /// Empties a list, so that what is set next replaces what was there.
    pub fn clear(&self, settings: &mut Settings) {
        if let Set::Values(set) = &self.set {
            let _ = set(settings, None);
        }
    }
}

/// Every setting, in the order of the help; the waits come last.
pub fn rows() -> impl Iterator<Item = Row> {
    rows::ROWS.iter().copied().chain(Wait::ALL.iter().copied().map(wait_row))
}

fn wait_row(wait: Wait) -> Row {
    Row {
        name: wait.setting(),
        value: "TIME",
        default: wait.default_text(),
        help: wait.doing(),
        verbs: rows::ALL.verbs,
        // The same as `answer`.
        place: if wait == Wait::Answer { Place::Job } else { rows::ALL.place },
        set: Set::Wait(wait),
    }
}

/// The setting of that name.
pub fn find(name: &str) -> Option<Row> {
    rows().find(|row| row.name == name)
}

/// The one of these settings that was probably meant: it begins so, or the fewest letters are to be changed.
pub fn nearest(name: &str, among: impl Fn(&Row) -> bool) -> Option<Row> {
    let longer = rows().filter(&among).filter(|row| name.len() >= 3 && row.name.starts_with(name));
    if let Some(row) = longer.min_by_key(|row| row.name.len()) {
        return Some(row);
    }
    let best = rows().filter(among).min_by_key(|row| distance(name, row.name))?;
    let enough = name.len().max(best.name.len()) / 2;
    Some(best).filter(|best| distance(name, best.name) <= enough)
}

/// How many letters are to be changed, added or left out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return a.len();
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl Settings {
    /// The configuration with `timeout` applied to it.
    pub fn into_config(self) -> Config {
        let mut config = self.config;
        if let Some(limit) = self.timeout {
            config.waits.cap(limit);
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, text: &str) -> Result<Settings> {
        let mut settings = Settings::default();
        find(name).expect("a row").apply(&mut settings, text).map(|()| settings)
    }

    #[test]
    fn every_wait_has_a_row_that_sets_it() {
        for wait in Wait::ALL {
            let settings = set(wait.setting(), "50ms").unwrap();
            assert_eq!(settings.config.waits.limit(*wait), Duration::from_millis(50));
        }
    }

    #[test]
    fn names_are_unique_and_documented_defaults_are_the_defaults() {
        let names: Vec<_> = rows().map(|row| row.name).collect();
        assert!(names.iter().all(|name| names.iter().filter(|n| n == &name).count() == 1));
        let plain = format!("{:?}", Settings::default());
        for name in [
            "method",
            "empty",
            "answer",
            "max_size",
            "after",
            "compress",
            "order",
            "min_age",
            "max_age",
            "spool",
            "spool_size",
            "spool_files",
            "when_full",
            "retry_first",
            "retry_cap",
            "retry_for",
            "splay",
            "rate",
            "run_for",
            "wait_for_clock",
            "min_auth",
            "if_offline",
            "log",
        ] {
            let row = find(name).expect("a row");
            assert_eq!(format!("{:?}", set(name, row.default).unwrap()), plain, "{name}");
        }
        for wait in Wait::ALL {
            assert_eq!(format!("{:?}", set(wait.setting(), wait.default_text()).unwrap()), plain, "{wait:?}");
        }
    }

    #[test]
    fn a_bad_value_names_the_setting_and_what_is_expected() {
        for (name, text, part) in [
            ("method", "ftp", "none of auto, socks5, ibb"),
            ("jid", "a b@c", "local part"),
            ("count", "0", "from 1 up"),
            ("answer", "10m", "595 s"),
            ("direct_tls", "maybe", "neither yes nor no"),
            ("pin", "sha256:1", "sha256:HEX"),
            ("files", "messages", "absolute"),
            ("to", "a@b, c d@e", "local part"),
        ] {
            let error = set(name, text).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.what().starts_with(name) && error.what().contains(part), "{error}");
        }
    }

    #[test]
    fn lists_grow_by_commas_and_are_replaced_after_clear() {
        let mut settings = set("files", "/a, /b/*").unwrap();
        let row = find("files").unwrap();
        row.apply(&mut settings, "/c").unwrap();
        assert_eq!(settings.task.files, ["/a", "/b/*", "/c"]);
        row.clear(&mut settings);
        assert!(settings.task.files.is_empty());
    }

    #[test]
    fn each_recipient_counts_once_where_it_came_first() {
        let mut settings = set("to", "b@x, a@x, b@x").unwrap();
        let row = find("to").unwrap();
        row.apply(&mut settings, "c@x, a@x|b@x, a@x").unwrap();
        assert_eq!(settings.to.iter().map(ToString::to_string).collect::<Vec<_>>(), ["b@x", "a@x", "c@x", "a@x | b@x"]);
        row.clear(&mut settings);
        assert!(settings.to.is_empty());
    }

    #[test]
    fn the_setting_that_was_meant_is_found() {
        for (wrong, meant) in [("pasword_file", "password_file"), ("fiels", "files"), ("retry_forr", "retry_for")] {
            assert_eq!(nearest(wrong, |_| true).unwrap().name, meant);
        }
        assert!(nearest("xyzzy_plugh_quux", |_| true).is_none());
    }

    #[test]
    fn a_timeout_shortens_every_wait_but_the_answer() {
        let mut settings = Settings { timeout: Some(Duration::from_secs(3)), ..Settings::default() };
        settings.config.waits.set(Wait::Probe, Duration::from_secs(1));
        let waits = settings.into_config().waits;
        assert_eq!(waits.limit(Wait::Stall), Duration::from_secs(3));
        assert_eq!(waits.limit(Wait::Probe), Duration::from_secs(1));
        assert_eq!(waits.limit(Wait::Answer), Duration::from_secs(300));
    }
}
