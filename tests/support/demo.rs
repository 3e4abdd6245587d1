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

    step("5. The receiver was asked for two files and ends by itself.");
    let Demo { device, ops, receiver, log } = demo;
    receiver.wait().expect(0);

    step("6. Nobody watches the device: its configuration, for `firepush run` from cron. The server is down.");
    println!("   (`log = stderr`: without it a run that nobody watches speaks to the syslog.)");
    let unattended = Unattended::configure(&device, &ops, &log)?;
    server.stop();
    unattended.run(&[], 75)?;
    unattended.firepush("status", &[], 0)?;

    step("7. The server is up again, and so is the operator. (`--now`: the demo does not wait for the next try.)");
    server.start_again();
    let inbox = tempfile::Builder::new().prefix("firepush-inbox-").tempdir()?;
    let mut receiver = Run::receive_from(&device.jid, &ops, inbox.path()).args(["--count", "1"]).start();
    receiver.event("ready");
    unattended.run(&["--now"], 0)?;
    let file = receiver.event("file");
    println!("   The receiver says: {} from {}.", text(&file, "path"), text(&file, "from"));
    compare(&log, Path::new(text(&file, "path")))?;
    unattended.run(&[], 0)?;
    println!("   Nothing new, nothing sent, nothing written.");

    step("8. The server is stopped, all files are removed.");
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
        compare(&self.log, arrived)
    }
}

fn compare(sent: &Path, arrived: &Path) -> Result<(), Box<dyn Error>> {
    if fs::read(sent)? != fs::read(arrived)? {
        return Err(format!("{} and {} differ", sent.display(), arrived.display()).into());
    }
    println!("   Compared byte by byte: identical.");
    Ok(())
}

/// A device with a configuration file, in a folder that goes with the demo.
struct Unattended(tempfile::TempDir);

impl Unattended {
    fn configure(device: &Account, ops: &Account, log: &Path) -> Result<Unattended, Box<dyn Error>> {
        let folder = tempfile::Builder::new().prefix("firepush-device-").tempdir()?;
        let text = format!(
            "log = stderr\njid = {}\npassword_file = {}\nserver = {}\nca_file = {}\nspool = {}\n\n[messages]\nfiles = {}\nto = {}\n",
            device.jid,
            device.password_file.display(),
            device.server,
            device.trust[1].to_string_lossy(),
            folder.path().join("spool").display(),
            log.display(),
            ops.jid,
        );
        text.lines().for_each(|line| println!("   | {line}"));
        fs::write(folder.path().join("firepush.conf"), text)?;
        Ok(Unattended(folder))
    }

    fn run(&self, words: &[&str], code: i32) -> Result<(), Box<dyn Error>> {
        self.firepush("run", words, code)
    }

    fn firepush(&self, verb: &str, words: &[&str], code: i32) -> Result<(), Box<dyn Error>> {
        let conf = self.0.path().join("firepush.conf");
        println!("   $ firepush {verb} --config {} {}", conf.display(), words.join(" "));
        let output = std::process::Command::new(support::run::binary())
            .arg(verb)
            .arg("--config")
            .arg(conf)
            .args(words)
            .output()?;
        for line in output.stdout.split(|b| *b == b'\n').chain(output.stderr.split(|b| *b == b'\n')) {
            if !line.is_empty() {
                println!("   {}", String::from_utf8_lossy(line));
            }
        }
        match output.status.code() {
            Some(ended) if ended == code => println!("   (exit code {code})"),
            ended => return Err(format!("it ended with {ended:?}, not {code}").into()),
        }
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
