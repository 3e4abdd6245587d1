//! `examples/c/push.c` with the static library, on this machine with musl, and on the boards' CPUs (`make check-full`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::files;
use crate::support::process::Process;
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{Kind, Server};
use crate::{BOARDS, Board, NATIVE, cross, is_full, output, set_up};

#[test]
fn push_c_pushes_a_real_file_all_static_and_from_every_board() {
    set_up();
    let server = Server::start(Kind::Prosody);
    let boards = if is_full() { &BOARDS[..] } else { &[] };
    for board in [NATIVE].iter().chain(boards) {
        pushes(board, &server);
    }
}

fn pushes(board: &Board, server: &Server) {
    let (device, ops) = server.pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let program = link(board, &push_c(), &archive(board), folder.path());
    let file = files::make(folder.path(), "some.log", 300_001);
    let conf = folder.path().join("conf");
    let trust = device.trust[0].to_string_lossy().trim_start_matches("--").replace('-', "_");
    let account = format!("jid = {}\npassword_file = {}\n", device.jid, device.password_file.display());
    let server = format!("server = {}\n{trust} = {}\n", device.server, device.trust[1].to_string_lossy());
    std::fs::write(&conf, account + &server).expect("a configuration");
    let mut receiver = Run::receive(Firepush, &ops, inbox.path()).args(["--count", "1"]).start();
    receiver.event("ready");
    let mut command = board.command(&program);
    command.arg(&conf).arg(&ops.jid).arg(&file);
    let exit = Process::start(command).wait();
    assert_eq!((exit.code, exit.stderr.as_str()), (0, ""), "{}", board.target);
    files::assert_same(&file, Path::new(receiver.event("file")["path"].as_str().expect("a path")));
    receiver.wait().expect(0);
}

pub fn archive(board: &Board) -> PathBuf {
    let words = ["rustc", "--locked", "--lib", "--features", "capi", "--crate-type", "staticlib"];
    let mut cargo = cross("cargo.sh");
    cargo.arg(board.target).args(words).args(["--profile", "dist", "--message-format", "json"]);
    let messages = output(&mut cargo);
    let mut names = messages.split('"').filter(|text| text.ends_with("/libfirepush.a"));
    names.next_back().expect("cargo names what it built").into()
}

pub fn push_c() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c/push.c")
}

pub fn link(board: &Board, source: &Path, archive: &Path, folder: &Path) -> PathBuf {
    let program = folder.join("program");
    let mut cc: Command = cross("cc.sh");
    cc.arg(board.target).args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-Os", "-s"]);
    cc.arg("-I").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/capi")).arg(source).arg(archive);
    output(cc.args(["-lunwind", "-o"]).arg(&program));
    program
}
