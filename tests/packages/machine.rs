//! A Debian machine of its own, with systemd or without: what is installed there leaves nothing on this one.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::files;
use crate::support::process::{Exit, Process, supervised};

const HANG: Duration = Duration::from_secs(60);

const ENVIRONMENT: [&str; 4] = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
    "container=firepush",
];

pub struct Machine {
    /// `None` when it is off.
    process: Option<Process>,
    init: libc::pid_t,
    folder: TempDir,
}

impl Machine {
    /// One that systemd runs.
    pub fn with_systemd() -> Machine {
        let name = format!("firepush-{}", files::random_hex());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let notices = UnixDatagram::bind_addr(&address).expect("a socket");
        notices.set_read_timeout(Some(HANG)).expect("a time");
        let notify = format!("NOTIFY_SOCKET=@{name}");
        let init = ["/lib/systemd/systemd", "--system", "--unit=machine.target"];
        let machine = Machine::start(&[&["env", &notify][..], &init].concat());
        let mut notice = [0; 4096];
        while notices.recv(&mut notice).map(|size| !notice[..size].starts_with(b"READY=1")).expect("systemd is ready") {
            notice.fill(0);
        }
        machine.ok("systemctl start systemd-journald.socket systemd-journald-dev-log.socket");
        machine
    }

    /// One where nothing runs, such as the root that an image is made in.
    pub fn without_systemd() -> Machine {
        Machine::start(&["tail", "-f", "/dev/null"])
    }

    fn start(init: &[&str]) -> Machine {
        let folder = files::folder();
        for name in ["own", "share"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/machine.sh");
        let mut command = supervised("sh", None);
        command.arg(script).arg(folder.path().join("own")).arg(folder.path().join("share"));
        command.args(["env", "-i"]).args(ENVIRONMENT).args(init);
        let mut process = Process::start(command);
        let Some(init) = process.line() else { panic!("no machine (are you root?): {}", process.wait().stderr) };
        Machine { process: Some(process), init: init.parse().expect("a process id"), folder }
    }

    /// Puts a file into /mnt of the machine.
    pub fn share(&self, file: &Path) {
        let name = file.file_name().expect("a file");
        fs::copy(file, self.folder.path().join("share").join(name)).expect("a copy");
    }

    /// A path there, as it is reached from here.
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.init))
    }

    /// Runs lines of shell.
    pub fn run(&self, script: &str) -> Exit {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.init.to_string(), "-m", "-p", "-C", "-i", "-u", "-r", "-w", "env", "-i"]);
        let output = command.args(ENVIRONMENT).args(["sh", "-euc", script]).output().expect("nsenter starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let stdout = text(&output.stdout).lines().map(str::to_owned).collect();
        Exit { code: output.status.code().unwrap_or(-1), stdout, stderr: text(&output.stderr) }
    }

    /// The same, which must succeed; what it printed.
    #[track_caller]
    pub fn ok(&self, script: &str) -> String {
        let exit = self.run(script);
        assert_eq!(exit.code, 0, "{script}:\n{}\n{}", exit.stdout.join("\n"), exit.stderr);
        exit.stdout.join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: plain system call; the process is the machine's first, which its supervisor hasn't waited for yet.
        unsafe { libc::kill(self.init, libc::SIGKILL) };
        // It ends by itself then, and takes its control group along.
        self.process.take().map(Process::wait);
    }
}
