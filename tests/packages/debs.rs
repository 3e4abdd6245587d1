//! The packages of this tree, made once from the binary under test and the library of `make install-capi`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{fs, io};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");
pub const PACKAGES: [&str; 3] = ["firepush", "libfirepush0", "libfirepush-dev"];

/// A folder with the packages.
pub fn debs() -> &'static Path {
    static DEBS: OnceLock<PathBuf> = OnceLock::new();
    DEBS.get_or_init(|| {
        let out = kept("debs");
        pack(Path::new(ROOT), stage(), &out, &PACKAGES);
        out
    })
}

pub fn deb(folder: &Path, package: &str) -> PathBuf {
    let begin = format!("{package}_");
    let mut found = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_it = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin));
    found.find(is_it).unwrap_or_else(|| panic!("no {package}"))
}

pub fn pack(tree: &Path, stage: &Path, out: &Path, packages: &[&str]) {
    let mut pack = Command::new(tree.join("board/debian/pack.sh"));
    succeeds(pack.arg(architecture()).arg(stage).arg(out).args(packages));
}

/// As dpkg names it: `amd64`.
pub fn architecture() -> String {
    succeeds(Command::new("dpkg").arg("--print-architecture")).trim().to_owned()
}

pub fn multiarch() -> String {
    let script = Path::new(ROOT).join("board/debian/multiarch.sh");
    succeeds(Command::new(script).arg(architecture())).trim().to_owned()
}

/// What `make install` leaves, with the binary that cargo has built for the tests.
pub fn stage() -> &'static Path {
    static STAGE: OnceLock<PathBuf> = OnceLock::new();
    STAGE.get_or_init(|| {
        let folder = kept("stage");
        install(&folder);
        folder
    })
}

/// An empty folder for what all tests use; it stays until the next run, for nothing drops a static.
pub fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn install(stage: &Path) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut make = Command::new("make");
    make.arg("install-capi").arg(format!("DESTDIR={}", stage.display()));
    make.args(["PREFIX=/usr", &format!("LIBDIR=/usr/lib/{}", multiarch())]);
    make.env("CARGO_TARGET_DIR", target.join("capi")).env("CARGO", env!("CARGO"));
    succeeds(make.current_dir(ROOT));
    for (from, to) in [
        ("docs/firepush.1", "man/man1/firepush.1"),
        ("docs/firepush.conf.5", "man/man5/firepush.conf.5"),
        ("docs/completions/firepush.bash", "bash-completion/completions/firepush"),
        ("docs/completions/_firepush", "zsh/site-functions/_firepush"),
        ("docs/completions/firepush.fish", "fish/vendor_completions.d/firepush.fish"),
    ] {
        copy(&Path::new(ROOT).join(from), &stage.join("usr/share").join(to)).expect("a copy");
    }
    let binary = stage.join("usr/bin/firepush");
    copy(Path::new(env!("CARGO_BIN_EXE_firepush")), &binary).expect("a copy");
    succeeds(Command::new("strip").arg(&binary));
}

fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    fs::create_dir_all(to.parent().expect("a folder"))?;
    fs::copy(from, to)
}

/// Runs it; what it printed.
#[track_caller]
pub fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
