//! `collector.c`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::{HELD, How, MIDDLE, SIZE, example, files};
use crate::bed::{Device, server};
use crate::built::Program;
use crate::support::process::Process;
use crate::support::relay::Relay;
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{Account, Kind, Server};

/// Who collects, from whom (its `ops`).
fn desk(more: &str) -> Device {
    let (device, ops) = server().pair();
    configured(Device::of(ops, device), more)
}

fn configured(desk: Device, more: &str) -> Device {
    desk.configure(&format!("dir = {}\nfrom = OPS\n{more}", desk.path("inbox").display()));
    desk
}

fn started(program: &Program, desk: &Device) -> Process {
    program.start(&[desk.path("conf").to_str().expect("a path")])
}

fn ready(program: &Program, desk: &Device) -> Process {
    let mut collector = started(program, desk);
    assert_eq!(collector.line().as_deref(), Some("ready"), "{}", collector.wait().stderr);
    collector
}

fn send(from: &Account, desk: &Device) -> Run {
    Run::send(Firepush, from, &desk.account.jid)
}

/// A transfer to it that is held in the middle.
fn held(desk: &Device) -> (Relay, Process) {
    let relay = Relay::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), desk.ops.server, MIDDLE);
    let device = Account { server: relay.address, ..desk.ops.clone() };
    let file = files::make(&desk.path("log"), "held.log", HELD);
    let sender = send(&device, desk).args(["--method", "ibb"]).arg(file).start();
    assert!(relay.wait_until_held(), "{}", sender.wait().stderr);
    (relay, sender)
}

/// No code but 0, no line but those.
#[track_caller]
fn ends_well(how: How, collector: Process, lines: &[String]) {
    let exit = collector.wait();
    assert_eq!((exit.code, exit.stderr), (0, String::new()), "{how:?}");
    assert_eq!(exit.stdout, lines, "{how:?}");
}

#[test]
fn collector_c_says_a_line_for_each_file_and_ends_when_count_are_whole() {
    for how in How::ALL {
        let (program, desk) = (example("collector.c", how), desk("count = 2"));
        let mut collector = ready(&program, &desk);
        for (name, method) in [("messages", "ibb"), ("capture", "socks5")] {
            let file = files::make(&desk.path("log"), name, SIZE);
            send(&desk.ops, &desk).args(["--method", method]).arg(&file).end().expect(0);
            let arrived = desk.path("inbox").join(name);
            let line = collector.line().expect("a line");
            let begin = format!("{}: {SIZE} bytes from {}/", arrived.display(), desk.ops.jid);
            assert!(line.starts_with(&begin), "{how:?}: {line}");
            files::assert_same(&file, &arrived);
        }
        ends_well(how, collector, &[]);
    }
}

#[test]
fn collector_c_ends_with_0_at_sigterm_and_at_ctrl_c() {
    for &how in How::watched() {
        let (program, desk) = (example("collector.c", how), desk(""));
        for signal in [Process::stop, Process::interrupt] {
            let collector = ready(&program, &desk);
            signal(&collector);
            ends_well(how, collector, &[]);
        }
    }
}

#[test]
fn collector_c_ends_at_sigterm_while_it_connects() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let (device, ops) = server().pair();
    let ops = Account { server: silent.local_addr().expect("bound"), ..ops };
    let desk = configured(Device::of(ops, device), "");
    for &how in How::watched() {
        let program = example("collector.c", how);
        let collector = started(&program, &desk);
        let _connection = silent.accept().expect("it connects");
        collector.stop();
        ends_well(how, collector, &[]);
    }
}

#[test]
fn collector_c_leaves_no_half_file_at_sigterm() {
    for &how in How::watched() {
        let (program, desk) = (example("collector.c", how), desk("wait_close = 1s"));
        let mut collector = ready(&program, &desk);
        let (_relay, _sender) = held(&desk);
        collector.stop();
        let line = collector.line().expect("a line");
        assert!(line.contains(" was not received: stopped on request"), "{how:?}: {line}");
        ends_well(how, collector, &[]);
        assert_eq!(desk.inbox(), Vec::<String>::new(), "{how:?}");
    }
}

#[test]
fn collector_c_says_which_file_was_not_received_and_goes_on() {
    for &how in How::watched() {
        let (program, desk) = (example("collector.c", how), desk("count = 1"));
        let mut collector = ready(&program, &desk);
        let (relay, sender) = held(&desk);
        sender.kill();
        relay.cut();
        let line = collector.line().expect("a line");
        let begin = format!("a file from {}/", desk.ops.jid);
        assert!(line.starts_with(&begin) && line.contains(" was not received: "), "{how:?}: {line}");
        assert_eq!(desk.inbox(), Vec::<String>::new(), "{how:?}");
        let file = files::make(&desk.path("log"), "messages", SIZE);
        send(&desk.ops, &desk).arg(&file).end().expect(0);
        assert!(collector.line().is_some_and(|line| line.contains("messages: ")), "{how:?}");
        ends_well(how, collector, &[]);
        assert!(fs::read(desk.path("inbox/messages")).expect("arrived") == fs::read(&file).expect("sent"));
    }
}

#[test]
fn collector_c_says_one_line_and_ends_with_1_when_the_connection_is_lost() {
    for &how in How::watched() {
        let (program, server) = (example("collector.c", how), Server::start(Kind::Prosody));
        let (device, ops) = server.pair();
        let desk = configured(Device::of(ops, device), "");
        let collector = ready(&program, &desk);
        server.kill();
        let exit = collector.wait();
        assert_eq!((exit.code, exit.stdout), (1, vec![]), "{how:?}: {}", exit.stderr);
        assert!(exit.stderr.starts_with("collector: "), "{how:?}: {}", exit.stderr);
        assert_eq!(exit.stderr.lines().count(), 1, "{how:?}: {}", exit.stderr);
    }
}
