//! One server, one recipient, one file, one run of the real binary.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use firepush::config::Wait;
use tempfile::TempDir;

use crate::command::Plain;
use crate::openfire::Openfire;
use crate::openfire::options::Options;
use crate::openfire::puppet::{Manners, Puppet};
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::Account;

pub const OPS: &str = "ops@example.test/Spark";
pub const SIZE: u64 = 100_000;

/// A server with Spark on it and a file to send there.
pub struct Bed {
    pub server: Openfire,
    pub ops: Puppet,
    pub folder: TempDir,
    pub file: PathBuf,
}

impl Bed {
    pub fn new(options: Options, manners: Manners) -> Bed {
        Bed::of_size(options, manners, SIZE)
    }

    pub fn of_size(options: Options, manners: Manners, size: u64) -> Bed {
        let server = Openfire::start(options);
        let ops = server.spark(manners);
        let folder = tempfile::tempdir().expect("a folder");
        let file = files::make(folder.path(), "some.log", size);
        Bed { server, ops, folder, file }
    }

    /// `firepush send … --to ops@example.test/Spark`; the file is not added yet.
    pub fn run(&self, words: &[&str]) -> Run {
        self.run_as(&self.server.device(), words)
    }

    pub fn run_as(&self, account: &Account, words: &[&str]) -> Run {
        Run::send(Firepush, account, OPS).args(words.iter().copied())
    }

    /// The same without a supervisor, for signals and limits; the file is added.
    pub fn command(&self, words: &[&str]) -> Plain {
        let account = self.server.device().words();
        let plain = Plain::new("send").args(account).args(["--json", "--to", OPS]);
        plain.args(words.iter().copied()).args([&self.file])
    }

    pub fn send(&self, words: &[&str]) -> Exit {
        self.run(words).arg(&self.file).end()
    }

    /// Every byte is there.
    #[track_caller]
    pub fn assert_arrived(&self) {
        let received = self.ops.received(1);
        assert!(received[0].bytes == fs::read(&self.file).expect("the file"), "other bytes arrived");
    }

    /// Fails with this code and one line that has these words.
    #[track_caller]
    pub fn fails(&self, words: &[&str], code: i32, parts: &[&str]) -> Exit {
        let exit = self.send(words).expect(code);
        assert_says(&exit, parts);
        assert_eq!((exit.events("sent").len(), exit.events("failed").len()), (0, 1), "{:?}", exit.stdout);
        exit
    }
}

#[track_caller]
pub fn assert_says(exit: &Exit, parts: &[&str]) {
    let line = exit.complaint();
    assert!(!line.contains("panic"), "{line}");
    for part in parts {
        assert!(line.contains(part), "{part:?} is missing: {line}");
    }
}

/// `--wait-NAME 100ms` for the waits that are to end, none of the others.
pub fn short(waits: &[Wait]) -> Vec<String> {
    waits.iter().flat_map(|wait| [format!("--{}", wait.setting().replace('_', "-")), "100ms".to_owned()]).collect()
}

pub fn words(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// An address where connections are neither taken nor refused: its backlog is full.
pub struct BlackHole {
    pub address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    pub fn new() -> BlackHole {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        crate::openfire::socket::shrink_backlog(&listener);
        let address = listener.local_addr().expect("bound");
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, std::time::Duration::from_millis(200)) {
            queued.push(stream);
        }
        BlackHole { address, _listener: listener, _queued: queued }
    }

    /// Returns when somebody tries to connect: Linux lists the attempt (SYN_SENT is 02).
    pub fn wait_for_attempt(&self) {
        let remote = format!(" 0100007F:{:04X} 02 ", self.address.port());
        while !fs::read_to_string("/proc/net/tcp").expect("Linux").contains(&remote) {
            std::thread::yield_now();
        }
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
