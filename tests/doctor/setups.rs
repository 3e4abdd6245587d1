//! The table: what is wrong, which line says so, what a push would end with, and what is advised.

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::clock;
use crate::command::Plain;
use crate::lines::Lines;
use crate::openfire::Openfire;
use crate::openfire::options::{Hosts, Options};
use crate::openfire::puppet::Manners;
use crate::openfire::socket::shrink_backlog;
use crate::support::ca::Flaw;
use crate::support::files;
use crate::support::process::Process;
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{Account, Kind, Server};

pub fn server() -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    PROSODY.get_or_init(|| Server::start(Kind::Prosody))
}

/// A device with what is wrong with it, and what has to live for that.
pub struct Setup {
    pub account: Account,
    pub to: String,
    pub words: Vec<String>,
    /// Shell commands in front of the examination, in a mount namespace.
    pub mounts: String,
    pub kept: Vec<Box<dyn std::any::Any>>,
}

impl Setup {
    fn of(account: Account, to: &str) -> Setup {
        Setup { account, to: to.to_owned(), words: Vec::new(), mounts: String::new(), kept: Vec::new() }
    }

    /// All is right, but that the operator is offline.
    fn alone() -> Setup {
        let (device, ops) = server().pair();
        Setup::of(device, &ops.jid)
    }

    fn right() -> Setup {
        let (device, ops) = server().pair();
        let online: (Process, TempDir) = online(&ops);
        Setup::of(device, &ops.jid).keeping(online)
    }

    fn openfire(options: Options) -> Setup {
        let server = Openfire::start(options);
        let spark = server.spark(Manners::ibb());
        Setup::of(server.device(), "ops@example.test").keeping((server, spark))
    }

    fn keeping(mut self, what: impl std::any::Any) -> Setup {
        self.kept.push(Box::new(what));
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Account)) -> Setup {
        change(&mut self.account);
        self
    }

    fn words(mut self, words: &[&str]) -> Setup {
        self.words = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    fn mounted(self, mounts: String) -> Setup {
        Setup { mounts, ..self }
    }
}

/// An operator who takes files.
fn online(ops: &Account) -> (Process, TempDir) {
    let inbox = files::folder();
    let mut receiver = Run::receive(Firepush, ops, inbox.path()).start();
    receiver.event("ready");
    (receiver, inbox)
}

fn wrong_password() -> Setup {
    let (device, ops) = server().pair();
    Setup::of(device, &ops.jid).with(|device| device.password_file = ops.password_file)
}

fn password_for_all() -> Setup {
    let folder = files::folder();
    let open = folder.path().join("password");
    fs::write(&open, "x").expect("a file");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("chmod");
    Setup::alone().with(|device| device.password_file = open).keeping(folder)
}

/// The trusted CA has the name of the one that signed, as when it was made anew.
fn wrong_ca() -> Setup {
    let other = Openfire::start(Options::default());
    let trust = other.device().trust;
    Setup::openfire(Options::default()).with(|device| device.trust = trust).keeping(other)
}

fn flawed(flaw: Flaw) -> Setup {
    Setup::openfire(Options { flaw, ..Options::default() })
}

fn closed_port() -> Setup {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    Setup::alone().with(|device| device.server = closed)
}

fn port_that_drops() -> Setup {
    let full = TcpListener::bind("127.0.0.1:0").expect("a port");
    shrink_backlog(&full);
    let drops = full.local_addr().expect("bound");
    let connect = || TcpStream::connect_timeout(&drops, Duration::from_millis(200)).ok();
    let queued: Vec<_> = std::iter::from_fn(connect).collect();
    Setup::alone().with(|device| device.server = drops).keeping((full, queued))
}

/// The last `--server` counts.
fn dead_dns() -> Setup {
    let silent = UdpSocket::bind("127.78.1.1:53").expect("port 53 of 127.78.1.1");
    let folder = files::folder();
    let conf = folder.path().join("resolv.conf");
    fs::write(&conf, "nameserver 127.78.1.1\n").expect("a file");
    let mounts = format!("mount --bind {} /etc/resolv.conf", conf.display());
    Setup::alone().words(&["--server", "xmpp.example.test"]).mounted(mounts).keeping((silent, folder))
}

fn no_proxy() -> Setup {
    Setup::openfire(Options { hosts: Hosts::Absent, ..Options::default() })
}

fn proxy_out_of_reach() -> Setup {
    Setup::openfire(Options { hosts: Hosts::Unreachable, ..Options::default() })
}

fn unknown() -> Setup {
    Setup { to: "nobody@example.test".into(), ..Setup::alone() }
}

fn not_subscribed() -> Setup {
    Setup { to: "stranger@example.test".into(), ..Setup::alone() }
}

fn clock_of_1970() -> Setup {
    let library = clock::of_1970();
    let preload = format!("export LD_PRELOAD={}", library.path().join("clock.so").display());
    Setup::right().mounted(preload).keeping(library)
}

fn spool(mode: u32, mounts: impl FnOnce(&str) -> String) -> Setup {
    let folder = files::folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("chmod");
    let spool = folder.path().join("spool");
    fs::create_dir(&spool).expect("a folder");
    fs::set_permissions(&spool, fs::Permissions::from_mode(mode)).expect("chmod");
    let shown = spool.display().to_string();
    let mounts = mounts(&shown);
    Setup::right().words(&["--spool", &shown]).mounted(mounts).keeping(folder)
}

fn read_only_spool() -> Setup {
    spool(0o700, |shown| format!("mount --bind {shown} {shown} && mount -o remount,ro,bind {shown}"))
}

fn open_spool() -> Setup {
    spool(0o755, |_| "true".into())
}

fn frozen_server() -> Setup {
    let frozen = Server::start(Kind::Prosody);
    let (device, ops) = frozen.pair();
    frozen.freeze();
    Setup::of(device, &ops.jid).keeping(Thawed(frozen))
}

/// What is frozen could not end.
struct Thawed(Server);

impl Drop for Thawed {
    fn drop(&mut self) {
        self.0.kill();
    }
}

type Row = (&'static str, fn() -> Setup, &'static str, &'static str, i32, &'static [&'static str]);

/// Name, set-up, the line, its level, the exit code, and what the line says and advises.
const TABLE: &[Row] = &[
    ("all is right", Setup::right, "loop", "ok", 0, &["64 KiB by SOCKS5", "64 KiB by in-band", "whole"]),
    ("wrong password", wrong_password, "login", "fail", 77, &["not-authorized", "password file"]),
    ("password that others can read", password_for_all, "secret", "fail", 78, &["chmod 600"]),
    ("wrong CA", wrong_ca, "tls", "fail", 76, &["signed by another CA", "--ca-file"]),
    ("expired certificate", || flawed(Flaw::Expired), "tls", "fail", 76, &["has expired", "clock"]),
    ("name mismatch", || flawed(Flaw::WrongName), "tls", "fail", 76, &["is not for example.test", "--pin"]),
    ("port closed", closed_port, "tcp", "fail", 75, &["Connection refused", "firewalls"]),
    ("port that drops", port_that_drops, "tcp", "fail", 75, &["no answer within 3 s", "firewalls"]),
    ("DNS dead", dead_dns, "dns", "fail", 75, &["127.78.1.1 does not answer", "resolv.conf", "--resolve"]),
    ("no proxy", no_proxy, "proxy", "warn", 0, &["names no SOCKS5 proxy", "xmpp.proxy.enabled"]),
    ("proxy out of reach", proxy_out_of_reach, "proxy", "warn", 0, &["can't connect to 127.0.0.1", "firewall"]),
    ("recipient offline", Setup::alone, "recipient", "fail", 69, &["is offline", "let it log in"]),
    ("recipient unknown", unknown, "recipient", "fail", 68, &["unknown, or doesn't share", "shared group"]),
    ("recipient not subscribed", not_subscribed, "recipient", "fail", 68, &["doesn't share", "shared group"]),
    ("clock at 1970", clock_of_1970, "clock", "fail", 75, &["1970-01-01", "NTP"]),
    ("spool read-only", read_only_spool, "spool", "fail", 73, &["Read-only", "room and permissions"]),
    ("spool open to others", open_spool, "spool", "fail", 78, &["open to others", "chmod 700"]),
    ("server that is silent", frozen_server, "tls", "fail", 75, &["no answer within 3 s", "wait_tls"]),
];

/// Of `a | b` one is enough, and a server that insists on a login bound to the channel has one.
#[test]
fn what_a_push_copes_with_is_no_failure() {
    let (device, ops) = server().pair();
    let (_, away) = server().pair();
    let both = Setup { to: format!("{} | {}", away.jid, ops.jid), ..Setup::of(device, &ops.jid).keeping(online(&ops)) };
    let lines = Lines::of(&both, "");
    assert_eq!(lines.exit.code, 0, "{lines}");
    assert!(lines.said("recipient", "warn").contains("gets it"), "{lines}");
    let bound = Setup::openfire(Options::default()).words(&["--min-auth", "scram-plus"]);
    let lines = Lines::of(&bound, "");
    assert!(lines.said("login", "ok").contains("the server offers"), "{lines}");
}

#[test]
fn a_full_address_that_is_not_there_is_offline_and_socks5_alone_needs_a_proxy() {
    let mut away = Setup::alone();
    away.to += "/Nowhere";
    let lines = Lines::of(&away, "");
    assert!(lines.exit.code == 69 && lines.said("recipient", "fail").contains("offline"), "{lines}");
    let lines = Lines::of(&no_proxy().words(&["--method", "socks5"]), "");
    assert!(lines.exit.code == 75 && lines.said("proxy", "fail").contains("no proxy can be reached"), "{lines}");
}

/// Each row by itself; all are told.
#[test]
fn the_line_that_is_wrong_is_the_right_one_with_the_right_advice() {
    let wrong: Vec<_> = TABLE.iter().filter_map(|row| examined(row).err().map(|why| (row.0, why))).collect();
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|(name, why)| format!("{name}: {why}\n")).collect::<String>());
}

fn examined((_, setup, check, level, code, parts): &Row) -> Result<(), String> {
    let setup = setup();
    let lines = Lines::of(&setup, setup.mounts.as_str());
    let first = lines.all.iter().find(|line| line["level"] == "fail");
    if *level == "fail" {
        let first = first.ok_or_else(|| format!("nothing fails: {lines}"))?;
        if first["check"] != *check || first["code"] != *code {
            return Err(format!("the cause comes first: {lines}"));
        }
    } else if first.is_some() {
        return Err(format!("something fails: {lines}"));
    }
    let said = lines.said(check, level);
    match parts.iter().find(|part| !said.contains(**part)) {
        Some(part) => Err(format!("{part:?} is missing in {check} {level}: {lines}")),
        None if lines.exit.code != *code => Err(format!("exit code {}: {lines}", lines.exit.code)),
        None => Ok(()),
    }
}

#[test]
fn a_password_is_never_sent_to_a_wrong_server_but_its_certificate_is_shown() {
    let server = Openfire::start(Options { flaw: Flaw::Expired, ..Options::default() });
    let setup = Setup::of(server.device(), "ops@example.test");
    let lines = Lines::of(&setup, "");
    assert!(lines.said("tls", "warn").contains("it showed: certificate of"), "{lines}");
    assert!(!server.notes().iter().any(|note| note.starts_with("auth")), "{:?}", server.notes());
}

#[test]
fn what_is_right_is_told_with_what_an_engineer_asks_for() {
    let setup = Setup::right();
    let lines = Lines::of(&setup, "");
    let jid = format!("as {}/firepush", setup.account.jid);
    for (check, parts) in [
        ("account", &[setup.account.jid.as_str()][..]),
        ("secret", &["owner only"]),
        ("clock", &["20"]),
        ("spool", &["first run"]),
        ("server", &["127.0.0.1:", "is configured"]),
        ("tcp", &["127.0.0.1:", " ms"]),
        ("tls", &["TLS 1.3", "example.test", "firepush test CA", "valid from", "pin = sha256:"]),
        ("login", &["the server offers", "PLAIN", &jid, "by SCRAM-SHA"]),
        ("proxy", &["127.0.0.1", "not encrypted"]),
        ("recipient", &["both see each other", "SOCKS5 and in-band", "a file would go to"]),
    ] {
        let said = lines.said(check, "ok");
        parts.iter().for_each(|part| assert!(said.contains(part), "{part:?} is missing in {check}: {lines}"));
    }
    let pin = lines.all.iter().find_map(|line| line["text"].as_str()?.strip_prefix("pin = ")).expect("a pin");
    let pin = pin.split(' ').next().expect("a word").to_owned();
    let pinned = Setup::right().with(|device| device.trust = ["--pin".into(), pin.into()]);
    assert_eq!(Lines::of(&pinned, "").exit.code, 0, "the pin is right");
}

#[test]
fn a_spark_is_told_from_others() {
    let setup = no_proxy();
    let lines = Lines::of(&setup, "");
    assert!(lines.said("recipient", "ok").contains("this is Spark: it needs us in its roster"), "{lines}");
}

/// Every question after the login is met with silence: the whole ends before its parts could.
#[test]
fn a_server_that_answers_nothing_more_ends_the_examination_in_its_time() {
    let silent = Options::intercept(|stanza| (stanza.get("type") == Some("get")).then(String::new));
    let lines = Lines::of(&Setup::openfire(silent), "");
    assert_eq!(lines.exit.code, 75, "{lines}");
    let said: String = ["stream", "recipient", "time"].map(|check| lines.said(check, "fail")).concat();
    assert!(
        said.contains("within") && !lines.said("recipient", "warn").contains("not in this device's roster"),
        "{lines}"
    );
}

#[test]
fn people_see_lines_and_programs_objects() {
    let setup = Setup::alone();
    let mut plain =
        Plain::new("doctor").args(setup.account.words()).args(["--spool", "/nowhere/spool", "--to", &setup.to]);
    plain = plain.args(["--timeout", "5s"]);
    let exit = plain.end().expect(69);
    let text = exit.stdout.join("\n");
    for part in ["ok    account   ", "fail  recipient ", "\n                → let it log in", " fail"] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colour but on a terminal");
}
