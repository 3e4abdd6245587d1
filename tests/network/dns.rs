//! A real name server (dnsmasq) on an address of the loopback net that nobody else uses.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::command::Plain;
use crate::support::files;
use crate::support::process::{Process, supervised};
use tempfile::TempDir;

pub struct Dns {
    folder: TempDir,
    address: Ipv4Addr,
    process: Process,
}

impl Dns {
    /// Serves these lines of dnsmasq's configuration, and knows no other name.
    pub fn serve(lines: &[&str]) -> Dns {
        let folder = files::folder();
        let conf = folder.path().join("dnsmasq.conf");
        let address = free();
        let mut text = format!(
            "listen-address={address}\nbind-interfaces\nno-hosts\nno-resolv\nno-daemon\nlocal=/#/\nuser=root\nlog-queries\n\
             log-facility=-\npid-file={}\n",
            folder.path().join("pid").display()
        );
        lines.iter().for_each(|line| writeln!(text, "{line}").expect("a text"));
        fs::write(&conf, text).expect("a configuration");
        let mut command = supervised("/bin/sh", None);
        command.args(["-c", "exec dnsmasq -C \"$0\" 2>&1"]).arg(conf);
        let mut process = Process::start(command);
        while !process.line().expect("dnsmasq starts").contains("started") {}
        Dns { folder, address, process }
    }

    /// `firepush VERB …` on a machine whose resolv.conf names this server.
    pub fn command(&self, verb: &str, search: &str) -> Plain {
        let conf = self.conf();
        fs::write(&conf, format!("{search}nameserver {}\noptions timeout:5\n", self.address)).expect("a file");
        Plain::new(verb).mounted(&format!("mount --bind {} /etc/resolv.conf", conf.display()))
    }

    fn conf(&self) -> PathBuf {
        self.folder.path().join("resolv.conf")
    }

    /// Waits until the server has noted this.
    pub fn hears(&mut self, what: &str) {
        while !self.process.line().unwrap_or_else(|| panic!("{what} was never asked")).contains(what) {}
    }
}

/// One where nobody listens for names, and which no other test of this process takes.
fn free() -> Ipv4Addr {
    static TAKEN: AtomicU8 = AtomicU8::new(1);
    let all = std::iter::repeat_with(|| Ipv4Addr::new(127, 78, 0, TAKEN.fetch_add(1, Ordering::Relaxed)));
    all.take(250).find(|address| UdpSocket::bind((*address, 53)).is_ok()).expect("port 53 of 127.78.0.0")
}
