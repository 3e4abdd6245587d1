//! What is written, in which order, and how little.

use std::fs;

use crate::bed::Device;
use crate::shim::{Call, Deed, watched};
use crate::steps::{sending, ways};

/// At most so many for each file.
const FSYNCS_MAX: usize = 2;
const BYTES_MAX: u64 = 4096;

fn calls(device: &Device, more: &[&str]) -> Vec<Call> {
    let it = watched(device, device.words("run", more), Deed::Nothing, 0);
    it.exit.expect(0);
    it.calls
}

/// These calls come one after the other, whatever stands between them.
#[track_caller]
fn in_order(calls: &[Call], wanted: &[(&str, &str)]) {
    let mut rest = calls.iter();
    for (name, path) in wanted {
        assert!(rest.any(|call| call.is(name, path)), "{name} {path} is missing, or comes too early: {calls:#?}");
    }
}

#[track_caller]
fn cheap(calls: &[Call], data: u64) {
    let fsyncs = calls.iter().filter(|call| call.name == "fsync").count();
    let bytes: u64 = calls.iter().map(|call| call.bytes).sum();
    assert!(fsyncs <= FSYNCS_MAX && bytes - data <= BYTES_MAX, "{fsyncs} fsyncs, {bytes} bytes: {calls:#?}");
}

#[test]
fn a_file_is_remembered_on_the_disk_before_it_is_deleted_or_moved() {
    let device = Device::new();
    fs::create_dir(device.path("sent")).expect("a folder");
    let mut receiver = device.receiver();
    for (after, goes) in [("keep", None), ("delete", Some("unlink")), ("move:LOG/../sent", Some("unlink"))] {
        device.configure(&format!("[logs]\nfiles = LOG/*\nto = OPS\nname = {{name}}\nafter = {after}\n"));
        device.log("messages", after);
        let calls = calls(&device, &[]);
        in_order(&calls, &[("write", "spool/history"), ("fsync", "spool/history")]);
        let remembered = calls.iter().rposition(|call| call.is("fsync", "spool/history"));
        let gone = goes.map(|goes| calls.iter().position(|call| call.is(goes, "log/messages")).expect("it goes"));
        assert!(gone.is_none_or(|gone| remembered < Some(gone)), "{calls:#?}");
        cheap(&calls, 0);
        receiver.event("file");
    }
}

#[test]
fn what_is_kept_is_on_the_disk_before_it_is_said_and_costs_two_fsyncs() {
    let device = Device::new();
    let _receiver = device.receiver();
    let new = [("write", "spool/new/"), ("fsync", "spool/new/"), ("rename", "spool/queue/"), ("fsync", "spool/queue")];
    for words in ways(&device) {
        let it = watched(&device, sending(&device, &words), Deed::Nothing, 0);
        assert_eq!(it.exit.events("queued").len(), 1);
        in_order(&it.calls, &new);
        let synced = it.calls.iter().position(|call| call.is("fsync", "spool/new/"));
        assert!(it.calls.iter().rposition(|call| call.is("write", "spool/new/")) < synced, "{:#?}", it.calls);
        let sent = calls(&device, &["--now"]);
        in_order(&sent, &[("unlink", "spool/queue/"), ("unlink", "spool/tries/")]);
        cheap(&[it.calls, sent].concat(), 60_000);
    }
}

#[test]
fn what_a_program_printed_is_on_the_disk_before_it_is_remembered_and_costs_two_fsyncs() {
    let device = Device::new();
    fs::write(device.path("source"), [b'x'; 10_000]).expect("a file");
    let source = device.path("source");
    device.configure(&format!("[log]\noutput_of = /bin/cat {}\nto = OPS\nname = log.txt\n", source.display()));
    let _receiver = device.receiver();
    let calls = calls(&device, &[]);
    in_order(
        &calls,
        &[
            ("write", "spool/new/"),
            ("fsync", "spool/new/"),
            ("rename", "spool/queue/"),
            ("fsync", "spool/queue"),
            ("rename", "spool/standing"),
            ("unlink", "spool/queue/"),
        ],
    );
    cheap(&calls, 10_000);
}

#[test]
fn a_run_with_nothing_to_do_writes_nothing() {
    let device = Device::new();
    fs::write(device.path("source"), "line 1\n").expect("a file");
    let source = device.path("source");
    device.configure(&format!(
        "retry_first = 12h\nretry_cap = 12h\n[logs]\nfiles = LOG/*\nto = OPS\nname = {{name}}\n\
         [log]\noutput_of = /bin/cat {}\nto = OPS\nname = log.txt\n",
        source.display()
    ));
    device.log("messages", "one");
    let receiver = device.receiver();
    assert!(!calls(&device, &[]).is_empty());
    for more in [&[][..], &["--now"], &["logs"]] {
        let calls = calls(&device, more);
        assert!(calls.is_empty(), "{calls:#?}");
    }
    receiver.stop();
    receiver.wait();
    device.log("messages.1", "it has to wait");
    device.run(&[]).expect(75);
    let it = watched(&device, device.words("run", &[]), Deed::Nothing, 0);
    it.exit.expect(75);
    assert!(it.calls.is_empty(), "while it isn't due: {:#?}", it.calls);
}

/// The kernel's own word: nothing that changes a file, whichever way the program goes there.
#[test]
fn strace_of_a_run_with_nothing_to_do_shows_no_write_and_no_fsync() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    let receiver = device.receiver();
    device.run(&[]).expect(0);
    let log = device.path("strace");
    let run = device.words("run", &[]);
    let mut strace = std::process::Command::new("strace");
    strace.args(["-f", "-y", "-o"]).arg(&log).arg(run.get_program()).args(run.get_args());
    let output = strace.output().expect("strace starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&log).expect("what it saw");
    assert!(text.contains("/spool/history"), "it saw the run: {text}");
    let changes =
        ["fsync(", "fdatasync(", "rename", "unlink", "mkdir", "link", "ftruncate", "utime", "chmod", "creat("];
    let writes = ["write(", "writev(", "pwrite", "sendfile", "copy_file_range"];
    let is_change = |line: &&str| {
        let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
        let is_file = call.contains(&device.path("").display().to_string());
        let is_write = writes.iter().any(|name| call.starts_with(name)) && is_file;
        let is_open =
            call.starts_with("open") && ["O_CREAT", "O_WRONLY", "O_RDWR"].iter().any(|flag| call.contains(flag));
        is_write
            || (is_open && is_file)
            || changes.iter().any(|name| call.starts_with(name) && !call.starts_with("readlink"))
    };
    let changed: Vec<_> = text.lines().filter(is_change).collect();
    assert!(changed.is_empty(), "{changed:#?}");
    receiver.stop();
    receiver.wait();
}
