//! `make demo`: pushes a log of this machine to another user, through a real server, and says what happens.

#[path = "mod.rs"]
mod support;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::process::Process;
use support::run::{Program::Firepush, Run};
use support::server::{Account, Kind, Server};

/// The first of these that is there and is not empty is pushed.
const LOGS: [&str; 5] =
    ["/var/log/dpkg.log", "/var/log/syslog", "/var/log/messages", "/var/log/apt/history.log", "/var/log/bootstrap.log"];

fn main() -> Result<(), Box<dyn Error>> {
    let log = LOGS.iter().map(PathBuf::from).find(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0));
    let log = log.ok_or("this machine has no log that the demo knows")?;

    step("1. A real XMPP server: Prosody on 127.0.0.1, with its own throw-away certificate and accounts.");
    let server = Server::start(Kind::Prosody);
    println!("   It serves the domain {} and has a file transfer proxy, {}.", server.domain, server.proxy_jid());

    step("2. The operator's side: `ops` waits for files from `device`.");
    let inbox = tempfile::Builder::new().prefix("firepush-inbox-").tempdir()?;
    let mut demo = Demo::start(server.account("device"), server.account("ops"), log, inbox.path());

    step("3. The device pushes its log through the server's proxy: SOCKS5, the quick way.");
    demo.push("socks5")?;

    step("4. It pushes it again inside the XMPP stream: IBB, which works where only the XMPP port is open.");
    demo.push("ibb")?;

    step("5. The receiver was asked for two files and ends by itself; the server is stopped, all files are removed.");
    demo.receiver.wait().expect(0);
    println!("   To a Spark user on your Openfire it is the same `firepush send`, with your account and server.");
    Ok(())
}

struct Demo {
    device: Account,
    ops: Account,
    log: PathBuf,
    receiver: Process,
}

impl Demo {
    fn start(device: Account, ops: Account, log: PathBuf, inbox: &Path) -> Demo {
        let run = Run::receive_from(&device.jid, &ops, inbox).args(["--count", "2"]);
        println!("   $ {}", run.typed());
        let mut receiver = run.start();
        println!("   It is online as {}.", text(&receiver.event("ready"), "jid"));
        Demo { device, ops, log, receiver }
    }

    fn push(&mut self, method: &str) -> Result<(), Box<dyn Error>> {
        let run = Run::send(Firepush, &self.device, &self.ops.jid).args(["--method", method]).arg(&self.log);
        println!("   $ {}", run.typed());
        let sent = run.end().expect(0).events("sent").remove(0);
        println!("   The sender says: {} bytes, {}.", sent["size"], meaning(text(&sent, "tier")));
        let file = self.receiver.event("file");
        let arrived = Path::new(text(&file, "path"));
        println!("   The receiver says: {} from {}.", arrived.display(), text(&file, "from"));
        if fs::read(&self.log)? != fs::read(arrived)? {
            return Err(format!("{} and {} differ", self.log.display(), arrived.display()).into());
        }
        println!("   Compared byte by byte: identical.");
        Ok(())
    }
}

fn meaning(tier: &str) -> &str {
    match tier {
        "forwarded" => "forwarded: the proxy took and passed on every byte",
        "acked" => "acked: the receiver acknowledged every block",
        other => other,
    }
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or("?")
}

fn step(what: &str) {
    println!("\n{what}");
}
