//! What happens when somebody cancels, or something dies, freezes or restarts in the middle of a transfer: an exit
//! code, one line that names the phase, and no half file.

use firepush::config::Wait;

use crate::held::Path::{Proxy, Receiver, Sender};
use crate::held::{Path, Transfer, fails_clean, is_empty, kinds};
use crate::support::process::Exit;
use crate::support::server::Kind;

#[test]
fn a_receiver_that_is_killed_ends_a_socks5_send_with_75() {
    by_socks5(|transfer| transfer.receiver.kill(), "through the proxy");
}

#[test]
fn a_receiver_that_is_killed_ends_an_ibb_send_with_75() {
    by_ibb(|transfer| transfer.receiver.kill(), "block");
}

#[test]
fn a_proxy_that_is_killed_ends_the_send_with_75() {
    by_socks5(|transfer| transfer.relay.cut(), "through the proxy");
}

#[test]
fn a_server_that_is_killed_ends_a_socks5_send_with_75() {
    by_socks5(|transfer| transfer.server.kill(), "through the proxy");
}

#[test]
fn a_server_that_is_killed_ends_an_ibb_send_with_75() {
    by_ibb(|transfer| transfer.server.kill(), "block");
}

#[test]
fn a_server_that_freezes_ends_a_socks5_send_with_75() {
    by_socks5(|transfer| transfer.server.freeze(), "through the proxy");
}

#[test]
fn a_server_that_freezes_ends_an_ibb_send_with_75() {
    by_ibb(|transfer| transfer.server.freeze(), "block");
}

#[test]
fn a_server_that_is_killed_ends_the_receiver_with_75_and_leaves_no_half_file() {
    for (kind, path) in cells([Proxy, Sender]) {
        let mut transfer = Transfer::held(kind, path);
        transfer.server.kill();
        transfer.relay.release();
        fails_clean(&mut transfer.receiver, &transfer.inbox);
        transfer.receiver.wait().expect(75);
    }
}

#[test]
fn a_server_that_restarts_ends_the_send_with_75_and_the_collector_is_there_again() {
    for (kind, path) in cells([Proxy, Sender]) {
        let mut transfer = Transfer::held_with(kind, path, &["--timeout", "3"], &[]);
        transfer.server.restart();
        transfer.relay.release();
        fails_clean(&mut transfer.receiver, &transfer.inbox);
        transfer.receiver.event("ready");
        let (again, exit) = (transfer.again(), transfer.sender.wait().expect(75));
        unsent(&exit, "while");
        again.end().expect(0);
        transfer.receiver.event("file");
    }
}

#[test]
fn a_sender_that_is_killed_leaves_no_half_file() {
    for (kind, path) in cells([Proxy, Sender]) {
        let mut transfer = Transfer::held(kind, path);
        transfer.sender.kill();
        transfer.relay.release();
        fails_clean(&mut transfer.receiver, &transfer.inbox);
    }
}

#[test]
fn a_sender_that_is_stopped_says_so_and_leaves_no_half_file() {
    for (kind, path) in cells([Proxy, Sender]) {
        let mut transfer = Transfer::held(kind, path);
        transfer.sender.stop();
        unsent(&transfer.sender.wait().expect(75), "stopped");
        transfer.relay.release();
        let failed = fails_clean(&mut transfer.receiver, &transfer.inbox);
        assert_eq!(failed["kind"], "incomplete", "{kind:?}, {path:?}: {failed}");
    }
}

/// Who stops leaves too: what of the two the sender learns first decides. Through the proxy both look like any end.
#[test]
fn rule_56_a_receiver_that_is_stopped_ends_the_send() {
    let through = [(75, "incomplete"), (75, "network")];
    let in_band = [(69, "cancelled")];
    for (kind, path) in cells([Proxy, Sender]) {
        let transfer = Transfer::held_with(kind, path, &[], &[]);
        transfer.receiver.stop();
        transfer.receiver.wait().expect(75);
        transfer.relay.release();
        let exit = transfer.sender.wait();
        unsent(&exit, "while");
        let failed = &exit.events("failed")[0];
        let outcome = (exit.code, failed["kind"].as_str().expect("a kind"));
        let expected = if path == Proxy { &through[..] } else { &in_band };
        assert!(expected.contains(&outcome), "{kind:?}, {path:?}: {failed}");
        assert!(is_empty(&transfer.inbox), "{kind:?}, {path:?}");
    }
}

/// No FIN and no RST: the path goes, at either end of an in-band stream, and at both ends of the proxy.
#[test]
fn a_network_that_vanishes_ends_both_sides_by_their_waits() {
    let waits = ["--wait-stall", "2s", "--wait-ibb-ack", "2s", "--wait-close", "1s"];
    let (sender, receiver) = (waits, ["--count", "1", "--wait-data", "2s", "--wait-close", "1s"]);
    for (kind, path) in cells([Proxy, Sender, Receiver]) {
        let mut transfer = Transfer::held_with(kind, path, &sender, &receiver);
        let failed = fails_clean(&mut transfer.receiver, &transfer.inbox);
        assert_eq!(failed["kind"], "timeout", "{kind:?}, {path:?}: {failed}");
        names(failed["message"].as_str().expect("text"), Wait::Data);
        let exit = transfer.sender.wait().expect(75);
        let wait = if path == Proxy { Wait::Stall } else { Wait::IbbAck };
        unsent(&exit, wait.doing());
        names(exit.complaint(), wait);
    }
}

/// Every path on Prosody; on ejabberd too in a full run.
fn cells<const N: usize>(paths: [Path; N]) -> impl Iterator<Item = (Kind, Path)> {
    kinds().into_iter().flat_map(move |kind| paths.map(|path| (kind, path)))
}

fn by_socks5(fault: fn(&Transfer), phase: &str) {
    interrupted(Proxy, fault, phase);
}

fn by_ibb(fault: fn(&Transfer), phase: &str) {
    interrupted(Sender, fault, phase);
}

fn interrupted(path: Path, fault: fn(&Transfer), phase: &str) {
    for kind in kinds() {
        let transfer = Transfer::held(kind, path);
        fault(&transfer);
        transfer.relay.release();
        unsent(&transfer.sender.wait().expect(75), phase);
        assert!(!transfer.inbox.path().join("big.log").exists(), "{kind:?}: a half file has the name of a whole one");
    }
}

#[track_caller]
fn unsent(exit: &Exit, part: &str) {
    assert!(exit.complaint().contains(part), "{part:?} is missing: {}", exit.complaint());
    assert_eq!((exit.events("failed").len(), exit.events("sent").len()), (1, 0), "{:?}", exit.stdout);
}

#[track_caller]
fn names(text: &str, wait: Wait) {
    for part in [wait.doing(), wait.setting()] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}
