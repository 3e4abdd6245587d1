//! `board/cross`: firepush built for boards pushes files through a real server to a native receiver. The boards'
//! CPUs are emulated. `make check` takes one target and one method, `make check-full` (FIREPUSH_FULL=1) four and both.

#[path = "board/c.rs"]
mod c;
#[path = "board/dist.rs"]
mod dist;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use support::files;
use support::process::supervised;
use support::run::{Program::Firepush, Run, binary};
use support::server::{Kind, Server};

struct Board {
    target: &'static str,
    emulator: &'static str,
    /// The least one that the target stands for, as far as the emulator has it.
    cpu: &'static str,
    /// Where the target's C library is, unless it is in the binary.
    root: Option<&'static str>,
}

const V7: &str = "cortex-a9,neon=off";
const BOARDS: [Board; 4] = [
    Board { target: "armv7-musl", emulator: "qemu-arm", cpu: V7, root: None },
    Board { target: "aarch64-musl", emulator: "qemu-aarch64", cpu: "cortex-a53", root: None },
    Board { target: "armv7-gnu", emulator: "qemu-arm", cpu: V7, root: Some("/usr/arm-linux-gnueabihf") },
    Board { target: "aarch64-gnu", emulator: "qemu-aarch64", cpu: "cortex-a53", root: Some("/usr/aarch64-linux-gnu") },
];
const METHODS: [&str; 2] = ["socks5", "ibb"];
/// The newest version of glibc that may be needed: 2.17.
const GLIBC_MINOR_MAX: u32 = 17;

#[test]
fn a_binary_for_a_board_says_what_the_native_one_says_and_pushes_files() {
    set_up();
    let (boards, methods) = if is_full() { (&BOARDS[..], &METHODS[..]) } else { (&BOARDS[..1], &METHODS[..1]) };
    let server = Server::start(Kind::Prosody);
    for board in boards {
        let built = build(board.target);
        needs_only_an_old_libc(board, &built);
        takes_a_clock_after_2038(board, &built);
        for word in ["--version", "help"] {
            let native = output(Command::new(binary()).arg(word));
            let emulated = output(board.add(&mut Command::new(board.emulator), &built).arg(word));
            assert!(!native.is_empty() && native == emulated, "{} {word}: {emulated}", board.target);
        }
        for method in methods {
            pushes(board, &built, &server, method);
        }
    }
}

#[test]
fn a_word_that_the_scripts_do_not_know_ends_them_with_one_line() {
    for script in ["cargo.sh", "cc.sh"] {
        let Output { status, stdout, stderr } = run(cross(script).args(["sparc", "build"]));
        let said = String::from_utf8_lossy(&stderr).into_owned();
        assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(64), 0, 1), "{said}");
        assert!(BOARDS.iter().all(|board| said.contains(board.target)), "{said}");
    }
}

/// A second time there is nothing to do, and nothing to say.
fn set_up() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        output(&mut cross("setup.sh"));
        assert_eq!(output(&mut cross("setup.sh")), "");
    });
}

fn is_full() -> bool {
    std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1")
}

fn build(target: &str) -> PathBuf {
    let words = ["build", "--locked", "--profile", "dist", "--bin", "firepush", "--message-format", "json"];
    let messages = output(cross("cargo.sh").arg(target).args(words));
    let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let built = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    built.expect("cargo names what it built")
}

fn needs_only_an_old_libc(board: &Board, built: &Path) {
    let bytes = fs::read(built).expect("the binary");
    let text = String::from_utf8_lossy(&bytes);
    let minors = text.split("GLIBC_2.").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    let minors: Vec<u32> = minors.filter_map(|minor| minor?.parse().ok()).collect();
    assert_eq!(minors.is_empty(), board.root.is_none(), "{}: {minors:?}", board.target);
    assert!(minors.iter().all(|minor| *minor <= GLIBC_MINOR_MAX), "{}: {minors:?}", board.target);
}

/// Nobody sets the clock of some boards, and then it may say anything; 32 bits don't hold it.
fn takes_a_clock_after_2038(board: &Board, built: &Path) {
    let mut command = Command::new("faketime");
    command.env("TZ", "UTC").args(["-f", "@2040-02-03 00:00:00", board.emulator]);
    board.add(&mut command, built).args(["doctor", "--jid", "device@example.test", "--password-file", "/nonexistent"]);
    let Output { stdout, stderr, .. } = run(command.args(["--server", "127.0.0.1:1"]));
    let said = String::from_utf8_lossy(&stdout).into_owned();
    let clock = said.lines().any(|line| line.starts_with("ok    clock     2040-02-03 00:00:"));
    assert!(clock, "{}:\n{said}\n{}", board.target, String::from_utf8_lossy(&stderr));
}

fn pushes(board: &Board, built: &Path, server: &Server, method: &str) {
    let (device, ops) = server.pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let file = files::make(folder.path(), "some.log", 1_000_001);
    let mut receiver = Run::receive(Firepush, &ops, inbox.path()).args(["--method", method, "--count", "1"]).start();
    receiver.event("ready");
    let mut command = supervised(board.emulator, None);
    board.add(&mut command, built);
    let sender = Run::send(Firepush, &device, &ops.jid).arg(&file).start_as(command);
    assert_eq!(sender.wait().expect(0).events("sent")[0]["method"], method, "{}", board.target);
    files::assert_same(&file, Path::new(receiver.event("file")["path"].as_str().expect("a path")));
    receiver.wait().expect(0);
}

impl Board {
    /// The words that follow the emulator's name.
    fn add<'a>(&self, command: &'a mut Command, built: &Path) -> &'a mut Command {
        if !self.cpu.is_empty() {
            command.args(["-cpu", self.cpu]);
        }
        command.args(self.root.into_iter().flat_map(|root| ["-L", root])).arg(built)
    }
}

fn cross(script: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("board/cross").join(script))
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} (`make check` installs it): {error}"))
}

fn output(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = run(command);
    assert!(status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("UTF-8")
}
