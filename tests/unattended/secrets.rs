//! Where the password may come from, and that it goes nowhere else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::bed::{Device, ended};
use crate::support::process::Exit;

/// Takes `password_file` out of the configuration.
fn without_password_file(device: &Device) {
    let text = fs::read_to_string(device.path("conf")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("password_file")).collect();
    fs::write(device.path("conf"), lines.join("\n")).unwrap();
}

/// A device with a log to send, whose operator is away: a good login ends with 75.
fn device() -> Device {
    let device = Device::new();
    device.logs("wait_presence = 50ms");
    device.log("messages", "one");
    device
}

fn logged_in(exit: Exit) {
    let exit = exit.expect(75);
    assert!(exit.complaint().contains("offline"), "{}", exit.stderr);
}

fn with_credentials(device: &Device, more: &[&str]) -> Exit {
    let mut command = device.words("run", more);
    command.env("CREDENTIALS_DIRECTORY", device.path("credentials"));
    ended(command)
}

#[test]
fn a_password_may_come_through_a_descriptor() {
    let device = device();
    let words = format!(
        "exec \"$0\" run --json --password-fd 5 --config {} 5<{}",
        device.path("conf").display(),
        device.account.password_file.display()
    );
    without_password_file(&device);
    let mut shell = Command::new("bash");
    shell.args(["-c", &words, env!("CARGO_BIN_EXE_firepush")]);
    logged_in(ended(shell));
    let exit = device.run(&["--password-fd", "77"]).expect(78);
    assert!(exit.complaint().contains("--password-fd 77"), "{}", exit.stderr);
}

#[test]
fn systemd_s_credential_is_taken_though_its_group_may_read_it() {
    let device = device();
    fs::create_dir(device.path("credentials")).unwrap();
    let credential = device.path("credentials/firepush.password");
    fs::copy(&device.account.password_file, &credential).unwrap();
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o440)).unwrap();
    let elsewhere = device.path("password");
    fs::copy(&credential, &elsewhere).unwrap();
    without_password_file(&device);
    logged_in(with_credentials(&device, &[]));
    logged_in(with_credentials(&device, &["--now", "--password-file", credential.to_str().unwrap()]));
    let exit = with_credentials(&device, &["--now", "--password-file", elsewhere.to_str().unwrap()]).expect(78);
    assert!(exit.complaint().contains("chmod 600"), "{}", exit.stderr);
}

#[test]
fn a_password_file_that_is_a_link_is_refused() {
    let device = device();
    let link = device.path("link");
    symlink(&device.account.password_file, &link).unwrap();
    let exit = device.run(&["--password-file", link.to_str().unwrap()]).expect(78);
    assert!(exit.complaint().contains("symbolic link"), "{}", exit.stderr);
}

#[test]
fn the_password_is_in_no_output_and_in_no_file_of_the_spool() {
    let device = device();
    let password = fs::read_to_string(&device.account.password_file).unwrap();
    let password = password.trim();
    let exit = device.run(&["-vvv"]).expect(75);
    assert!(exit.stderr.contains("<success") || exit.stderr.contains("logged in"), "it says much");
    let mut all = exit.stdout.join("\n") + &exit.stderr;
    let mut folders = vec![device.path("spool")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { all += &String::from_utf8_lossy(&fs::read(path).unwrap()) }
        }
    }
    assert!(all.contains("messages") && !all.contains(password));
}
