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
    let mut gate = fs::OpenOptions::new().write(true).open(device.path("gate")).expect("the gate");
    gate.write_all(b"go\n").expect("the gate opens");
    assert!(first.wait().expect("it ends").success());
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
}
