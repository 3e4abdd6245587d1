//! TERM in the middle: the block is finished, the rest waits.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::bed::{Device, started};

#[test]
fn a_run_that_is_terminated_ends_with_75_and_the_next_one_delivers() {
    let device = Device::new();
    device.configure("[logs]\nfiles = LOG/*\nto = OPS\nname = {name}\nmethod = ibb\n");
    device.log("messages", vec![b'x'; 200_000]);
    let mut receiver = device.receiver();
    let run = started(device.words("run", &["--rate", "50k"]));
    receiver.event("offer");
    run.stop();
    run.wait().expect(75);
    assert!(device.inbox().iter().all(|name| name.ends_with(".part")), "{:?}", device.inbox());
    device.run(&["--now"]).expect(0);
    while device.arrived_or_failed(&mut receiver, "messages").is_none() {}
}

#[test]
fn a_stream_that_is_terminated_keeps_what_it_has_read() {
    let device = Device::new();
    let words =
        ["--to", &device.ops.jid.clone(), "--name", "a.pcap", "--part-size", "1M", "--wait-presence", "50ms", "-"];
    let mut command: Command = device.words("send", &words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(b"packets").unwrap();
    while crate::bed::names(&device.path("spool/new")).is_empty() {
        std::thread::yield_now();
    }
    while !written(&device) {
        std::thread::yield_now();
    }
    // SAFETY: a plain system call; the process is our child, which nobody has waited for yet.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGTERM) };
    assert_eq!(child.wait().unwrap().code(), Some(75));
    let mut receiver = device.receiver();
    device.run(&["--now"]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "a-000001.pcap"), b"packets");
}

/// Whether the bytes of the pipe are in the part that is being written.
fn written(device: &Device) -> bool {
    let parts = std::fs::read_dir(device.path("spool/new")).into_iter().flatten().flatten();
    parts.filter_map(|part| part.metadata().ok()).any(|meta| meta.len() == 7)
}
