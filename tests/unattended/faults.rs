//! Files and folders that are not as they should be: what is said, and that nothing is lost.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::bed::{Device, ended};
use crate::command::Plain;
use crate::support::process::Exit;

const NOBODY: u32 = 65534;

/// `firepush run` with mounts of its own.
fn mounted(device: &Device, mounts: &str) -> Exit {
    let conf = device.path("conf");
    Plain::new("run").mounted(mounts).args([OsStr::new("--config"), conf.as_os_str(), OsStr::new("--json")]).end()
}

fn read_only(folder: &Path) -> String {
    format!("mount --bind {0} {0} && mount -o remount,ro,bind {0}", folder.display())
}

#[test]
fn on_a_read_only_spool_nothing_is_sent_for_it_could_not_be_remembered() {
    let device = Device::new();
    device.logs("");
    device.run(&[]).expect(0);
    device.log("messages", "one");
    let mut receiver = device.receiver();
    let exit = mounted(&device, &read_only(&device.path("spool"))).expect(73);
    assert!(
        exit.complaint().contains("can't write to the spool") && exit.complaint().contains("Read-only"),
        "{}",
        exit.stderr
    );
    assert!(exit.events("sent").is_empty());
    device.run(&[]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
}

#[test]
fn on_a_read_only_root_the_spool_that_can_t_be_made_is_named() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    let exit = mounted(&device, &read_only(&device.path(""))).expect(73);
    assert!(exit.complaint().contains("can't make the spool folder"), "{}", exit.stderr);
}

#[test]
fn a_file_that_can_t_be_read_is_told_and_the_others_go() {
    let device = Device::new();
    device.logs("");
    let secret = device.log("a", "for root only");
    device.log("b", "for all");
    own(&device, &secret);
    let mut receiver = device.receiver();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_firepush"), "run", "--json"]);
    command.arg("--config").arg(device.path("conf"));
    let exit = ended(command).expect(75);
    assert!(exit.complaint().contains("log/a") && exit.complaint().contains("Permission denied"), "{}", exit.stderr);
    assert_eq!(device.arrived(&mut receiver, "b"), b"for all");
}

/// Gives the device to a user who is not root, but for one file.
fn own(device: &Device, not: &Path) {
    let password = device.path("password");
    fs::copy(&device.account.password_file, &password).unwrap();
    fs::set_permissions(not, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(device.path("conf")).unwrap();
    let named = device.account.password_file.display().to_string();
    let ca = device.account.trust[1].to_string_lossy().into_owned();
    fs::copy(&ca, device.path("ca.pem")).unwrap();
    let text = text.replace(&named, &password.display().to_string());
    fs::write(device.path("conf"), text.replace(&ca, &device.path("ca.pem").display().to_string())).unwrap();
    for name in ["", "conf", "password", "ca.pem", "log", "log/b"] {
        chown(device.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

#[test]
fn a_file_that_vanishes_before_its_turn_is_no_failure() {
    let device = Device::new();
    device.log("a", "one");
    let gone = device.log("b", "two");
    device.configure(&format!(
        "parallel = 1\n[logs]\nfiles = LOG/*\nto = OPS\nname = {{name}}\norder = name\non_success = /bin/rm -f {}\n",
        gone.display()
    ));
    let _receiver = device.receiver();
    let exit = device.run(&[]).expect(0);
    assert_eq!((exit.events("sent").len(), exit.stderr.as_str()), (1, ""));
}

/// Starts a run over one file of 200 kB that takes its time, and comes back when it is under way.
fn under_way(device: &Device, after: &str) -> (crate::support::process::Process, crate::support::process::Process) {
    device.configure(&format!("[logs]\nfiles = LOG/*\nto = OPS\nname = {{name}}\nmethod = ibb\nafter = {after}\n"));
    device.log("messages", vec![b'x'; 200_000]);
    let mut receiver = device.receiver();
    let run = crate::bed::started(device.words("run", &["--rate", "100k", "--now"]));
    receiver.event("offer");
    (receiver, run)
}

#[test]
fn a_file_that_grows_while_it_is_sent_arrives_as_it_was_and_then_as_it_is() {
    let device = Device::new();
    let (mut receiver, run) = under_way(&device, "keep");
    let mut log = fs::OpenOptions::new().append(true).open(device.path("log/messages")).unwrap();
    log.write_all(b"more").unwrap();
    run.wait().expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages").len(), 200_000);
    device.run(&[]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages-1").len(), 200_004);
}

#[test]
fn a_file_that_is_truncated_while_it_is_sent_is_offered_afresh_and_never_deleted_unsent() {
    for after in ["keep", "delete"] {
        let device = Device::new();
        let (mut receiver, run) = under_way(&device, after);
        fs::write(device.path("log/messages"), "new").unwrap();
        let exit = run.wait().expect(75);
        assert!(exit.complaint().contains("became shorter"), "{}", exit.stderr);
        assert_eq!(fs::read(device.path("log/messages")).unwrap(), b"new", "{after}");
        device.run(&["--now"]).expect(0);
        while device.arrived(&mut receiver, "messages") != b"new" {}
        assert_eq!(device.path("log/messages").exists(), after == "keep");
    }
}

#[test]
fn a_file_that_is_replaced_while_it_is_sent_goes_as_it_was_and_the_new_one_after_it() {
    let device = Device::new();
    let (mut receiver, run) = under_way(&device, "keep");
    fs::write(device.path("other"), "new").unwrap();
    fs::rename(device.path("other"), device.path("log/messages")).unwrap();
    run.wait().expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages").len(), 200_000);
    device.run(&[]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages-1"), b"new");
}

#[test]
fn a_file_of_tomorrow_does_not_wait_for_its_age_and_one_of_1970_is_not_too_old() {
    let device = Device::new();
    device.logs("min_age = 1h\nmax_age = 1d");
    let times = [SystemTime::now() + Duration::from_secs(400 * 86400), SystemTime::UNIX_EPOCH];
    for (name, time) in ["tomorrow", "boot"].iter().zip(times) {
        let log = fs::File::options().write(true).open(device.log(name, name)).unwrap();
        log.set_modified(time).unwrap();
    }
    let _receiver = device.receiver();
    assert_eq!(device.run(&[]).expect(0).events("sent").len(), 2);
}

#[test]
fn a_state_folder_that_others_may_write_is_refused() {
    let device = Device::new();
    let state = device.path("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    device.logs(&format!("state = {}", state.display()));
    device.log("messages", "one");
    let exit = device.run(&[]).expect(78);
    assert!(exit.complaint().contains("state folder") && exit.complaint().contains("chmod"), "{}", exit.stderr);
}

#[test]
fn what_is_no_regular_file_is_left_out_of_patterns_and_a_named_link_is_followed() {
    let device = Device::new();
    device.logs("");
    let target = device.path("target");
    fs::write(&target, "behind the link").unwrap();
    symlink(&target, device.path("log/link")).unwrap();
    fs::create_dir(device.path("log/folder")).unwrap();
    assert!(Command::new("mkfifo").arg(device.path("log/fifo")).status().unwrap().success());
    let mut receiver = device.receiver();
    let exit = device.run(&[]).expect(0);
    assert_eq!((exit.events("sent").len(), exit.stderr.as_str()), (0, ""));
    device.configure("[logs]\nfiles = LOG/link, LOG/fifo, LOG/folder, /dev/zero\nto = OPS\nname = {name}\n");
    device.run(&[]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "link"), b"behind the link");
}

#[test]
fn ten_thousand_files_cost_one_offer_when_nobody_is_there() {
    let device = Device::new();
    device.logs("");
    (0..10_000).for_each(|n| drop(device.log(&n.to_string(), "x")));
    assert_eq!(device.run(&["--dry-run"]).expect(0).events("preview").len(), 10_000);
    let exit = device.run(&[]).expect(75);
    assert_eq!((exit.events("kept").len(), exit.events("done")[0]["waiting"].as_u64()), (1, Some(10_000)));
    device.firepush("drop", &["all"]).expect(0);
    let _receiver = device.receiver();
    assert!(device.run(&["--now"]).expect(0).events("sent").is_empty());
}

#[test]
fn names_that_hold_anything_arrive_safe_and_are_shown_escaped() {
    let device = Device::new();
    device.logs("");
    for name in [&b"a\nb"[..], b"\x1b[2Jc", b"d\xff"] {
        fs::write(device.path("log").join(OsStr::from_bytes(name)), "x").unwrap();
    }
    let exit = device.run(&["-v"]).expect(75);
    let shown = exit.stdout.join("\n") + &exit.stderr;
    assert!(!shown.contains('\x1b') && exit.stderr.lines().all(|line| line.starts_with("firepush: ")), "{shown:?}");
    let mut receiver = device.receiver();
    assert_eq!(device.run(&["--now"]).expect(0).events("sent").len(), 3);
    for name in ["a_b", "_[2Jc", "d\u{fffd}"] {
        assert_eq!(device.arrived(&mut receiver, name), b"x");
    }
}
