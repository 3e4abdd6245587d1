//! Two runs at once.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::bed::Device;

#[test]
fn two_runs_at_once_send_each_file_once() {
    let device = Device::new();
    let mut receiver = device.receiver();
    device.logs("");
    for round in 0..50 {
        let _ = fs::remove_dir_all(device.path("spool"));
        let names = [format!("a.{round}"), format!("b.{round}")];
        names.iter().for_each(|name| drop(device.log(name, name)));
        let both = [(); 2].map(|()| {
            let mut run = device.words("run", &[]);
            run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
        });
        let both = both.map(|run| run.wait_with_output().expect("it ends"));
        let sent = |said: &[u8]| String::from_utf8_lossy(said).matches(r#""event":"sent""#).count();
        for run in &both {
            let (code, stderr) = (run.status.code(), String::from_utf8_lossy(&run.stderr));
            assert!(code == Some(0) && stderr.is_empty(), "round {round}: {code:?} {stderr}");
        }
        let both = both.map(|run| sent(&run.stdout));
        assert_eq!(both.iter().sum::<usize>(), 2, "round {round}: {both:?}");
        for name in &names {
            assert_eq!(device.arrived(&mut receiver, name), name.as_bytes());
            fs::remove_file(device.path("log").join(name)).expect("a log");
        }
    }
    assert_eq!(device.inbox().len(), 100, "each once");
}

#[test]
fn a_second_run_ends_while_the_first_is_still_at_work() {
    let device = Device::new();
    let gate = "/bin/sh -c 'echo begun >&2; read -r _ < GATE'";
    let gate = gate.replace("GATE", &device.path("gate").display().to_string());
    let made = std::process::Command::new("mkfifo").arg(device.path("gate")).status().expect("mkfifo");
    assert!(made.success());
    let script = device.path("gate.sh");
    fs::write(&script, gate).expect("a script");
    device.logs(&format!("before = /bin/sh {}", script.display()));
    device.log("messages", "one");
    let mut receiver = device.receiver();
    let mut first = device.words("run", &[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = String::new();
    BufReader::new(first.stderr.take().expect("piped")).read_line(&mut said).expect("a line");
    assert_eq!(said, "begun\n");
    let second = device.run(&[]).expect(0);
    assert!(second.events("sent").is_empty() && second.stderr.is_empty(), "{}", second.stderr);
    let more = device.path("more");
    fs::write(&more, "two").expect("a file");
    let words = ["--server", "127.0.0.1:1", "--to", &device.ops.jid, "--queue", more.to_str().expect("UTF-8")];
    assert_eq!(device.firepush("send", &words).expect(0).events("queued").len(), 1, "it is taken meanwhile");
    let mut gate = fs::OpenOptions::new().write(true).open(device.path("gate")).expect("the gate");
    gate.write_all(b"go\n").expect("the gate opens");
    assert!([Some(0), Some(75)].contains(&first.wait().expect("it ends").code()));
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
    device.logs("");
    device.run(&["--now"]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "more"), b"two");
}

/// Cron's run waits for its own moment; who types one waits for nothing.
#[test]
fn a_run_now_does_not_wait_behind_one_that_waits_for_its_splay() {
    let device = Device::new();
    device.logs("splay = 12h");
    device.log("messages", "one");
    let mut receiver = device.receiver();
    let mut waiting =
        device.words("run", &["-v"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(waiting.stderr.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("of the splay of 43200 s")), "it says how long");
    let other = device.run(&["-v"]).expect(0);
    assert!(other.stderr.contains("another run is about to begin"), "{}", other.stderr);
    assert_eq!(device.run(&["--now"]).expect(0).events("sent").len(), 1);
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
    waiting.kill().expect("it waits still");
    waiting.wait().expect("it ends");
}
