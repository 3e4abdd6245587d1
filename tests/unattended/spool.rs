//! The spool: its limits, its damages, and who may look into it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::bed::Device;
use crate::support::process::Exit;

/// Queues a file of that size for a recipient who is offline.
fn queue(device: &Device, name: &str, size: usize, more: &[&str]) -> Exit {
    let log = device.log(name, vec![b'x'; size]);
    let to = device.ops.jid.clone();
    device.firepush("send", &[&["--to", &to, "--queue", log.to_str().unwrap()], more].concat())
}

fn names(device: &Device) -> Vec<String> {
    let path = |waiting: &serde_json::Value| waiting["path"].as_str().unwrap().to_owned();
    let mut names: Vec<_> = device.waiting().iter().map(path).collect();
    names.sort();
    names
}

#[test]
fn a_damaged_entry_is_given_up_and_the_others_arrive() {
    let device = Device::new();
    queue(&device, "a", 10, &[]).expect(0);
    let damaged = device.queue().remove(0);
    queue(&device, "b", 10, &[]).expect(0);
    fs::write(device.path("spool/queue").join(&damaged), "nonsense").unwrap();
    let mut receiver = device.receiver();
    let exit = device.run(&["--now"]).expect(65);
    assert!(exit.stderr.contains(&damaged) && exit.stderr.contains("damaged"), "{}", exit.stderr);
    assert_eq!(device.arrived(&mut receiver, "b").len(), 10);
    assert_eq!(device.given_up()[0]["entry"].as_str(), Some(damaged.as_str()));
    let exit = device.firepush("retry", &[&damaged]).expect(65);
    assert!(exit.complaint().contains("can't be brought back"), "{}", exit.stderr);
    device.firepush("drop", &[&damaged]).expect(0);
    assert!(device.given_up().is_empty());
    device.run(&[]).expect(0);
}

#[test]
fn a_spool_that_others_could_look_into_or_replace_is_refused() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    device.run(&[]).expect(75);
    let mode = |path: &str, mode| fs::set_permissions(device.path(path), fs::Permissions::from_mode(mode)).unwrap();
    mode("spool", 0o750);
    let exit = device.run(&["--now"]).expect(78);
    assert!(exit.complaint().contains("chmod 700"), "{}", exit.stderr);
    mode("spool", 0o700);
    mode("", 0o777);
    let exit = device.run(&["--now"]).expect(78);
    assert!(exit.complaint().contains("could be replaced"), "{}", exit.stderr);
    mode("", 0o700);
    device.run(&["--now"]).expect(75);
}

#[test]
fn a_full_spool_drops_the_oldest_and_says_so() {
    let device = Device::new();
    let more = ["--spool-files", "2"];
    queue(&device, "a", 10, &more).expect(0);
    queue(&device, "b", 10, &more).expect(0);
    let exit = queue(&device, "c", 10, &more).expect(0);
    assert_eq!(exit.events("dropped")[0]["files"], 1);
    assert!(exit.stderr.contains("dropped"), "{}", exit.stderr);
    assert_eq!(names(&device), ["b", "c"]);
    let status = device.firepush("status", &[]).expect(0).events("status").remove(0);
    assert_eq!(status["dropped"], 1);
}

#[test]
fn a_full_spool_refuses_the_new_one_where_that_is_wanted() {
    for when_full in ["newest", "refuse"] {
        let device = Device::new();
        let more = ["--spool-size", "4k", "--when-full", when_full];
        queue(&device, "a", 2000, &more).expect(0);
        let exit = queue(&device, "b", 3000, &more).expect(73);
        assert!(exit.stderr.contains("full") && exit.stderr.contains("spool_size"), "{}", exit.stderr);
        assert_eq!(names(&device), ["a"]);
        assert!(device.path("log/b").exists());
    }
}

#[test]
fn a_file_that_is_sent_again_has_the_same_transfer_id_on_both_sides() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    let mut receiver = device.receiver();
    let sent = device.run(&[]).expect(0).events("sent").remove(0);
    let id = sent["transfer"].as_str().expect("an id").to_owned();
    assert_eq!(receiver.event("file")["transfer"].as_str(), Some(id.as_str()));
    fs::remove_file(device.path("spool/history")).unwrap();
    assert_eq!(device.run(&[]).expect(0).events("sent")[0]["transfer"].as_str(), Some(id.as_str()));
    let again = receiver.event("file");
    assert_eq!((again["transfer"].as_str(), again["name"].as_str()), (Some(id.as_str()), Some("messages-1")));
}
