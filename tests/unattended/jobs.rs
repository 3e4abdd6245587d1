//! What a job does with files: find, send, keep, delete, move, compress.

use std::fs;
use std::io::Read;

use crate::bed::Device;

#[test]
fn files_of_a_job_are_sent_once_and_stay_where_they_are() {
    let device = Device::new();
    device.logs("");
    device.log("messages", "one");
    device.log("messages.1", "two");
    let mut receiver = device.receiver();
    let exit = device.run(&[]).expect(0);
    assert_eq!(exit.events("sent").len(), 2);
    assert_eq!(device.arrived(&mut receiver, "messages"), b"one");
    assert_eq!(device.arrived(&mut receiver, "messages.1"), b"two");
    assert!(device.run(&[]).expect(0).events("sent").is_empty());
    fs::rename(device.path("log/messages.1"), device.path("log/messages.2")).unwrap();
    device.log("messages", "three, a new one");
    assert_eq!(device.run(&[]).expect(0).events("sent").len(), 1, "a rotated file is no new one");
    assert_eq!(device.arrived(&mut receiver, "messages-1"), b"three, a new one");
}

#[test]
fn a_file_that_everyone_has_got_is_deleted_or_moved() {
    for (after, left) in [("delete", false), ("move:LOG/../sent", true)] {
        let device = Device::new();
        fs::create_dir(device.path("sent")).unwrap();
        device.configure(&format!("[logs]\nfiles = LOG/*\nto = OPS\nafter = {after}\nname = {{name}}\n"));
        let log = device.log("eth0.pcap", "packets");
        let mut receiver = device.receiver();
        let exit = device.run(&[]).expect(0);
        assert_eq!(exit.events("sent")[0]["tier"], "acked", "only then it may go");
        assert!(!log.exists());
        assert_eq!(device.path("sent/eth0.pcap").exists(), left);
        assert_eq!(device.arrived(&mut receiver, "eth0.pcap"), b"packets");
    }
}

/// As `tcpdump -G`: a process of its own that holds a file open, writes on, and goes to the next.
#[test]
fn a_writer_that_rotates_its_files_loses_nothing_with_after_delete() {
    let device = Device::new();
    device.configure("wait_presence = 20ms\n[capture]\nfiles = LOG/*\nto = OPS\nafter = delete\nname = {name}\n");
    let script = "for n in 1 2 3 4 5 6; do exec 3> \"$0/cap.$n\"; for line in $(seq 40); do echo \"packet $n $line\" >&3; \
                  sleep 0.01; done; exec 3>&-; done";
    let mut writer = std::process::Command::new("bash").args(["-c", script]).arg(device.path("log")).spawn().unwrap();
    let mut receiver = device.receiver();
    let mut sent = 0;
    while sent < 6 {
        sent += device.run(&["--now"]).expect(0).events("sent").len();
    }
    assert!(writer.wait().unwrap().success());
    assert_eq!((sent, crate::bed::names(&device.path("log")).len()), (6, 0));
    for _ in 0..6 {
        let file = receiver.event("file");
        let text = fs::read_to_string(file["path"].as_str().unwrap()).unwrap();
        let number = file["name"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        let all: String = (1..=40).map(|line| format!("packet {number} {line}\n")).collect();
        assert_eq!(text, all, "every packet of {number}, in its order");
    }
}

#[test]
fn a_capture_that_is_still_being_written_is_left_for_the_next_run() {
    let device = Device::new();
    device.configure("[capture]\nfiles = LOG/*\nto = OPS\nafter = delete\nname = {name}\n");
    let log = device.log("eth0.pcap", "half");
    let writer = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let _receiver = device.receiver();
    assert!(device.run(&[]).expect(0).events("sent").is_empty() && log.exists());
    drop(writer);
    assert_eq!(device.run(&[]).expect(0).events("sent").len(), 1);
    assert!(!log.exists());
}

#[test]
fn a_compressed_file_gains_gz_and_unpacks_to_what_it_was() {
    let device = Device::new();
    device.configure("[logs]\nfiles = LOG/*\nto = OPS\ncompress = gzip\nname = {name}\n");
    let text = "the same line again and again\n".repeat(20_000);
    device.log("messages", &text);
    let mut receiver = device.receiver();
    let exit = device.run(&[]).expect(0);
    assert!(exit.events("sent")[0]["size"].as_u64().unwrap() < 10_000);
    let packed = device.arrived(&mut receiver, "messages.gz");
    let mut unpacked = String::new();
    let mut gunzip = std::process::Command::new("gunzip");
    gunzip.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = gunzip.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut pipe, &packed));
    child.stdout.take().unwrap().read_to_string(&mut unpacked).unwrap();
    writer.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success() && unpacked == text);
}

#[test]
fn the_output_of_a_program_is_sent_when_it_changed() {
    let device = Device::new();
    let source = device.path("output");
    fs::write(&source, "line 1\n").unwrap();
    device.configure(&format!("[log]\noutput_of = /bin/cat {}\nto = OPS\nname = logread.txt\n", source.display()));
    let mut receiver = device.receiver();
    assert_eq!(device.run(&[]).expect(0).events("sent").len(), 1);
    assert!(device.run(&[]).expect(0).events("sent").is_empty());
    fs::write(&source, "line 1\nline 2\n").unwrap();
    assert_eq!(device.run(&[]).expect(0).events("sent").len(), 1);
    assert_eq!(device.arrived(&mut receiver, "logread.txt"), b"line 1\n");
    assert_eq!(device.arrived(&mut receiver, "logread-1.txt"), b"line 1\nline 2\n");
    assert!(device.queue().is_empty());
}

#[test]
fn programs_are_told_what_happened() {
    let device = Device::new();
    let note = |name: &str| format!("/bin/sh {}", device.path(name).display());
    let script = "echo \"$FIREPUSH_JOB $FIREPUSH_NAME $FIREPUSH_SIZE\" >> ";
    fs::write(device.path("ok.sh"), format!("{script}{}", device.path("said").display())).unwrap();
    device.configure(&format!("[logs]\nfiles = LOG/*\nto = OPS\nname = {{name}}\non_success = {}\n", note("ok.sh")));
    device.log("messages", "one");
    let _receiver = device.receiver();
    device.run(&[]).expect(0);
    assert_eq!(fs::read_to_string(device.path("said")).unwrap(), "logs messages 3\n");
    device.configure("[logs]\nfiles = LOG/*\nto = OPS\nbefore = /bin/false\n");
    device.log("messages", "two two");
    let exit = device.run(&[]).expect(75);
    assert!(exit.complaint().contains("[logs]") && exit.complaint().contains("/bin/false"), "{}", exit.stderr);
}

#[test]
fn a_dry_run_says_what_would_go_and_what_not_and_writes_nothing() {
    let device = Device::new();
    device.configure("[logs]\nfiles = LOG/*\nto = OPS\nafter = delete\nmin_age = 10m\n");
    device.log("messages", "one");
    device.log("empty", "");
    fs::write(device.path("log/fresh"), "just now").unwrap();
    let exit = device.run(&["--dry-run"]).expect(0);
    let previews = exit.events("preview");
    let why = |name: &str| {
        let preview = previews.iter().find(|p| p["path"].as_str().unwrap().ends_with(name)).expect(name);
        preview["why_not"].as_str().unwrap_or_default().to_owned()
    };
    assert!(why("/messages").is_empty() && why("/empty").contains("empty") && why("/fresh").contains("min_age"));
    let name = previews.iter().find_map(|p| p["name"].as_str().filter(|name| !name.is_empty())).unwrap();
    assert!(name.contains("messages-20"), "{name}");
    assert!(!device.path("spool").exists());
}

#[test]
fn a_program_is_told_why_a_file_was_given_up() {
    let device = Device::new();
    let (script, said) = (device.path("bad.sh"), device.path("said"));
    let text = "echo \"$FIREPUSH_JOB $FIREPUSH_KIND $FIREPUSH_CODE $FIREPUSH_FILE $FIREPUSH_ERROR\" >> ";
    fs::write(&script, format!("{text}{}", said.display())).unwrap();
    device.logs(&format!("on_failure = /bin/sh {}", script.display()));
    let log = device.log("messages", "one");
    let inbox = device.path("inbox");
    let mut decliner = crate::support::run::Run::receive_from("desk@example.test", &device.ops, &inbox).start();
    decliner.event("ready");
    device.run(&[]).expect(69);
    let told = fs::read_to_string(&said).unwrap();
    assert!(
        told.starts_with(&format!("logs declined 69 {} ", log.display())) && told.contains("declined messages"),
        "{told}"
    );
    device.run(&[]).expect(0);
    assert_eq!(fs::read_to_string(&said).unwrap(), told, "once");
}

#[test]
fn files_go_in_the_order_that_is_wanted_and_none_begins_after_run_for() {
    let device = Device::new();
    let _receiver = device.receiver();
    for (order, first) in [("oldest", "b"), ("newest", "c"), ("name", "a")] {
        for (name, age) in [("a", 2), ("b", 3), ("c", 1)] {
            let log = device.log(&format!("{name}.{order}"), vec![b'x'; 30_000]);
            let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age * 3600);
            fs::File::options().write(true).open(log).unwrap().set_modified(time).unwrap();
        }
        device.logs(&format!("order = {order}\nrun_for = 1s\nrate = 20k\nparallel = 1"));
        let exit = device.run(&[]).expect(75);
        let sent = exit.events("sent");
        assert_eq!((sent.len(), &sent[0]["name"]), (1, &format!("{first}.{order}").into()), "{order}");
        device.logs("");
        device.run(&[]).expect(0);
    }
}
