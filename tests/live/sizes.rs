//! Files that are larger than 32 bits can count, and files that change after they were offered.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::Program::{Firepush, Slixmpp};
use crate::support::run::Run;
use crate::support::server::Kind::{self, Ejabberd, Prosody};
use crate::{full, server};

const FOUR_GIB: u64 = 4 << 30;
/// The first byte, the last that 32 bits can count, and the one behind it, which is the last of the file.
const PLACES: [(u64, u8); 3] = [(0, 0xa1), (FOUR_GIB - 1, 0xb2), (FOUR_GIB, 0xc3)];
const OFFERED: u64 = 3_000_000;

/// Takes 4 GiB of the disk.
#[test]
fn one_byte_more_than_four_gibibytes_arrives_through_the_proxy() {
    if !full() {
        return;
    }
    let (device, ops) = server(Prosody).pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let sent = folder.path().join("capture.pcap");
    let sparse = File::create(&sent).expect("create");
    sparse.set_len(FOUR_GIB + 1).expect("a sparse file");
    for (place, byte) in PLACES {
        sparse.write_all_at(&[byte], place).expect("write");
    }
    let run = Run::receive(Firepush, &ops, inbox.path()).args(["--method", "socks5", "--count", "1"]);
    let mut receiver = run.start();
    receiver.event("ready");
    let exit = Run::send(Firepush, &device, &ops.jid).args(["--method", "socks5"]).arg(&sent).end().expect(0);
    assert_eq!(exit.events("sent")[0]["size"], FOUR_GIB + 1);
    let arrived = receiver.event("file");
    assert_eq!(arrived["size"], FOUR_GIB + 1);
    let path = Path::new(arrived["path"].as_str().expect("a path"));
    let file = File::open(path).expect("open");
    assert_eq!(file.metadata().expect("a size").len(), FOUR_GIB + 1);
    for (place, byte) in PLACES {
        let mut there = [0];
        file.read_exact_at(&mut there, place).expect("read");
        assert_eq!(there, [byte], "at {place}");
    }
    receiver.wait().expect(0);
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
