//! What can't be sent now waits, and is sent later.

use std::fs;

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
    device.logs("");
    drop(decliner);
    let mut receiver = device.receiver();
    device.firepush("retry", &[&id]).expect(0);
    device.run(&[]).expect(0);
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
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
