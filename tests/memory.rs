//! How much the sender takes: memory that doesn't grow with the file, and few crates.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use support::files;
use support::memory::{median, peak_of};
use support::run::{Program::Firepush, Run};
use support::server::{Account, Kind, Server};

const RUNS: usize = 5;
const STREAMS: usize = 3;
const DIFFERENCE_MAX_KIB: u64 = 256;
const CRATES_MAX: usize = 16;

#[test]
fn two_hundred_mebibytes_take_no_more_memory_than_one_kibibyte() {
    let server = Server::start(Kind::Prosody);
    let (device, ops) = server.pair();
    let (folder, inbox) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let count = (2 * RUNS).to_string();
    let run = Run::receive(Firepush, &ops, inbox.path()).args(["--method", "socks5", "--count", &count]);
    let mut receiver = run.start();
    let to = receiver.event("ready")["jid"].as_str().expect("its full address").to_owned();
    let mut peak = |size: u64| {
        let file = files::make(folder.path(), "file.log", size);
        println!("{size} bytes:");
        median::<RUNS>(|| {
            let peak = send(&device, &to, &file);
            fs::remove_file(receiver.event("file")["path"].as_str().expect("a path")).expect("it arrived");
            peak
        })
    };
    let (small, big) = (peak(1 << 10), peak(200 << 20));
    assert!(big < small + DIFFERENCE_MAX_KIB, "{small} KiB for 1 KiB, {big} KiB for 200 MiB");
    receiver.wait().expect(0);
}

#[test]
fn a_hundred_mebibytes_through_standard_input_take_less_than_four_of_memory() {
    let server = Server::start(Kind::Prosody);
    let (device, ops) = server.pair();
    let (folder, inbox) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let file = files::make(folder.path(), "a.pcap", 100 << 20);
    let mut receiver = Run::receive(Firepush, &ops, inbox.path()).start();
    receiver.event("ready");
    let spool = folder.path().join("spool");
    let words = ["--name", "a.pcap", "--spool-size", "300M", "--spool"].map(Path::new);
    println!("standard input:");
    let peak = median::<STREAMS>(|| {
        let mut command = sender(&device, &ops.jid);
        command.args(words).arg(&spool).arg("-").stdin(fs::File::open(&file).expect("the file"));
        let peak = peak_of(command);
        let arrived = receiver.event("file")["path"].as_str().expect("a path").to_owned();
        files::assert_same(&file, Path::new(&arrived));
        fs::remove_file(arrived).expect("it arrived");
        peak
    });
    assert!(peak < 4096, "{peak} KiB");
}

#[test]
fn at_most_sixteen_crates_are_linked_without_features() {
    let words = ["tree", "--locked", "--no-default-features", "-e", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = cargo(&words, "");
    let names: BTreeSet<_> =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect();
    assert!(names.contains("firepush") && names.contains("rustls"), "{names:?}");
    assert!(names.len() - 1 <= CRATES_MAX, "{} crates: {names:?}", names.len() - 1);
}

fn send(device: &Account, to: &str, file: &Path) -> u64 {
    let mut command = sender(device, to);
    command.args(["--method", "socks5"]).arg(file).stdin(Stdio::null());
    peak_of(command)
}

fn sender(device: &Account, to: &str) -> Command {
    let mut command = Command::new(shipped());
    command.arg("send").args(device.words()).args(["--to", to]);
    command
}

/// The binary as it ships: one static file. (Linked to the C library of a desktop, a third of what is resident is that.)
fn shipped() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let host = host();
        let words = ["build", "--locked", "--profile", "dist", "--bin", "firepush", "--message-format", "json"];
        let messages = cargo(&[&words[..], &["--target", &host]].concat(), "-C target-feature=+crt-static");
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let built = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
        built.expect("cargo names what it built")
    })
}

/// With `--target`, the flags are for our own code only, not for what runs during the build.
fn host() -> String {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8(version.stdout).expect("UTF-8");
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("its host").to_owned()
}

fn cargo(words: &[&str], flags: &str) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    if !flags.is_empty() {
        command.env("RUSTFLAGS", flags);
    }
    let output = command.args(words).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
    assert!(output.status.success(), "cargo {words:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
