//! Configuration files: what is in force, where it came from, and what is wrong with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::command::firepush;
use crate::support::process::Exit;
use crate::{complains, folder};

/// A folder with a configuration file.
struct Device(TempDir);

impl Device {
    fn new(text: &str) -> Device {
        let device = Device(folder());
        device.write("conf", text);
        device
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o644)).unwrap();
    }

    fn firepush(&self, verb: &str, more: &[&str]) -> Exit {
        let conf = self.path("conf").display().to_string();
        firepush([&[verb, "--config", &conf], more].concat())
    }

    /// The line of `firepush config` for a key, in front of the jobs or in one.
    fn line(&self, key: &str, more: &[&str]) -> String {
        let lines = self.firepush("config", more).expect(0).stdout;
        let found = lines.iter().rev().find(|line| line.starts_with(&format!("{key} = ")));
        found.unwrap_or_else(|| panic!("{key}: {lines:?}")).clone()
    }
}

const JOB: &str =
    "jid = dev@example.org\npassword_file = /etc/password\n[logs]\nfiles = /log/*\nto = ops@example.org\n";

#[test]
fn config_shows_what_is_in_force_and_where_it_came_from() {
    let device = Device::new("spool_size = 8M # small\nannounce = \"a # b\"\n[logs]\nfiles = /a, /b\nto = a@x\n");
    assert_eq!(device.line("spool_size", &[]), format!("spool_size = 8M  # {}:1", device.path("conf").display()));
    assert!(device.line("announce", &[]).starts_with("announce = \"a # b\""));
    assert_eq!(device.line("spool_size", &["--spool-size=9M"]), "spool_size = 9M  # command line");
    let lines = device.firepush("config", &[]).expect(0).stdout;
    assert!(
        lines.contains(&"[logs]".to_owned()) && lines.contains(&"# retry_cap = 1h (default)".to_owned()),
        "{lines:?}"
    );
    device.write("again", lines.join("\n"));
    let again = device.path("again").display().to_string();
    let bare =
        |lines: Vec<String>| lines.iter().map(|line| line.split("  # ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(bare(firepush(["config", "--config", &again]).expect(0).stdout), bare(lines));
}

#[test]
fn later_files_win_and_the_command_line_wins_over_all_even_in_a_job() {
    let device = Device::new("answer = 1m\n[logs]\nfiles = /a\nto = a@x\nmin_age = 5m\n");
    device.write("more", "answer = 2m\n");
    let more = device.path("more").display().to_string();
    assert!(device.line("answer", &["--config", &more]).starts_with("answer = 2m"));
    assert!(device.line("answer", &["--config", &more, "--answer", "3m"]).starts_with("answer = 3m"));
    let shown =
        device.firepush("run", &["--dry-run", "--jid", "a@b", "--password-file", "/p", "--min-age", "nonsense"]);
    complains(shown, 64, &["--min-age", "nonsense"]);
}

#[test]
fn other_files_are_included_relative_to_the_one_that_includes_them() {
    let device = Device::new("include = identity\ninclude? = missing\n[logs]\nfiles = /a\nto = a@x\n");
    device.write("identity", "jid = dev7@example.org\n");
    let origin = format!("# {}:1", device.path("identity").display());
    assert_eq!(device.line("jid", &[]), format!("jid = dev7@example.org  {origin}"));
    device.write("conf", "\ninclude = missing\n");
    complains(device.firepush("config", &[]), 78, &["conf:2", "missing", "doesn't exist"]);
    device.write("conf", "include = conf\n");
    complains(device.firepush("config", &[]), 78, &["too deep"]);
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_file_line_and_what_was_meant() {
    for (text, parts) in [
        ("fiels = /a\n", &["conf:1", "fiels", "did you mean files?"][..]),
        ("jid = a@b\njid = c@d\n", &["conf:2", "jid is set twice", "conf:1"]),
        ("\nanswer = soon\n", &["conf:2", "answer", "soon"]),
        ("answer = 10m\n", &["conf:1", "595 s"]),
        ("[logs]\nspool = /x\n", &["conf:2", "spool", "not for a single job"]),
        ("now = yes\n", &["conf:1", "now", "command line"]),
        ("spool-size = 1M\n", &["conf:1", "spool-size", "did you mean spool_size?"]),
        ("password = secret\n", &["conf:1", "password", "did you mean password_file?"]),
        ("nonsense\n", &["conf:1", "key = value"]),
        ("[logs\n", &["conf:1", "]"]),
        ("files = messages\n", &["conf:1", "files", "absolute"]),
        ("output_of = logread\n", &["conf:1", "output_of", "absolute"]),
        ("after = remove\n", &["conf:1", "keep, delete, move:"]),
        ("name = {usr}\n", &["conf:1", "name", "{user}"]),
        ("require_encryption = true\n", &["conf:1", "neither yes nor no"]),
    ] {
        let exit = Device::new(text).firepush("config", &[]);
        assert!(!exit.stderr.contains("secret"), "{}", exit.stderr);
        complains(exit, 78, parts);
    }
    for (text, parts) in [
        ("[logs]\nto = a@x\n", &["conf:2", "[logs]", "files ="][..]),
        ("[logs]\nfiles = /a\n", &["conf:2", "[logs]", "to ="]),
        ("[logs]\nfiles = /a\nto = a@x\nmethod = socks5\nrequire_encryption = yes\n", &["[logs]", "socks5", "in-band"]),
    ] {
        complains(Device::new(text).firepush("run", &[]), 78, parts);
    }
}

#[test]
fn what_is_no_configuration_is_refused_in_one_line() {
    let device = Device::new("");
    device.write("conf", "a = b\n".repeat(200_000));
    complains(device.firepush("config", &[]), 78, &["conf", "longer than 256 KiB"]);
    device.write("conf", b"jid = a@b\n\x7fELF\x00\x01\xff");
    complains(device.firepush("config", &[]), 78, &["conf:2", "not text"]);
    let folder = device.0.path().display().to_string();
    complains(firepush(["config", "--config", &folder]), 78, &["folder"]);
    let missing = device.path("missing").display().to_string();
    complains(firepush(["config", "--config", &missing]), 78, &["missing", "doesn't exist"]);
    let fifo = device.path("fifo").display().to_string();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    complains(firepush(["config", "--config", &fifo]), 78, &["fifo", "regular file"]);
}

#[test]
fn a_file_that_others_may_write_names_no_program_and_no_secret() {
    let writable =
        |device: &Device| fs::set_permissions(device.path("conf"), fs::Permissions::from_mode(0o666)).unwrap();
    for key in ["before = /bin/x", "output_of = /bin/x", "password_file = /p", "key_file = /k"] {
        let device = Device::new(&format!("{key}\nto = a@x\n"));
        device.firepush("config", &[]).expect(0);
        writable(&device);
        complains(device.firepush("config", &[]), 78, &["conf:1", "others can write", "chmod go-w"]);
    }
    let device = Device::new("jid = a@b\n");
    writable(&device);
    device.firepush("config", &[]).expect(0);
}

#[test]
fn help_and_version_work_with_a_broken_file() {
    let device = Device::new("nonsense\n");
    for (verb, more) in [("send", "--help"), ("run", "-h"), ("status", "--version")] {
        assert!(device.firepush(verb, &[more]).expect(0).stderr.is_empty());
    }
    firepush(["help", "run"]).expect(0);
}

#[test]
fn a_run_without_an_account_or_with_an_unknown_job_says_what_is_missing() {
    let device = Device::new("[logs]\nfiles = /a\nto = a@x\n");
    complains(device.firepush("run", &[]), 78, &["jid", &device.path("conf").display().to_string()]);
    device.write("conf", JOB);
    complains(device.firepush("run", &["lgos"]), 64, &["lgos", "logs"]);
    complains(device.firepush("drop", &[]), 64, &["ID"]);
    complains(device.firepush("status", &["x"]), 64, &["status"]);
    complains(device.firepush("config", &["--json"]), 64, &["not JSON"]);
}

#[test]
fn jobs_list_what_they_would_send_without_a_server() {
    let device = Device::new("");
    fs::create_dir(device.path("log")).unwrap();
    device.write("log/messages.1", "one");
    let text = JOB.replace("/log/*", &format!("{}/*", device.path("log").display()));
    device.write("conf", text + "[other]\nfiles = /nowhere\nto = a@x\n");
    let spool = device.path("spool").display().to_string();
    let exit = device.firepush("run", &["--dry-run", "--spool", &spool, "logs"]).expect(0);
    assert!(
        exit.stdout.len() == 1
            && exit.stdout[0].contains("dev-messages-")
            && exit.stdout[0].ends_with("by socks5 or ibb")
    );
}

#[test]
fn what_stands_behind_an_include_is_over_it_for_all_and_in_what_is_shown() {
    let device = Device::new("include = base\nto = main@x\nanswer = 20\n[logs]\nfiles = /a\n");
    device.write("base", "to = base@x\nanswer = 10\n");
    assert!(device.line("to", &[]).starts_with("to = main@x  #"));
    assert!(device.line("answer", &[]).starts_with("answer = 20  #"));
    let device = Device::new("to = a@x\ninclude = base\nto = c@x\n");
    device.write("base", "to = b@x\n");
    assert!(device.line("to", &[]).starts_with("to = c@x  #"), "a list starts anew");
}

#[test]
fn what_the_command_line_says_is_shown_in_the_jobs_too() {
    let device = Device::new(&format!("{JOB}compress = gzip\n"));
    assert_eq!(device.line("compress", &["--compress", "none"]), "compress = none  # command line");
}

#[test]
fn an_optional_include_stands_beside_the_file_that_names_it() {
    let device = Device::new("include? = more\n");
    assert_eq!(device.firepush("config", &[]).expect(0).code, 0);
    device.write("more", "spool_files = 7\n");
    assert!(device.line("spool_files", &[]).starts_with("spool_files = 7"));
    let device = Device::new("[logs]\ninclude = more\n");
    device.write("more", "spool_files = 7\n");
    complains(device.firepush("config", &[]), 78, &["included in [logs]"]);
}

#[test]
fn a_file_that_others_may_write_spoils_the_secrets_of_all() {
    let device = Device::new("include = open\npassword_file = /etc/password\n");
    device.write("open", "server = evil.example\n");
    fs::set_permissions(device.path("open"), fs::Permissions::from_mode(0o666)).unwrap();
    let why = format!("chmod go-w {}", device.path("open").display());
    complains(device.firepush("config", &[]), 78, &[&why]);
}

#[test]
fn a_file_of_passwords_that_is_named_by_mistake_is_not_printed() {
    for text in ["hunter2 is it", "pa=ss=word!", "via socks5://me:hunter2@p:1", "h%nter2=x"] {
        let device = Device::new(text);
        let exit = device.firepush("config", &[]).expect(78);
        assert!(!exit.stderr.contains("hunter2") && !exit.stderr.contains("h%nter2"), "{}", exit.stderr);
    }
}

#[test]
fn mistakes_that_would_be_silent_are_told() {
    for (text, why) in [
        ("password_file =\n", "empty"),
        ("state = here\n", "absolute"),
        ("jid = example.org\n", "user part"),
        ("# a\rjid = a@b\r", "not text"),
        ("wait_answer = 20m\n", "595 s"),
        ("retry_cap = 2d\n", "24h"),
    ] {
        complains(Device::new(text).firepush("config", &[]), 78, &[why]);
    }
    let empty = Device::new("jid = a@b\npassword_file = /x\nto = c@d\n[logs]\n#files = /a\n");
    complains(empty.firepush("run", &[]), 78, &["[logs] has nothing to send"]);
    let exit = empty.firepush("config", &[]).expect(78);
    assert!(exit.stdout.contains(&"[logs]".to_owned()), "what there is is shown all the same");
    empty.firepush("status", &["--spool", "/nowhere/spool"]).expect(0);
}

#[test]
fn switches_take_yes_and_no_and_a_recipient_counts_once() {
    let device = Device::new("");
    assert_eq!(device.line("direct_tls", &["--direct-tls", "no"]), "direct_tls = no  # command line");
    let device = Device::new(JOB);
    let exit =
        device.firepush("run", &["--dry-run", "--files", "/etc/hostname", "--to", "a@x, a@x", "--spool", "/no/spool"]);
    assert_eq!(exit.expect(0).stdout.iter().filter(|line| line.contains("would go to a@x")).count(), 1);
}
