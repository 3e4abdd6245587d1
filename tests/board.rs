//! `board/cross`: firepush built for boards, whose CPUs are emulated. `make check` takes one target, `make check-board`
//! and `make check-full` (FIREPUSH_FULL=1) four, the others for what they say, and what is ignored else.

#[path = "board/c.rs"]
mod c;
#[path = "board/dist.rs"]
mod dist;
#[path = "board/huge.rs"]
mod huge;
#[path = "board/lean.rs"]
mod lean;
#[path = "board/memory.rs"]
mod memory;
#[path = "board/scripts.rs"]
mod scripts;
#[path = "board/size.rs"]
mod size;
mod support;
#[path = "board/transfers.rs"]
mod transfers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;
use support::process::supervised;
use support::run::binary;

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
/// What else there is, for what it says only.
const OTHERS: [Board; 3] = [
    Board { target: "armv6-musl", emulator: "qemu-arm", cpu: "arm1136", root: None },
    Board { target: "armv5te-musl", emulator: "qemu-arm", cpu: "arm926", root: None },
    Board { target: "mipsel-musl", emulator: "qemu-mipsel", cpu: "24Kc", root: None },
];
/// This machine, without glibc; its time has 64 bits.
const NATIVE: Board = Board { target: "x86_64-musl", emulator: "env", cpu: "", root: None };
/// The newest version of glibc that may be needed: 2.17.
const GLIBC_MINOR_MAX: u32 = 17;

#[test]
fn a_binary_for_a_board_says_what_the_native_one_says() {
    for board in if is_full() { &BOARDS[..] } else { &BOARDS[..1] } {
        let built = build(board.target, "full");
        needs_only_an_old_libc(board, &built);
        takes_a_clock_after_2038(board, &built);
        says_what_the_native_one_says(board, &built);
    }
}

#[test]
#[ignore = "a build for each of the other targets: `make check-board`"]
fn so_does_one_for_every_other_target() {
    for board in &OTHERS {
        let built = build(board.target, "full");
        takes_a_clock_after_2038(board, &built);
        says_what_the_native_one_says(board, &built);
    }
    says_what_the_native_one_says(&NATIVE, &build(NATIVE.target, "full"));
}

fn says_what_the_native_one_says(board: &Board, built: &Path) {
    for word in ["--version", "help"] {
        let native = output(Command::new(binary()).arg(word));
        let said = output(board.add(&mut Command::new(board.emulator), built).arg(word));
        assert!(!native.is_empty() && native == said, "{} {word}: {said}", board.target);
    }
}

/// The list of the scripts, and the boards here.
#[test]
fn every_target_is_tried() {
    let targets = fs::read_to_string(cross("targets").get_program()).expect("the list");
    let names = targets.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').next());
    let mut tried: Vec<_> = BOARDS.iter().chain(&OTHERS).chain([&NATIVE]).map(|board| board.target).collect();
    tried.sort_unstable();
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    assert_eq!(names, tried);
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

fn board(target: &str) -> &'static Board {
    BOARDS.iter().find(|board| board.target == target).expect("a board")
}

fn is_full() -> bool {
    std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1")
}

/// Built with std of that kind (FIREPUSH_STD), and kept where the next build of the target doesn't replace it.
fn build(target: &str, std: &str) -> PathBuf {
    build_of(target, std, None)
}

/// With these features in place of the default ones.
fn build_of(target: &str, std: &str, features: Option<&str>) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    set_up();
    let mut built = BUILT.lock().expect("no build failed");
    let name = ["firepush", target, std].into_iter().chain(features).collect::<Vec<_>>().join("-");
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    let build = || {
        let _ = fs::remove_file(&kept);
        fs::hard_link(cargo(target, std, features), &kept).expect("a link");
        kept
    };
    built.entry(name).or_insert_with(build).clone()
}

fn cargo(target: &str, std: &str, features: Option<&str>) -> PathBuf {
    let words = ["build", "--locked", "--profile", "dist", "--bin", "firepush", "--message-format", "json"];
    let mut cargo = cross("cargo.sh");
    cargo.env("FIREPUSH_STD", std).arg(target).args(words);
    if let Some(features) = features {
        cargo.args(["--no-default-features", "--features", features]);
    }
    let messages = output(&mut cargo);
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

impl Board {
    fn command(&self, built: &Path) -> Command {
        let mut command = supervised(self.emulator, None);
        self.add(&mut command, built);
        command
    }

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
