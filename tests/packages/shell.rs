//! Every script of the repository: clean for shellcheck, and a BusyBox ash can read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chroot::{ended, repository};

/// Names of scripts that are sourced or run by their system's own interpreter, with or without a `#!`.
const SOURCED: [&str; 8] = ["sh", "init", "iface", "ntp", "defaults", "preinst", "postinst", "postrm"];

/// All files of the repository but what builds leave.
fn all_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap_or_default();
            if entry.is_dir() && !entry.is_symlink() && name != "target" && name != ".git" && name != "dist" {
                folders.push(entry);
            } else if entry.is_file() {
                found.push(entry);
            }
        }
    }
    found
}

/// By its first line; in board/ by its name or its mode too.
fn is_script(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap();
    let first = String::from_utf8_lossy(bytes.split(|b| *b == b'\n').next().unwrap_or_default()).into_owned();
    if let Some(interpreter) = first.strip_prefix("#!") {
        return interpreter.split(['/', ' ']).any(|word| matches!(word, "sh" | "ash" | "dash" | "bash"));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = name.rsplit('.').next().unwrap_or_default();
    let is_program = path.metadata().unwrap().permissions().mode() & 0o111 != 0;
    path.starts_with(repository("board")) && (SOURCED.contains(&ending) || is_program)
}

fn scripts() -> Vec<PathBuf> {
    let scripts: Vec<_> = all_files().into_iter().filter(|path| is_script(path)).collect();
    for known in [".ci/run", "tests/setup.sh", "board/openfire/accounts.sh", "board/openwrt/files/firepush.init"] {
        assert!(scripts.contains(&repository(known)), "{known} was not found");
    }
    scripts
}

#[test]
fn shellcheck_has_nothing_to_say() {
    let exit = ended(Command::new("shellcheck").arg("--").args(scripts()));
    assert_eq!(exit.code, 0, "{}{}", exit.stdout.join("\n"), exit.stderr);
}

#[test]
fn a_busybox_ash_can_read_them() {
    for script in scripts() {
        let exit = ended(Command::new("busybox").args(["ash", "-n"]).arg(&script));
        assert!(exit.code == 0 && exit.stderr.is_empty(), "{}: {}", script.display(), exit.stderr);
    }
}

#[test]
fn a_bad_script_is_noticed() {
    let folder = crate::support::files::folder();
    let script = folder.path().join("bad.sh");
    fs::write(&script, "#!/bin/sh\nif true; then rm -r $1\n").unwrap();
    assert!(is_script(&script));
    assert_ne!(ended(Command::new("shellcheck").arg(&script)).code, 0);
    assert_ne!(ended(Command::new("busybox").args(["ash", "-n"]).arg(&script)).code, 0);
}
