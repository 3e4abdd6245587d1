//! The manual pages and the completions of shells: made from the tables, clean, and at work in real shells.

#[path = "../examples/manual/c.rs"]
mod c;
#[path = "../examples/manual/completions.rs"]
mod completions;
#[path = "../examples/manual/pages.rs"]
mod pages;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_is_checked_in_is_what_the_tables_make() {
    for (name, made) in pages::all().into_iter().chain(completions::all()).chain(c::all()) {
        let there = fs::read_to_string(docs(name)).unwrap_or_default();
        assert!(there == made, "docs/{name} is stale: run `make manual`");
    }
}

#[test]
fn every_setting_command_and_kind_of_error_is_in_the_pages() {
    let all: String = pages::all().into_iter().map(|(_, page)| page.replace("\\-", "-")).collect();
    for row in firepush::settings::rows() {
        assert!(all.contains(&format!(".It Fl -{}", row.name.replace('_', "-"))), "{}", row.name);
    }
    for kind in firepush::error::Kind::ALL {
        assert!(all.contains(&format!("It {} Ta {} Ta", kind.exit_code(), kind.name())), "{kind:?}");
    }
    assert!(firepush::settings::Verb::ALL.iter().all(|verb| all.contains(&format!(".It Cm {}", verb.name()))));
}

/// That the pages know each other where they are not installed, nobody can tell.
#[test]
fn the_pages_are_clean_and_can_be_read() {
    for name in ["firepush.1", "firepush.conf.5"] {
        let lint = Command::new("mandoc").arg("-Tlint").arg(docs(name)).output().expect("mandoc");
        let said: Vec<_> = text(&lint.stdout).lines().map(str::to_owned).collect();
        let said: Vec<_> = said.iter().filter(|line| !line.contains("referenced manual not found")).collect();
        assert!(said.is_empty(), "{said:#?}");
        let page = Command::new("man").args(["--warnings", "-P", "cat"]).arg(docs(name)).env("MANWIDTH", "80").output();
        let Output { status, stdout, stderr } = page.expect("man");
        assert!(status.success() && stderr.is_empty(), "{}", text(&stderr));
        let shown = text(&stdout);
        assert!(shown.contains("DESCRIPTION") && shown.contains("ops@example.org"), "{shown}");
        let raw = shown.lines().find(|line| line.starts_with('.') || line.contains("\\-"));
        assert_eq!(raw, None, "nothing of the source shows");
    }
}

/// A `firepush` on the path that knows one job.
fn path() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let conf = folder.path().join("conf");
    fs::write(&conf, "jid = a@b\n[messages]\nfiles = /a\nto = c@d\n").expect("a file");
    let program = folder.path().join("firepush");
    let script = format!("#!/bin/sh\nexec {} \"$@\" --config {}\n", env!("CARGO_BIN_EXE_firepush"), conf.display());
    fs::write(&program, script).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    (folder, path)
}

/// What a shell offers behind these words, the last of which is begun.
fn offered(shell: &str, words: &[&str]) -> Vec<String> {
    let (_folder, path) = path();
    let line = words.join(" ");
    let mut command = match shell {
        "bash" => {
            let script = "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _firepush; printf '%s\\n' \"${COMPREPLY[@]}\"";
            let mut bash = Command::new("bash");
            bash.args(["-c", script]).arg(docs("completions/firepush.bash")).args(words);
            bash
        }
        "zsh" => {
            let script = "compadd() { shift; for word in \"$@\"; do [[ $word == ${words[CURRENT]}* ]] && print -r -- $word; done; true }; \
                          _files() { }; file=$1; shift; words=(\"$@\"); CURRENT=$#; source $file";
            let mut zsh = Command::new("zsh");
            zsh.args(["-f", "-c", script, "zsh"]).arg(docs("completions/_firepush")).args(words);
            zsh
        }
        _ => {
            let mut fish = Command::new("fish");
            fish.args(["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", "--"]);
            fish.arg(docs("completions/firepush.fish")).arg(line);
            fish
        }
    };
    let Output { stdout, stderr, .. } = command.env("PATH", path).env("HOME", "/nonexistent").output().expect(shell);
    let first = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
    let lines: Vec<_> = text(&stdout).lines().map(first).collect();
    assert!(!lines.is_empty(), "{shell} {words:?}: {}", text(&stderr));
    lines
}

#[test]
fn shells_complete_commands_options_values_and_jobs() {
    for shell in ["bash", "zsh", "fish"] {
        for (words, wanted) in [
            (&["firepush", "rec"][..], "receive"),
            (&["firepush", "send", "--pass"], "--password-file"),
            (&["firepush", "run", "--dry"], "--dry-run"),
            (&["firepush", "send", "--min-auth", "scram-p"], "scram-plus"),
            (&["firepush", "run", "mes"], "messages"),
        ] {
            let found = offered(shell, words);
            assert!(found.iter().any(|word| word == wanted), "{shell} {words:?}: {found:?}");
            let begun = words.last().expect("a word");
            assert!(found.iter().all(|word| word.starts_with(begun)), "{shell} {words:?}: {found:?}");
        }
    }
}
