//! IPv4, IPv6, and IPv6 that is half dead: a device and a server in network namespaces of their own.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::files;
use crate::support::run::{Program::Firepush, Run, binary};
use crate::support::server::{Kind, Server};

const INSIDE: &str = "FIREPUSH_TEST_IN_NAMESPACE";

/// Runs the test of that name again in a network namespace with nothing in it; whether this is that second run.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut again = Command::new("unshare");
    again.args(["-rnm"]).arg(std::env::current_exe().expect("our own path"));
    let output = again.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output().expect("unshare starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

fn shell(line: &str) {
    let output = Command::new("sh").args(["-e", "-c", line]).output().expect("sh starts");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A namespace for the device, on the other end of a cable.
struct Device(Child);

impl Device {
    /// Here are the first addresses of the cable, there the second ones.
    fn on_cable(addresses: &[(&str, &str)]) -> Device {
        let holder = Command::new("unshare").args(["-n", "sleep", "600"]).stdin(Stdio::null()).spawn();
        let device = Device(holder.expect("unshare starts"));
        let own = fs::read_link("/proc/self/ns/net").expect("a namespace");
        let there = format!("/proc/{}/ns/net", device.0.id());
        while fs::read_link(&there).is_ok_and(|there| there == own) {}
        shell(&format!("ip link set lo up; ip link add here type veth peer name there netns {}", device.0.id()));
        device.shell("ip link set lo up");
        for (here, there) in addresses {
            shell(&format!("ip addr add {here} dev here{}", nodad(here)));
            device.shell(&format!("ip addr add {there} dev there{}", nodad(there)));
        }
        shell("ip link set here up");
        device.shell("ip link set there up");
        device
    }

    fn shell(&self, line: &str) {
        shell(&format!("nsenter -t {} -n {line}", self.0.id()));
    }

    /// `firepush …` on the device, for which `hosts` is the file of hosts.
    fn firepush(&self, hosts: &Path) -> Command {
        let script = format!("mount --bind {} /etc/hosts && exec \"$0\" \"$@\"", hosts.display());
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.0.id().to_string(), "-n", "unshare", "-m", "sh", "-e", "-c", &script]).arg(binary());
        command
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nodad(address: &str) -> &'static str {
    if address.contains(':') { " nodad" } else { "" }
}

/// Passes on what comes to an address; a thread for each direction.
fn relay(from: &str, to: SocketAddr) {
    let listener = TcpListener::bind(from).unwrap_or_else(|e| panic!("{from}: {e}"));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(to) else { continue };
            for (mut a, mut b) in [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))].map(both) {
                std::thread::spawn(move || {
                    let _ = io::copy(&mut a, &mut b);
                    let _ = b.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
}

fn both((a, b): (io::Result<TcpStream>, io::Result<TcpStream>)) -> (TcpStream, TcpStream) {
    (a.expect("a socket"), b.expect("a socket"))
}

/// Sends a file from the device to `xmpp.test`, which is these addresses; no wait would end in time by itself.
fn delivered(device: &Device, server: &Server, addresses: &[&str], doctor: &str) {
    let (account, ops) = server.pair();
    let folder = files::folder();
    let hosts = folder.path().join("hosts");
    let lines: String = addresses.iter().map(|address| format!("{address} xmpp.test\n")).collect();
    fs::write(&hosts, lines).expect("a file");
    let mut receiver = Run::receive(Firepush, &ops, folder.path()).args(["--count", "1"]).start();
    receiver.event("ready");
    let trust = account.trust.clone();
    let words = |verb: &str| {
        let mut command = device.firepush(&hosts);
        command.args([verb, "--jid", &account.jid, "--server", "xmpp.test:5222", "--to", &ops.jid]);
        command.arg("--password-file").arg(&account.password_file).args(&trust);
        command
    };
    let mut send = words("send");
    send.args(["--wait-connect", "600s", "--wait-probe", "50ms"]);
    let sent = send.arg(files::make(folder.path(), "some.log", 1000)).output().expect("it starts");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    receiver.wait().expect(0);
    let said = words("doctor").args(["--spool", "/tmp/none"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.lines().any(|line| line.contains(doctor)), "{doctor}: {said}");
}

fn prosody() -> Server {
    Server::start(Kind::Prosody)
}

fn address(server: &Server) -> SocketAddr {
    server.account("device").server
}

#[test]
fn a_device_that_has_only_ipv4_connects() {
    if is_inside("families::a_device_that_has_only_ipv4_connects") {
        let device = Device::on_cable(&[("192.0.2.1/24", "192.0.2.2/24")]);
        device.shell("sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'");
        let server = prosody();
        relay("192.0.2.1:5222", address(&server));
        delivered(&device, &server, &["2001:db8::1", "192.0.2.1"], "ok    tcp       192.0.2.1:5222");
    }
}

#[test]
fn a_device_that_has_only_ipv6_connects() {
    if is_inside("families::a_device_that_has_only_ipv6_connects") {
        let device = Device::on_cable(&[("2001:db8::1/64", "2001:db8::2/64")]);
        let server = prosody();
        relay("[2001:db8::1]:5222", address(&server));
        delivered(&device, &server, &["192.0.2.1", "2001:db8::1"], "ok    tcp       [2001:db8::1]:5222");
    }
}

/// The address takes packets and never answers; the wait for it would last ten minutes.
#[test]
fn row_11_a_device_whose_ipv6_is_dead_connects_by_the_step() {
    if is_inside("families::row_11_a_device_whose_ipv6_is_dead_connects_by_the_step") {
        let cable = [
            ("2001:db8::1/64", "2001:db8::2/64"),
            ("2001:db8::3/64", "2001:db8::4/64"),
            ("192.0.2.1/24", "192.0.2.2/24"),
        ];
        let device = Device::on_cable(&cable);
        let server = prosody();
        relay("192.0.2.1:5222", address(&server));
        let dead = TcpListener::bind("[2001:db8::1]:5222").expect("an address");
        // SAFETY: the descriptor is a listening socket.
        unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(&dead), 0) };
        let at = dead.local_addr().expect("bound");
        let connect = || TcpStream::connect_timeout(&at, Duration::from_millis(200)).ok();
        let _queued: Vec<_> = std::iter::from_fn(connect).collect();
        let dead = "warn  tcp       [2001:db8::1]:5222: no answer";
        delivered(&device, &server, &["2001:db8::1", "192.0.2.1"], dead);
        // The dead one is the first to be tried.
        relay("[2001:db8::3]:5222", address(&server));
        delivered(&device, &server, &["2001:db8::1", "2001:db8::3"], dead);
    }
}
