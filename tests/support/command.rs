//! The binary run as a shell runs it: no supervisor, so that signals and limits are its own.
#![allow(dead_code)] // each test program uses its part of it

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::support::process::Exit;

const HANG: Duration = Duration::from_secs(120);

pub struct Plain {
    limits: String,
    shell: &'static [&'static str],
    words: Vec<OsString>,
}

pub struct Running {
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

/// `firepush WORDS`, as one types it.
pub fn firepush<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Exit {
    Plain { words: Vec::new(), ..Plain::new("") }.args(words).end()
}

impl Plain {
    pub fn new(verb: &str) -> Plain {
        Plain { limits: String::new(), shell: &["bash"], words: vec![verb.into()] }
    }

    /// Shell commands that run before the binary in the same process: `ulimit …`.
    pub fn limited(mut self, limits: &str) -> Plain {
        self.limits = format!("{limits}; ");
        self
    }

    /// As [`Plain::limited`], with mounts of its own: `mount --bind …`.
    pub fn mounted(self, mounts: &str) -> Plain {
        Plain { shell: &["unshare", "-rm", "bash"], ..self.limited(mounts) }
    }

    pub fn args<W: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = W>) -> Plain {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    pub fn start(self) -> Running {
        let mut command = if self.limits.is_empty() {
            Command::new(env!("CARGO_BIN_EXE_firepush"))
        } else {
            let mut shell = Command::new(self.shell[0]);
            shell.args(&self.shell[1..]).args([
                "-c",
                &format!("{}exec \"$0\" \"$@\"", self.limits),
                env!("CARGO_BIN_EXE_firepush"),
            ]);
            shell
        };
        command.args(self.words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        Running { child, stdout: all_of(stdout), stderr: all_of(stderr) }
    }

    pub fn end(self) -> Exit {
        self.start().wait()
    }
}

fn all_of(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

impl Running {
    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: plain system call; the process is our child, which nobody has waited for yet.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "it has ended already");
    }

    pub fn wait(mut self) -> Exit {
        let text = |bytes: Result<Vec<u8>, _>| String::from_utf8_lossy(&bytes.expect("it hangs")).into_owned();
        let stdout = text(self.stdout.recv_timeout(HANG));
        let stderr = text(self.stderr.recv_timeout(HANG));
        let status = self.child.wait().expect("it ends");
        Exit { code: status.code().unwrap_or(-1), stdout: stdout.lines().map(str::to_owned).collect(), stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
