//! The rows of the table of settings.

use super::config::{Empty, IfOffline, MinAuth, Preference};
use super::settings::{LogTo, Place, Row, Set, Verb, Where};
use super::task::{Compress, OpenFiles, Order, Sure, WhenFull};
use super::units;
use super::values::{absolute, account, answer, file_name, list, message, one_of, parsed, pause, set};
use super::waits::Wait;

/// The commands that log in.
pub(super) const ALL: Where =
    Where { verbs: &[Verb::Send, Verb::Receive, Verb::Run, Verb::Doctor], place: Place::Global };
const RECEIVE: Where = Where { verbs: &[Verb::Receive], place: Place::Global };
const RUN: Where = Where { verbs: &[Verb::Run], place: Place::Global };
const KEEP: Where = Where { verbs: &[Verb::Send, Verb::Run], place: Place::Global };
const SPOOL: Where = Where {
    verbs: &[Verb::Send, Verb::Run, Verb::Status, Verb::Retry, Verb::Drop, Verb::Doctor],
    place: Place::Global,
};
const JOB: Where = Where { verbs: &[Verb::Run], place: Place::Job };
const TO: Where = Where { verbs: &[Verb::Send, Verb::Run, Verb::Doctor], place: Place::Job };
const SENT: Where = Where { verbs: &[Verb::Send, Verb::Run], place: Place::Job };
const SIZES: Where = Where { verbs: &[Verb::Receive, Verb::Run], place: Place::Job };
const CARRIED: Where = Where { verbs: &[Verb::Send, Verb::Receive, Verb::Run, Verb::Doctor], place: Place::Job };
const TALK: Where = Where { verbs: Verb::ALL, place: Place::Global };
const LINE: Where = Where { verbs: Verb::ALL, place: Place::Line };
const LINE_ALL: Where = Where { verbs: &[Verb::Send, Verb::Receive, Verb::Run, Verb::Doctor], place: Place::Line };
const LINE_SEND: Where = Where { verbs: &[Verb::Send], place: Place::Line };
const LINE_RUN: Where = Where { verbs: &[Verb::Run], place: Place::Line };

/// `value "name" "VALUE" WHERE "help" default "…" => what it does with the text`; `values` are lists, may be
/// repeated, and all count (no text empties the list); a `switch` has no value.
macro_rules! rows {
    ($($kind:ident $name:literal $($value:literal)? $place:ident $help:literal $(default $default:literal)?
        => |$s:ident, $v:ident| $body:expr;)+) => {
        pub(super) static ROWS: &[Row] = &[$(Row {
            name: $name,
            value: concat!($($value)?),
            default: concat!($($default)?),
            help: $help,
            verbs: $place.verbs,
            place: $place.place,
            set: rows!(@$kind |$s, $v| $body),
        }),+];
    };
    (@values |$s:ident, $v:ident| $body:expr) => { Set::Values(|$s, $v| $body) };
    (@value |$s:ident, $v:ident| $body:expr) => { Set::Value(|$s, $v| { $body; Ok(()) }) };
    (@switch |$s:ident, $v:ident| $body:expr) => { Set::Switch(|$s, $v| $body) };
}

rows! {
    values "config" "FILE" LINE "read this configuration file; of several, what a later one says wins"
        => |s, v| match v {
            None => { s.line.config.clear(); Ok(()) }
            Some(file) => file_name(file).map(|file| s.line.config.push(file)),
        };
    value "jid" "USER@DOMAIN[/RESOURCE]" ALL "the account to log in with"
        => |s, v| s.config.jid = Some(account(v)?);
    value "password_file" "FILE" ALL "a file with its password, closed to others (chmod 600)"
        => |s, v| s.config.password_file = Some(file_name(v)?);
    value "password_fd" "N" LINE_ALL "read the password from this open descriptor instead"
        => |s, v| s.line.password_fd = Some(units::number(v, 0)?);
    value "server" "HOST[:PORT]" ALL "where to connect"
        default "what the domain's SRV records say, else the domain, 5222 (5223 with --direct-tls)"
        => |s, v| s.config.server = Some(parsed(v)?);
    values "resolve" "HOST:PORT:ADDRESS" ALL "connect to this address for HOST:PORT, whatever DNS says"
        => |s, v| list(&mut s.config.resolve, v, parsed);
    value "bind" "ADDRESS|INTERFACE" ALL "connect from this address or interface"
        => |s, v| s.config.bind = Some(parsed(v)?);
    value "via" "socks5://HOST:PORT|http://HOST:PORT|env" ALL "connect through this proxy; env: that of $HTTPS_PROXY"
        => |s, v| {
            s.via_env = v == "env";
            s.config.via = if s.via_env { None } else { Some(parsed(v)?) };
        };
    switch "direct_tls" ALL "TLS from the first byte instead of STARTTLS"
        => |s, on| s.config.direct_tls = on;
    value "ca_file" "PEM" ALL "trust these certificates instead of the web's authorities"
        => |s, v| s.config.ca_file = Some(file_name(v)?);
    values "pin" "sha256:HEX" ALL "trust the certificate or public key with this SHA-256"
        => |s, v| list(&mut s.config.pins, v, parsed);
    value "cert_file" "PEM" ALL "our own certificate, to log in with (SASL EXTERNAL)"
        => |s, v| s.config.cert_file = Some(file_name(v)?);
    value "key_file" "PEM" ALL "its private key (RSA or ECDSA), closed to others (chmod 600)"
        => |s, v| s.config.key_file = Some(file_name(v)?);
    value "min_auth" "plain|scram-sha-1|scram-sha-256|scram-plus" ALL "the weakest login that may be used"
        default "plain"
        => |s, v| s.config.min_auth = one_of(v, &[
            ("plain", MinAuth::Plain),
            ("scram-sha-1", MinAuth::ScramSha1),
            ("scram-sha-256", MinAuth::ScramSha256),
            ("scram-plus", MinAuth::ScramPlus),
        ])?;
    value "proxy" "JID" ALL "use this SOCKS5 proxy instead of those the server names"
        => |s, v| s.config.proxy = Some(parsed(v)?);
    switch "direct" SENT "offer our own address too, for recipients in the same network"
        => |s, on| s.config.direct = on;
    value "method" "auto|socks5|ibb" CARRIED "how the bytes are carried"
        default "auto"
        => |s, v| s.config.method = one_of(v, &[
            ("auto", Preference::Auto),
            ("socks5", Preference::Socks5),
            ("ibb", Preference::Ibb),
        ])?;
    values "to" "JID[|JID]..." TO "the recipient; of several each gets the file, of A|B the first that is able"
        => |s, v| set(&mut s.to, v, parsed);
    value "name" "NAME" SENT "the name that the recipient sees: {user} {host} {job} {name} {base} {ext} {utc}"
        default "send: the file's own; run: {user}-{base}-{utc}{ext}"
        => |s, v| s.name = Some(parsed(v)?);
    value "empty" "send|skip" SENT "what to do with empty files"
        default "skip"
        => |s, v| s.config.empty = one_of(v, &[("send", Empty::Send), ("skip", Empty::Skip)])?;
    switch "reoffer" SENT "offer a second time when a method failed (a second popup)"
        => |s, on| s.config.reoffer = on;
    value "announce" "TEXT" SENT "a chat message to the recipient, once, before the first offer"
        => |s, v| s.config.announce = Some(message(v)?);
    value "if_offline" "fail|message" SENT "what to do when the recipient is offline"
        default "fail"
        => |s, v| s.config.if_offline = one_of(v, &[("fail", IfOffline::Fail), ("message", IfOffline::Message)])?;
    value "answer" "TIME" SENT "how long the recipient may take to accept, at most 595 s"
        default "300"
        => |s, v| s.config.waits.set(Wait::Answer, answer(v)?);
    values "files" "PATTERN" JOB "what is sent: paths, with * ? [..]"
        => |s, v| list(&mut s.task.files, v, absolute);
    value "output_of" "PROGRAM" JOB "send what this program prints, when it changed (no shell, 60 s)"
        => |s, v| s.task.output_of = Some(parsed(v)?);
    value "compress" "none|gzip" JOB "make files smaller; the name gains .gz"
        default "none"
        => |s, v| s.task.compress = one_of(v, &[("none", Compress::None), ("gzip", Compress::Gzip)])?;
    value "after" "keep|delete|move:DIR" JOB "what becomes of a file that everyone has got"
        default "keep"
        => |s, v| s.task.after = parsed(v)?;
    value "tier" "acked|forwarded" JOB "how sure its arrival must be; acked allows in-band only"
        default "forwarded; acked with delete and move"
        => |s, v| s.task.tier = Some(one_of(v, &[("acked", Sure::Acked), ("forwarded", Sure::Forwarded)])?);
    switch "require_encryption" JOB "no SOCKS5, whose bytes are not encrypted"
        => |s, on| s.task.require_encryption = on;
    value "before" "PROGRAM" JOB "run this first (no shell, 60 s); when it fails, the job is skipped"
        => |s, v| s.task.before = Some(parsed(v)?);
    value "on_success" "PROGRAM" JOB "run this after each file that was sent"
        => |s, v| s.task.on_success = Some(parsed(v)?);
    value "on_failure" "PROGRAM" JOB "run this after each file that is given up"
        => |s, v| s.task.on_failure = Some(parsed(v)?);
    value "open_files" "wait|send" JOB "what to do with files that are being written"
        default "send; wait with delete and move"
        => |s, v| s.task.open_files = Some(one_of(v, &[("wait", OpenFiles::Wait), ("send", OpenFiles::Send)])?);
    value "min_age" "TIME" JOB "leave files that were changed since"
        default "0"
        => |s, v| s.task.min_age = units::duration(v)?;
    value "max_age" "TIME" JOB "don't send files that are older; 0 is no limit"
        default "0"
        => |s, v| s.task.max_age = units::duration(v)?;
    value "order" "oldest|newest|name" JOB "which file goes first"
        default "oldest"
        => |s, v| s.task.order = one_of(v, &[
            ("oldest", Order::Oldest),
            ("newest", Order::Newest),
            ("name", Order::Name),
        ])?;
    value "max_size" "SIZE" SIZES "refuse larger files (200k, 16M); 0 is no limit"
        default "0"
        => |s, v| s.config.max_size = units::size(v)?;
    value "spool" "DIR" SPOOL "the folder of what can't be sent yet"
        default "/var/spool/firepush"
        => |s, v| s.keep.spool = absolute(v)?.into();
    value "state" "DIR" SPOOL "what is remembered from run to run"
        default "the spool"
        => |s, v| s.config.state = Some(absolute(v)?.into());
    value "spool_size" "SIZE" KEEP "bytes kept there at most, and never more than a quarter of the file system"
        default "16M"
        => |s, v| s.keep.spool_size = units::size(v)?;
    value "spool_files" "N" KEEP "files kept there at most"
        default "1000"
        => |s, v| s.keep.spool_files = units::number(v, 1)?;
    value "when_full" "oldest|newest|refuse" KEEP "which file is dropped when the spool is full"
        default "oldest"
        => |s, v| s.keep.when_full = one_of(v, &[
            ("oldest", WhenFull::Oldest),
            ("newest", WhenFull::Newest),
            ("refuse", WhenFull::Refuse),
        ])?;
    value "retry_first" "TIME" KEEP "the longest pause before the second attempt, doubled from then on"
        default "30s"
        => |s, v| s.keep.retry_first = pause(v)?;
    value "retry_cap" "TIME" KEEP "the longest pause"
        default "1h"
        => |s, v| s.keep.retry_cap = pause(v)?;
    value "retry_for" "TIME" KEEP "give a file up that could not be sent for so long"
        default "7d"
        => |s, v| s.keep.retry_for = units::duration(v)?;
    value "splay" "TIME" RUN "wait before a run, each device for its own part of this time"
        default "0"
        => |s, v| s.keep.splay = units::duration(v)?;
    value "rate" "SIZE" KEEP "bytes a second at most; 0 is no limit"
        default "0"
        => |s, v| s.config.rate = units::size(v)?;
    value "run_for" "TIME" RUN "begin no further file after so long; 0 is no limit"
        default "0"
        => |s, v| s.keep.run_for = units::duration(v)?;
    value "wait_for_clock" "TIME" RUN "how long to wait for a clock that isn't set"
        default "2m"
        => |s, v| s.keep.wait_for_clock = units::duration(v)?;
    value "dir" "DIR" RECEIVE "the folder that received files go to"
        => |s, v| s.config.dir = Some(file_name(v)?);
    values "from" "JID|@DOMAIN" RECEIVE "who may send to us"
        => |s, v| list(&mut s.config.from, v, parsed);
    value "from_file" "FILE" RECEIVE "a file with more of them, one a line"
        => |s, v| s.config.from_file = Some(file_name(v)?);
    value "count" "N" RECEIVE "end with 0 after N whole files"
        => |s, v| s.config.count = Some(units::number(v, 1)?);
    value "parallel" "N" ALL "how many files are on the way at once, at most 64"
        default "receive: 4; run: 2"
        => |s, v| s.config.parallel = Some(usize::try_from(units::number(v, 1)?.min(64)).unwrap_or(64));
    value "timeout" "TIME" ALL "no single wait is longer, answer apart"
        => |s, v| s.timeout = Some(units::duration(v)?);
    switch "queue" LINE_SEND "keep in the spool what can't be sent now"
        => |s, on| s.line.queue = on;
    value "part_size" "SIZE" LINE_SEND "send standard input in numbered parts of this size"
        => |s, v| s.line.part_size = units::size(v)?;
    switch "now" LINE_RUN "try everything now, whatever the schedule says"
        => |s, on| s.line.now = on;
    switch "dry_run" LINE_RUN "say what would be sent and what not, and why"
        => |s, on| s.line.dry_run = on;
    value "log" "auto|stderr|syslog" TALK "where log lines go; auto: those of a run without a terminal to the syslog"
        default "auto"
        => |s, v| s.log = one_of(v, &[("auto", LogTo::Auto), ("stderr", LogTo::Stderr), ("syslog", LogTo::Syslog)])?;
    value "status_file" "FILE" RUN "a file for what the last run came to, as JSON"
        => |s, v| s.status_file = Some(absolute(v)?.into());
    value "metrics_file" "FILE" RUN "the same for node_exporter's textfile collector (FILE.prom)"
        => |s, v| s.metrics_file = Some(absolute(v)?.into());
    switch "wire" LINE_ALL "log the stream itself, without secrets and files"
        => |s, on| s.line.wire = on;
    switch "json" TALK "one event a line on standard output, as JSON"
        => |s, on| s.json = on;
    switch "verbose" TALK "say more, on standard error (-v, -vv, -vvv)"
        => |s, on| s.verbose = if on { s.verbose.saturating_add(1) } else { 0 };
    switch "quiet" TALK "say nothing but errors (-q)"
        => |s, on| s.quiet = on;
}
