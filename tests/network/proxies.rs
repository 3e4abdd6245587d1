//! Through the proxies of a network: real SOCKS5 (microsocks) and real HTTP (tinyproxy).

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::command::{Plain, firepush};
use crate::names::server;
use crate::support::files;
use crate::support::process::{Process, supervised};
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::Account;
use tempfile::TempDir;

/// A proxy that wants a login, and what it says.
struct Proxy {
    folder: TempDir,
    scheme: &'static str,
    port: u16,
    process: Process,
}

/// A proxy that doesn't take connections by then won't.
const HANG: Duration = Duration::from_secs(30);

const LOGIN: &str = "gate:open%2esesame";

impl Proxy {
    fn socks5() -> Proxy {
        Proxy::start("socks5", |port, _| {
            format!("exec microsocks -i 127.0.0.1 -p {port} -u gate -P 'open.sesame' 2>&1")
        })
    }

    /// It lets through what it is told to: the stream and the bytestreams.
    fn http(ports: &[u16]) -> Proxy {
        Proxy::start("http", |port, folder| {
            let allowed: String = ports.iter().map(|port| format!("ConnectPort {port}\n")).collect();
            let conf = folder.join("tinyproxy.conf");
            let text =
                format!("Port {port}\nListen 127.0.0.1\nLogLevel Connect\nBasicAuth gate open.sesame\n{allowed}");
            fs::write(&conf, text).expect("a configuration");
            format!("exec tinyproxy -d -c {} 2>&1", conf.display())
        })
    }

    fn start(scheme: &'static str, script: impl Fn(u16, &Path) -> String) -> Proxy {
        let folder = files::folder();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut command = supervised("/bin/sh", None);
        command.args(["-c", &script(port, folder.path())]);
        let mut process = Process::start(command);
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if started.elapsed() > HANG {
                process.stop();
                panic!("{scheme} doesn't listen: {:?}", std::iter::from_fn(|| process.line()).collect::<Vec<_>>());
            }
        }
        Proxy { folder, scheme, port, process }
    }

    /// A configuration that names it, for those only who may know its password.
    fn configured(&self, login: &str) -> PathBuf {
        let conf = self.folder.path().join(format!("{}.conf", login.len()));
        fs::write(&conf, format!("via = {}://{login}@127.0.0.1:{}\n", self.scheme, self.port)).expect("a file");
        fs::set_permissions(&conf, fs::Permissions::from_mode(0o600)).expect("chmod");
        conf
    }

    /// Waits until it has said that it connected to this port.
    fn tells_of(&mut self, port: u16) {
        let wanted = format!(":{port}");
        while !self.process.line().unwrap_or_else(|| panic!("{port} was never asked for")).contains(&wanted) {}
    }
}

fn through(run: Run, conf: &Path) -> Run {
    run.args(["--config".into(), conf.to_owned()])
}

/// One side behind the proxy, then the other.
fn both_ways(proxy: impl Fn() -> Proxy, method: &str) {
    for sender_is_inside in [true, false] {
        let (device, ops) = server().pair();
        let (folder, mut proxy) = (files::folder(), proxy());
        let conf = proxy.configured(LOGIN);
        let receive = Run::receive(Firepush, &ops, folder.path()).args(["--count", "1", "--method", method]);
        let receive = if sender_is_inside { receive } else { through(receive, &conf) };
        let mut receiver = receive.start();
        receiver.event("ready");
        let send = Run::send(Firepush, &device, &ops.jid).args(["--method", method]);
        let send = if sender_is_inside { through(send, &conf) } else { send };
        let sent = files::make(folder.path(), "sent.log", 300_000);
        let exit = send.arg(&sent).end().expect(0);
        assert_eq!(exit.events("sent")[0]["method"], method);
        let file = receiver.event("file");
        files::assert_same(&sent, Path::new(file["path"].as_str().expect("a path")));
        receiver.wait().expect(0);
        proxy.tells_of(server().ports.starttls);
        if method == "socks5" {
            proxy.tells_of(server().ports.proxy);
        }
    }
}

#[test]
fn through_a_socks5_proxy_by_socks5_bytestreams() {
    both_ways(Proxy::socks5, "socks5");
}

#[test]
fn through_a_socks5_proxy_in_band() {
    both_ways(Proxy::socks5, "ibb");
}

#[test]
fn through_an_http_proxy_by_socks5_bytestreams() {
    both_ways(|| Proxy::http(&[server().ports.starttls, server().ports.proxy]), "socks5");
}

#[test]
fn through_an_http_proxy_in_band() {
    both_ways(|| Proxy::http(&[server().ports.starttls]), "ibb");
}

#[test]
fn an_http_proxy_that_lets_only_the_stream_through_leaves_in_band() {
    let (device, ops) = server().pair();
    let folder = files::folder();
    let proxy = Proxy::http(&[server().ports.starttls]);
    let mut receiver = Run::receive(Firepush, &ops, folder.path()).args(["--count", "1"]).start();
    receiver.event("ready");
    let send = through(Run::send(Firepush, &device, &ops.jid), &proxy.configured(LOGIN));
    let exit = send.arg(files::make(folder.path(), "sent.log", 300_000)).end().expect(0);
    assert_eq!(exit.events("sent")[0]["method"], "ibb");
    receiver.wait().expect(0);
}

fn attempt(device: &Account, ops: &Account, conf: &Path) -> Run {
    let file = files::make(conf.parent().expect("a folder"), "sent.log", 10);
    through(Run::send(Firepush, device, &ops.jid), conf).arg(file)
}

#[test]
fn a_proxy_that_refuses_the_login_is_a_matter_of_the_configuration() {
    let (device, ops) = server().pair();
    for proxy in [Proxy::socks5(), Proxy::http(&[])] {
        let exit = attempt(&device, &ops, &proxy.configured("gate:wrong")).end().expect(78);
        let said = exit.complaint();
        assert!(said.contains("login") && said.contains("via =") && !said.contains("wrong"), "{said}");
        assert!(said.contains(&format!("{}://gate:…@127.0.0.1", proxy.scheme)), "{said}");
    }
}

#[test]
fn a_proxy_that_is_down_or_none_or_refuses_the_port_is_named() {
    let (device, ops) = server().pair();
    let closed = Proxy { port: 1, ..Proxy::http(&[]) };
    for (proxy, code, why) in [
        (closed, 75, "can't connect to 127.0.0.1:1"),
        (Proxy::http(&[1]), 75, "403"),
        (Proxy { scheme: "http", ..Proxy::socks5() }, 76, "no HTTP proxy"),
    ] {
        let exit = attempt(&device, &ops, &proxy.configured(LOGIN)).end().expect(code);
        assert!(exit.complaint().contains(why) && exit.complaint().contains("proxy"), "{}", exit.stderr);
        assert!(!exit.stderr.contains("sesame"), "{}", exit.stderr);
    }
}

#[test]
fn the_password_of_a_proxy_stays_where_only_we_read_it() {
    let words = ["send", "--via", "socks5://me:secret@localhost", "--to", "a@b", "file"];
    let exit = firepush(words).expect(64);
    assert!(exit.complaint().contains("configuration file") && !exit.stderr.contains("secret"), "{}", exit.stderr);
    let proxy = Proxy::http(&[]);
    let conf = proxy.configured(LOGIN);
    let exit = firepush(["config".as_ref(), "--config".as_ref(), conf.as_os_str()]).expect(0);
    let shown = format!("via = http://gate:…@127.0.0.1:{}", proxy.port);
    let printed = exit.stdout.join("\n");
    assert!(printed.contains(&shown) && !printed.contains("sesame"), "{printed}");
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o644)).expect("chmod");
    let exit = firepush(["config".as_ref(), "--config".as_ref(), conf.as_os_str()]).expect(78);
    assert!(exit.complaint().contains(":1: via") && exit.complaint().contains("chmod 600"), "{}", exit.stderr);
}

#[test]
fn the_proxy_of_the_environment_is_used_only_where_that_is_said() {
    let (device, ops) = server().pair();
    let folder = files::folder();
    let mut receiver = Run::receive(Firepush, &ops, folder.path()).args(["--count", "1"]).start();
    receiver.event("ready");
    let file = files::make(folder.path(), "sent.log", 10);
    let send = |more: &[&str]| {
        let words = Plain::new("send").limited("export HTTPS_PROXY=127.0.0.1:1").args(device.words());
        words.args(["--to", &ops.jid]).args(more).args([&file]).end()
    };
    let exit = send(&["--via", "env"]).expect(75);
    assert!(exit.complaint().contains("the proxy http://127.0.0.1:1"), "{}", exit.stderr);
    send(&[]).expect(0);
    receiver.wait().expect(0);
}

#[test]
fn a_fixed_address_needs_no_dns() {
    let (device, ops) = server().pair();
    let folder = files::folder();
    let mut receiver = Run::receive(Firepush, &ops, folder.path()).args(["--count", "1"]).start();
    receiver.event("ready");
    let port = server().ports.starttls;
    let named = format!("nowhere.test:{port}");
    let fixed = format!("nowhere.test:{port}:127.0.0.1");
    let send = Run::send(Firepush, &device, &ops.jid).args(["--server", &named, "--resolve", &fixed]);
    send.arg(files::make(folder.path(), "sent.log", 10)).end().expect(0);
    receiver.wait().expect(0);
}
