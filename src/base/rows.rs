//! The rows of the table of settings.

use std::str::FromStr;
use std::time::Duration;

use super::config::{Empty, IfOffline, MinAuth, Preference};
use super::error::Error;
use super::settings::{Row, Set, Verb};
use super::units;
use super::waits::Wait;

pub(super) const BOTH: &[Verb] = &[Verb::Send, Verb::Receive];
const SEND: &[Verb] = &[Verb::Send];
const RECEIVE: &[Verb] = &[Verb::Receive];

/// `value "name" "VALUE" VERBS "help" default "…" => what it does with the text`; `values` may be repeated and all
/// count; a `switch` has no value.
macro_rules! rows {
    ($($kind:ident $name:literal $($value:literal)? $verbs:ident $help:literal $(default $default:literal)?
        => |$s:ident, $v:ident| $body:expr;)+) => {
        pub(super) static ROWS: &[Row] = &[$(Row {
            name: $name,
            value: concat!($($value)?),
            default: concat!($($default)?),
            help: $help,
            verbs: $verbs,
            many: rows!(@many $kind),
            set: rows!(@$kind |$s, $v| $body),
        }),+];
    };
    (@many values) => { true };
    (@many $kind:ident) => { false };
    (@values |$s:ident, $v:ident| $body:expr) => { rows!(@value |$s, $v| $body) };
    (@value |$s:ident, $v:ident| $body:expr) => { Set::Value(|$s, $v| { $body; Ok(()) }) };
    (@switch |$s:ident, $v:ident| $body:expr) => { Set::Switch(|$s, $v| $body) };
}

rows! {
    value "jid" "USER@DOMAIN[/RESOURCE]" BOTH "the account to log in with"
        => |s, v| s.config.jid = Some(parsed(v)?);
    value "password_file" "FILE" BOTH "a file with its password, closed to others (chmod 600)"
        => |s, v| s.config.password_file = Some(v.into());
    value "server" "HOST[:PORT]" BOTH "where to connect"
        default "the domain of the JID, 5222 (5223 with --direct-tls)"
        => |s, v| s.config.server = Some(parsed(v)?);
    switch "direct_tls" BOTH "TLS from the first byte instead of STARTTLS"
        => |s, on| s.config.direct_tls = on;
    value "ca_file" "PEM" BOTH "trust these certificates instead of the web's authorities"
        => |s, v| s.config.ca_file = Some(v.into());
    values "pin" "sha256:HEX" BOTH "trust the certificate or public key with this SHA-256"
        => |s, v| s.config.pins.push(parsed(v)?);
    value "cert_file" "PEM" BOTH "our own certificate, to log in with (SASL EXTERNAL)"
        => |s, v| s.config.cert_file = Some(v.into());
    value "key_file" "PEM" BOTH "its private key, closed to others (chmod 600)"
        => |s, v| s.config.key_file = Some(v.into());
    value "min_auth" "plain|scram-sha-1|scram-sha-256|scram-plus" BOTH "the weakest login that may be used"
        default "plain"
        => |s, v| s.config.min_auth = one_of(v, &[
            ("plain", MinAuth::Plain),
            ("scram-sha-1", MinAuth::ScramSha1),
            ("scram-sha-256", MinAuth::ScramSha256),
            ("scram-plus", MinAuth::ScramPlus),
        ])?;
    value "proxy" "JID" BOTH "use this SOCKS5 proxy instead of those the server names"
        => |s, v| s.config.proxy = Some(parsed(v)?);
    switch "direct" SEND "offer our own address too, for recipients in the same network"
        => |s, on| s.config.direct = on;
    value "method" "auto|socks5|ibb" BOTH "how the bytes are carried"
        default "auto"
        => |s, v| s.config.method = one_of(v, &[
            ("auto", Preference::Auto),
            ("socks5", Preference::Socks5),
            ("ibb", Preference::Ibb),
        ])?;
    value "to" "JID" SEND "the recipient; a full JID is taken as it is"
        => |s, v| s.to = Some(parsed(v)?);
    value "name" "NAME" SEND "the file name that the recipient sees (one FILE only)"
        default "the file's own"
        => |s, v| s.name = Some(v.to_owned());
    value "empty" "send|skip" SEND "what to do with empty files"
        default "skip"
        => |s, v| s.config.empty = one_of(v, &[("send", Empty::Send), ("skip", Empty::Skip)])?;
    switch "reoffer" SEND "offer a second time when a method failed (a second popup)"
        => |s, on| s.config.reoffer = on;
    value "announce" "TEXT" SEND "a chat message to the recipient, once, before the first offer"
        => |s, v| s.config.announce = Some(message(v)?);
    value "if_offline" "fail|message" SEND "what to do when the recipient is offline"
        default "fail"
        => |s, v| s.config.if_offline = one_of(v, &[("fail", IfOffline::Fail), ("message", IfOffline::Message)])?;
    value "state" "DIR" SEND "remember there who was left a message"
        => |s, v| s.config.state = Some(v.into());
    value "answer" "SECONDS" SEND "how long the recipient may take to accept, at most 595"
        default "300"
        => |s, v| s.config.waits.set(Wait::Answer, answer(v)?);
    value "dir" "DIR" RECEIVE "the folder that received files go to"
        => |s, v| s.config.dir = Some(v.into());
    values "from" "JID|@DOMAIN" RECEIVE "who may send to us"
        => |s, v| s.config.from.push(parsed(v)?);
    value "from_file" "FILE" RECEIVE "a file with more of them, one a line"
        => |s, v| s.config.from_file = Some(v.into());
    value "count" "N" RECEIVE "end with 0 after N whole files"
        => |s, v| s.config.count = Some(units::number(v, 1)?);
    value "parallel" "N" RECEIVE "how many files are received at once, at most 64"
        default "4"
        => |s, v| s.config.parallel = usize::try_from(units::number(v, 1)?.min(64)).unwrap_or(64);
    value "max_size" "SIZE" RECEIVE "refuse larger files (200k, 16M); 0 is no limit"
        default "0"
        => |s, v| s.config.max_size = units::size(v)?;
    value "timeout" "SECONDS" BOTH "no single wait is longer, --answer apart"
        => |s, v| s.timeout = Some(units::duration(v)?);
    switch "json" BOTH "one event a line on standard output, as JSON"
        => |s, on| s.json = on;
    switch "verbose" BOTH "say more, on standard error (-v, -vv, -vvv)"
        => |s, on| s.verbose = if on { s.verbose.saturating_add(1) } else { 0 };
    switch "quiet" BOTH "say nothing but errors (-q)"
        => |s, on| s.quiet = on;
}

/// A stanza has to stay far below what servers take.
fn message(text: &str) -> Result<String, String> {
    if text.len() > 4096 { Err("the text is longer than 4096 bytes".into()) } else { Ok(text.to_owned()) }
}

fn parsed<T: FromStr<Err = Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: Error| e.what())
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| format!("{text:?} is none of {}", names.join(", ")))
}

/// Openfire forgets an offer after ten minutes.
const ANSWER_MAX: Duration = Duration::from_secs(595);

fn answer(text: &str) -> Result<Duration, String> {
    let limit = units::duration(text)?;
    if limit > ANSWER_MAX {
        return Err(format!("{text:?} is longer than the 595 s that an offer lives on Openfire"));
    }
    Ok(limit)
}
