//! The examples do what they say.

use std::path::Path;
use std::process::Command;

use crate::server;
use crate::support::files;
use crate::support::process::{Process, supervised};
use crate::support::server::Account;
use crate::support::server::Kind::Prosody;

fn example(name: &str, account: &Account, words: &[&str]) -> Process {
    let folder = Path::new(env!("CARGO_BIN_EXE_firepush")).with_file_name("examples");
    let mut command = supervised(folder.join(name), None);
    command.arg(&account.jid).arg(&account.password_file).arg(account.server.to_string());
    command.arg(&account.trust[1]).args(words);
    Process::start(command)
}

/// Cargo builds them for a whole test run, but not for a part of it.
fn build() {
    let built = Command::new(env!("CARGO")).args(["build", "--locked", "--quiet", "--examples"]).status();
    assert!(built.expect("cargo runs").success());
}

#[test]
fn the_collector_receives_what_the_pushing_examples_send() {
    build();
    let (device, ops) = server(Prosody).pair();
    let (folder, inbox) = (files::folder(), files::folder());
    let file = files::make(folder.path(), "messages", 100_000);
    let mut collector = example("collector", &ops, &[ops.domain(), inbox.path().to_str().unwrap(), "3"]);
    let ready = collector.line().expect("it logs in");
    assert!(ready.starts_with("ready as "), "{ready}");
    let words = [ops.jid.as_str(), file.to_str().unwrap()];
    let pushed = example("push", &device, &words).wait();
    assert_eq!((pushed.code, pushed.stdout.len()), (0, 1), "{}", pushed.stderr);
    let pushed = example("push_many", &device, &words).wait();
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    assert!(pushed.stdout.iter().any(|line| line == "ring.pcap is acked" || line == "ring.pcap is forwarded"));
    assert_eq!(collector.wait().code, 0);
    for name in ["messages", "messages-1"] {
        assert_eq!(std::fs::read(inbox.path().join(name)).unwrap(), std::fs::read(&file).unwrap(), "{name}");
    }
    assert_eq!(std::fs::read(inbox.path().join("ring.pcap")).unwrap(), vec![0x5a; 200_000]);
}
