//! A system of BusyBox alone in a folder, entered by chroot, with the processes of its own; the network is ours.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::files;
use crate::support::process::{Exit, Process};
use crate::support::run::{Program, Run};
use crate::support::server::{Account, Kind, Server};

/// `sh -c ENTER sh ROOT SCRIPT`
const ENTER: &str = r#"
set -e
for device in null urandom; do
    : >"$1/dev/$device"
    mount --bind "/dev/$device" "$1/dev/$device"
done
mount -t proc none "$1/proc"
exec chroot "$1" /bin/sh -c "$2"
"#;

pub fn server() -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    PROSODY.get_or_init(|| Server::start(Kind::Prosody))
}

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub struct Root(TempDir);

impl Root {
    /// `/var` is a link into memory, as most such systems have it, and as empty as after a boot.
    pub fn new() -> Root {
        let root = Root(files::folder());
        for name in ["bin", "sbin", "usr/bin", "usr/sbin", "usr/lib", "etc", "dev", "proc", "lib", "tmp/run", "tmp/log"]
        {
            fs::create_dir_all(root.path(name)).expect("a folder");
        }
        symlink("tmp", root.path("var")).expect("a link");
        root.busybox();
        root.write("etc/passwd", "root:x:0:0:root:/root:/bin/ash\n");
        root.write("etc/hosts", "127.0.0.1 localhost xmpp.example.test\n");
        root
    }

    fn busybox(&self) {
        let (busybox, list) = (which("busybox"), ended(Command::new("busybox").arg("--list")));
        fs::copy(busybox, self.path("bin/busybox")).expect("a static busybox (`make check` installs it)");
        for applet in list.expect(0).stdout.iter().filter(|applet| *applet != "busybox") {
            symlink("/bin/busybox", self.path("bin").join(applet)).expect("a link");
        }
    }

    /// The libraries that our binary is linked to lie where it looks for them.
    pub fn add_libraries(&self) {
        let listed = ended(Command::new("ldd").arg(env!("CARGO_BIN_EXE_firepush"))).stdout;
        let libraries = listed.iter().flat_map(|line| line.split_whitespace()).filter(|word| word.starts_with('/'));
        for library in libraries {
            self.copy(Path::new(library), library);
        }
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside.trim_start_matches('/'))
    }

    /// With its mode.
    pub fn copy(&self, file: &Path, inside: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("not the root")).expect("a folder");
        fs::copy(file, path).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }

    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("not the root")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    /// What is in a file; nothing when there is none.
    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_default()
    }

    pub fn exists(&self, inside: &str) -> bool {
        self.path(inside).symlink_metadata().is_ok()
    }

    pub fn mode(&self, inside: &str) -> u32 {
        self.path(inside).metadata().expect(inside).permissions().mode() & 0o7777
    }

    pub fn set_mode(&self, inside: &str, mode: u32) {
        fs::set_permissions(self.path(inside), fs::Permissions::from_mode(mode)).expect(inside);
    }

    /// Root's shell in it; when that ends, all that it started ends.
    pub fn shell(&self, script: &str) -> Exit {
        let mut command = Command::new("unshare");
        command.args(["-rmpf", "--kill-child", "sh", "-c", ENTER, "sh"]).arg(self.0.path()).arg(script);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
        ended(command.stdin(Stdio::null()))
    }
}

/// An account for a device, and the operator's client, ready to take its files.
pub struct People {
    pub device: Account,
    pub ops: Account,
    inbox: TempDir,
    receiver: Process,
}

impl People {
    pub fn new() -> People {
        let (device, ops) = server().pair();
        let inbox = files::folder();
        let mut receiver = Run::receive(Program::Firepush, &ops, inbox.path()).start();
        receiver.event("ready");
        People { device, ops, inbox, receiver }
    }

    pub fn password(&self) -> String {
        fs::read_to_string(&self.device.password_file).expect("a password").trim().to_owned()
    }

    pub fn ca_file(&self) -> PathBuf {
        self.device.trust[1].clone().into()
    }

    /// Waits for the next file and tells what is in it.
    pub fn arrival(&mut self) -> String {
        let path = self.receiver.event("file")["path"].as_str().expect("a path").to_owned();
        fs::read_to_string(path).expect("a file")
    }

    /// How many files have arrived so far.
    pub fn arrived(&self) -> usize {
        fs::read_dir(self.inbox.path()).expect("a folder").count()
    }
}

pub fn ended(command: &mut Command) -> Exit {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout).lines().map(str::to_owned).collect();
    Exit { code: output.status.code().unwrap_or(-1), stdout, stderr: text(&output.stderr) }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("there is no {program} (`make check` installs it)"))
}
