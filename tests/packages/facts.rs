//! What the repository says of itself, and the tools that read its recipes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Not for those who build an image: the alias of another, and panics on demand.
const NOT_FOR_USERS: [&str; 3] = ["capi-fault", "default", "idna"];

pub struct Locked {
    pub name: String,
    pub version: String,
    pub checksum: Option<String>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

pub fn lock() -> Vec<Locked> {
    let lock = read("Cargo.lock");
    let field = |entry: &str, name: &str| {
        let start = format!("{name} = ");
        entry.lines().find_map(|line| Some(line.strip_prefix(&start)?.trim_matches('"').to_owned()))
    };
    let locked = |entry: &str| Locked {
        name: field(entry, "name").expect("a name"),
        version: field(entry, "version").expect("a version"),
        checksum: field(entry, "checksum"),
    };
    lock.split("[[package]]").skip(1).map(locked).collect()
}

/// The features that a recipe has an option for.
pub fn features() -> BTreeSet<String> {
    let metadata = printed(cargo().args(["metadata", "--offline", "--locked", "--no-deps", "--format-version", "1"]));
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let features = metadata["packages"][0]["features"].as_object().expect("features").keys().cloned();
    features.filter(|name| !NOT_FOR_USERS.contains(&name.as_str())).collect()
}

pub fn default_features() -> BTreeSet<String> {
    let metadata = printed(cargo().args(["metadata", "--offline", "--locked", "--no-deps", "--format-version", "1"]));
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let names = metadata["packages"][0]["features"]["default"].as_array().expect("a list").iter();
    names.map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// The archive that crates.io would get, unpacked, and where it lies packed.
pub fn published() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut package = cargo();
    package.args(["package", "--offline", "--locked", "--no-verify", "--allow-dirty", "--quiet", "--target-dir"]);
    succeeds(package.arg(folder.path()));
    let name = format!("firepush-{}", version());
    let archive = folder.path().join("package").join(format!("{name}.crate"));
    succeeds(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder.path()));
    let unpacked = folder.path().join(name);
    (folder, unpacked, archive)
}

pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root());
    cargo
}

/// The program of `examples/inventory`; cargo builds it for a whole test run, but not for a part of it.
pub fn inventory(words: &[&str]) -> Command {
    succeeds(cargo().args(["build", "--locked", "--quiet", "--example", "inventory"]));
    let folder = Path::new(env!("CARGO_BIN_EXE_firepush")).with_file_name("examples");
    let mut command = Command::new(folder.join("inventory"));
    command.current_dir(root()).args(words);
    command
}

/// A Python with the tools of `tests/setup.sh`, and without a network: a linter of them looks whether pages are there.
pub fn python() -> Command {
    let mut command = Command::new("unshare");
    command.args(["-rn", "--"]).arg(root().join("target/venv-recipes/bin/python"));
    command
}

pub fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

pub fn printed(command: &mut Command) -> String {
    String::from_utf8(succeeds(command).stdout).expect("text")
}
