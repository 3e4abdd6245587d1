//! The rows of the table of settings.

use std::str::FromStr;
use std::time::Duration;

use super::config::{Empty, Preference};
use super::error::Error;
use super::settings::{Row, Set, Verb};
use super::units;
use super::waits::Wait;

pub(super) const BOTH: &[Verb] = &[Verb::Send, Verb::Receive];
const SEND: &[Verb] = &[Verb::Send];
const RECEIVE: &[Verb] = &[Verb::Receive];

pub(super) const fn row(
    name: &'static str,
    value: &'static str,
    verbs: &'static [Verb],
    help: &'static str,
    set: Set,
) -> Row {
    Row { name, value, default: "", help, verbs, many: false, set }
}

fn parsed<T: FromStr<Err = Error>>(text: &str) -> std::result::Result<T, String> {
    text.parse().map_err(|e: Error| e.what())
}

pub(super) static ROWS: &[Row] = &[
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
