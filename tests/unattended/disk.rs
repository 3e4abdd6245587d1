//! A disk that is full, or fails, at any step: one line that says where, and nothing lost.

use std::fs;

use crate::bed::Device;
use crate::five::{Five, nothing_is_left};
use crate::shim::{Call, Deed, Watched, watched};
use crate::steps::{count, sending, steps, ways};
use crate::support::process::Exit;

const FULL: [Deed; 2] = [Deed::Full(libc::ENOSPC), Deed::Short(libc::ENOSPC)];

#[test]
fn a_run_on_a_disk_that_fails_at_any_step_loses_nothing() {
    let mut five = Five::new();
    for number in steps(count(&mut five), 3) {
        let it = hit(&mut five, Deed::Fail(libc::EIO), number);
        if let Some(call) = it.calls.get(number - 1) {
            says_where(&five.device, &it.exit, call, "Input/output error");
        }
        assert!([0, 73, 75].contains(&it.exit.code), "{}: {}", it.exit.code, it.exit.stderr);
        assert!(it.exit.code != 0 || it.exit.events("sent").len() == 5, "0 is for all");
    }
    five.check();
}

#[test]
fn a_run_on_a_disk_that_is_full_at_any_byte_loses_nothing() {
    let mut five = Five::new();
    let count = count(&mut five);
    for deed in FULL {
        for number in steps(count, 2) {
            let it = hit(&mut five, deed, number);
            let first = it.calls.iter().skip(number - 1).find(|call| call.needs_room());
            if let Some(call) = first {
                says_where(&five.device, &it.exit, call, "No space left");
            }
            let code = if first.is_some() { 73 } else { 0 };
            assert_eq!(it.exit.code, code, "{deed:?} {number}: {}", it.exit.stderr);
        }
    }
    five.check();
}

/// Five files, a run that the disk fails, and one with the disk in order.
fn hit(five: &mut Five, deed: Deed, number: usize) -> Watched {
    five.begin(2);
    let it = watched(&five.device, five.run(), deed, number);
    five.blow();
    five.deliver();
    it
}

#[test]
fn send_on_a_disk_that_fails_keeps_the_whole_or_says_why_not() {
    let device = Device::new();
    let mut receiver = device.receiver();
    for words in ways(&device) {
        let count = watched(&device, sending(&device, &words), Deed::Nothing, 0).calls.len();
        for deed in [Deed::Fail(libc::EIO)].into_iter().chain(FULL) {
            for number in steps(count, 3) {
                fs::remove_dir_all(device.path("spool")).expect("the spool");
                let it = watched(&device, sending(&device, &words), deed, number);
                let kept = device.queue().len();
                match it.exit.code {
                    73 => says_where(&device, &it.exit, &it.calls[number - 1], "(os error"),
                    _ => assert_eq!((it.exit.events("queued").len(), kept), (1, 1), "{deed:?} {number}"),
                }
                assert_eq!(device.run(&["--now"]).expect(0).events("sent").len(), kept);
                assert!((0..kept).all(|_| receiver.event("file")["size"] == 60_000));
                nothing_is_left(&device);
            }
        }
    }
}

/// Lines for people, of which one names the file or its folder, and the reason.
#[track_caller]
fn says_where(device: &Device, exit: &Exit, call: &Call, reason: &str) {
    let is_hint = call.path.contains("spool/left-");
    let place = device.path("").join(call.path.split('/').next().expect("a folder")).display().to_string();
    assert!(exit.stderr.lines().all(|line| line.starts_with("firepush: ")), "{}", exit.stderr);
    let says = exit.stderr.lines().any(|line| line.contains(&place) && line.contains(reason));
    assert!(says || is_hint, "{place} and {reason:?} are missing after {call:?}: {}", exit.stderr);
}
