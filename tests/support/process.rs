//! A child process that cannot outlive us, whatever ends us: a shell holds the other end of a pipe and kills it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// No test waits longer for anything: it fails with what the process said.
const HANG: Duration = Duration::from_secs(120);

/// `sh -c SUPERVISOR sh FOLDER PROGRAM ARGS...`: runs the program until it ends or our standard input does; the
/// folder goes with our standard input, for a server may be started again in it. PR_SET_PDEATHSIG would not do: it follows the thread that spawned, and libtest's threads end.
const SUPERVISOR: &str = r#"
exec 3<&0
folder=$1
shift
# setsid, for a dying Erlang kills its whole process group; the id comes first, whatever the program says how soon
setsid sh -c 'echo $$; exec "$@"' sh "$@" 3<&- </dev/null & program=$!
exec >/dev/null 2>&1
{ read -r _ <&3; kill -9 $program; } & watcher=$!
wait $program
status=$?
kill $watcher
[ -z "$folder" ] || { read -r _ <&3; rm -rf "$folder"; }
exit $status
"#;

/// The command to add arguments and environment to and to give to [`Process::start`]; `folder` goes with the [`Process`].
pub fn supervised(program: impl AsRef<OsStr>, folder: Option<&Path>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SUPERVISOR, "sh"]).arg(folder.unwrap_or(Path::new(""))).arg(program);
    command
}

pub struct Process {
    supervisor: Child,
    pid: libc::pid_t,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

pub struct Exit {
    pub code: i32,
    pub stdout: Vec<String>,
    pub stderr: String,
}

impl Process {
    pub fn start(mut command: Command) -> Process {
        Process::spawn(&mut command)
    }

    /// The same command may be given again.
    pub fn spawn(command: &mut Command) -> Process {
        // Its own group: Ctrl-C must reach us alone, the shell has to live until it has killed the program.
        command.process_group(0);
        let mut supervisor =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("sh starts");
        let mut stdout = BufReader::new(supervisor.stdout.take().expect("piped"));
        let mut stderr = supervisor.stderr.take().expect("piped");
        let (sender, lines) = channel();
        thread::spawn(move || while read_line(&mut stdout).is_some_and(|line| sender.send(line).is_ok()) {});
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut process = Process { supervisor, pid: 0, lines, stderr: Some(stderr) };
        process.pid = process.line().and_then(|line| line.parse().ok()).expect("the supervisor tells the process id");
        process
    }

    /// The next line of its standard output; `None` when it has ended.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(HANG) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => self.hangs(),
        }
    }

    pub fn wait(mut self) -> Exit {
        let stdout = std::iter::from_fn(|| self.line()).collect();
        let status = self.supervisor.wait().expect("the supervisor ends");
        Exit { code: status.code().unwrap_or(-1), stdout, stderr: self.stderr() }
    }

    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Asks it to end.
    pub fn stop(&self) {
        self.signal(libc::SIGTERM);
    }

    /// As Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(libc::SIGINT);
    }

    /// Stops it without a word to anyone who is connected to it.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
    }

    fn signal(&self, signal: libc::c_int) {
        // SAFETY: plain system call; the id is our own child's child, which the supervisor has not waited for yet.
        assert_eq!(unsafe { libc::kill(self.pid, signal) }, 0, "process {} is gone", self.pid);
    }

    fn stderr(&mut self) -> String {
        self.stderr.take().map(|thread| thread.join().expect("reads to the end")).unwrap_or_default()
    }

    fn hangs(&mut self) -> ! {
        self.kill();
        panic!("nothing came for {HANG:?}; standard error:\n{}", self.stderr());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

fn read_line(from: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line).ok().filter(|&read| read > 0)?;
    Some(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned())
}
