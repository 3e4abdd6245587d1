//! Options of `send` that are off unless asked for.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::delivery::{delivers, until_end};
use crate::server;
use crate::support::process::Exit;
use crate::support::run::Program::{Firepush, Slixmpp};
use crate::support::run::Run;
use crate::support::server::{Account, Kind, Options, Server};
use crate::support::{ca, files};

const KINDS: [Kind; 2] = [Kind::Prosody, Kind::Ejabberd];
/// Nobody listens there.
const NO_PROXY: &str = "127.0.0.2";

#[test]
fn rule_50_without_a_proxy_the_file_goes_through_our_own_streamhost() {
    for kind in KINDS {
        let server = Server::with(kind, Options { proxy_host: NO_PROXY, ..Options::default() });
        for program in [Firepush, Slixmpp] {
            let (device, ops) = server.pair();
            delivers(program, &device, &ops, &["--direct", "--method", "socks5"], "socks5");
        }
    }
}

#[test]
fn rule_50_without_a_proxy_and_unasked_nothing_is_opened() {
    for kind in KINDS {
        let server = Server::with(kind, Options { proxy_host: NO_PROXY, ..Options::default() });
        let (device, ops) = server.pair();
        let inbox = files::folder();
        let mut receiver = Run::receive(Firepush, &ops, inbox.path()).start();
        receiver.event("ready");
        failed(&send(&device, &ops.jid, &["--method", "socks5"]).expect(75), "no-bytestream");
    }
}

#[test]
fn rule_24_one_message_announces_all_files_of_a_run() {
    for kind in KINDS {
        let (device, ops) = server(kind).pair();
        let (folder, inbox) = (files::folder(), files::folder());
        let sent = ["first", "second"].map(|name| files::make(folder.path(), name, 5000));
        let mut receiver = Run::receive(Slixmpp, &ops, inbox.path()).args(["--count", "2"]).start();
        receiver.event("ready");
        let run = Run::send(Firepush, &device, &ops.jid).args(["--announce", "Logs <of> gate 7 & 8"]).args(&sent);
        run.end().expect(0);
        let events = until_end(receiver);
        assert_eq!(names(&events), ["message", "offer", "file", "offer", "file"], "{events:?}");
        assert_eq!(events[0]["body"], "Logs <of> gate 7 & 8");
        assert!(events[0]["from"].as_str().expect("a sender").starts_with(&device.jid), "{events:?}");
    }
}

#[test]
fn rule_24_an_offline_recipient_is_left_one_message_until_seen_online() {
    for kind in KINDS {
        let (device, ops) = server(kind).pair();
        let state = files::folder();
        let options = ["--if-offline", "message", "--state", state.path().to_str().expect("UTF-8")];
        for round in ["first", "after it was seen online"] {
            for _ in 0..2 {
                failed(&send(&device, &ops.jid, &options).expect(69), "offline");
                assert_eq!(marks(state.path()), 1, "{kind:?}, {round}");
            }
            let events = delivers(Slixmpp, &device, &ops, &options, "auto");
            let left: Vec<_> = events.iter().filter(|event| event["event"] == "message").collect();
            assert_eq!(left.len(), 1, "{kind:?}, {round}: {events:?}");
            assert!(left[0]["body"].as_str().expect("a text").contains("some.log"), "{events:?}");
            assert_eq!(marks(state.path()), 0, "{kind:?}, {round}");
        }
    }
}

#[test]
fn an_offline_recipient_is_left_nothing_unasked() {
    let (device, ops) = server(Kind::Prosody).pair();
    failed(&send(&device, &ops.jid, &["--announce", "Logs come."]).expect(69), "offline");
    let events = delivers(Slixmpp, &device, &ops, &[], "auto");
    assert!(!names(&events).contains(&"message"), "{events:?}");
}

#[test]
fn a_login_that_is_too_weak_ends_with_77() {
    for kind in KINDS {
        let server = Server::with(kind, Options { plain_only: true, ..Options::default() });
        let (device, ops) = server.pair();
        for least in ["scram-sha-1", "scram-sha-256", "scram-plus"] {
            let exit = send(&device, &ops.jid, &["--min-auth", least]).expect(77);
            failed(&exit, "no-mechanism");
            assert!(exit.complaint().contains("--min-auth"), "{}", exit.complaint());
        }
    }
}

#[test]
fn a_login_that_is_strong_enough_goes_on() {
    for kind in KINDS {
        let (device, ops) = server(kind).pair();
        delivers(Firepush, &device, &ops, &["--min-auth", "scram-sha-256"], "auto");
    }
}

/// Neither Prosody 0.12 nor ejabberd 23.01 lists a channel binding (XEP-0440).
#[test]
fn rule_75_a_server_that_lists_no_channel_binding_is_not_enough_for_scram_plus() {
    for kind in KINDS {
        let (device, ops) = server(kind).pair();
        let exit = send(&device, &ops.jid, &["--min-auth", "scram-plus"]).expect(77);
        failed(&exit, "no-mechanism");
        assert!(exit.complaint().contains("--min-auth"), "{}", exit.complaint());
    }
}

#[test]
fn a_certificate_logs_in_without_a_password() {
    let scene = Scene::new();
    for device in [scene.device.clone(), scene.server.direct_tls(scene.device.clone())] {
        delivers(Firepush, &device, &scene.ops, &["--min-auth", "scram-plus"], "auto");
    }
}

#[test]
fn a_certificate_of_another_account_ends_with_77() {
    let mut scene = Scene::new();
    scene.device.jid = scene.server.pair().0.jid;
    send(&scene.device, &scene.ops.jid, &[]).expect(77).complaint();
}

#[test]
fn a_key_file_that_others_may_read_ends_with_78() {
    let scene = Scene::new();
    let key = Path::new(&scene.device.certificate[3]);
    fs::set_permissions(key, fs::Permissions::from_mode(0o640)).expect("chmod");
    let exit = send(&scene.device, &scene.ops.jid, &[]).expect(78);
    assert!(exit.complaint().contains("chmod 600"), "{}", exit.complaint());
}

#[test]
fn a_certificate_without_its_key_ends_with_78() {
    let scene = Scene::new();
    for half in scene.device.certificate.chunks(2) {
        let password: [OsString; 2] = ["--password-file".into(), scene.device.password_file.clone().into()];
        let half = Account { certificate: [half, &password].concat(), ..scene.device.clone() };
        let exit = send(&half, &scene.ops.jid, &[]).expect(78);
        assert!(exit.complaint().contains("--cert-file and --key-file"), "{}", exit.complaint());
    }
}

/// An ejabberd that takes certificates, and a device that has one and no password.
struct Scene {
    server: Server,
    device: Account,
    ops: Account,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = files::folder();
        let ca_file = folder.path().join("clients.pem");
        let issuer = ca::authority(&ca_file);
        let server = Server::with(Kind::Ejabberd, Options { client_ca: Some(ca_file), ..Options::default() });
        let (mut device, ops) = server.pair();
        let (certificate, key) = ca::client(folder.path(), &issuer, &device.jid);
        device.certificate = vec!["--cert-file".into(), certificate.into(), "--key-file".into(), key.into()];
        Scene { server, device, ops, _folder: folder }
    }
}

fn send(device: &Account, to: &str, options: &[&str]) -> Exit {
    let folder = files::folder();
    Run::send(Firepush, device, to).args(options).arg(files::make(folder.path(), "some.log", 100)).end()
}

#[track_caller]
fn failed(exit: &Exit, kind: &str) {
    assert_eq!(exit.events("failed")[0]["kind"], kind, "{}", exit.stderr);
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().expect("a name")).collect()
}

fn marks(state: &Path) -> usize {
    let names = fs::read_dir(state).expect("the state").map(|entry| entry.expect("an entry").file_name());
    names.filter(|name| name.to_string_lossy().starts_with("left-")).count()
}

/// util-linux's `script` gives it a terminal.
#[test]
fn progress_is_shown_on_a_terminal_and_nowhere_else() {
    let (device, ops) = server(Kind::Prosody).pair();
    let folder = files::folder();
    let mut receiver = Run::receive(Firepush, &ops, folder.path()).args(["--count", "2"]).start();
    receiver.event("ready");
    let file = files::make(folder.path(), "some.log", 300_000);
    let words =
        device.words().into_iter().chain(["--to".into(), ops.jid.clone().into(), "--method".into(), "ibb".into()]);
    let words: Vec<_> = words.chain(["--rate".into(), "100k".into(), file.into()]).collect();
    let send = || {
        let mut send = std::process::Command::new(crate::support::run::binary());
        send.arg("send").args(&words);
        send
    };
    let line: Vec<_> =
        std::iter::once(send().get_program().to_owned()).chain(send().get_args().map(ToOwned::to_owned)).collect();
    let line: Vec<_> = line.iter().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let seen =
        std::process::Command::new("script").args(["-qefc", &line.join(" "), "/dev/null"]).output().expect("script");
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(seen.contains("some.log [###") && seen.contains("kB/s") && seen.contains(" left"), "{seen:?}");
    assert!(seen.trim_end().lines().last().is_some_and(|line| line.contains("acked to")), "{seen:?}");
    let quiet = send().output().expect("it starts");
    assert_eq!((quiet.stdout.len(), quiet.stderr.len()), (0, 0));
    receiver.wait().expect(0);
}
