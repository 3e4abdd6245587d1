//! Files that are larger than 32 bits can count, and files that change after they were offered.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::support::files;
use crate::support::huge;
use crate::support::process::Exit;
use crate::support::run::Program::{Firepush, Slixmpp};
use crate::support::run::{Run, native};
use crate::support::server::Kind::{self, Ejabberd, Prosody};
use crate::{full, server};

const OFFERED: u64 = 3_000_000;

/// Takes 4 GiB of the disk.
#[test]
fn one_byte_more_than_four_gibibytes_arrives_through_the_proxy() {
    if !full() {
        return;
    }
    huge::passes(server(Prosody), native(), native());
}

#[test]
fn rule_37_a_file_that_grows_before_the_accept_arrives_as_it_was_offered() {
    each(|kind, method| {
        let grow = |file: &Path| {
            let mut file = OpenOptions::new().append(true).open(file).expect("open");
            file.write_all(&[7; 1_000_000]).expect("append");
        };
        let (sent, events, offered) = changed(kind, method, grow);
        assert_eq!(sent.expect(0).events("sent")[0]["size"], OFFERED);
        assert_eq!((&events["event"], &events["sha256"]), (&"file".into(), &offered.into()), "{events}");
    });
}

#[test]
fn rule_37_a_file_that_shrinks_before_the_accept_ends_with_65() {
    each(|kind, method| {
        let shrink = |file: &Path| {
            let file = OpenOptions::new().write(true).open(file).expect("open");
            file.set_len(OFFERED - 1_000_000).expect("truncate");
        };
        let (sent, event, _) = changed(kind, method, shrink);
        let sent = sent.expect(65);
        assert!(sent.complaint().contains("became shorter"), "{}", sent.complaint());
        assert!(sent.events("sent").is_empty(), "{:?}", sent.stdout);
        assert_eq!(event["event"], "failed", "{event}");
    });
}

fn each(test: impl Fn(Kind, &str)) {
    for kind in [Prosody, Ejabberd] {
        for method in ["socks5", "ibb"] {
            test(kind, method);
        }
    }
}

/// Sends a file that is changed when the recipient has the offer and has not accepted it. Gives how the sender ended,
/// what became of the file at the recipient's, and the sum of what was offered.
fn changed(kind: Kind, method: &str, change: impl Fn(&Path)) -> (Exit, serde_json::Value, String) {
    let (device, ops) = server(kind).pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let file = files::make(folder.path(), "changing.log", OFFERED);
    let offered = files::sha256(&file);
    let changed = folder.path().join("changed");
    let run = Run::receive(Slixmpp, &ops, inbox.path()).args(["--method", method, "--accept-when"]).arg(&changed);
    let mut receiver = run.start();
    receiver.event("ready");
    let sender = Run::send(Firepush, &device, &ops.jid).arg(&file).start();
    receiver.event("offer");
    change(&file);
    fs::write(changed, "").expect("write");
    (sender.wait(), receiver.next_event().expect("an event"), offered)
}
