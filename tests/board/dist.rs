//! `make dist`: what is in an archive, and that its bytes follow from the sources only.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::files;
use crate::{cross, output, run, set_up};

const NAME: &str = concat!("firepush-", env!("CARGO_PKG_VERSION"), "-armv7-musl");
const FILES: [&str; 7] =
    ["LICENSES", "SHA256SUMS", "firepush", "firepush.1", "firepush.conf.5", "firepush.conf.example", "sbom.cdx.json"];
/// What else is in the binary than crates that the package asks for.
const BENEATH: [&str; 8] =
    ["rust-std", "musl", "zig-compiler-rt", "llvm-libunwind", "gimli", "hashbrown", "libc", "rustc-demangle"];

#[test]
#[ignore = "two builds: `make check-full`"]
fn an_archive_holds_all_that_it_should_and_is_the_same_from_another_folder_and_day() {
    set_up();
    let folder = files::folder();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let one = folder.path().join("one");
    let mut dist = cross("dist.sh");
    output(dist.arg(&one).arg("armv7-musl").envs(build_in(&folder.path().join("build"))));
    holds_what_it_should(&one);
    leaves_no_half_of_one(folder.path());

    let two = folder.path().join("two");
    let mut dist = elsewhere(here, &folder.path().join("some/where"));
    output(dist.arg(&two).arg("armv7-musl").envs(build_in(&folder.path().join("other"))));
    files::assert_same(&one.join(format!("{NAME}.tar.gz")), &two.join(format!("{NAME}.tar.gz")));
}

/// When tar fails, as on a full disk; the build is there already.
fn leaves_no_half_of_one(folder: &Path) {
    let (programs, out) = (folder.join("full"), folder.join("none"));
    fs::create_dir(&programs).expect("a folder");
    script(&programs.join("tar"), "PATH=${PATH#*:} tar \"$@\"; exit 2");
    let mut dist = cross("dist.sh");
    dist.arg(&out).arg("armv7-musl").envs(build_in(&folder.join("build"))).env("PATH", before_path(&programs));
    let Output { status, stderr, .. } = run(&mut dist);
    assert_eq!(status.code(), Some(2), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(fs::read_dir(&out).expect("a folder").count(), 0);
}

fn build_in(target: &Path) -> [(&'static str, &OsStr); 2] {
    [("CARGO_TARGET_DIR", target.as_os_str()), ("FIREPUSH_STD", "full".as_ref())]
}

/// The same sources with other times in another folder, on another continent, for nobody else to read, packed on another
/// day; cargo and the toolchain are found elsewhere too, and the environment has wishes.
fn elsewhere(here: &Path, folder: &Path) -> Command {
    let (copy, home, toolchain) = (folder.join("copy"), folder.join("home"), folder.join("toolchain"));
    let copying = "mkdir -p \"$2\" \"$3\" && cd \"$1\" && tar -c --exclude=./target --exclude=./.git --exclude=./dist . \
        | tar -xmC \"$2\" && find \"$2\" -exec touch -hd 2020-01-02 {} +";
    output(Command::new("sh").args(["-c", copying, "sh"]).args([here, &copy, &home]));
    for part in ["registry", "config.toml"].iter().filter(|part| cargo_home().join(part).exists()) {
        symlink(cargo_home().join(part), home.join(part)).expect("a link");
    }
    symlink(toolchain_folder(), &toolchain).expect("a link");
    let mut command = Command::new("sh");
    command.args(["-c", "umask 077 && exec \"$0\" \"$@\""]).arg(copy.join("board/cross/dist.sh"));
    command.env("TZ", "Asia/Tokyo").env("LC_ALL", "C.UTF-8").env("PATH", later(folder));
    command.env("CARGO_HOME", home).env("FIREPUSH_CROSS", toolchain);
    command.env("CFLAGS", "-O0").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3").env("TAR_OPTIONS", "--exclude=LICENSES");
    command
}

/// A PATH whose packers live 40 days ahead; rustup's rustc doesn't start there.
fn later(folder: &Path) -> OsString {
    let programs = folder.join("later");
    fs::create_dir(&programs).expect("a folder");
    for name in ["date", "gzip", "install", "sha256sum", "tar"] {
        script(&programs.join(name), &format!("PATH=${{PATH#*:}} exec faketime -f +40d {name} \"$@\""));
    }
    before_path(&programs)
}

pub fn before_path(programs: &Path) -> OsString {
    let path = std::env::var_os("PATH").expect("PATH");
    std::env::join_paths([programs.to_owned()].into_iter().chain(std::env::split_paths(&path))).expect("a PATH")
}

pub fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a program");
}

fn cargo_home() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").expect("HOME")).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

fn toolchain_folder() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cross");
    std::env::var_os("FIREPUSH_CROSS").map_or_else(usual, PathBuf::from)
}

fn holds_what_it_should(out: &Path) {
    let archive = format!("{NAME}.tar.gz");
    output(Command::new("sha256sum").args(["-c", &format!("{archive}.sha256")]).current_dir(out));
    let listed = output(Command::new("tar").args(["-tzf", &archive]).current_dir(out));
    let names: Vec<_> = listed.lines().map(|line| line.strip_prefix(&format!("{NAME}/")).expect(line)).collect();
    assert_eq!(names, [&[""], &FILES[..]].concat());
    output(Command::new("tar").args(["-xzf", &archive]).current_dir(out));
    let inside = out.join(NAME);
    let sums = output(Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&inside));
    assert_eq!(sums.matches(": OK\n").count(), FILES.len() - 1, "{sums}");
    let said = output(Command::new("qemu-arm").arg(inside.join("firepush")).arg("--version"));
    assert_eq!(said, concat!("firepush ", env!("CARGO_PKG_VERSION"), "\n"));
    names_no_folder(&inside.join("firepush"));
    names_all_that_is_inside(&inside);
}

fn names_no_folder(binary: &Path) {
    let bytes = fs::read(binary).expect("the binary");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("core-0.0.0/src/"), "paths are found as they are in it");
    let folders = [Path::new(env!("CARGO_MANIFEST_DIR")), &cargo_home(), &toolchain_folder()];
    for folder in folders.map(|folder| format!("{}/", folder.display())).iter().map(String::as_str).chain(["sysroot/"])
    {
        assert!(!text.contains(folder), "{folder}");
    }
}

fn names_all_that_is_inside(folder: &Path) {
    let bom: Value = serde_json::from_slice(&fs::read(folder.join("sbom.cdx.json")).expect("a bill")).expect("JSON");
    let licences = fs::read_to_string(folder.join("LICENSES")).expect("the licences");
    let components = bom["components"].as_array().expect("a list").iter().filter(|item| item["scope"] == "required");
    let mut names = BTreeSet::new();
    for item in components {
        let (name, version) = (item["name"].as_str().expect("a name"), item["version"].as_str().expect("a version"));
        assert!(licences.contains(&format!("\n{name} {version}: ")), "{name} {version}");
        names.insert((name, version));
    }
    for name in BENEATH.iter().chain(&["ring", "rustls", "webpki-roots"]) {
        assert!(names.iter().any(|(known, _)| known == name), "{name} in {names:?}");
    }
    let mut rustc = cross("tools/rustc");
    let said = output(rustc.arg("-vV").env("FIREPUSH_CROSS", toolchain_folder()));
    let release = said.lines().find_map(|line| line.strip_prefix("release: ")).expect("a release");
    assert!(names.contains(&("rust-std", release)), "{release} is what built it: {names:?}");
    for text in ["Rich Felker", "Zig contributors", "LLVM Exceptions", "Amanieu d'Antras"] {
        assert!(licences.contains(text), "{text}");
    }
}
