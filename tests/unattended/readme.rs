//! The README's way from nothing to a file, as a newcomer types it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::bed::{Device, ended};

/// The first block of commands below the heading.
fn commands() -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let section = text.split_once("## Unattended").expect("the section").1;
    let block = section.split("```").nth(1).expect("a block");
    block.trim().lines().map(str::to_owned).collect()
}

#[test]
fn at_most_five_lines_lead_from_nothing_to_a_file() {
    let device = Device::new();
    device.log("messages.1", "one");
    let password = fs::read_to_string(&device.account.password_file).unwrap();
    let lines = commands();
    assert!(lines.len() <= 5, "{lines:?}");
    let path = |name: &str| device.path(name).display().to_string();
    let server = format!("--server {}", device.account.server);
    let ca_file = device.account.trust[1].to_string_lossy();
    let run =
        format!("{} run --config {} --spool {} {server}", env!("CARGO_BIN_EXE_firepush"), path("made"), path("spool"));
    let script: Vec<_> = lines
        .iter()
        .filter(|line| !line.contains("crontab"))
        .map(|line| {
            line.replace("the password", password.trim())
                .replace("/etc/firepush.password", &path("made.password"))
                .replace("/etc/firepush.conf", &path("made"))
                .replace("/etc/firepush.pem", &ca_file)
                .replace("device@example.org", &device.account.jid)
                .replace("ops@example.org", &device.ops.jid)
                .replace("/var/log", &path("log"))
                .replace("firepush run", &run)
        })
        .collect();
    let mut receiver = device.receiver();
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &script.join("\n")]);
    ended(shell).expect(0);
    let arrived = receiver.event("file");
    assert_eq!(fs::read(arrived["path"].as_str().unwrap()).unwrap(), b"one");
    let name = arrived["name"].as_str().unwrap();
    assert!(name.contains("-messages-20") && name.ends_with("Z.1"), "{name}");
}
