//! What is wrong, and which line says so.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::clock;
use crate::command::Plain;
use crate::openfire::Openfire;
use crate::openfire::manners::Manners;
use crate::openfire::options::{Hosts, Options};
use crate::openfire::socket::shrink_backlog;
use crate::support::ca::Flaw;
use crate::support::files;
use crate::support::process::{Exit, Process};
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{self, Account, Kind, Server};

fn server() -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    PROSODY.get_or_init(|| Server::start(Kind::Prosody))
}

/// The lines of one examination.
struct Lines {
    all: Vec<Value>,
    exit: Exit,
}

impl Lines {
    /// Of `firepush doctor`, with a spool of its own unless `words` say otherwise.
    fn of(account: &Account, to: &str, words: &[&str], plain: impl FnOnce(Plain) -> Plain) -> Lines {
        let folder = files::folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("chmod");
        let spool = folder.path().join("spool").display().to_string();
        let plain = plain(Plain::new("doctor")).args(account.words()).args(["--json", "--to", to, "--spool", &spool]);
        let exit = plain.args(words).end();
        Lines { all: exit.events("check"), exit }
    }

    #[track_caller]
    fn line(&self, check: &str, level: &str) -> &Value {
        let found = self.all.iter().find(|line| line["check"] == check && line["level"] == level);
        found.unwrap_or_else(|| panic!("no {level} of {check}: {:#?} {}", self.all, self.exit.stderr))
    }

    /// This line fails, alone, with these words; a push would end with this code.
    #[track_caller]
    fn fails(&self, check: &str, code: i32, parts: &[&str]) {
        let fails: Vec<_> = self.all.iter().filter(|line| line["level"] == "fail").collect();
        assert!(!fails.is_empty() && fails.iter().all(|line| line["check"] == check), "{check}: {:#?}", self.all);
        self.says(check, "fail", parts);
        assert_eq!((self.exit.code, &fails[0]["code"]), (code, &code.into()), "{fails:#?}");
    }

    #[track_caller]
    fn says(&self, check: &str, level: &str, parts: &[&str]) {
        let lines = self.all.iter().filter(|line| line["check"] == check && line["level"] == level);
        let text: String = lines.map(|line| format!("{} → {}\n", line["text"], line["advice"])).collect();
        for part in parts {
            assert!(text.contains(part), "{part:?} is missing in {check} {level}: {:#?}", self.all);
        }
        assert!(!text.contains("→ \"\"\n") || level != "fail", "it says what to do next: {text}");
    }
}

/// An operator who takes files.
fn online(ops: &Account) -> (Process, TempDir) {
    let inbox = files::folder();
    let mut receiver = Run::receive(Firepush, ops, inbox.path()).start();
    receiver.event("ready");
    (receiver, inbox)
}

#[test]
fn all_is_right() {
    let (device, ops) = server().pair();
    let _operator = online(&ops);
    let lines = Lines::of(&device, &ops.jid, &[], |plain| plain);
    assert_eq!(lines.exit.code, 0, "{:#?} {}", lines.all, lines.exit.stderr);
    assert!(lines.all.iter().all(|line| line["level"] != "fail"), "{:#?}", lines.all);
    for (check, parts) in [
        ("account", &[device.jid.as_str()][..]),
        ("secret", &["owner only"]),
        ("clock", &["20"]),
        ("spool", &["first run"]),
        ("tcp", &["127.0.0.1:", " ms"]),
        ("tls", &["TLS 1.3", "example.test", "valid from", "pin = sha256:"]),
        ("login", &["the server offers", "PLAIN", &format!("as {}/firepush", device.jid), "by SCRAM-SHA"]),
        ("server", &["127.0.0.1:", "is configured"]),
        ("proxy", &["127.0.0.1", "not encrypted"]),
        ("recipient", &["both see each other", "SOCKS5 and in-band", "a file would go to"]),
        ("loop", &["64 KiB by SOCKS5", "64 KiB by in-band", "whole"]),
    ] {
        lines.says(check, "ok", parts);
    }
    let pin = lines.all.iter().find_map(|line| line["text"].as_str()?.strip_prefix("pin = ")).expect("a pin");
    let pin = pin.split(' ').next().expect("a word").to_owned();
    let pinned = Account { trust: ["--pin".into(), pin.into()], ..device };
    assert_eq!(Lines::of(&pinned, &ops.jid, &[], |plain| plain).exit.code, 0, "the pin is right");
}

#[test]
fn a_wrong_password() {
    let (device, ops) = server().pair();
    let wrong = Account { password_file: ops.password_file.clone(), ..device };
    Lines::of(&wrong, &ops.jid, &[], |plain| plain).fails("login", 77, &["not-authorized", "password"]);
}

#[test]
fn a_password_that_others_can_read_or_that_is_not_there() {
    let (device, ops) = server().pair();
    let folder = files::folder();
    let open = folder.path().join("password");
    fs::write(&open, "x").expect("a file");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("chmod");
    for (file, why) in [(open, "chmod 600"), (folder.path().join("none"), "can't be opened")] {
        let lines = Lines::of(&Account { password_file: file, ..device.clone() }, &ops.jid, &[], |plain| plain);
        lines.fails("secret", 78, &[why]);
        lines.line("tls", "ok");
    }
}

#[test]
fn certificates_that_are_no_good() {
    let other = Openfire::start(Options::default());
    for (flaw, parts) in [
        (Flaw::None, ["signed by another CA", "--ca-file"]),
        (Flaw::Expired, ["has expired", "clock"]),
        (Flaw::WrongName, ["is not for example.test", "--pin"]),
    ] {
        let server = Openfire::start(Options { flaw, ..Options::default() });
        let mut device = server.device();
        if let Flaw::None = flaw {
            device.trust = other.device().trust;
        }
        let lines = Lines::of(&device, "ops@example.test", &[], |plain| plain);
        lines.fails("tls", 76, &parts);
        lines.says("tls", "warn", &["it showed: certificate of", "valid from"]);
        assert!(!server.notes().iter().any(|note| note.starts_with("auth")), "no password for a wrong server");
    }
}

#[test]
fn a_port_that_is_closed_and_one_that_drops() {
    let (device, ops) = server().pair();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let lines = Lines::of(&Account { server: closed, ..device.clone() }, &ops.jid, &[], |plain| plain);
    lines.fails("tcp", 75, &["Connection refused", "firewall", &closed.to_string()]);
    let full = TcpListener::bind("127.0.0.1:0").expect("a port");
    shrink_backlog(&full);
    let drops = full.local_addr().expect("bound");
    let connect = || std::net::TcpStream::connect_timeout(&drops, std::time::Duration::from_millis(200));
    let _queued: Vec<_> = std::iter::from_fn(|| connect().ok()).collect();
    let lines = Lines::of(&Account { server: drops, ..device }, &ops.jid, &[], |plain| plain);
    lines.fails("tcp", 75, &["no answer within 3 s", "firewall"]);
}

/// A device whose name server never answers; by then it has long said so.
#[test]
fn dns_that_is_dead() {
    let (device, ops) = server().pair();
    let silent = UdpSocket::bind("127.78.1.1:53").expect("port 53 of 127.78.1.1");
    let folder = files::folder();
    let conf = folder.path().join("resolv.conf");
    fs::write(&conf, "nameserver 127.78.1.1\n").expect("a file");
    let trust: Vec<_> = device.trust.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let password = device.password_file.to_string_lossy().into_owned();
    let plain = Plain::new("doctor").mounted(&format!("mount --bind {} /etc/resolv.conf", conf.display()));
    let words = ["--json", "--jid", &device.jid, "--password-file", &password, &trust[0], &trust[1], "--to", &ops.jid];
    let started = Instant::now();
    let exit = plain.args(words).end();
    let lines = Lines { all: exit.events("check"), exit };
    lines.fails("dns", 75, &["127.78.1.1", "does not answer", "resolv.conf", "--resolve"]);
    assert!(started.elapsed().as_secs() < 60, "it said so and ended");
    drop(silent);
}

#[test]
fn a_server_without_a_proxy_and_one_whose_proxy_is_out_of_reach() {
    for (hosts, parts) in [
        (Hosts::Absent, ["names no SOCKS5 proxy", "xmpp.proxy.enabled"]),
        (Hosts::Unreachable, ["can't connect to 127.0.0.1", "firewall"]),
    ] {
        let server = Openfire::start(Options { hosts, ..Options::default() });
        let _spark = server.spark(Manners::ibb());
        let lines = Lines::of(&server.device(), "ops@example.test", &[], |plain| plain);
        lines.says("proxy", "warn", &parts);
        lines.says("recipient", "ok", &["this is Spark", "a file would go to"]);
        assert_eq!(lines.exit.code, 0, "in-band works: {:#?}", lines.all);
    }
}

#[test]
fn a_recipient_who_is_offline() {
    let (device, ops) = server().pair();
    Lines::of(&device, &ops.jid, &[], |plain| plain).fails("recipient", 69, &["is offline", "let it log in"]);
}

#[test]
fn a_recipient_who_is_unknown_or_not_subscribed() {
    let (device, _) = server().pair();
    for to in ["stranger@example.test", "nobody@example.test"] {
        let lines = Lines::of(&device, to, &[], |plain| plain);
        lines.fails("recipient", 68, &["unknown, or doesn't share its presence", "shared group"]);
        lines.says("recipient", "warn", &["not in this device's roster"]);
    }
}

#[test]
fn a_clock_that_stands_at_1970() {
    let (device, ops) = server().pair();
    let library = clock::of_1970();
    let lines =
        Lines::of(&device, &ops.jid, &[], |plain| plain.limited(&format!("export LD_PRELOAD={}", library.display())));
    assert_eq!(lines.exit.code, 75, "{:#?}", lines.all);
    lines.says("clock", "fail", &["1970-01-01", "NTP"]);
    lines.says("tls", "fail", &["not valid yet", "clock"]);
    assert_eq!(
        lines.all.iter().find(|line| line["level"] == "fail").expect("one")["check"],
        "clock",
        "the cause comes first"
    );
    fs::remove_dir_all(library.parent().expect("a folder")).expect("it was made");
}

#[test]
fn a_spool_that_can_t_be_written() {
    let (device, ops) = server().pair();
    let _operator = online(&ops);
    let folder = files::folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("chmod");
    let spool = folder.path().join("spool");
    fs::create_dir(&spool).expect("a folder");
    fs::set_permissions(&spool, fs::Permissions::from_mode(0o700)).expect("chmod");
    let shown = spool.display().to_string();
    let conf = conf(folder.path());
    let words = ["--config", conf.as_str(), "--spool", shown.as_str()];
    let lines = Lines::of(&device, &ops.jid, &words, |plain| {
        plain.mounted(&format!("mount --bind {shown} {shown} && mount -o remount,ro,bind {shown}"))
    });
    lines.fails("spool", 73, &["Read-only", &shown]);
    fs::set_permissions(&spool, fs::Permissions::from_mode(0o755)).expect("chmod");
    Lines::of(&device, &ops.jid, &words, |plain| plain).fails("spool", 78, &["open to others", "chmod 700"]);
}

fn conf(folder: &Path) -> String {
    let conf = folder.join("conf");
    fs::write(&conf, "[logs]\nfiles = /var/log/none\nto = ops@example.test\n").expect("a file");
    conf.display().to_string()
}

#[test]
fn what_nobody_answers_ends_within_its_time() {
    use server::Options;
    let frozen = Server::with(Kind::Prosody, Options::default());
    let (device, ops) = frozen.pair();
    frozen.freeze();
    Lines::of(&device, &ops.jid, &[], |plain| plain).fails("tls", 75, &["no answer within 3 s"]);
    frozen.kill();
}
