//! Which server a domain means.

use std::sync::OnceLock;

use crate::dns::Dns;
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{Account, Kind, Server};

pub fn server() -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    PROSODY.get_or_init(|| Server::start(Kind::Prosody))
}

/// Sends a file by the words that an engineer would use: the server is not named.
fn send(dns: &Dns, search: &str, account: &Account, to: &str, more: &[&str]) -> Exit {
    let folder = files::folder();
    let file = files::make(folder.path(), "some.log", 1000);
    let trust: Vec<_> = account.trust.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let password = account.password_file.to_string_lossy().into_owned();
    let words = ["--jid", &account.jid, "--password-file", &password, &trust[0], &trust[1], "--to", to];
    dns.command("send", search).args(words).args(more).args([&file]).end()
}

fn delivered(dns: &Dns, more: &[&str]) {
    let (device, ops) = server().pair();
    let inbox = files::folder();
    let mut receiver = Run::receive(Firepush, &ops, inbox.path()).start();
    receiver.event("ready");
    let exit = send(dns, "", &device, &ops.jid, more).expect(0);
    assert!(exit.stderr.is_empty(), "{}", exit.stderr);
    receiver.event("file");
}

#[test]
fn the_srv_records_of_a_domain_name_its_server_and_port() {
    let port = server().ports.starttls;
    let srv = format!("srv-host=_xmpp-client._tcp.example.test,xmpp.example.test,{port},5,0");
    let worse = "srv-host=_xmpp-client._tcp.example.test,backup.example.test,1,9,0";
    let dns = Dns::serve(&[&srv, worse, "address=/xmpp.example.test/127.0.0.1"]);
    delivered(&dns, &[]);
}

#[test]
fn a_host_that_is_down_is_followed_by_the_next_of_the_domain() {
    let port = server().ports.starttls;
    let srv = format!("srv-host=_xmpp-client._tcp.example.test,xmpp.example.test,{port},9,0");
    let down = "srv-host=_xmpp-client._tcp.example.test,down.example.test,1,5,0";
    let addresses = ["address=/xmpp.example.test/127.0.0.1", "address=/down.example.test/127.0.0.1"];
    delivered(&Dns::serve(&[&srv, down, addresses[0], addresses[1]]), &[]);
}

#[test]
fn a_domain_that_serves_by_direct_tls_alone_is_reached_so() {
    let port = server().ports.direct_tls;
    let srv = format!("srv-host=_xmpps-client._tcp.example.test,xmpp.example.test,{port},5,0");
    delivered(&Dns::serve(&[&srv, "address=/xmpp.example.test/127.0.0.1"]), &[]);
}

#[test]
fn more_hosts_than_a_datagram_holds_are_asked_for_by_tcp() {
    let port = server().ports.starttls;
    let good = format!("srv-host=_xmpp-client._tcp.example.test,xmpp.example.test,{port},1,0");
    let many: Vec<_> =
        (0..40).map(|n| format!("srv-host=_xmpp-client._tcp.example.test,backup{n}.example.test,1,9,0")).collect();
    let mut lines: Vec<&str> = many.iter().map(String::as_str).collect();
    lines.extend([good.as_str(), "address=/xmpp.example.test/127.0.0.1"]);
    delivered(&Dns::serve(&lines), &[]);
}

#[test]
fn a_domain_without_records_is_its_own_server() {
    let mut dns = Dns::serve(&["address=/example.test/127.0.0.1"]);
    let (device, ops) = server().pair();
    let exit = send(&dns, "", &device, &ops.jid, &[]).expect(75);
    assert!(exit.complaint().contains("127.0.0.1:5222"), "{}", exit.stderr);
    dns.hears("_xmpp-client._tcp.example.test");
}

#[test]
fn a_domain_that_says_it_serves_nobody_is_told_so() {
    let none = ["srv-host=_xmpp-client._tcp.example.test", "srv-host=_xmpps-client._tcp.example.test"];
    let (device, ops) = server().pair();
    let exit = send(&Dns::serve(&none), "", &device, &ops.jid, &[]).expect(75);
    assert!(exit.complaint().contains("serves no XMPP clients"), "{}", exit.stderr);
    assert!(exit.complaint().contains("--server"), "{}", exit.stderr);
}

#[test]
fn a_short_name_of_a_server_is_searched_for() {
    let dns = Dns::serve(&["address=/gw.corp.test/127.0.0.1"]);
    let (device, ops) = server().pair();
    let named = format!("gw:{}", server().ports.starttls);
    let inbox = files::folder();
    let mut receiver = Run::receive(Firepush, &ops, inbox.path()).start();
    receiver.event("ready");
    send(&dns, "search lan.test corp.test\n", &device, &ops.jid, &["--server", &named]).expect(0);
    receiver.event("file");
}

#[test]
fn names_outside_ascii_are_refused_with_what_to_write_instead() {
    let (device, ops) = server().pair();
    let other = Account { jid: "device@exämple.test".into(), ..device.clone() };
    for (account, more) in [(&other, &[][..]), (&device, &["--server", "exämple.test"])] {
        let exit = send(&Dns::serve(&[]), "", account, &ops.jid, more).expect(78);
        assert!(exit.complaint().contains("exämple.test") && exit.complaint().contains("xn--"), "{}", exit.stderr);
    }
}

#[test]
fn a_name_that_nobody_has_is_told_with_what_to_check() {
    let (device, ops) = server().pair();
    let exit = send(&Dns::serve(&[]), "", &device, &ops.jid, &["--server", "nowhere.test"]).expect(75);
    assert!(exit.complaint().contains("no host nowhere.test") && exit.complaint().contains("DNS"), "{}", exit.stderr);
}
