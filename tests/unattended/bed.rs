//! A device with its configuration, its logs and its spool, and the people it sends to.
#![allow(dead_code)] // each module uses its part of it

use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::files;
use crate::support::process::{Exit, Process, supervised};
use crate::support::run::{Program, Run};
use crate::support::server::{Account, Kind, Server};

/// The server that no test stops.
pub fn server() -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    PROSODY.get_or_init(|| Server::start(Kind::Prosody))
}

pub struct Device {
    folder: TempDir,
    pub account: Account,
    pub ops: Account,
}

impl Device {
    pub fn new() -> Device {
        let (account, ops) = server().pair();
        Device::of(account, ops)
    }

    /// The configuration holds what is needed to log in; jobs are added with [`Device::configure`].
    pub fn of(account: Account, ops: Account) -> Device {
        let folder = files::folder();
        for name in ["log", "inbox"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("a folder of our own");
        let device = Device { folder, account, ops };
        device.configure("");
        device
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the configuration file: how to log in, then `more`, in which `LOG` is the folder of the logs and `OPS`
    /// the operator.
    pub fn configure(&self, more: &str) {
        let trust = self.account.trust[0].to_string_lossy().trim_start_matches("--").replace('-', "_");
        let text = format!(
            "log = stderr\njid = {}\npassword_file = {}\nserver = {}\n{trust} = {}\nspool = {}\n{more}\n",
            self.account.jid,
            self.account.password_file.display(),
            self.account.server,
            self.account.trust[1].to_string_lossy(),
            self.path("spool").display(),
        );
        let text = text.replace("LOG", &self.path("log").display().to_string()).replace("OPS", &self.ops.jid);
        fs::write(self.path("conf"), text).expect("a configuration");
    }

    /// One job: all files of the log folder to the operator.
    pub fn logs(&self, more: &str) {
        self.configure(&format!("{more}\n[logs]\nfiles = LOG/*\nto = OPS\nname = {{name}}\n"));
    }

    /// A log of that content, last changed an hour ago.
    pub fn log(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path("log").join(name);
        let mut file = File::create(&path).expect("a log");
        file.write_all(content.as_ref()).expect("a log");
        let hour = SystemTime::now() - Duration::from_secs(3600);
        file.set_times(FileTimes::new().set_modified(hour)).expect("its time");
        path
    }

    /// `firepush VERB --config CONF --json …`
    pub fn words(&self, verb: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firepush"));
        command.arg(verb).arg("--config").arg(self.path("conf")).arg("--json").args(more);
        command.stdin(Stdio::null());
        command
    }

    pub fn firepush(&self, verb: &str, more: &[&str]) -> Exit {
        ended(self.words(verb, more))
    }

    pub fn run(&self, more: &[&str]) -> Exit {
        self.firepush("run", more)
    }

    /// The same with something to read.
    pub fn fed(&self, verb: &str, more: &[&str], input: &[u8]) -> Exit {
        let mut child = self.words(verb, more);
        let mut child =
            child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut pipe = child.stdin.take().expect("piped");
        let input = input.to_vec();
        let feeder = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().expect("it ends");
        feeder.join().expect("it was fed");
        exit(output)
    }

    /// The operator's client, ready to take files into [`Device::inbox`].
    pub fn receiver(&self) -> Process {
        let mut receiver = Run::receive(Program::Firepush, &self.ops, &self.path("inbox")).start();
        receiver.event("ready");
        receiver
    }

    /// What has arrived, by name.
    pub fn inbox(&self) -> Vec<String> {
        names(&self.path("inbox"))
    }

    /// Waits until that file is whole.
    #[track_caller]
    pub fn arrived(&self, receiver: &mut Process, name: &str) -> Vec<u8> {
        let path = self.path("inbox").join(name);
        while !path.exists() {
            receiver.event("file");
        }
        fs::read(path).expect("a file")
    }

    /// As [`Device::arrived`], when a transfer before it may have failed.
    pub fn arrived_or_failed(&self, receiver: &mut Process, name: &str) -> Option<Vec<u8>> {
        let path = self.path("inbox").join(name);
        while !path.exists() {
            receiver.next_event()?;
        }
        fs::read(path).ok()
    }

    /// The entries that wait, as `firepush status` tells them.
    pub fn waiting(&self) -> Vec<Value> {
        self.firepush("status", &[]).expect(0).events("waiting")
    }

    pub fn given_up(&self) -> Vec<Value> {
        self.firepush("status", &[]).expect(0).events("failed")
    }

    /// Entries of the spool's queue.
    pub fn queue(&self) -> Vec<String> {
        names(&self.path("spool/queue"))
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub fn ended(mut command: Command) -> Exit {
    exit(command.output().expect("it ends"))
}

fn exit(output: std::process::Output) -> Exit {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout).lines().map(str::to_owned).collect();
    Exit { code: output.status.code().unwrap_or(-1), stdout, stderr: text(&output.stderr) }
}

/// A process that is ended when the test ends.
pub fn started(command: Command) -> Process {
    let mut guarded = supervised(command.get_program(), None);
    guarded.args(command.get_args());
    Process::start(guarded)
}
