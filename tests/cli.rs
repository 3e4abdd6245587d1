//! The command line, as in a shell session: words in; exit code, standard output, standard error and files out.

#[path = "cli/arguments.rs"]
mod arguments;
#[path = "support/command.rs"]
mod command;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/files.rs"]
mod files;
#[path = "support/openfire/mod.rs"]
mod openfire;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use command::firepush;
use support::process::Exit;
use tempfile::TempDir;

const OPS: &str = "ops@example.test/Spark";

/// Words that would do, but for the server: nothing listens there.
fn good(folder: &Path) -> Vec<String> {
    let password = password_file(folder, b"secret\n", 0o600);
    let words = ["send", "--jid", "device@example.test", "--server", "127.0.0.1:1", "--to", OPS, "--password-file"];
    words.into_iter().map(str::to_owned).chain([password.to_str().expect("UTF-8").to_owned()]).collect()
}

fn password_file(folder: &Path, content: &[u8], mode: u32) -> PathBuf {
    let file = folder.join("password");
    fs::write(&file, content).expect("write");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("chmod");
    file
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn some_log(folder: &Path) -> String {
    let file = folder.join("some.log");
    fs::write(&file, "a line\n").expect("write");
    file.to_str().expect("UTF-8").to_owned()
}

#[track_caller]
fn complains(exit: Exit, code: i32, parts: &[&str]) {
    let exit = exit.expect(code);
    assert_eq!(exit.stdout, Vec::<String>::new(), "nothing belongs on standard output");
    for part in parts {
        assert!(exit.complaint().contains(part), "{part:?} is missing: {}", exit.complaint());
    }
}

/// The good words with these behind them, and a file.
fn with(words: &[&str]) -> Exit {
    let folder = folder();
    firepush(
        good(folder.path())
            .into_iter()
            .chain(words.iter().map(|word| (*word).to_owned()))
            .chain([some_log(folder.path())]),
    )
}
