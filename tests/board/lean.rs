//! The builds that are smaller than the usual one: what they can do, and how they say what was left out of them.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::files;
use crate::support::process::{Exit, Process};
use crate::support::run::{Program::Firepush, Run, native};
use crate::support::server::{Account, Kind, Options, Server, Tls};
use crate::transfers::{METHODS, pass, passes};
use crate::{board, build, build_of};

const LEAN: [(&str, &str); 4] =
    [("armv7-musl", "tiny"), ("armv7-gnu", "small"), ("aarch64-gnu", "small"), ("aarch64-musl", "small")];
const SIZE: u64 = 1_000_001;
const LEFT_OUT: [(&str, &str); 6] = [
    ("run", "jobs"),
    ("status", "jobs"),
    ("retry", "jobs"),
    ("drop", "jobs"),
    ("receive", "receive"),
    ("doctor", "doctor"),
];
/// Some file.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
/// Of no certificate.
const NO_PIN: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
#[ignore = "a build without features: `make check-board`"]
fn a_sender_without_features_pushes_over_tls_1_3_and_trusts_a_pin_alone() {
    let server = with_only(Tls::V13);
    let folder = files::folder();
    let sent = [files::make(folder.path(), "some.log", SIZE)];
    for method in METHODS {
        let (device, ops) = server.pair();
        let pinned = Account { trust: trust(&server.certificate.pin), ..device };
        pass((&pinned, sender()), (&ops, native()), method, &sent);
    }
}

#[test]
#[ignore = "a build without features: `make check-board`"]
fn a_sender_without_features_sends_to_no_other_certificate_and_by_no_tls_1_2() {
    for (tls, is_pinned, complaint) in
        [(Tls::V13, false, "matches no given pin"), (Tls::V12, true, "the server ended TLS: ProtocolVersion")]
    {
        let server = with_only(tls);
        let pin = if is_pinned { &server.certificate.pin } else { NO_PIN };
        let (device, ops) = server.pair();
        let pinned = Account { trust: trust(pin), ..device };
        let exit = Run::send(Firepush, &pinned, &ops.jid).arg(FILE).start_as(sender()).wait().expect(76);
        assert!(exit.complaint().contains(complaint), "{}", exit.complaint());
    }
}

#[test]
#[ignore = "a build without features: `make check-board`"]
fn a_command_that_was_left_out_ends_before_any_configuration_is_looked_at() {
    for (verb, feature) in LEFT_OUT {
        for words in [&[verb][..], &[verb, "--config", "/nonexistent"], &["help", verb]] {
            complains(words, 64, &format!("this firepush was built without {feature} "));
        }
    }
    let help = end(&["help"]).expect(0).stdout.join("\n");
    assert!(["send", "config"].iter().all(|verb| help.contains(&format!("\n  firepush {verb} "))), "{help}");
    assert!(LEFT_OUT.iter().all(|(verb, _)| !help.contains(&format!("firepush {verb}"))), "{help}");
}

/// Nothing listens at that server: who gets so far ends with 75.
#[test]
#[ignore = "a build without features: `make check-board`"]
fn a_send_that_wants_what_was_left_out_ends_before_it_connects() {
    let folder = files::folder();
    let password = folder.path().join("password");
    fs::write(&password, "secret\n").expect("write");
    fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).expect("chmod");
    let password = password.to_str().expect("UTF-8");
    let known = ["send", "--jid", "device@example.test", "--password-file", password, "--server", "127.0.0.1:1"];
    let cells: [(&[&str], i32, &str); 5] = [
        (&["--pin", NO_PIN, FILE], 75, "can't connect to 127.0.0.1:1"),
        (&["--pin", NO_PIN, "--queue", FILE], 64, "this firepush was built without jobs "),
        (&["--pin", NO_PIN, "--name", "x", "-"], 64, "this firepush was built without jobs "),
        (&["--pin", NO_PIN, "--cert-file", FILE, "--key-file", FILE, FILE], 78, "was built without external "),
        (&[FILE], 78, "was built without the authorities of the web "),
    ];
    for (more, code, complaint) in cells {
        complains(&[&known[..], &["--to", "ops@example.test"], more].concat(), code, complaint);
    }
}

#[test]
#[ignore = "four builds: `make check-board`"]
fn small_and_tiny_builds_push_by_the_proxy_and_receive_in_band() {
    let server = Server::start(Kind::Prosody);
    let folder = files::folder();
    let sent = [files::make(folder.path(), "some.log", SIZE)];
    for (target, std) in LEAN {
        let (board, built) = (board(target), build(target, std));
        passes(&server, board.command(&built), native(), "socks5", &sent);
        passes(&server, native(), board.command(&built), "ibb", &sent);
    }
}

/// Built for size and without any feature.
fn sender() -> Command {
    board("armv7-musl").command(&build_of("armv7-musl", "small", Some("")))
}

fn with_only(tls: Tls) -> Server {
    Server::with(Kind::Prosody, Options { tls: Some(tls), ..Options::default() })
}

fn trust(pin: &str) -> [OsString; 2] {
    ["--pin".into(), pin.into()]
}

fn end(words: &[&str]) -> Exit {
    let mut command = sender();
    command.args(words);
    Process::start(command).wait()
}

fn complains(words: &[&str], code: i32, complaint: &str) {
    let exit = end(words).expect(code);
    assert!(exit.stdout.is_empty() && exit.complaint().contains(complaint), "{words:?}: {}", exit.complaint());
}
