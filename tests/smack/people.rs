//! What the person at the other end does: declines, is slow or silent, changes its mind, allows IBB only.

use std::path::PathBuf;

use crate::support::files;
use crate::support::process::Process;
use crate::support::run::Program::{Firepush, Smack};
use crate::support::run::Run;
use crate::support::server::Kind::{Ejabberd, Prosody};
use crate::support::server::{Account, Kind};
use crate::{GENERATIONS, compare, full, ready, server};

/// Far more than all buffers on the way hold together.
const BIG: u64 = 64 << 20;
const MIDDLE: &str = "1000000";

#[test]
fn rule_33_a_user_who_declines_ends_with_69() {
    each(|version, kind| {
        let case = Case::new(kind);
        let (_peer, jid) = case.smack(version, &["--decline"]);
        let exit = case.send(&jid, 100, &[]).end().expect(69);
        assert_eq!(exit.events("failed")[0]["kind"], "declined", "{}", exit.complaint());
    });
}

#[test]
fn rule_23_silence_ends_with_75_and_speaks_of_the_contact_list() {
    each(|version, kind| {
        let case = Case::new(kind);
        let (_peer, jid) = case.smack(version, &["--ignore"]);
        let exit = case.send(&jid, 100, &["--answer", "1"]).end().expect(75);
        assert_eq!(exit.events("failed")[0]["kind"], "unanswered");
        assert!(exit.complaint().contains("contact list"), "{}", exit.complaint());
    });
}

#[test]
fn a_user_who_accepts_after_20_seconds_gets_the_file() {
    each(|version, kind| {
        let case = Case::new(kind);
        for method in ["socks5", "ibb"] {
            let seconds = if full() { "20" } else { "1" };
            case.arrives_at_smack(version, &["--accept-after", seconds], method, method);
        }
    });
}

#[test]
fn rule_35_who_names_both_methods_or_ibb_gets_ibb_and_who_names_bytestreams_gets_them() {
    each(|version, kind| {
        let case = Case::new(kind);
        case.arrives_at_smack(version, &["--ibb-only"], "auto", "ibb");
        let names_both = ["3.2.1", "4.1.9", "4.3.4"].contains(&version);
        case.arrives_at_smack(version, &[], "auto", if names_both { "ibb" } else { "socks5" });
    });
}

#[test]
fn rule_62_streamhosts_that_nobody_can_reach_are_skipped() {
    each(|version, kind| {
        // It offers no loopback address and, unlike those before it, no other than the one it is connected from.
        if version == "4.5.0-rc1" {
            return;
        }
        let case = Case::new(kind);
        let file = case.file(100_000);
        let receiver = Run::receive(Firepush, &case.ops, case.inbox.path()).args(["--method", "socks5", "-vvv"]);
        let (mut receiver, jid) = ready(receiver.args(["--count", "1"]));
        Run::send(Smack(version), &case.device, &jid).arg("--dead-streamhost").arg(&file).end().expect(0);
        let event = receiver.event("file");
        compare(&file, &event);
        assert_eq!(event["method"], "socks5");
        let told = receiver.wait().expect(0).stderr;
        let own = format!("streamhost {}/", case.device.jid);
        assert!(told.contains(&own), "Smack {version} has no address but loopback, or was not tried:\n{told}");
    });
}

#[test]
fn rule_56_a_receiver_that_cancels_in_mid_transfer_ends_the_send() {
    each(|version, kind| {
        let case = Case::new(kind);
        for (method, code, kinds) in [("socks5", 75, &["incomplete", "network"][..]), ("ibb", 69, &["cancelled"])] {
            let (mut peer, jid) = case.smack(version, &["--cancel-after", MIDDLE]);
            let sender = case.send(&jid, BIG, &["--method", method]).start();
            peer.event("cancelled");
            let exit = sender.wait().expect(code);
            let failed = exit.events("failed");
            assert!(kinds.contains(&failed[0]["kind"].as_str().expect("a kind")), "{failed:?}");
            assert_eq!(exit.events("sent").len(), 0);
        }
    });
}

#[test]
fn a_sender_that_cancels_in_mid_transfer_leaves_no_half_file() {
    each(|version, kind| {
        let case = Case::new(kind);
        let file = case.file(BIG);
        for method in ["socks5", "ibb"] {
            let (mut receiver, jid) =
                ready(Run::receive(Firepush, &case.ops, case.inbox.path()).args(["--method", method]));
            let sender = Run::send(Smack(version), &case.device, &jid).args(["--cancel-after", MIDDLE]).arg(&file);
            assert_eq!(sender.end().expect(0).events("cancelled").len(), 1);
            assert_eq!(outcome(&mut receiver), "failed");
            assert_eq!(std::fs::read_dir(case.inbox.path()).expect("the inbox").count(), 0, "{method}");
        }
    });
}

fn each(test: fn(&'static str, Kind)) {
    for kind in if full() { vec![Prosody, Ejabberd] } else { vec![Prosody] } {
        for version in GENERATIONS {
            println!("Smack {version} on {kind:?}");
            test(version, kind);
        }
    }
}

/// `file` or `failed`, whichever comes.
fn outcome(receiver: &mut Process) -> &'static str {
    while let Some(line) = receiver.line() {
        for name in ["file", "failed"] {
            if line.contains(&format!(r#""event":"{name}""#)) {
                return name;
            }
        }
    }
    panic!("the receiver ended");
}

struct Case {
    device: Account,
    ops: Account,
    folder: tempfile::TempDir,
    inbox: tempfile::TempDir,
}

impl Case {
    fn new(kind: Kind) -> Case {
        let (device, ops) = server(kind).pair();
        let folder = || tempfile::tempdir().expect("a folder");
        Case { device, ops, folder: folder(), inbox: folder() }
    }

    fn smack(&self, version: &'static str, options: &[&str]) -> (Process, String) {
        ready(Run::receive(Smack(version), &self.ops, self.inbox.path()).args(options))
    }

    fn send(&self, to: &str, size: u64, options: &[&str]) -> Run {
        Run::send(Firepush, &self.device, to).args(options).arg(self.file(size))
    }

    fn file(&self, size: u64) -> PathBuf {
        files::make(self.folder.path(), "some.log", size)
    }

    fn arrives_at_smack(&self, version: &'static str, options: &[&str], asked: &str, used: &str) {
        let (mut peer, jid) = self.smack(version, options);
        self.send(&jid, 100_000, &["--method", asked]).end().expect(0);
        let event = peer.event("file");
        compare(&self.folder.path().join("some.log"), &event);
        assert_eq!(event["method"], used);
    }
}
