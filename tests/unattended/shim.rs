//! A library that is preloaded into firepush: it notes each call that changes a file of the device, and can make one of
//! them fail, or the last one of the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::bed::{Device, ended};
use crate::support::files;
use crate::support::process::Exit;

/// What is to happen at a call.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Nothing,
    KillBefore,
    KillAfter,
    /// This call fails.
    Fail(i32),
    /// This call, and all that need room after it.
    Full(i32),
    /// As [`Deed::Full`], but half of the first one is written.
    Short(i32),
}

/// A call that changed a file of the device.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub bytes: u64,
    /// Relative to the device's folder.
    pub path: String,
}

impl Call {
    pub fn is(&self, name: &str, path: &str) -> bool {
        self.name == name && self.path.starts_with(path)
    }

    pub fn needs_room(&self) -> bool {
        matches!(self.name.as_str(), "write" | "create" | "mkdir" | "link")
    }
}

/// What a watched process came to; code -1: it was killed.
pub struct Watched {
    pub exit: Exit,
    pub calls: Vec<Call>,
}

/// Runs a command of the device; at the call of that number, counted from 1, the deed is done.
pub fn watched(device: &Device, mut command: Command, deed: Deed, number: usize) -> Watched {
    let (folder, notes) = (device.path(""), files::folder());
    let log = notes.path().join("calls");
    let (deed, errno) = match deed {
        Deed::Nothing => ("", 0),
        Deed::KillBefore => ("kill-before", 0),
        Deed::KillAfter => ("kill-after", 0),
        Deed::Fail(errno) => ("fail", errno),
        Deed::Full(errno) => ("full", errno),
        Deed::Short(errno) => ("short", errno),
    };
    command.env("LD_PRELOAD", library()).env("FIREPUSH_SHIM_DIR", &folder).env("FIREPUSH_SHIM_LOG", &log);
    command.env("FIREPUSH_SHIM_DEED", deed).env("FIREPUSH_SHIM_ERRNO", errno.to_string());
    command.env("FIREPUSH_SHIM_N", number.to_string());
    let exit = ended(command);
    let text = fs::read_to_string(log).unwrap_or_default();
    Watched { exit, calls: text.lines().map(|line| call(line, &folder)).collect() }
}

fn call(line: &str, folder: &Path) -> Call {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().expect("three words").to_owned();
    let (name, bytes, path) = (word(), word().parse().expect("a number"), word());
    let path = Path::new(&path).strip_prefix(folder).expect("below the folder").display().to_string();
    Call { name, bytes, path }
}

/// Built once, by the compiler that builds the tests.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unattended/preload/lib.rs");
        let made = files::folder();
        let (new, library) = (made.path().join("preload.so"), made.path().with_file_name("preload.so"));
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut rustc = Command::new(compiler);
        rustc.args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", "preload", "-D", "warnings", "-o"]);
        let done = rustc.arg(&new).arg(source).output().expect("rustc starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        fs::rename(new, &library).expect("a library");
        library
    })
}
