//! Signals, limits and secrets of the process itself.

use std::fs;

use crate::bed::{Bed, OPS, assert_says, names};
use crate::command::Plain;
use crate::openfire::Openfire;
use crate::openfire::options::{Fault, Options, ProxyPhase};
use crate::openfire::puppet::{Act, Answer, Hosts, Manners};
use crate::openfire::scram::{derive, encode, salt};
use crate::openfire::sender::Plan;
use crate::support::files::hex;

#[test]
fn row_38_a_signal_ends_every_phase_in_order() {
    let stalls = ["features", "tls", "challenge", "bind"].map(|phase| (phase, Options::fault(phase, Fault::Stall)));
    let silent = Manners::answer(Answer::Ignore);
    let full = Options { receive_buffer: Some(4096), ..Options::proxy_fault(ProxyPhase::Data(1000), Fault::Stall) };
    let mut cells: Vec<_> = stalls.into_iter().map(|(phase, options)| (phase, options, silent.clone())).collect();
    cells.push(("offered", Options::default(), silent));
    cells.push(("hosts answered", Options::default(), Manners::hosts(Hosts::Ignore)));
    cells.push(("acted", Options::default(), Manners::at_block(1, Act::NoAck)));
    cells.push(("proxy fault", full, Manners::default()));
    for (reached, options, manners) in cells {
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            let bed = Bed::of_size(options.clone(), manners.clone(), 6_000_000);
            let running = bed.command(&["--wait-close", "1s"]).start();
            bed.server.wait_for(reached);
            running.signal(signal);
            let exit = running.wait().expect(75);
            assert_says(&exit, &["stopped"]);
            if bed.server.happened("bound") {
                bed.server.wait_for("closed in order");
            }
        }
    }
}

#[test]
fn row_38_a_receiver_that_is_stopped_leaves_no_half_file() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let server = Openfire::start(Options::default());
        let folder = tempfile::tempdir().expect("a folder");
        let mut account = server.device();
        account.jid = "device@example.test/inbox".to_owned();
        let words = ["--json", "--wait-close", "1s", "--from", "ops@example.test", "--dir"];
        let plain = Plain::new("receive").args(account.words()).args(words).args([folder.path()]);
        let running = plain.start();
        server.wait_for("presence");
        let bytes = vec![7; 200_000];
        let plan = Plan { stop: Some(61_440), ..Plan::of("half.log", &bytes, &["ibb"]) };
        server.sender().send(&account.jid, &bytes, &plan).expect("half of it");
        assert_eq!(names(folder.path()).len(), 1, "the temporary file");
        running.signal(signal);
        running.wait().expect(75);
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn row_38_a_reader_of_our_output_that_ends_does_not_kill_us() {
    let bed = Bed::new(Options::default(), Manners::default());
    let exit = bed.command(&["-vvv"]).limited("exec 1>&- 2>&-").end();
    assert_eq!(exit.code, 0);
    bed.assert_arrived();
}

#[test]
fn row_39_without_descriptors_nothing_hangs_and_nothing_is_claimed() {
    for limit in 3..30 {
        let bed = Bed::new(Options::default(), Manners::default());
        let exit = bed.command(&["--wait-close", "1s"]).limited(&format!("ulimit -n {limit}")).end();
        if exit.code == 0 {
            bed.assert_arrived();
            continue;
        }
        // The dynamic loader needs one to begin with.
        if exit.code == 127 {
            continue;
        }
        assert!(exit.code >= 64 && exit.code <= 78, "{limit}: {} {}", exit.code, exit.stderr);
        assert_says(&exit, &[]);
    }
}

#[test]
fn row_32_a_full_disk_is_said_and_the_partial_file_removed() {
    for methods in [&["ibb"][..], &["socks5"]] {
        let server = Openfire::start(Options::default());
        let folder = tempfile::tempdir().expect("a folder");
        let mut account = server.device();
        account.jid = "device@example.test/inbox".to_owned();
        let words = ["--json", "--count", "1", "--from", "ops@example.test", "--dir"];
        let plain = Plain::new("receive").args(account.words()).args(words).args([folder.path()]);
        // Blocks of 1024 bytes in bash; the signal would kill, ignored it is an error of write(2).
        let running = plain.limited("trap '' XFSZ; ulimit -f 100").start();
        server.wait_for("presence");
        let bytes = vec![7; 200_000];
        let mut sender = server.sender();
        let _ = sender.send(&account.jid, &bytes, &Plan::of("big.log", &bytes, methods));
        let small = Plan { sid: "second".to_owned(), ..Plan::of("small.log", &bytes[..100], &["ibb"]) };
        sender.send(&account.jid, &bytes[..100], &small).expect("it goes on");
        let exit = running.wait().expect(0);
        assert_eq!(exit.events("failed")[0]["kind"], "write", "{:?}", exit.stdout);
        assert_eq!(names(folder.path()), ["small.log"]);
    }
}

#[test]
fn row_36_no_secret_is_in_any_output_at_vvv() {
    let wrong = Options { mechanisms: vec!["PLAIN"], ..Options::default() };
    for options in [Options::default(), wrong, Options::fault("success", Fault::Eof)] {
        let bed = Bed::new(options, Manners::ibb());
        let exit = bed.send(&["-vvv"]);
        let output = format!("{}\n{}", exit.stdout.join("\n"), exit.stderr);
        for secret in secrets(bed.server.password("device")) {
            assert!(!output.contains(&secret), "{secret} is in the output:\n{output}");
        }
        let steps = ["auth", "challenge", "response", "success", "data"];
        let contents = steps.iter().flat_map(|step| contents(&output, step)).collect::<Vec<_>>();
        assert!(contents.len() > 2, "the stream is shown: {output}");
        assert!(contents.iter().all(|content| content.is_empty() || content.starts_with("…(")), "{contents:?}");
    }
}

/// What stands in each element of that name.
fn contents(output: &str, name: &str) -> Vec<String> {
    let begin = format!("<{name} ");
    let behind = output.split(&begin).skip(1).filter_map(|rest| rest.split_once('>'));
    let open = behind.filter(|(attributes, _)| !attributes.ends_with('/'));
    open.map(|(_, rest)| rest.split('<').next().unwrap_or_default().to_owned()).collect()
}

/// The password, and what logs in or lets one guess it.
fn secrets(password: &str) -> Vec<String> {
    let derived = derive(password, &salt("device"));
    let plain = format!("\0device\0{password}");
    let mut secrets = vec![password.to_owned(), encode(password.as_bytes()), encode(plain.as_bytes())];
    for key in [&derived.salted, &derived.client_key, &derived.stored_key] {
        secrets.extend([encode(key), hex(key), format!("{key:?}")]);
    }
    secrets.push(",p=".to_owned());
    secrets
}

#[test]
fn row_37_terminal_escapes_of_the_server_are_escaped() {
    let ns = "urn:ietf:params:xml:ns:xmpp-streams";
    let text = "\u{9b}2J\u{202e}\u{7f}red\u{85}";
    let error = format!(
        "<stream:error><policy-violation xmlns='{ns}'/><text xmlns='{ns}'>{text}</text></stream:error></stream:stream>"
    );
    let bed = Bed::new(Options::fault("bind", Fault::Instead(error)), Manners::default());
    let exit = bed.send(&["-vvv"]).expect(75);
    assert!(exit.stderr.contains("red"), "{}", exit.stderr);
    assert_plain(&exit.stderr);
    exit.stdout.iter().for_each(|line| assert_plain(line));
}

#[test]
fn row_37_terminal_escapes_of_a_file_name_are_escaped() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("\u{1b}[2Jx\u{202e}\r\n.log");
    for size in [0, 10] {
        fs::write(&file, vec![1; size]).expect("write");
        let bed = Bed::new(Options::default(), Manners::answer(Answer::Refuse("forbidden")));
        for json in [true, false] {
            let plain = Plain::new("send").args(bed.server.device().words()).args(["-v", "--to", OPS]);
            let exit = plain.args(json.then_some("--json")).args([&file]).end();
            assert_plain(&exit.stderr);
            exit.stdout.iter().for_each(|line| assert_plain(line));
        }
    }
    let exit = crate::command::firepush(["send", "--jid", "a@b", "\u{1b}[2J", "--\u{1b}[2J"]).expect(64);
    assert_plain(&exit.stderr);
}

#[track_caller]
fn assert_plain(output: &str) {
    let bad = output.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
    assert_eq!(bad, None, "{output:?}");
}

#[test]
fn row_18_rule_13_a_second_login_of_the_same_resource_ends_the_first_with_75() {
    let server = Openfire::start(Options::default());
    let folder = tempfile::tempdir().expect("a folder");
    let mut account = server.device();
    account.jid = "device@example.test/same".to_owned();
    let words = ["--from", "ops@example.test", "--dir"];
    let receive = || Plain::new("receive").args(account.words()).args(words).args([folder.path()]).start();
    let first = receive();
    server.wait_for("presence");
    let second = receive();
    let exit = first.wait().expect(75);
    assert_says(&exit, &["another login"]);
    server.wait_for_twice("presence");
    assert_eq!(server.count("bound"), 2, "no loop of logins");
    drop(second);
}
