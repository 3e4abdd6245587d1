//! `kill -9` right before and right after each call that changes a file of the device.

use std::fs::{self, File};
use std::process::Command;

use crate::bed::{Device, names};
use crate::five::{Five, NOWHERE, nothing_is_left};
use crate::full;
use crate::shim::{Deed, watched};
use crate::support::run::Run;

/// Every step of so many, or in `make check` only each `every`-th.
pub fn steps(count: usize, every: usize) -> impl Iterator<Item = usize> {
    (1..=count).step_by(if full() { 1 } else { every })
}

/// How many calls a run over five files makes.
pub fn count(five: &mut Five) -> usize {
    five.begin(2);
    five.deliver();
    five.begin(2);
    let count = watched(&five.device, five.run(), Deed::Nothing, 0).calls.len();
    five.deliver();
    assert!(count > 20, "{count} calls");
    count
}

#[test]
fn a_run_that_is_killed_at_any_step_loses_nothing() {
    let mut five = Five::new();
    let count = count(&mut five);
    let (mut tried, mut killed) = (0, 0);
    for (deed, every) in [(Deed::KillBefore, 1), (Deed::KillAfter, 5)] {
        for number in steps(count, every) {
            five.begin(2);
            tried += 1;
            if watched(&five.device, five.run(), deed, number).exit.code == -1 {
                five.blow();
                killed += 1;
            }
            five.deliver();
        }
    }
    println!("{killed} kills, {} files came again", five.check());
    assert!(killed * 10 >= tried * 9, "{killed} of {tried} were killed");
}

#[test]
fn a_run_that_is_killed_at_any_step_while_nobody_takes_files_loses_nothing() {
    let mut five = Five::alone();
    five.begin(2);
    watched(&five.device, five.run(), Deed::Nothing, 0).exit.expect(75);
    let whole = watched(&five.device, five.run(), Deed::Nothing, 0);
    let count = whole.calls.len();
    assert!(count >= 6, "{:?} {}", whole.calls, whole.exit.stderr);
    for deed in [Deed::KillBefore, Deed::KillAfter] {
        for number in steps(count, 1) {
            assert_eq!(watched(&five.device, five.run(), deed, number).exit.code, -1, "{deed:?} {number}");
        }
    }
    five.receive();
    five.deliver();
    assert_eq!(five.check(), 0, "nothing came again");
}

#[test]
fn the_note_of_a_file_goes_with_it_whenever_the_run_is_killed() {
    let device = Device::new();
    fs::create_dir(device.path("state")).expect("a folder");
    device.logs(&format!("wait_presence = 20ms\nstate = {}", device.path("state").display()));
    let (mut number, mut deed) = (1, Deed::KillBefore);
    loop {
        let name = format!("messages.{number}.{deed:?}");
        device.log(&name, &name);
        device.run(&["--now"]).expect(75);
        assert_eq!(device.queue().len(), 1, "a note");
        let mut receiver = device.receiver();
        let it = watched(&device, device.words("run", &["--now"]), deed, number);
        device.run(&["--now"]).expect(0);
        nothing_is_left(&device);
        assert!(names(&device.path("state")).iter().all(|name| !name.starts_with('.')), "left beside the history");
        assert_eq!(device.arrived(&mut receiver, &name), name.as_bytes());
        receiver.stop();
        receiver.wait();
        (number, deed) = match (it.exit.code, deed) {
            (-1, _) => (number + if full() { 1 } else { 2 }, deed),
            (_, Deed::KillBefore) => (1, Deed::KillAfter),
            _ => break,
        };
    }
}

#[test]
fn a_file_that_is_moved_is_moved_once_whenever_the_run_is_killed() {
    let device = Device::new();
    fs::create_dir(device.path("sent")).expect("a folder");
    device.configure("[logs]\nfiles = LOG/*\nto = OPS\nname = {name}\nafter = move:LOG/../sent\n");
    let _receiver = device.receiver();
    let deeds = [Deed::KillBefore, Deed::KillAfter].into_iter().cycle();
    for (number, deed) in (1..).flat_map(|number| [number, number]).zip(deeds) {
        let name = format!("messages.{number}.{deed:?}");
        device.log(&name, &name);
        let it = watched(&device, device.words("run", &["--now"]), deed, number);
        device.run(&["--now"]).expect(0);
        assert_eq!((names(&device.path("sent")), names(&device.path("log"))), (vec![name.clone()], vec![]));
        fs::remove_file(device.path("sent").join(name)).expect("it was moved");
        if it.exit.code != -1 {
            break;
        }
    }
}

#[test]
fn a_file_that_is_given_up_is_there_to_be_retried_whenever_the_run_is_killed() {
    let device = Device::new();
    let log = device.log("messages", "one");
    let words = [&NOWHERE, &["--to", &device.ops.jid, "--queue", log.to_str().expect("UTF-8")][..]].concat();
    let mut decliner = Run::receive_from("desk@example.test", &device.ops, &device.path("inbox")).start();
    decliner.event("ready");
    let deeds = [Deed::KillBefore, Deed::KillAfter].into_iter().cycle();
    let mut kept = 0;
    for (number, deed) in (1..).flat_map(|number| [number, number]).zip(deeds) {
        device.firepush("send", &words).expect(0);
        kept += 1;
        let it = watched(&device, device.words("run", &["--now"]), deed, number);
        let exit = device.run(&["--now"]);
        assert!([0, 69].contains(&exit.code), "{deed:?} {number}: {}", exit.stderr);
        assert_eq!(device.given_up().len(), kept, "{deed:?} {number}");
        if it.exit.code != -1 {
            break;
        }
    }
    decliner.stop();
    decliner.wait();
    let _receiver = device.receiver();
    device.firepush("retry", &[]).expect(0);
    assert_eq!(device.run(&["--now"]).expect(0).events("sent").len(), kept);
    nothing_is_left(&device);
}

#[test]
fn what_send_takes_is_in_the_spool_whole_or_not_at_all_whenever_it_is_killed() {
    let device = Device::new();
    let mut receiver = device.receiver();
    for words in ways(&device) {
        let count = watched(&device, sending(&device, &words), Deed::Nothing, 0).calls.len();
        for deed in [Deed::KillBefore, Deed::KillAfter] {
            for number in steps(count, 4) {
                fs::remove_dir_all(device.path("spool")).expect("the spool");
                let it = watched(&device, sending(&device, &words), deed, number);
                let kept = device.queue().len();
                assert!(it.exit.code == -1 && kept >= it.exit.events("queued").len(), "{deed:?} {number}: {kept}");
                assert_eq!(device.run(&["--now"]).expect(0).events("sent").len(), kept);
                for _ in 0..kept {
                    let file = receiver.event("file");
                    let path = device.path("inbox").join(file["name"].as_str().expect("a name"));
                    assert!(fs::read(path).expect("a file") == fs::read(device.path("input")).expect("a file"));
                }
                nothing_is_left(&device);
            }
        }
    }
}

/// How `send` is given what it keeps.
pub fn ways(device: &Device) -> [Vec<String>; 2] {
    let input = device.path("input");
    fs::write(&input, (0..15_000u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>()).expect("a file");
    let words = |more: &[&str]| {
        let all = [&NOWHERE, &["--to", &device.ops.jid][..], more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    [words(&["--queue", &input.to_string_lossy()]), words(&["--name", "input", "-"])]
}

/// `firepush send …` with the file to read.
pub fn sending(device: &Device, words: &[String]) -> Command {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut command = device.words("send", &words);
    command.stdin(File::open(device.path("input")).expect("a file"));
    command
}
