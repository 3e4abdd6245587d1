//! What happens when something dies or freezes in the middle of a transfer: 75 and one line that names the phase.

use std::net::{Ipv4Addr, SocketAddr};

use tempfile::TempDir;

use crate::full;
use crate::support::files;
use crate::support::process::{Exit, Process};
use crate::support::relay::Relay;
use crate::support::run::Program::Firepush;
use crate::support::run::Run;
use crate::support::server::{Kind, Options, Server};

/// The loopback address where clients are told that the proxy is: there stands a relay.
const RELAYED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// What passes before the transfer is held: more than the login, less than the file.
const MIDDLE: u64 = 2 << 20;
const SIZE: u64 = 20_000_000;

#[test]
fn a_receiver_that_is_killed_ends_a_socks5_send_with_75() {
    by_socks5(|transfer| transfer.receiver.kill(), "through the proxy");
}

#[test]
fn a_receiver_that_is_killed_ends_an_ibb_send_with_75() {
    by_ibb(|transfer| transfer.receiver.kill(), "block");
}

#[test]
fn a_proxy_that_is_killed_ends_the_send_with_75() {
    by_socks5(|transfer| transfer.relay.cut(), "through the proxy");
}

#[test]
fn a_server_that_is_killed_ends_a_socks5_send_with_75() {
    by_socks5(|transfer| transfer.server.kill(), "through the proxy");
}

#[test]
fn a_server_that_is_killed_ends_an_ibb_send_with_75() {
    by_ibb(|transfer| transfer.server.kill(), "block");
}

#[test]
fn a_server_that_freezes_ends_a_socks5_send_with_75() {
    by_socks5(|transfer| transfer.server.freeze(), "through the proxy");
}

#[test]
fn a_server_that_freezes_ends_an_ibb_send_with_75() {
    by_ibb(|transfer| transfer.server.freeze(), "block");
}

#[test]
fn a_sender_that_is_killed_leaves_no_half_file() {
    for method in ["socks5", "ibb"] {
        let mut transfer = Transfer::held(Kind::Prosody, method);
        transfer.sender.kill();
        transfer.relay.release();
        assert_eq!(transfer.receiver.next_event().expect("an event")["event"], "offer", "{method}");
        assert_eq!(transfer.receiver.next_event().expect("an event")["event"], "failed", "{method}");
        assert_eq!(std::fs::read_dir(transfer.inbox.path()).expect("the inbox").count(), 0, "{method}");
    }
}

fn by_socks5(fault: fn(&Transfer), phase: &str) {
    interrupted("socks5", fault, phase);
}

fn by_ibb(fault: fn(&Transfer), phase: &str) {
    interrupted("ibb", fault, phase);
}

fn interrupted(method: &str, fault: fn(&Transfer), phase: &str) {
    for kind in [Kind::Prosody, Kind::Ejabberd].into_iter().take(if full() { 2 } else { 1 }) {
        let transfer = Transfer::held(kind, method);
        fault(&transfer);
        transfer.relay.release();
        let exit: Exit = transfer.sender.wait().expect(75);
        assert!(exit.complaint().contains(phase), "{phase:?} is missing: {}", exit.complaint());
        assert_eq!(exit.events("failed").len(), 1);
        assert_eq!(exit.events("sent").len(), 0);
    }
}

/// A transfer that is held in the middle.
struct Transfer {
    server: Server,
    relay: Relay,
    receiver: Process,
    sender: Process,
    inbox: TempDir,
    _folder: TempDir,
}

impl Transfer {
    fn held(kind: Kind, method: &str) -> Transfer {
        let server = Server::with(kind, Options { proxy_host: "127.0.0.2", ..Options::default() });
        let (mut device, ops) = server.pair();
        let relay = if method == "socks5" {
            let listen = SocketAddr::from((RELAYED, server.ports.proxy));
            Relay::start(listen, SocketAddr::from((Ipv4Addr::LOCALHOST, server.ports.proxy)), MIDDLE)
        } else {
            Relay::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), device.server, MIDDLE)
        };
        if method == "ibb" {
            device.server = relay.address;
        }
        let (folder, inbox) = (files::folder(), files::folder());
        let file = files::make(folder.path(), "big.log", SIZE);
        let mut receiver = Run::receive(Firepush, &ops, inbox.path()).args(["--count", "1"]).start();
        receiver.event("ready");
        let run = Run::send(Firepush, &device, &ops.jid).args(["--timeout", "3", "--method", method]);
        let sender = run.arg(file).start();
        relay.wait_until_held();
        Transfer { server, relay, receiver, sender, inbox, _folder: folder }
    }
}
