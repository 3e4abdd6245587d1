//! The one table of settings, from which the command line, its help, and later the configuration file and
//! the C API are made. A new setting is one row here and one field.

use std::str::FromStr;
use std::time::Duration;

use super::config::{Config, Empty, Preference};
use super::error::{Error, Kind, Result};
use super::jid::Jid;
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
    set: Set,
}

#[derive(Clone, Copy)]
enum Set {
    Switch(fn(&mut Settings, bool)),
    Value(fn(&mut Settings, &str) -> std::result::Result<(), String>),
    Wait(Wait),
}

const BOTH: &[Verb] = &[Verb::Send, Verb::Receive];
const SEND: &[Verb] = &[Verb::Send];
const RECEIVE: &[Verb] = &[Verb::Receive];

const fn row(name: &'static str, value: &'static str, verbs: &'static [Verb], help: &'static str, set: Set) -> Row {
    Row { name, value, default: "", help, verbs, many: false, set }
}

impl Row {
    const fn by_default(mut self, default: &'static str) -> Row {
        self.default = default;
        self
    }

    const fn repeatable(mut self) -> Row {
        self.many = true;
        self
    }

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

fn parsed<T: FromStr<Err = Error>>(text: &str) -> std::result::Result<T, String> {
    text.parse().map_err(|e: Error| e.what())
}

/// Every setting, in the order of the help; the waits come last.
pub fn rows() -> impl Iterator<Item = Row> {
    let waits = Wait::ALL.iter().map(|wait| {
        row(wait.setting(), "SECONDS", BOTH, wait.doing(), Set::Wait(*wait)).by_default(wait.default_text())
    });
    ROWS.iter().copied().chain(waits)
}

/// The setting of that name.
pub fn find(name: &str) -> Option<Row> {
    rows().find(|row| row.name == name)
}

static ROWS: &[Row] = &[
    row(
        "jid",
        "USER@DOMAIN[/RESOURCE]",
        BOTH,
        "the account to log in with",
        Set::Value(|s, v| {
            s.config.jid = Some(parsed(v)?);
            Ok(())
        }),
    ),
    row(
        "password_file",
        "FILE",
        BOTH,
        "a file with its password, closed to others (chmod 600)",
        Set::Value(|s, v| {
            s.config.password_file = Some(v.into());
            Ok(())
        }),
    ),
    row(
        "server",
        "HOST[:PORT]",
        BOTH,
        "where to connect",
        Set::Value(|s, v| {
            s.config.server = Some(parsed(v)?);
            Ok(())
        }),
    )
    .by_default("the domain of the JID, 5222 (5223 with --direct-tls)"),
    row(
        "direct_tls",
        "",
        BOTH,
        "TLS from the first byte instead of STARTTLS",
        Set::Switch(|s, on| {
            s.config.direct_tls = on;
        }),
    ),
    row(
        "ca_file",
        "PEM",
        BOTH,
        "trust these certificates instead of the web's authorities",
        Set::Value(|s, v| {
            s.config.ca_file = Some(v.into());
            Ok(())
        }),
    ),
    row(
        "pin",
        "sha256:HEX",
        BOTH,
        "trust the certificate or public key with this SHA-256",
        Set::Value(|s, v| {
            s.config.pins.push(parsed(v)?);
            Ok(())
        }),
    )
    .repeatable(),
    row(
        "proxy",
        "JID",
        BOTH,
        "use this SOCKS5 proxy instead of those the server names",
        Set::Value(|s, v| {
            s.config.proxy = Some(parsed(v)?);
            Ok(())
        }),
    ),
    row(
        "method",
        "auto|socks5|ibb",
        BOTH,
        "how the bytes are carried",
        Set::Value(|s, v| {
            s.config.method = match v {
                "auto" => Preference::Auto,
                "socks5" => Preference::Socks5,
                "ibb" => Preference::Ibb,
                _ => return Err(format!("{v:?} is none of auto, socks5, ibb")),
            };
            Ok(())
        }),
    )
    .by_default("auto"),
    row(
        "to",
        "JID",
        SEND,
        "the recipient; a full JID is taken as it is",
        Set::Value(|s, v| {
            s.to = Some(parsed(v)?);
            Ok(())
        }),
    ),
    row(
        "name",
        "NAME",
        SEND,
        "the file name that the recipient sees (one FILE only)",
        Set::Value(|s, v| {
            s.name = Some(v.to_owned());
            Ok(())
        }),
    )
    .by_default("the file's own"),
    row(
        "empty",
        "send|skip",
        SEND,
        "what to do with empty files",
        Set::Value(|s, v| {
            s.config.empty = match v {
                "send" => Empty::Send,
                "skip" => Empty::Skip,
                _ => return Err(format!("{v:?} is neither send nor skip")),
            };
            Ok(())
        }),
    )
    .by_default("skip"),
    row(
        "reoffer",
        "",
        SEND,
        "offer a second time when a method failed (a second popup)",
        Set::Switch(|s, on| {
            s.config.reoffer = on;
        }),
    ),
    row(
        "answer",
        "SECONDS",
        SEND,
        "how long the recipient may take to accept, at most 570",
        Set::Value(|s, v| {
            let limit = units::duration(v)?;
            if limit > Duration::from_secs(570) {
                return Err(format!("{v:?} is longer than the 570 s that an offer lives on Openfire"));
            }
            s.config.waits.set(Wait::Answer, limit);
            Ok(())
        }),
    )
    .by_default("300"),
    row(
        "dir",
        "DIR",
        RECEIVE,
        "the folder that received files go to",
        Set::Value(|s, v| {
            s.config.dir = Some(v.into());
            Ok(())
        }),
    ),
    row(
        "from",
        "JID|@DOMAIN",
        RECEIVE,
        "who may send to us",
        Set::Value(|s, v| {
            s.config.from.push(parsed(v)?);
            Ok(())
        }),
    )
    .repeatable(),
    row(
        "from_file",
        "FILE",
        RECEIVE,
        "a file with more of them, one a line",
        Set::Value(|s, v| {
            s.config.from_file = Some(v.into());
            Ok(())
        }),
    ),
    row(
        "count",
        "N",
        RECEIVE,
        "end with 0 after N whole files",
        Set::Value(|s, v| {
            s.config.count = Some(units::number(v, 1)?);
            Ok(())
        }),
    ),
    row(
        "parallel",
        "N",
        RECEIVE,
        "how many files are received at once",
        Set::Value(|s, v| {
            s.config.parallel = usize::try_from(units::number(v, 1)?.min(64)).unwrap_or(64);
            Ok(())
        }),
    )
    .by_default("4"),
    row(
        "max_size",
        "SIZE",
        RECEIVE,
        "refuse larger files (200k, 16M); 0 is no limit",
        Set::Value(|s, v| {
            s.config.max_size = units::size(v)?;
            Ok(())
        }),
    )
    .by_default("0"),
    row(
        "timeout",
        "SECONDS",
        BOTH,
        "no single wait is longer, --answer apart",
        Set::Value(|s, v| {
            s.timeout = Some(units::duration(v)?);
            Ok(())
        }),
    ),
    row("json", "", BOTH, "one event a line on standard output, as JSON", Set::Switch(|s, on| s.json = on)),
    row(
        "verbose",
        "",
        BOTH,
        "say more, on standard error (-v, -vv, -vvv)",
        Set::Switch(|s, on| {
            s.verbose = if on { s.verbose.saturating_add(1) } else { 0 };
        }),
    ),
    row("quiet", "", BOTH, "say nothing but errors (-q)", Set::Switch(|s, on| s.quiet = on)),
];

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
            ("method", "ftp", "auto, socks5, ibb"),
            ("jid", "a b@c", "local part"),
            ("count", "0", "from 1 up"),
            ("answer", "10m", "570 s"),
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
