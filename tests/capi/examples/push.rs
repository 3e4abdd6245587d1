//! `push.c`.

use std::fs;
use std::path::Path;

use super::{How, SIZE, example, files};
use crate::bed::Device;
use crate::support::process::Exit;

#[test]
fn push_c_sends_a_file_and_says_nothing() {
    for how in How::ALL {
        let device = Device::new();
        let mut receiver = device.receiver();
        let file = files::make(&device.path("log"), "messages", SIZE);
        let exit = push(how, &device, &file);
        assert_eq!((exit.code, exit.stdout, exit.stderr), (0, vec![], String::new()), "{how:?}");
        assert!(device.arrived(&mut receiver, "messages") == fs::read(&file).expect("sent"), "{how:?}");
    }
}

#[test]
fn push_c_says_one_line_when_the_recipient_is_offline() {
    for &how in How::watched() {
        let device = Device::new();
        let file = device.log("messages", "text");
        fails(how, &push(how, &device, &file), &format!("{} is offline", device.ops.jid));
    }
}

#[test]
fn push_c_says_one_line_when_there_is_no_such_file() {
    let device = Device::new();
    fails(How::C99, &push(How::C99, &device, &device.path("log/missing")), "log/missing");
}

#[test]
fn push_c_says_one_line_when_its_configuration_is_wrong() {
    for &how in How::watched() {
        let device = Device::new();
        device.configure("jdi = device@example.test");
        let file = device.log("messages", "text");
        fails(how, &push(how, &device, &file), "jdi");
    }
}

#[test]
fn push_c_is_short() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c/push.c")).expect("push.c");
    assert!((1..=30).contains(&source.lines().count()));
}

fn push(how: How, device: &Device, file: &Path) -> Exit {
    let (config, file) = (device.path("conf"), file.to_str().expect("a path"));
    example("push.c", how).start(&[config.to_str().expect("a path"), &device.ops.jid, file]).wait()
}

#[track_caller]
fn fails(how: How, exit: &Exit, part: &str) {
    assert_eq!((exit.code, &exit.stdout), (1, &vec![]), "{how:?}: {}", exit.stderr);
    assert!(exit.stderr.starts_with("push: ") && exit.stderr.contains(part), "{how:?}: {}", exit.stderr);
    assert_eq!(exit.stderr.lines().count(), 1, "{how:?}: {}", exit.stderr);
}
