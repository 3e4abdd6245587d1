//! What can't be sent now waits, and is sent later.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::bed::Device;
use crate::support::server::{Kind, Options, Server};

#[test]
fn a_file_waits_for_its_recipient_and_is_sent_when_it_is_there() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    let exit = device.run(&[]).expect(75);
    assert!(exit.complaint().contains("offline") && exit.complaint().contains("kept for retry"), "{}", exit.stderr);
    assert_eq!(device.waiting().len(), 1);
    let mut receiver = device.receiver();
    device.run(&["--now"]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
    assert!(device.waiting().is_empty() && device.queue().is_empty());
}

#[test]
fn send_queue_keeps_what_can_t_be_sent_even_when_the_file_goes() {
    let device = Device::new();
    let log = device.log("messages", "one");
    let exit = device.firepush("send", &["--to", &device.ops.jid, "--queue", log.to_str().unwrap()]).expect(0);
    assert_eq!(exit.events("queued").len(), 1);
    fs::remove_file(log).unwrap();
    let mut receiver = device.receiver();
    let exit = device.run(&["--now"]).expect(0);
    assert_eq!(exit.events("sent").len(), 1);
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
    assert!(device.queue().is_empty());
}

#[test]
fn standard_input_goes_by_way_of_the_spool() {
    let device = Device::new();
    let words = ["--to", &device.ops.jid.clone(), "--name", "a.pcap", "-"];
    let exit = device.fed("send", &words, b"packets").expect(75);
    assert_eq!(exit.events("kept").len(), 1);
    let mut receiver = device.receiver();
    device.run(&["--now"]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "a.pcap"), b"packets");
    device.fed("send", &words, b"more packets").expect(0);
    assert_eq!(device.arrived(&mut receiver, "a-1.pcap"), b"more packets");
    assert!(device.queue().is_empty());
}

#[test]
fn a_stream_is_sent_in_numbered_parts() {
    let device = Device::new();
    let mut receiver = device.receiver();
    let words = ["--to", &device.ops.jid.clone(), "--name", "a.pcap", "--part-size", "4", "-"];
    let exit = device.fed("send", &words, b"0123456789").expect(0);
    assert_eq!(exit.events("sent").len(), 3);
    for (name, part) in [("a-000001.pcap", "0123"), ("a-000002.pcap", "4567"), ("a-000003.pcap", "89")] {
        assert_eq!(device.arrived(&mut receiver, name), part.as_bytes());
    }
}

#[test]
fn what_was_declined_is_given_up_until_it_is_brought_back() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    let mut decliner =
        crate::support::run::Run::receive_from("desk@example.test", &device.ops, &device.path("inbox")).start();
    decliner.event("ready");
    let exit = device.run(&[]).expect(69);
    assert!(exit.complaint().contains("declined") && exit.complaint().contains("firepush retry"), "{}", exit.stderr);
    assert!(device.run(&[]).expect(0).events("sent").is_empty());
    let id = device.given_up()[0]["entry"].as_str().unwrap().to_owned();
    device.logs("before = /bin/false");
    device.run(&[]).expect(75);
    assert_eq!(device.given_up().len(), 1, "a job that is skipped forgets nothing");
    device.logs("min_age = 2h");
    device.run(&[]).expect(0);
    device.logs("");
    fs::rename(device.path("log/messages"), device.path("log/messages.1")).unwrap();
    assert!(device.run(&[]).expect(0).events("sent").is_empty());
    assert_eq!(device.given_up().len(), 1, "nor does one whose file is left, or moved by rotation");
    drop(decliner);
    let mut receiver = device.receiver();
    device.firepush("retry", &[&id]).expect(0);
    device.run(&[]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages.1"), b"one");
}

#[test]
fn what_is_dropped_is_never_sent() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    device.run(&[]).expect(75);
    let id = device.waiting()[0]["entry"].as_str().unwrap().to_owned();
    device.firepush("drop", &[&id]).expect(0);
    let _receiver = device.receiver();
    assert!(device.run(&["--now"]).expect(0).events("sent").is_empty());
    device.firepush("drop", &["no-such-id"]).expect(64);
}

#[test]
fn what_is_dropped_is_not_deleted_for_it_was_not_sent() {
    let device = Device::new();
    device.logs("after = delete");
    device.log("messages", "one");
    device.run(&[]).expect(75);
    device.firepush("drop", &["all"]).expect(0);
    let _receiver = device.receiver();
    assert!(device.run(&["--now"]).expect(0).events("sent").is_empty());
    assert_eq!(fs::read(device.path("log/messages")).unwrap(), b"one");
}

#[test]
fn a_program_that_prints_the_same_again_makes_another_file() {
    let device = Device::new();
    let source = device.path("output");
    device.configure(&format!("[log]\noutput_of = /bin/cat {}\nto = OPS\nname = log\n", source.display()));
    let ids: std::collections::HashSet<_> = ["a", "b", "a", "b"]
        .map(|text| {
            fs::write(&source, text).unwrap();
            let queued = device.run(&["--now"]).expect(75).events("queued");
            queued[0]["entry"].as_str().unwrap().to_owned()
        })
        .into();
    assert_eq!((ids.len(), device.queue().len()), (4, 4));
}

/// The standard input is open until the first part, which nobody took at first, has arrived.
#[test]
fn a_stream_whose_parts_all_arrived_in_the_end_ends_with_0() {
    let device = Device::new();
    device.configure("retry_first = 1\nwait_idle = 500ms\nwait_presence = 20ms\n");
    let words = ["--to", &device.ops.jid.clone(), "--name", "a.pcap", "--part-size", "4", "-"];
    let mut child = device.words("send", &words);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    child.stdin.as_mut().unwrap().write_all(b"0123").unwrap();
    assert!(events.any(|event| event.contains(r#""event":"kept""#)));
    let mut receiver = device.receiver();
    assert_eq!(device.arrived(&mut receiver, "a-000001.pcap"), b"0123");
    drop(child.stdin.take());
    let done = events.last().unwrap();
    assert!(done.contains(r#""waiting":0,"code":0"#), "{done}");
    assert!(child.wait().unwrap().success());
}

/// The second login begins with what worked in the first; a hint that is wrong is corrected, whatever it says.
#[test]
fn a_wrong_hint_from_the_last_run_costs_no_file() {
    let server = Server::with(Kind::Prosody, Options { plain_only: true, ..Options::default() });
    let (account, ops) = server.pair();
    let device = Device::of(account, ops);
    device.logs("");
    let mut receiver = device.receiver();
    let standing = || fs::read_to_string(device.path("spool/standing")).unwrap();
    for (name, hint) in [("a", ""), ("b", "SCRAM-SHA-256"), ("c", "PLAIN"), ("d", "NONSENSE")] {
        if !hint.is_empty() {
            fs::write(device.path("spool/standing"), format!("with=mechanism name={hint}\n")).unwrap();
        }
        device.log(name, name);
        device.run(&[]).expect(0);
        assert_eq!(device.arrived(&mut receiver, name), name.as_bytes());
        assert_eq!(standing(), "with=mechanism name=PLAIN\n", "{hint}");
    }
}
