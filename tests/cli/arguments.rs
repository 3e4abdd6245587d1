//! Words that are understood, and words that are not.

use crate::command::firepush;
use crate::{complains, folder, good, some_log, with};

#[test]
fn firepush_alone_prints_a_short_usage() {
    let exit = firepush::<&str>([]).expect(64);
    assert!(exit.stderr.contains("firepush send") && exit.stderr.contains("firepush receive"), "{}", exit.stderr);
    assert!(exit.stderr.lines().count() < 15, "{}", exit.stderr);
    assert!(exit.stdout.is_empty());
}

#[test]
fn help_is_printed_on_standard_output() {
    for words in [&["help"][..], &["--help"], &["-h"]] {
        let exit = firepush(words).expect(0);
        assert!(exit.stdout.join("\n").contains("Exit codes") && exit.stderr.is_empty());
    }
    for (verb, option) in [("send", "--reoffer"), ("receive", "--count")] {
        let help = firepush(["help", verb]).expect(0).stdout;
        assert_eq!(help, firepush([verb, "--help"]).expect(0).stdout);
        assert_eq!(help, firepush([verb, "--jid", "a@b", "-h"]).expect(0).stdout);
        for option in [option, "--jid", "--password-file", "--wait-answer", "--timeout"] {
            assert!(help.iter().any(|line| line.contains(option)), "{option} is missing");
        }
    }
    assert!(!firepush(["help", "send"]).stdout.iter().any(|line| line.contains("--count")));
}

#[test]
fn the_version_is_that_of_the_package() {
    for words in [&["--version"][..], &["-V"], &["send", "--version"]] {
        assert_eq!(firepush(words).expect(0).stdout, [format!("firepush {}", env!("CARGO_PKG_VERSION"))]);
    }
}

#[test]
fn an_unknown_word_is_64_and_names_what_there_is() {
    complains(firepush(["sned"]), 64, &["sned", "send"]);
    complains(firepush(["help", "sned"]), 64, &["sned"]);
    complains(firepush(["--jid", "a@b", "send"]), 64, &["command"]);
    complains(with(&["-x"]), 64, &["-x"]);
    complains(with(&["--paswd-file=x"]), 64, &["--paswd-file"]);
}

#[test]
fn an_unknown_option_names_the_nearest() {
    for (word, nearest) in
        [("--pasword-file", "--password-file"), ("--timout", "--timeout"), ("--wait-bnd", "--wait-bind")]
    {
        complains(with(&[word, "1"]), 64, &[word, nearest]);
    }
    complains(with(&["--count", "1"]), 64, &["--count", "send"]);
    complains(with(&["--password_file", "x"]), 64, &["--password_file", "--password-file"]);
}

#[test]
fn a_value_may_stand_behind_an_equals_sign() {
    complains(with(&["--method=ftp"]), 64, &["--method", "ftp"]);
    complains(with(&["--wait-connect=50ms"]), 75, &["127.0.0.1:1"]);
    complains(with(&["--server=127.0.0.2:1"]), 75, &["127.0.0.2:1"]);
    complains(with(&["--direct-tls=maybe"]), 64, &["--direct-tls", "maybe"]);
    complains(with(&["--direct-tls=no"]), 75, &["127.0.0.1:1"]);
}

#[test]
fn the_last_of_a_repeated_option_wins() {
    complains(with(&["--server", "127.0.0.2:1", "--server", "127.0.0.3:1"]), 75, &["127.0.0.3:1"]);
    complains(with(&["--direct-tls", "--direct-tls=no", "--server", "127.0.0.3:1"]), 75, &["127.0.0.3:1"]);
}

#[test]
fn what_stands_behind_two_dashes_is_a_file() {
    let folder = folder();
    let words = good(folder.path()).into_iter().chain(["--".to_owned(), "--method".to_owned()]);
    complains(firepush(words), 66, &["--method"]);
}

#[test]
fn what_is_missing_is_named() {
    let folder = folder();
    let good = good(folder.path());
    for (option, named) in [("--jid", "--jid"), ("--to", "--to"), ("--password-file", "--password-file")] {
        let at = good.iter().position(|word| word == option).expect("one of them");
        let words = [&good[..at], &good[at + 2..], &[some_log(folder.path())]].concat();
        complains(firepush(words), 64, &[named, "missing"]);
    }
    complains(firepush(&good), 64, &["FILE", "missing"]);
    let receive = ["receive", "--jid", "a@b", "--password-file", "x"];
    complains(firepush(receive), 64, &["--dir"]);
    complains(firepush([&receive[..], &["--dir", "."]].concat()), 64, &["--from"]);
    complains(firepush([&receive[..], &["--dir", ".", "--from", "@b", "file"]].concat()), 64, &["file"]);
    complains(with(&["--method"]), 64, &["--method"]);
}

#[test]
fn a_bad_value_is_64_and_says_what_is_expected() {
    for (option, value, expected) in [
        ("--jid", "a b@c", "a b"),
        ("--jid", "@", "@"),
        ("--to", "", "--to"),
        ("--method", "ftp", "auto, socks5, ibb"),
        ("--empty", "maybe", "send"),
        ("--answer", "10m", "595"),
        ("--answer", "soon", "30s"),
        ("--timeout", "-1", "30s"),
        ("--wait-tls", "1.5", "30s"),
        ("--pin", "sha256:12", "64"),
        ("--pin", "sha1:00", "sha256:HEX"),
        ("--server", "host:99999", "99999"),
        ("--proxy", "a@", "--proxy"),
    ] {
        complains(with(&[option, value]), 64, &[option, expected]);
    }
    complains(with(&["--name", "x", "other"]), 64, &["--name"]);
}
