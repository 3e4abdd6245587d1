//! `progress_cancel.c`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use super::{HELD, How, MIDDLE, example, files};
use crate::bed::{Device, server};
use crate::built::{Program, succeeds};
use crate::support::process::Process;
use crate::support::relay::Relay;
use crate::support::server::Account;

/// A push that can't get further than to the middle.
struct Held {
    device: Device,
    relay: Relay,
    receiver: Process,
    /// Where its user types.
    keyboard: File,
    push: Process,
    file: PathBuf,
    _program: Program,
}

impl Held {
    fn new(how: How, words: &[&str]) -> Held {
        let (device, ops) = server().pair();
        let relay = Relay::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), device.server, MIDDLE);
        let device = Device::of(Account { server: relay.address, ..device }, ops);
        device.configure("method = ibb\nwait_close = 1s");
        let mut receiver = device.receiver();
        let file = files::make(&device.path("log"), "messages", HELD);
        let (config, terminal) = (device.path("conf"), device.path("terminal"));
        succeeds(Command::new("mkfifo").arg(&terminal));
        let program = example("progress_cancel.c", how);
        let mut command = program.reads(&terminal);
        command.args([&config, &PathBuf::from(&device.ops.jid), &file]).args(words);
        let push = Process::start(command);
        let keyboard = OpenOptions::new().write(true).open(terminal).expect("it reads");
        receiver.event("offer");
        Held { device, relay, receiver, keyboard, push, file, _program: program }
    }

    #[track_caller]
    fn progress(&mut self) -> u64 {
        let line = self.push.line().expect("a line");
        let done = line.strip_suffix(&format!(" of {HELD} bytes"));
        done.and_then(|done| done.parse().ok()).unwrap_or_else(|| panic!("{line}"))
    }

    /// It ends with one line, and nothing is left at the other side.
    #[track_caller]
    fn ends_cancelled(mut self, how: How) {
        let exit = self.push.wait();
        assert_eq!(exit.code, 1, "{how:?}: {}", exit.stderr);
        assert!(
            exit.stderr.starts_with("progress_cancel: ") && exit.stderr.contains(": stopped on request"),
            "{how:?}: {}",
            exit.stderr
        );
        assert_eq!(exit.stderr.lines().count(), 1, "{how:?}: {}", exit.stderr);
        self.relay.release();
        assert_eq!(self.receiver.next_event().expect("an event")["event"], "failed", "{how:?}");
        assert_eq!(self.device.inbox(), Vec::<String>::new(), "{how:?}");
    }
}

#[test]
fn progress_cancel_c_says_how_far_it_is_and_what_it_came_to() {
    for how in How::ALL {
        let mut held = Held::new(how, &[]);
        let done = held.progress();
        assert!(done < HELD, "{how:?}: {done}");
        held.relay.release();
        let arrived = held.device.arrived(&mut held.receiver, "messages");
        assert!(arrived == fs::read(&held.file).expect("sent"), "{how:?}");
        let exit = held.push.wait();
        assert_eq!((exit.code, exit.stderr), (0, String::new()), "{how:?}");
        let last = exit.stdout.last().expect("a line");
        let begin = format!("{HELD} bytes to {}/", held.device.ops.jid);
        assert!(last.starts_with(&begin) && last.ends_with(" ms"), "{how:?}: {last}");
    }
}

#[test]
fn progress_cancel_c_cancels_when_enter_is_pressed() {
    for &how in How::watched() {
        let mut held = Held::new(how, &[]);
        held.progress();
        held.keyboard.write_all(b"\n").expect("it reads");
        held.ends_cancelled(how);
    }
}

#[test]
fn progress_cancel_c_cancels_when_standard_input_ends() {
    let mut held = Held::new(How::C99, &[]);
    held.progress();
    held.keyboard = OpenOptions::new().write(true).open("/dev/null").expect("it takes all");
    held.ends_cancelled(How::C99);
}

#[test]
fn progress_cancel_c_cancels_after_a_number_of_bytes() {
    for &how in How::watched() {
        let mut held = Held::new(how, &["100000"]);
        let done = std::iter::from_fn(|| Some(held.progress())).find(|done| *done >= 100_000);
        assert!(done.is_some_and(|done| done < HELD), "{how:?}");
        held.ends_cancelled(how);
    }
}
