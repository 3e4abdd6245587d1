//! Five files, one of every kind that a device sends, again and again; and what the operator got of them.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::bed::{Device, names};
use crate::support::process::{Exit, Process};

/// Nobody listens there: what is to be sent is kept.
pub const NOWHERE: [&str; 2] = ["--server", "127.0.0.1:1"];

/// Runs that a delivery may take once nothing goes wrong any more.
const RUNS_MAX: usize = 5;

pub struct Five {
    pub device: Device,
    receiver: Option<Process>,
    rounds: Vec<Round>,
    /// The receiver's `file` events.
    files: Vec<Value>,
}

/// Five files that were sent together.
struct Round {
    /// By what they are called first.
    contents: BTreeMap<String, Vec<u8>>,
    /// How often something was done to a run.
    blows: usize,
}

impl Five {
    /// With an operator who takes them.
    pub fn new() -> Five {
        let mut five = Five::alone();
        five.receive();
        five
    }

    /// Nobody is there to take them.
    pub fn alone() -> Five {
        Five { device: Device::new(), receiver: None, rounds: Vec::new(), files: Vec::new() }
    }

    pub fn receive(&mut self) {
        self.receiver = Some(self.device.receiver());
    }

    /// Five new files: one that stays, one that is deleted, a program's output, one of `send --queue` and standard
    /// input; `parallel` of them on the way at once.
    pub fn begin(&mut self, parallel: usize) {
        let number = self.rounds.len();
        self.device.configure(&format!(
            "wait_presence = 20ms\nparallel = {parallel}\n[kept]\nfiles = LOG/kept.*\nto = OPS\nname = {{name}}\n\
             [gone]\nfiles = LOG/gone.*\nto = OPS\nname = {{name}}\nafter = delete\n\
             [printed]\noutput_of = /bin/cat {}\nto = OPS\nname = printed.{number}\n",
            self.device.path("printed").display()
        ));
        let line = |name: &str| format!("this is {name} of round {number}\n").repeat(200 + number).into_bytes();
        let kinds = ["kept", "gone", "printed", "queued", "input"];
        let contents: BTreeMap<_, _> = kinds.map(|kind| (format!("{kind}.{number}"), line(kind))).into();
        self.device.log(&format!("kept.{number}"), &contents[&format!("kept.{number}")]);
        self.device.log(&format!("gone.{number}"), &contents[&format!("gone.{number}")]);
        fs::write(self.device.path("printed"), &contents[&format!("printed.{number}")]).expect("a file");
        let queued = self.device.path(&format!("queued.{number}"));
        fs::write(&queued, &contents[&format!("queued.{number}")]).expect("a file");
        self.device.firepush("send", &self.to(&["--queue", queued.to_str().expect("UTF-8")])).expect(0);
        fs::remove_file(queued).expect("it is in the spool");
        let name = format!("input.{number}");
        self.device.fed("send", &self.to(&["--name", &name, "-"]), &contents[&name]).expect(75);
        self.rounds.push(Round { contents, blows: 0 });
    }

    fn to<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&NOWHERE, &["--to", self.device.ops.jid.as_str()][..], more].concat()
    }

    /// The run that sends them.
    pub fn run(&self) -> Command {
        self.device.words("run", &["--now"])
    }

    /// Something was done to a run.
    pub fn blow(&mut self) {
        self.rounds.last_mut().expect("it was begun").blows += 1;
    }

    /// Nothing is done to it any more: all is delivered, and nothing is left.
    #[track_caller]
    pub fn deliver(&mut self) {
        let mut runs = (0..RUNS_MAX).map(|_| self.device.run(&["--now", "-v"]));
        let last = runs.find(|exit| exit.code != 75 && !is_elsewhere(exit)).expect("one that does all").expect(0);
        let number = self.rounds.len() - 1;
        assert!(!self.device.path(&format!("log/gone.{number}")).exists(), "it was to be deleted: {}", last.stderr);
        assert!(self.device.path(&format!("log/kept.{number}")).exists(), "it was to be kept");
        nothing_is_left(&self.device);
    }

    /// Waits until the operator has all files of all rounds, and looks at each: whole, and no more often than a blow
    /// explains. Says how many came again.
    pub fn check(mut self) -> usize {
        let mut receiver = self.receiver.take().expect("somebody who takes them");
        while (0..self.rounds.len()).any(|number| !self.has_all_of(number)) {
            let event = receiver.next_event().expect("an event");
            self.take(event);
        }
        receiver.stop();
        while let Some(event) = receiver.next_event() {
            self.take(event);
        }
        let inbox = self.device.inbox();
        assert!(inbox.iter().all(|name| !name.ends_with(".part")), "{inbox:?}");
        assert_eq!(inbox.len(), self.files.len(), "{inbox:?}");
        (0..self.rounds.len()).map(|number| self.check_round(number)).sum()
    }

    fn take(&mut self, event: Value) {
        if event["event"] == "file" {
            self.files.push(event);
        }
    }

    fn has_all_of(&self, number: usize) -> bool {
        self.rounds[number].contents.keys().all(|name| !self.of(name).is_empty())
    }

    /// The `file` events of a file, whichever number its name got.
    fn of(&self, name: &str) -> Vec<&Value> {
        let (base, ending) = name.split_once('.').expect("a dot");
        let is_it = |stored: &str| {
            let rest = stored.strip_prefix(base).and_then(|rest| rest.strip_suffix(&format!(".{ending}")));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.files.iter().filter(|event| is_it(event["name"].as_str().expect("a name"))).collect()
    }

    fn check_round(&self, number: usize) -> usize {
        let Round { contents, blows } = &self.rounds[number];
        let mut again = 0;
        for (name, content) in contents {
            let came = self.of(name);
            for event in &came {
                let stored = self.device.path("inbox").join(event["name"].as_str().expect("a name"));
                assert!(fs::read(&stored).expect("a file") == *content, "{} is not {name}", stored.display());
                assert!(event["transfer"].is_string() && event["transfer"] == came[0]["transfer"], "{event}");
            }
            assert!(came.len() - 1 <= *blows, "{name} came {} times after {blows} blows", came.len());
            again += came.len() - 1;
        }
        assert!(again <= *blows, "{again} came again in round {number} after {blows} blows");
        again
    }
}

/// Another run has the spool. So has, for a moment, one that was killed while it started a program, which closes what
/// it inherits only when it begins.
fn is_elsewhere(exit: &Exit) -> bool {
    exit.stderr.contains("another run is at work")
}

/// The spool holds nothing that waits, and nothing that a crash left.
#[track_caller]
pub fn nothing_is_left(device: &Device) {
    for folder in ["spool/queue", "spool/new", "spool/tries", "spool/failed"] {
        assert_eq!(names(&device.path(folder)), [""; 0], "left in {folder}");
    }
    let spool = names(&device.path("spool"));
    assert!(spool.iter().all(|name| !name.starts_with('.')), "{spool:?}");
}
