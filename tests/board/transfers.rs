//! Files between each board and the native firepush: both methods, both directions, both versions of TLS.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::files;
use crate::support::run::{Program::Firepush, Run, native};
use crate::support::server::{Account, Kind, Options, Server, Tls};
use crate::{BOARDS, Board, build, output};

pub const METHODS: [&str; 2] = ["socks5", "ibb"];
/// In one login; the second fits in no number of whole blocks.
const SIZES: [u64; 3] = [1, 65_537, 16 << 20];

/// Who logs in, and with which build.
type Side<'a> = (&'a Account, Command);

#[test]
fn a_32_bit_board_pushes_a_file() {
    let built = build(BOARDS[0].target, "full");
    let folder = files::folder();
    let file = files::make(folder.path(), "some.log", 1_000_001);
    passes(&Server::start(Kind::Prosody), BOARDS[0].command(&built), native(), "socks5", &[file]);
}

#[test]
#[ignore = "every file to and from four boards: `make check-board`"]
fn every_board_pushes_and_receives_by_both_methods_over_tls_1_2() {
    all_pass(Kind::Prosody, Tls::V12, &BOARDS);
}

#[test]
#[ignore = "every file to and from four boards: `make check-board`"]
fn every_board_pushes_and_receives_by_both_methods_over_tls_1_3() {
    all_pass(Kind::Prosody, Tls::V13, &BOARDS);
}

#[test]
#[ignore = "every file to and from a board, with another server: `make check-board`"]
fn a_32_bit_board_pushes_and_receives_through_ejabberd_too() {
    for tls in [Tls::V12, Tls::V13] {
        all_pass(Kind::Ejabberd, tls, &BOARDS[..1]);
    }
}

fn all_pass(kind: Kind, tls: Tls, boards: &[Board]) {
    let server = Server::with(kind, Options { tls: Some(tls), ..Options::default() });
    let folder = files::folder();
    let sent = SIZES.map(|size| files::make(folder.path(), &format!("{size}.log"), size));
    for board in boards {
        let built = build(board.target, "full");
        finds(board, &built, &server, tls);
        for method in METHODS {
            passes(&server, board.command(&built), native(), method, &sent);
            passes(&server, native(), board.command(&built), method, &sent);
        }
    }
}

/// The server has no other version, and the board says which one it has.
fn finds(board: &Board, built: &Path, server: &Server, tls: Tls) {
    let (device, _) = server.pair();
    let mut command = Command::new(board.emulator);
    let said = output(board.add(&mut command, built).arg("doctor").args(device.words()));
    let version = match tls {
        Tls::V12 => "ok    tls       TLS 1.2; ",
        Tls::V13 => "ok    tls       TLS 1.3; ",
    };
    assert!(said.lines().any(|line| line.starts_with(version)), "{} {tls:?}:\n{said}", board.target);
}

/// Sends the files in one login, to a receiver that takes them by this method only.
pub fn passes(server: &Server, sender: Command, receiver: Command, method: &str, sent: &[PathBuf]) {
    let (device, ops) = server.pair();
    pass((&device, sender), (&ops, receiver), method, sent);
}

/// The same with these accounts.
pub fn pass((device, sender): Side, (ops, receiver): Side, method: &str, sent: &[PathBuf]) {
    let what = format!("{sender:?} to {receiver:?}");
    let inbox = files::folder();
    let run = Run::receive(Firepush, ops, inbox.path()).args(["--method", method, "--count"]);
    let mut receiver = run.arg(sent.len().to_string()).start_as(receiver);
    receiver.event("ready");
    let exit = Run::send(Firepush, device, &ops.jid).args(sent).start_as(sender).wait().expect(0);
    let methods: Vec<_> = exit.events("sent").iter().map(|event| event["method"].clone()).collect();
    assert_eq!(methods, vec![method; sent.len()], "{what}");
    for file in sent {
        files::assert_same(file, Path::new(receiver.event("file")["path"].as_str().expect("a path")));
    }
    receiver.wait().expect(0);
}
