//! A device and a user who receives, as a program in C is told of them; and that program, which must do nothing wrong.

use std::fs;
use std::path::Path;

use crate::bed::{Device, server};
use crate::built::{How, Program};
use crate::support::process::{Exit, Process};

/// A source file of the tests.
#[track_caller]
pub fn program(name: &str, how: How) -> Program {
    Program::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capi").join(name), how)
}

/// Whether the slow ones run too (`make check-full`).
pub fn is_full() -> bool {
    std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1")
}

pub struct Sides {
    pub device: Device,
}

impl Sides {
    /// Two accounts that know each other; `more` is what both configurations say besides how to log in.
    pub fn new(more: &str) -> Sides {
        let (account, ops) = server().pair();
        Sides::of(Device::of(account, ops), more)
    }

    pub fn of(device: Device, more: &str) -> Sides {
        device.configure(more);
        let ops = &device.ops;
        let text = format!(
            "jid = {}\npassword_file = {}\nserver = {}\nca_file = {}\nfrom = {}\n{more}\n",
            ops.jid,
            ops.password_file.display(),
            ops.server,
            ops.trust[1].to_string_lossy(),
            device.account.jid,
        );
        fs::write(device.path("ops.conf"), text).expect("write");
        Sides { device }
    }

    /// `PROGRAM FIRST... DEVICE.conf OPS.conf OPS LAST...`
    pub fn start(&self, program: &Program, first: &[&str], last: &[&str]) -> Process {
        let (conf, ops) = (self.device.path("conf"), self.device.path("ops.conf"));
        let paths = [&conf, &ops].map(|path| path.to_str().expect("UTF-8"));
        program.start(&[first, &paths, &[&self.device.ops.jid], last].concat())
    }

    /// Runs it to its end, in which no error may be found; what it printed.
    #[track_caller]
    pub fn run(&self, program: &Program, first: &[&str], last: &[&str]) -> Vec<String> {
        good(self.start(program, first, last).wait(), first)
    }
}

/// What it printed; it may say nothing of an error.
#[track_caller]
pub fn good(exit: Exit, what: &[&str]) -> Vec<String> {
    assert!(exit.code == 0 && exit.stderr.is_empty(), "{what:?} ended with {}:\n{}", exit.code, exit.stderr);
    exit.stdout
}
