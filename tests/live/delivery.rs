//! One file from a device to a recipient, as most tests want it.

use std::path::Path;

use serde_json::Value;

use crate::support::files;
use crate::support::process::Process;
use crate::support::run::Program::{self, Firepush};
use crate::support::run::Run;
use crate::support::server::Account;

/// Sends a file to a recipient who comes online for it and chooses the method; gives all that it printed.
#[track_caller]
pub fn delivers(program: Program, device: &Account, ops: &Account, options: &[&str], method: &str) -> Vec<Value> {
    let (folder, inbox) = (files::folder(), files::folder());
    let file = files::make(folder.path(), "some.log", 100_000);
    let mut receiver = Run::receive(program, ops, inbox.path()).args(["--method", method, "--count", "1"]).start();
    let mut events = Vec::new();
    while events.last().is_none_or(|event: &Value| event["event"] != "ready") {
        events.push(receiver.next_event().expect("ready"));
    }
    let exit = Run::send(Firepush, device, &ops.jid).args(options).arg(&file).end().expect(0);
    events.extend(until_end(receiver));
    let arrived = events.iter().find(|event| event["event"] == "file").expect("the file");
    files::assert_same(&file, Path::new(arrived["path"].as_str().expect("a path")));
    for event in [arrived, &exit.events("sent")[0]] {
        assert!(method == "auto" || event["method"] == method, "{event}");
    }
    events
}

pub fn until_end(mut process: Process) -> Vec<Value> {
    let events = std::iter::from_fn(|| process.next_event()).collect();
    process.wait().expect(0);
    events
}
