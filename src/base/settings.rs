//! The one table of settings, from which the command line, its help, and later the configuration file and
//! the C API are made. A new setting is one row here and one field.

use std::time::Duration;

use super::config::Config;
use super::error::{Error, Kind, Result};
use super::jid::Jid;
use super::rows;
use super::units;
use super::waits::Wait;

/// All that can be set: the client's configuration and what only the commands know.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The client's part.
    pub config: Config,
    /// `send`: the recipient.
    pub to: Option<Jid>,
    /// `send`: the name that the recipient sees.
    pub name: Option<String>,
    /// No single wait but `answer` is longer.
    pub timeout: Option<Duration>,
    /// Events on standard output, one JSON object a line.
    pub json: bool,
    /// How much is logged: 0 to 3.
    pub verbose: u8,
    /// Say nothing but errors.
    pub quiet: bool,
}

/// A command of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `firepush send`
    Send,
    /// `firepush receive`
    Receive,
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
    /// The commands that know it.
    pub verbs: &'static [Verb],
    /// May be given several times, and all count.
    pub many: bool,
    pub(super) set: Set,
}

#[derive(Clone, Copy)]
pub(super) enum Set {
    Switch(fn(&mut Settings, bool)),
    Value(fn(&mut Settings, &str) -> std::result::Result<(), String>),
    Wait(Wait),
}

impl Row {
    /// Whether it takes no value.
    pub fn is_switch(&self) -> bool {
        matches!(self.set, Set::Switch(_))
    }

    /// Sets it from text; a switch takes `yes` or `no`.
    ///
    /// # Errors
    /// [`Kind::Config`] that names the setting and says what was expected.
    pub fn apply(&self, settings: &mut Settings, text: &str) -> Result<()> {
        let outcome = match &self.set {
            Set::Switch(set) => units::yes_no(text).map(|on| set(settings, on)),
            Set::Value(set) => set(settings, text),
            Set::Wait(wait) => units::duration(text).map(|limit| settings.config.waits.set(*wait, limit)),
        };
        outcome.map_err(|why| Error::new(Kind::Config, format!("{}: {why}", self.name)))
    }
}

/// Every setting, in the order of the help; the waits come last.
pub fn rows() -> impl Iterator<Item = Row> {
    rows::ROWS.iter().copied().chain(Wait::ALL.iter().copied().map(wait_row))
}

fn wait_row(wait: Wait) -> Row {
    Row {
        name: wait.setting(),
        value: "SECONDS",
        default: wait.default_text(),
        help: wait.doing(),
        verbs: rows::BOTH,
        many: false,
        set: Set::Wait(wait),
    }
}

/// The setting of that name.
pub fn find(name: &str) -> Option<Row> {
    rows().find(|row| row.name == name)
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
        for name in ["method", "empty", "answer", "parallel", "max_size"] {
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
        ] {
            let error = set(name, text).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.what().starts_with(name) && error.what().contains(part), "{error}");
        }
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
