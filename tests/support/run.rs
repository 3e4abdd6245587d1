//! Runs firepush and its independent peer: both take the same words and print the same kind of JSON lines.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::process::{Exit, Process, supervised};
use super::server::Account;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Program {
    Firepush,
    Slixmpp,
    /// The version.
    Smack(&'static str),
}

use Program::{Firepush, Slixmpp, Smack};

pub struct Run {
    program: Program,
    words: Vec<OsString>,
}

impl Run {
    fn new(program: Program, verb: &str, account: &Account) -> Run {
        let json = (program == Firepush).then_some("--json");
        Run { program, words: Vec::new() }.arg(verb).args(account.words()).args(json)
    }

    /// `send ACCOUNT --to JID`; files and further options follow.
    pub fn send(program: Program, account: &Account, to: &str) -> Run {
        Run::new(program, "send", account).args(["--to", to])
    }

    /// `receive ACCOUNT --dir DIR`, from everybody of the same server.
    pub fn receive(program: Program, account: &Account, folder: &Path) -> Run {
        match program {
            Firepush => Run::receive_from(&format!("@{}", account.domain()), account, folder),
            Slixmpp | Smack(_) => Run::new(program, "receive", account).arg("--dir").arg(folder),
        }
    }

    /// `firepush receive ACCOUNT --from SENDER --dir DIR`.
    pub fn receive_from(sender: &str, account: &Account, folder: &Path) -> Run {
        Run::new(Firepush, "receive", account).args(["--from", sender, "--dir"]).arg(folder)
    }

    pub fn arg(mut self, word: impl Into<OsString>) -> Run {
        self.words.push(word.into());
        self
    }

    pub fn args<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Run {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// As one would type it, on several lines.
    pub fn typed(&self) -> String {
        let mut lines = vec!["firepush".to_owned()];
        for word in self.words.iter().map(|word| word.to_string_lossy()) {
            let line = lines.last_mut().expect("at least one");
            if word.starts_with("--") && line.len() > 60 {
                lines.push(word.into_owned());
            } else {
                *line += &format!(" {word}");
            }
        }
        lines.join(" \\\n       ")
    }

    pub fn start(self) -> Process {
        let command = match self.program {
            Firepush => native(),
            Slixmpp => slixmpp(),
            Smack(version) => smack(version),
        };
        self.start_as(command)
    }

    /// The same words for another build of the program.
    pub fn start_as(self, mut command: Command) -> Process {
        command.args(self.words);
        Process::start(command)
    }

    pub fn end(self) -> Exit {
        self.start().wait()
    }
}

/// Cargo names the binary to integration tests; an example finds it one folder up.
pub fn binary() -> PathBuf {
    let beside = || std::env::current_exe().expect("our own path").with_file_name("../firepush");
    option_env!("CARGO_BIN_EXE_firepush").map_or_else(beside, PathBuf::from)
}

/// The command that [`Run::start_as`] takes for the build under test.
pub fn native() -> Command {
    supervised(binary(), None)
}

fn slixmpp() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/venv/bin/python3");
    assert!(python.exists(), "{} is missing (`make check` makes it)", python.display());
    let mut command = supervised(python, None);
    command.arg(root.join("tests/interop/slix_peer.py"));
    command
}

fn smack(version: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/smack").join(version);
    assert!(folder.join("made-from").exists(), "{} is missing (`make check` makes it)", folder.display());
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("java").is_file()));
    assert!(found, "there is no java (`make check` installs it)");
    let mut command = supervised("java", None);
    // No name is looked up but in this file; 4.1 compares names in certificates by the JDK's own class.
    command.args(["-Djdk.net.hosts.file=/etc/hosts", "--add-exports", "java.base/sun.security.util=ALL-UNNAMED"]);
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]);
    command.arg(format!("{0}/classes:{0}/lib/*", folder.display())).arg("Main");
    command
}

impl Process {
    /// The next event, whatever it is.
    pub fn next_event(&mut self) -> Option<Value> {
        let line = self.line()?;
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    /// Waits for the event of that name; a `failed` before it fails the test.
    #[track_caller]
    pub fn event(&mut self, name: &str) -> Value {
        while let Some(event) = self.next_event() {
            if event["event"] == name {
                return event;
            }
            assert!(event["event"] != "failed", "{name} was expected: {event}");
        }
        panic!("it ended without {name}");
    }
}

impl Exit {
    pub fn events(&self, name: &str) -> Vec<Value> {
        let events = self.stdout.iter().map(|line| serde_json::from_str::<Value>(line).expect(line));
        events.filter(|event| event["event"] == name).collect()
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Exit {
        assert_eq!(
            self.code,
            code,
            "exit code; standard output and error:\n{}\n{}",
            self.stdout.join("\n"),
            self.stderr
        );
        self
    }

    /// The single line that a failure leaves on standard error.
    #[track_caller]
    pub fn complaint(&self) -> &str {
        let mut lines = self.stderr.lines();
        let line = lines.next().expect("a line on standard error");
        assert_eq!(lines.next(), None, "one line was expected:\n{}", self.stderr);
        assert!(line.starts_with("firepush: "), "{line}");
        line
    }
}
