//! A file of more bytes than 32 bits can count.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files;
use super::run::{Program::Firepush, Run};
use super::server::Server;

const FOUR_GIB: u64 = 4 << 30;
const SIZE: u64 = FOUR_GIB + 1;
/// The first byte, the last that 32 bits can count, and the one behind it, which is the last of the file.
const PLACES: [(u64, u8); 3] = [(0, 0xa1), (FOUR_GIB - 1, 0xb2), (FOUR_GIB, 0xc3)];

/// Sends it through the proxy from one build of firepush to another. Takes 4 GiB of the disk meanwhile.
pub fn passes(server: &Server, sender: Command, receiver: Command) {
    let (device, ops) = server.pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let run = Run::receive(Firepush, &ops, inbox.path()).args(["--method", "socks5", "--count", "1"]);
    let mut receiver = run.start_as(receiver);
    receiver.event("ready");
    let run = Run::send(Firepush, &device, &ops.jid).args(["--method", "socks5"]).arg(sparse(folder.path()));
    let exit = run.start_as(sender).wait().expect(0);
    assert_eq!(exit.events("sent")[0]["size"], SIZE);
    let arrived = receiver.event("file");
    assert_eq!(arrived["size"], SIZE);
    assert_whole(Path::new(arrived["path"].as_str().expect("a path")));
    receiver.wait().expect(0);
}

fn sparse(folder: &Path) -> PathBuf {
    let path = folder.join("capture.pcap");
    let file = File::create(&path).expect("create");
    file.set_len(SIZE).expect("a sparse file");
    for (place, byte) in PLACES {
        file.write_all_at(&[byte], place).expect("write");
    }
    path
}

fn assert_whole(path: &Path) {
    let file = File::open(path).expect("open");
    assert_eq!(file.metadata().expect("a size").len(), SIZE);
    for (place, byte) in PLACES {
        let mut there = [0];
        file.read_exact_at(&mut there, place).expect("read");
        assert_eq!(there, [byte], "at {place}");
    }
}
