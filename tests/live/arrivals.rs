//! Files arrive whole: every size, server, method, direction and peer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::files;
use crate::support::process::Process;
use crate::support::run::Program::{self, Firepush, Slixmpp};
use crate::support::run::Run;
use crate::support::server::Account;
use crate::support::server::Kind::{self, Ejabberd, Prosody};
use crate::{full, server};

/// Around the block sizes of both methods.
const SIZES: [u64; 8] = [1, 4095, 4096, 4097, 61439, 61440, 61441, 5_000_000];
const BIG: u64 = 200 << 20;
const PEERS: [(Program, Program); 3] = [(Firepush, Firepush), (Firepush, Slixmpp), (Slixmpp, Firepush)];

#[test]
fn every_size_arrives_through_prosodys_proxy() {
    every_size(Prosody, "socks5", false);
}

#[test]
fn every_size_arrives_in_band_on_prosody() {
    every_size(Prosody, "ibb", true);
}

#[test]
fn every_size_arrives_through_ejabberds_proxy() {
    every_size(Ejabberd, "socks5", true);
}

#[test]
fn every_size_arrives_in_band_on_ejabberd() {
    every_size(Ejabberd, "ibb", false);
}

#[test]
fn two_hundred_mebibytes_arrive_through_the_proxy() {
    let cells: Vec<_> = [Prosody, Ejabberd].into_iter().flat_map(|kind| PEERS.map(|peers| (kind, peers))).collect();
    for (kind, peers) in cells.into_iter().take(if full() { 6 } else { 1 }) {
        cell(kind, false, peers, "socks5", &[BIG]);
    }
}

#[test]
fn fifty_small_files_by_socks5_all_arrive() {
    let (device, ops) = server(Prosody).pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let (mut receiver, to) = receiver(Firepush, &ops, inbox.path(), "socks5", 50);
    for number in 0..50 {
        let file = files::make(folder.path(), &format!("small-{number}"), 1024 + number);
        Run::send(Firepush, &device, &to).args(["--method", "socks5"]).arg(&file).end().expect(0);
        compare(&file, &receiver.event("file"));
    }
    receiver.wait().expect(0);
}

#[test]
fn a_file_of_the_same_name_does_not_overwrite_the_first() {
    let (device, ops) = server(Prosody).pair();
    let (first, second) = (files::folder(), files::folder());
    let inbox = files::folder();
    let sent = [files::make(first.path(), "syslog.txt", 10), files::make(second.path(), "syslog.txt", 20)];
    let (mut receiver, to) = receiver(Firepush, &ops, inbox.path(), "auto", 2);
    Run::send(Firepush, &device, &to).args(&sent).end().expect(0);
    // Which one is on the disk first is a matter of luck.
    let arrived = sent.each_ref().map(|_| receiver.event("file"));
    for (file, size) in sent.iter().zip([10, 20]) {
        compare(file, arrived.iter().find(|event| event["size"] == size).expect("both"));
    }
    let mut paths = arrived.map(|event| event["path"].as_str().expect("a path").to_owned());
    paths.sort();
    assert_eq!(paths.each_ref().map(Path::new), ["syslog-1.txt", "syslog.txt"].map(|name| inbox.path().join(name)));
    receiver.wait().expect(0);
}

/// One kind of TLS for each pair of peers, in turn; both in a full run.
fn every_size(kind: Kind, method: &str, direct_tls_first: bool) {
    for (number, peers) in PEERS.into_iter().enumerate() {
        let direct_tls = direct_tls_first == (number % 2 == 0);
        every_size_in_cell(kind, direct_tls, peers, method);
        if full() {
            every_size_in_cell(kind, !direct_tls, peers, method);
        }
    }
}

fn every_size_in_cell(kind: Kind, direct_tls: bool, peers: (Program, Program), method: &str) {
    let empty: &[u64] = if method == "ibb" { &[0] } else { &[] };
    cell(kind, direct_tls, peers, method, &[empty, &SIZES].concat());
}

/// All sizes in one login of each side.
fn cell(kind: Kind, direct_tls: bool, (from, to): (Program, Program), method: &str, sizes: &[u64]) {
    println!("{from:?} to {to:?} by {method} on {kind:?}, direct TLS {direct_tls}: {sizes:?}");
    let server = server(kind);
    let (mut device, mut ops) = server.pair();
    if direct_tls {
        (device, ops) = (server.direct_tls(device), server.direct_tls(ops));
    }
    let (folder, inbox) = (files::folder(), files::folder());
    let sent: Vec<PathBuf> =
        sizes.iter().map(|size| files::make(folder.path(), &format!("{size}.log"), *size)).collect();
    let (mut receiver, address) = receiver(to, &ops, inbox.path(), method, sent.len());
    // A bare address has to be resolved, a full one is taken as it is.
    let address = if direct_tls { ops.jid } else { address };
    sender(from, &device, &address, method).args(&sent).end().expect(0);
    let arrived: HashMap<_, _> =
        sent.iter().map(|_| receiver.event("file")).map(|event| (name(&event), event)).collect();
    for file in &sent {
        let event = &arrived[file.file_name().expect("a name").to_str().expect("ASCII")];
        compare(file, event);
        assert_eq!(event["method"], method);
    }
    receiver.wait().expect(0);
}

fn receiver(program: Program, ops: &Account, inbox: &Path, method: &str, count: usize) -> (Process, String) {
    let run = Run::receive(program, ops, inbox).args(["--method", method, "--count", &count.to_string()]);
    let mut receiver = run.start();
    let jid = receiver.event("ready")["jid"].as_str().expect("its full address").to_owned();
    (receiver, jid)
}

fn sender(program: Program, device: &Account, to: &str, method: &str) -> Run {
    let run = Run::send(program, device, to).args(["--method", method]);
    if program == Firepush { run.args(["--empty", "send"]) } else { run }
}

fn name(event: &Value) -> String {
    event["name"].as_str().expect("a name").to_owned()
}

fn compare(sent: &Path, event: &Value) {
    assert_eq!(event["sha256"].as_str().expect("a sum"), files::sha256(sent), "{event}");
    files::assert_same(sent, Path::new(event["path"].as_str().expect("a path")));
}
