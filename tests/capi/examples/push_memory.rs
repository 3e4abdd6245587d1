//! `push_memory.c`.

use std::fs;

use super::{How, example};
use crate::bed::Device;
use crate::built::Program;
use crate::support::process::Process;

const RING_SIZE: usize = 65536;

#[test]
fn push_memory_c_sends_the_last_of_a_capture_oldest_first() {
    for how in How::ALL {
        sends_the_last(&example("push_memory.c", how), 100_000);
    }
}

#[test]
fn push_memory_c_sends_a_ring_that_is_empty_just_full_or_just_begun_anew() {
    let program = example("push_memory.c", How::Sanitized);
    for size in [0, 1, RING_SIZE - 1, RING_SIZE, RING_SIZE + 1, 2 * RING_SIZE] {
        sends_the_last(&program, size);
    }
}

fn sends_the_last(program: &Program, size: usize) {
    let device = Device::new();
    let mut receiver = device.receiver();
    let capture: Vec<u8> = (0..size as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    let config = device.path("conf");
    let mut command = program.reads(&device.log("capture", &capture));
    command.args([config.to_str().expect("a path"), &device.ops.jid]);
    let exit = Process::start(command).wait();
    assert_eq!((exit.code, exit.stdout, exit.stderr), (0, vec![], String::new()), "{size}");
    let path = receiver.event("file")["path"].as_str().expect("a path").to_owned();
    let name = path.rsplit('/').next().expect("a name");
    assert!(name.starts_with("capture-2") && name.ends_with("Z.bin"), "{name}");
    assert!(fs::read(&path).expect("arrived") == capture[size.saturating_sub(RING_SIZE)..], "{size}");
}
