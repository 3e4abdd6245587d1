//! The most memory that a push of 100 MiB takes: on this machine without glibc, and as ARMv7 has it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::support::files;
use crate::support::memory::{median, peak_of};
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{Kind, Server};
use crate::{BOARDS, build, cross, output, set_up};

const RUNS: usize = 5;
const BY_PROXY: Way = Way { method: "socks5", mib: 100, name: "push" };
/// Less, for it takes its time, and its memory is that of its blocks.
const IN_BAND: Way = Way { method: "ibb", mib: 16, name: "push in-band" };
const NATIVE: &str = "x86_64-musl";
const CELLS: [(&str, Way); 3] = [(NATIVE, BY_PROXY), (NATIVE, IN_BAND), ("armv7-musl", BY_PROXY)];
pub const NATIVE_KIB_MAX: u64 = 3 * 1024;
/// Where the emulator puts the guest's address 0; Linux puts nothing there by itself.
const GUEST: u64 = 1 << 44;
const GUEST_END: u64 = GUEST + (4 << 30);
const PAUSE: Duration = Duration::from_millis(1);
/// Pages that nobody counted: of the C library's own, and where an area begins or ends within one.
const SLACK_KIB: u64 = 128;

struct Way {
    method: &'static str,
    mib: u64,
    name: &'static str,
}

/// Waits, so that it can be looked at: for the end of its input.
const TOUCHES: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static char fixed[8 << 20];
int main(int argc, char **argv) {
    size_t heap = strtoul(argv[1], 0, 10) << 10, rest = strtoul(argv[2], 0, 10) << 10;
    char *bytes = malloc(8 << 20);
    memset(bytes, argc, heap);
    memset(fixed, argc, rest);
    printf("touched %d\n", bytes[heap / 2] + fixed[rest / 2]);
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
}
"#;

#[test]
#[ignore = "four builds, and 100 MiB under an emulator: `make check-board`"]
fn a_push_takes_at_most_three_mebibytes_on_x86_64_musl() {
    for Peak { target, std, way, kib } in peaks() {
        assert!(*kib > 0 && (*target != NATIVE || *kib <= NATIVE_KIB_MAX), "{target} {std} {way}: {kib} KiB");
    }
}

#[test]
#[ignore = "part of what measures: `make check-board`"]
fn what_a_guest_touches_is_what_is_measured() {
    set_up();
    let folder = files::folder();
    let (source, program) = (folder.path().join("touches.c"), folder.path().join("touches"));
    fs::write(&source, TOUCHES).expect("write");
    output(cross("cc.sh").args(["armv7-musl", "-Os", "-o"]).arg(&program).arg(&source));
    let none = touched(&program, [0, 0]);
    assert!(0 < none && none < SLACK_KIB, "{none} KiB of nothing");
    for (heap, rest) in [(4096, 0), (0, 4096), (1024, 2048)] {
        let more = touched(&program, [heap, rest]) - none;
        assert!((heap + rest..heap + rest + SLACK_KIB).contains(&more), "{more} KiB of {heap} and {rest}");
    }
}

/// The most that a push held at once.
pub struct Peak {
    pub target: &'static str,
    pub std: &'static str,
    pub way: String,
    pub kib: u64,
}

/// Measured once.
pub fn peaks() -> &'static [Peak] {
    static PEAKS: OnceLock<Vec<Peak>> = OnceLock::new();
    let cells = CELLS.iter().flat_map(|(target, way)| ["full", "small"].map(|std| (*target, std, way)));
    PEAKS.get_or_init(|| cells.map(|(target, std, way)| peak(target, std, way)).collect())
}

fn peak(target: &'static str, std: &'static str, way: &Way) -> Peak {
    let built = build(target, std);
    let kib = match target {
        NATIVE => push(way, || Command::new(&built), peak_of),
        _ => push(way, || guest(&built), guest_peak_of),
    };
    let way = format!("{} MiB {}", way.mib, way.name);
    println!("memory {target} {std} {way}: {kib} KiB");
    Peak { target, std, way, kib }
}

/// The median of the peaks, in KiB.
fn push(way: &Way, program: impl Fn() -> Command, peak_of: impl Fn(Command) -> u64) -> u64 {
    let server = Server::start(Kind::Prosody);
    let (device, ops) = server.pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let file = files::make(folder.path(), "a.pcap", way.mib << 20);
    let run = Run::receive(Firepush, &ops, inbox.path()).args(["--method", way.method, "--count", &RUNS.to_string()]);
    let mut receiver = run.start();
    receiver.event("ready");
    let kib = median::<RUNS>(|| {
        let mut command = program();
        command.arg("send").args(device.words()).args(["--to", &ops.jid]).arg(&file).stdin(Stdio::null());
        let peak = peak_of(command);
        let arrived = receiver.event("file")["path"].as_str().expect("a path").to_owned();
        files::assert_same(&file, Path::new(&arrived));
        fs::remove_file(arrived).expect("it arrived");
        peak
    });
    receiver.wait().expect(0);
    kib
}

fn guest(built: &Path) -> Command {
    let mut command = Command::new(BOARDS[0].emulator);
    BOARDS[0].add(command.args(["-B", &GUEST.to_string()]), built);
    // SAFETY: a plain system call, which may be made between fork and exec.
    unsafe {
        // The guest's stack is a mapping like others here, and would begin with a huge page.
        command.pre_exec(|| match libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    command
}

/// Runs it; the most of the guest's own memory that was seen to be resident, in KiB.
fn guest_peak_of(mut command: Command) -> u64 {
    let mut child = command.spawn().expect("the emulator starts");
    let process = child.id();
    let (told, ended) = channel();
    thread::spawn(move || told.send(child.wait()));
    let mut peak = 0;
    loop {
        match ended.recv_timeout(PAUSE) {
            Err(_) => peak = peak.max(guest_resident(process)),
            Ok(status) => {
                assert!(status.expect("it ends").success(), "the send failed");
                return peak;
            }
        }
    }
}

/// What of the guest's addresses is resident, in KiB; nothing when the process has just ended.
fn guest_resident(process: u32) -> u64 {
    let maps = fs::read_to_string(format!("/proc/{process}/smaps")).unwrap_or_default();
    let mut is_guest = false;
    let mut resident = 0;
    for line in maps.lines() {
        if let Some(range) = line.split_once(' ').and_then(|(range, _)| range.split_once('-')) {
            let [from, to] = [range.0, range.1].map(|at| u64::from_str_radix(at, 16).expect("an address"));
            is_guest = GUEST <= from && to <= GUEST_END;
        } else if let Some(size) = line.strip_prefix("Rss:").filter(|_| is_guest) {
            resident += size.trim_end_matches("kB").trim().parse::<u64>().expect("a number");
        }
    }
    resident
}

fn touched(program: &Path, kib: [u64; 2]) -> u64 {
    let mut command = guest(program);
    command.args(kib.map(|kib| kib.to_string())).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the emulator starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    let resident = guest_resident(child.id());
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success() && line.starts_with("touched "), "{line}");
    resident
}
