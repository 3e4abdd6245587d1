//! A transfer between two real clients that is held in the middle, where a test does something to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::full;
use crate::support::files;
use crate::support::process::{Exit, Process};
use crate::support::relay::Relay;
use crate::support::run::Program::Firepush;
use crate::support::run::Run;
use crate::support::server::{Account, Kind, Options, Server};

/// The loopback address where clients are told that the proxy is: there stands a relay.
const RELAYED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// What passes before the transfer is held: more than the login, less than the file.
const MIDDLE: u64 = 2 << 20;
const SIZE: u64 = 20_000_000;

/// Where the relay stands. Through the proxy it is SOCKS5, else in-band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Path {
    /// Between the proxy and both sides.
    Proxy,
    /// Between the sender and its server.
    Sender,
    /// Between the receiver and its server.
    Receiver,
}

pub struct Transfer {
    pub server: Server,
    pub relay: Relay,
    pub receiver: Process,
    pub sender: Process,
    pub inbox: TempDir,
    device: Account,
    to: String,
    file: PathBuf,
    _folder: TempDir,
}

/// Prosody; ejabberd too in a full run.
pub fn kinds() -> Vec<Kind> {
    if full() { vec![Kind::Prosody, Kind::Ejabberd] } else { vec![Kind::Prosody] }
}

impl Transfer {
    /// The sender waits 3 s at most for anything, the receiver takes one file.
    pub fn held(kind: Kind, path: Path) -> Transfer {
        Transfer::held_with(kind, path, &["--timeout", "3"], &["--count", "1"])
    }

    pub fn held_with(kind: Kind, path: Path, sender: &[&str], receiver: &[&str]) -> Transfer {
        let server = Server::with(kind, Options { proxy_host: "127.0.0.2", ..Options::default() });
        let (mut device, mut ops) = server.pair();
        let (listen, target) = match path {
            Path::Proxy => ((RELAYED, server.ports.proxy), (Ipv4Addr::LOCALHOST, server.ports.proxy)),
            Path::Sender | Path::Receiver => ((Ipv4Addr::LOCALHOST, 0), (Ipv4Addr::LOCALHOST, server.ports.starttls)),
        };
        let relay = Relay::start(SocketAddr::from(listen), SocketAddr::from(target), MIDDLE);
        match path {
            Path::Proxy => {}
            Path::Sender => device.server = relay.address,
            Path::Receiver => ops.server = relay.address,
        }
        let method = if path == Path::Proxy { "socks5" } else { "ibb" };
        let (folder, inbox) = (files::folder(), files::folder());
        let file = files::make(folder.path(), "big.log", SIZE);
        let mut receiver = Run::receive(Firepush, &ops, inbox.path()).args(receiver.iter().copied()).start();
        receiver.event("ready");
        let run = Run::send(Firepush, &device, &ops.jid).args(["--method", method]);
        let sender = run.args(sender.iter().copied()).arg(&file).start();
        if !relay.wait_until_held() {
            let Exit { code, stdout, stderr } = sender.wait();
            panic!("{kind:?}, {path:?}: it was to be held, but ended with {code}: {stdout:?}\n{stderr}");
        }
        Transfer { server, relay, receiver, sender, inbox, device, to: ops.jid, file, _folder: folder }
    }

    /// The same file once more, by whatever method.
    pub fn again(&self) -> Run {
        Run::send(Firepush, &self.device, &self.to).arg(&self.file)
    }
}

/// What the receiver says when the transfer fails, which must be the next thing that it says after the offer; nothing
/// may be left in its folder then.
#[track_caller]
pub fn fails_clean(receiver: &mut Process, inbox: &TempDir) -> Value {
    assert_eq!(receiver.next_event().expect("an event")["event"], "offer");
    let failed = receiver.next_event().expect("an event");
    assert_eq!(failed["event"], "failed", "{failed}");
    assert!(is_empty(inbox), "something is left: {failed}");
    failed
}

pub fn is_empty(inbox: &TempDir) -> bool {
    std::fs::read_dir(inbox.path()).expect("the inbox").next().is_none()
}
