//! `firepush receive` on the scripted server, and a scripted sender.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::bed::names;
use crate::openfire::Openfire;
use crate::openfire::options::Options;
use crate::openfire::sender::{Plan, Sender, Sent};
use crate::support::process::Process;
use crate::support::run::Run;

pub const ME: &str = "device@example.test/inbox";
pub const BOTH: &[&str] = &["socks5", "ibb"];
pub const IBB: &[&str] = &["ibb"];
pub const SOCKS5: &[&str] = &["socks5"];

/// A receiver that is logged in, and who sends to it.
pub struct Bench {
    pub server: Openfire,
    pub sender: Sender,
    receiver: Process,
    pub folder: TempDir,
}

impl Bench {
    pub fn new(options: Options, more: &[&str]) -> Bench {
        let server = Openfire::start(options);
        let sender = server.sender();
        let folder = tempfile::tempdir().expect("a folder");
        let receiver = start(&server, &folder, more);
        Bench { server, sender, receiver, folder }
    }

    pub fn send(&mut self, bytes: &[u8], plan: &Plan) -> Sent {
        self.sender.send(ME, bytes, plan)
    }

    /// The next `file` or `failed`.
    pub fn next(&mut self) -> Value {
        loop {
            let event: Value = serde_json::from_str(&self.receiver.line().expect("an event")).expect("JSON");
            if event["event"] == "file" || event["event"] == "failed" {
                return event;
            }
        }
    }

    #[track_caller]
    pub fn fails(&mut self, kind: &str, part: &str) {
        let event = self.next();
        assert_eq!(event["kind"], kind, "{event}");
        assert!(event["message"].as_str().expect("text").contains(part), "{part:?} is missing: {event}");
        assert_eq!(names(self.folder.path()), Vec::<String>::new(), "nothing may be left");
    }

    #[track_caller]
    pub fn arrives(&mut self, bytes: &[u8]) -> String {
        let event = self.next();
        assert_eq!(event["event"], "file", "{event}");
        let path = event["path"].as_str().expect("a path").to_owned();
        assert!(fs::read(&path).expect("the file") == bytes, "other bytes arrived");
        event["name"].as_str().expect("a name").to_owned()
    }
}

fn start(server: &Openfire, folder: &TempDir, more: &[&str]) -> Process {
    let mut account = server.device();
    account.jid = ME.to_owned();
    let run = Run::receive_from("ops@example.test", &account, folder.path()).args(more.iter().copied());
    let mut receiver = run.start();
    receiver.event("ready");
    receiver
}

pub fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 7 + n / 251) as u8).collect()
}
