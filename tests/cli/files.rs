//! Files that are named, and what is said about them.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::command::{Plain, firepush};
use crate::openfire::Openfire;
use crate::openfire::options::Options;
use crate::openfire::puppet::{Answer, Manners, Puppet};
use crate::{OPS, complains, folder, good, password_file, some_log, with};

#[test]
fn a_file_that_is_missing_is_66_and_one_that_is_none_65() {
    let folder = folder();
    let fifo = folder.path().join("fifo");
    let name = CString::new(fifo.as_os_str().as_bytes()).expect("no NUL");
    // SAFETY: the pointer is that of a live string that ends with NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let (fifo, dir) = (fifo.to_str().expect("UTF-8").to_owned(), folder.path().to_str().expect("UTF-8").to_owned());
    for (file, code) in [("/nowhere/x", 66), ("", 66), (&dir, 65), (&fifo, 65), ("/dev/null", 65), ("/dev/zero", 65)] {
        complains(firepush(good(folder.path()).iter().map(String::as_str).chain([file])), code, &[file]);
    }
}

#[test]
fn row_36_a_password_file_that_is_not_safe_or_not_right_is_78() {
    let folder = folder();
    let words: Vec<_> = good(folder.path()).into_iter().chain([some_log(folder.path())]).collect();
    for mode in [0o644, 0o640, 0o604, 0o622] {
        let file = password_file(folder.path(), b"secret\n", mode);
        complains(firepush(&words), 78, &[&format!("chmod 600 {}", file.display())]);
    }
    for (content, part) in [
        (&b""[..], "is empty"),
        (b"\n", "is empty"),
        (b"a\0b", "NUL"),
        (b"a\nb\n", "more than one line"),
        (b"\xff\xfe", "UTF-8"),
        (&[b'x'; 5000], "4096"),
    ] {
        password_file(folder.path(), content, 0o600);
        complains(firepush(&words), 78, &[part]);
    }
    let file = folder.path().join("password");
    fs::rename(&file, folder.path().join("other")).expect("rename");
    complains(firepush(&words), 78, &["password"]);
    std::os::unix::fs::symlink("other", &file).expect("a link");
    complains(firepush(&words), 78, &["symbolic link"]);
    fs::remove_file(&file).and_then(|()| fs::create_dir(&file)).expect("a folder");
    complains(firepush(&words), 78, &["password"]);
}

#[test]
fn a_ca_file_that_is_missing_or_garbage_is_78() {
    let folder = folder();
    let garbage = folder.path().join("garbage.pem");
    let garbage = garbage.to_str().expect("UTF-8");
    complains(with(&["--ca-file", garbage]), 78, &[garbage]);
    for content in ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(garbage, content).expect("write");
        complains(with(&["--ca-file", garbage]), 78, &[garbage]);
    }
}

/// A server, and the words that log in to it.
fn server(manners: Manners) -> (Openfire, Puppet, Plain) {
    let server = Openfire::start(Options::default());
    let ops = server.spark(manners);
    let plain = Plain::new("send").args(server.device().words()).args(["--to", OPS]);
    (server, ops, plain)
}

#[test]
fn a_line_end_behind_the_password_does_no_harm() {
    for end in ["", "\n", "\r\n"] {
        let (server, ops, plain) = server(Manners::ibb());
        let folder = folder();
        let file = password_file(folder.path(), (server.password("device").to_owned() + end).as_bytes(), 0o600);
        plain.args(["--password-file".as_ref(), file.as_os_str()]).args([some_log(folder.path())]).end().expect(0);
        assert_eq!(ops.received(1)[0].bytes, b"a line\n");
    }
}

#[test]
fn send_says_nothing_on_success() {
    let (_server, _ops, plain) = server(Manners::ibb());
    let exit = plain.args([some_log(folder().path())]).end();
    drop(exit);
    let (_server, _ops, plain) = server(Manners::ibb());
    let folder = folder();
    let exit = plain.args([some_log(folder.path())]).end().expect(0);
    assert_eq!((exit.stdout, exit.stderr), (Vec::new(), String::new()));
}

#[test]
fn rule_38_an_empty_file_is_skipped_and_that_is_said_at_v() {
    let folder = folder();
    let empty = folder.path().join("empty.log");
    fs::write(&empty, "").expect("write");
    let (server_, _ops, plain) = server(Manners::ibb());
    let exit = plain.args([&empty]).end().expect(0);
    assert_eq!((exit.stdout, exit.stderr), (Vec::new(), String::new()));
    assert!(!server_.happened("accept"), "nothing to log in for");
    let (_server, _ops, plain) = server(Manners::ibb());
    let exit = plain.args(["-v"]).args([&empty]).end().expect(0);
    assert!(exit.stderr.contains("empty.log") && exit.stderr.contains("--empty send"), "{}", exit.stderr);
    let (_server, ops, plain) = server(Manners::ibb());
    plain.args(["--empty", "send"]).args([&empty]).end().expect(0);
    let received = ops.received(1);
    assert_eq!((received[0].size, received[0].bytes.len()), (0, 0));
}

#[test]
fn one_bad_file_does_not_keep_the_others_from_being_sent() {
    let folder = folder();
    let (_server, ops, plain) = server(Manners::ibb());
    let (good, other) = (some_log(folder.path()), folder.path().join("other.log"));
    fs::write(&other, "other\n").expect("write");
    let exit = plain.args(["--json", "/nowhere/x", &good, "/dev/null"]).args([&other]).end().expect(66);
    assert_eq!((exit.events("sent").len(), exit.events("failed").len()), (2, 2));
    let names: Vec<_> = ops.received(2).into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["some.log", "other.log"]);
    assert_eq!(exit.stderr.lines().count(), 2, "{}", exit.stderr);
}

#[test]
fn output_that_can_not_be_written_is_73_and_who_reads_only_the_beginning_is_no_fault() {
    let spool = folder();
    for verb in ["config", "status", "help"] {
        let words = if verb == "help" { String::new() } else { format!("--spool {}/none", spool.path().display()) };
        let shell = |to: &str| {
            let line = format!("{} {verb} {words} {to}", env!("CARGO_BIN_EXE_firepush"));
            std::process::Command::new("bash").args(["-o", "pipefail", "-c", &line]).output().unwrap()
        };
        let full = shell("> /dev/full");
        assert_eq!(full.status.code(), Some(73), "{verb}: {full:?}");
        assert!(String::from_utf8_lossy(&full.stderr).contains("standard output"), "{full:?}");
        assert!(shell("| true").status.success(), "{verb}");
    }
}

#[test]
fn json_is_json_whatever_the_file_is_called() {
    let folder = folder();
    let file = folder.path().join("a\"b\\c\n\u{1b}\u{7f}\u{2028}é😀.log");
    fs::write(&file, "x").expect("write");
    let (_server, _ops, plain) = server(Manners::ibb());
    let exit = plain.args(["--json"]).args([&file]).end().expect(0);
    assert_eq!(exit.stdout.len(), 1, "one line an event");
    let sent = &exit.events("sent")[0];
    assert_eq!((sent["size"].as_u64(), sent["tier"].as_str()), (Some(1), Some("acked")));
    assert_eq!((sent["method"].as_str(), sent["encrypted"].as_bool()), (Some("ibb"), Some(true)));
    let (_server, _ops, plain) = server(Manners::answer(Answer::Refuse("forbidden")));
    let exit = plain.args(["--json"]).args([&file]).end().expect(69);
    let failed = &exit.events("failed")[0];
    assert_eq!((failed["kind"].as_str(), failed["code"].as_u64()), (Some("declined"), Some(69)));
    assert_eq!(failed["name"].as_str(), file.file_name().and_then(|name| name.to_str()));
    let message = failed["message"].as_str().expect("a message");
    assert!(exit.complaint().ends_with(message), "both say the same: {message}");
}

#[test]
fn quiet_says_errors_only_and_verbose_more_with_each_v() {
    let folder = folder();
    let file = some_log(folder.path());
    let mut lines = Vec::new();
    for words in [&["-q"][..], &[], &["-v"], &["-vv"], &["-vvv"]] {
        let (_server, _ops, plain) = server(Manners::ibb());
        lines.push(plain.args(words).args([&file]).end().expect(0).stderr.lines().count());
    }
    assert_eq!(lines[..2], [0, 0]);
    assert!(lines.windows(2).all(|pair| pair[0] <= pair[1]) && lines[2] > 0 && lines[4] > lines[2], "{lines:?}");
    complains(with(&["-q"]), 75, &["127.0.0.1:1"]);
}
