//! Recipients who are away, unknown, unwilling or silent.

use crate::server;
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::Program::{Firepush, Slixmpp};
use crate::support::run::Run;
use crate::support::server::{Account, Kind};

const KINDS: [Kind; 2] = [Kind::Prosody, Kind::Ejabberd];

#[test]
fn a_recipient_who_is_offline_ends_with_69() {
    for kind in KINDS {
        let (device, ops) = server(kind).pair();
        failed(send(&device, &ops.jid, &[]), 69, "offline");
        failed(send(&device, &format!("{}/Spark", ops.jid), &[]), 69, "offline");
    }
}

#[test]
fn a_recipient_who_does_not_share_presence_ends_with_68() {
    for kind in KINDS {
        let (device, _) = server(kind).pair();
        failed(send(&device, &server(kind).account("stranger").jid, &[]), 68, "not-shared");
        failed(send(&device, &format!("nobody@{}", device.domain()), &[]), 68, "not-shared");
    }
}

#[test]
fn a_recipient_who_declines_ends_with_69() {
    for kind in KINDS {
        let (device, ops) = server(kind).pair();
        let inbox = files::folder();
        let mut receiver = Run::receive(Slixmpp, &ops, inbox.path()).arg("--decline").start();
        receiver.event("ready");
        failed(send(&device, &ops.jid, &[]), 69, "declined");
    }
}

#[test]
fn a_sender_who_is_not_on_the_allow_list_is_declined() {
    let (device, ops) = server(Kind::Prosody).pair();
    let inbox = files::folder();
    let run = Run::receive_from(&format!("desk@{}", ops.domain()), &ops, inbox.path());
    let mut receiver = run.start();
    receiver.event("ready");
    failed(send(&device, &ops.jid, &[]), 69, "declined");
}

#[test]
fn an_offer_that_nobody_answers_ends_with_75() {
    let (device, ops) = server(Kind::Prosody).pair();
    let inbox = files::folder();
    let mut receiver = Run::receive(Slixmpp, &ops, inbox.path()).arg("--ignore").start();
    receiver.event("ready");
    failed(send(&device, &ops.jid, &["--answer", "2"]), 75, "unanswered");
}

#[test]
fn a_recipient_who_takes_only_the_other_method_ends_with_69() {
    let (device, ops) = server(Kind::Prosody).pair();
    let inbox = files::folder();
    let mut receiver = Run::receive(Slixmpp, &ops, inbox.path()).args(["--method", "socks5"]).start();
    receiver.event("ready");
    failed(send(&device, &ops.jid, &["--method", "ibb"]), 69, "unable");
}

fn send(device: &Account, to: &str, options: &[&str]) -> Exit {
    let folder = files::folder();
    Run::send(Firepush, device, to).args(options).arg(files::make(folder.path(), "some.log", 100)).end()
}

#[track_caller]
fn failed(exit: Exit, code: i32, kind: &str) {
    let exit = exit.expect(code);
    assert_eq!(exit.events("failed")[0]["kind"], kind, "{}", exit.complaint());
}
