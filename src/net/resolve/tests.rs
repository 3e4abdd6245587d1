//! Look-ups against a name server that the test is itself.

use std::fs;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::base::waits::{Wait, Waits};
use crate::os::stop::Stop;
use crate::os::until::Patience;

/// What the server makes of a question: name and type are in it; nothing is silence.
type Reply = fn(&str, u16, &[u8]) -> Option<Vec<u8>>;

struct Bed {
    folder: PathBuf,
    resolver: Resolver,
    asked: Arc<AtomicUsize>,
}

impl Drop for Bed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn bed(conf: &str, reply: Reply) -> Bed {
    let folder = std::env::temp_dir().join(format!("firepush-dns-{}", random::token(12).unwrap()));
    fs::create_dir(&folder).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (hosts, path) = (folder.join("hosts"), folder.join("resolv.conf"));
    fs::write(&hosts, "192.0.2.9 listed\n").unwrap();
    fs::write(&path, conf).unwrap();
    let resolver = Resolver { hosts, conf: path, port: Some(socket.local_addr().unwrap().port()) };
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut bytes = [0; 1500];
        while let Ok((n, from)) = socket.recv_from(&mut bytes) {
            counted.fetch_add(1, Ordering::SeqCst);
            let question = &bytes[..n];
            let name = name_of(question);
            let kind = u16::from_be_bytes([question[n - 4], question[n - 3]]);
            if let Some(reply) = reply(&name, kind, question) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    Bed { folder, resolver, asked }
}

fn name_of(question: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut at = 12;
    while question[at] != 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..at + 1 + length]).into_owned());
        at += 1 + length;
    }
    labels.join(".")
}

fn reply(question: &[u8], flags: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2..4].copy_from_slice(&flags.to_be_bytes());
    bytes[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    for (kind, data) in records {
        bytes.extend([0xc0, 12]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(*data);
    }
    bytes
}

const DONE: u16 = 0x8180;
const NO_NAME: u16 = 0x8183;
const FAILED: u16 = 0x8182;
const LOCAL: &str = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";

fn until(limit: Duration) -> Until {
    Patience::new(&Waits::default(), &Stop::new().unwrap()).until_after(Wait::Resolve, limit)
}

fn look_up(bed: &Bed, host: &str) -> Result<Vec<String>> {
    let endpoint = Endpoint { host: host.into(), port: 5222 };
    let found = bed.resolver.addresses(&endpoint, &until(Duration::from_secs(60)))?;
    Ok(found.iter().map(|address| address.ip().to_string()).collect())
}

#[test]
fn addresses_and_listed_hosts_ask_nobody() {
    let bed = bed(LOCAL, |_, _, _| None);
    assert_eq!(look_up(&bed, "192.0.2.1").unwrap(), ["192.0.2.1"]);
    assert_eq!(look_up(&bed, "Listed").unwrap(), ["192.0.2.9"]);
    assert_eq!(bed.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn both_kinds_of_address_are_found_and_take_turns() {
    let bed = bed(LOCAL, |_, kind, question| {
        let v6 = |last| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
        Some(match kind {
            1 => reply(question, DONE, &[(1, &[192, 0, 2, 1]), (1, &[192, 0, 2, 2])]),
            _ => reply(question, DONE, &[(28, &v6(1)), (28, &v6(2))]),
        })
    });
    assert_eq!(look_up(&bed, "a.example").unwrap(), ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]);
}

#[test]
fn a_name_without_ipv6_answers_does_not_wait_for_them() {
    let bed = bed(LOCAL, |_, kind, question| (kind == 1).then(|| reply(question, DONE, &[(1, &[192, 0, 2, 1])])));
    assert_eq!(look_up(&bed, "a.example").unwrap(), ["192.0.2.1"]);
}

#[test]
fn a_short_name_is_searched_for_in_the_domains_of_resolv_conf() {
    let bed = bed(&format!("search lan example.org\n{LOCAL}"), |name, kind, question| {
        let found = name == "xmpp.example.org" && kind == 1;
        Some(if found { reply(question, DONE, &[(1, &[192, 0, 2, 5])]) } else { reply(question, NO_NAME, &[]) })
    });
    assert_eq!(look_up(&bed, "xmpp").unwrap(), ["192.0.2.5"]);
    let error = look_up(&bed, "other").unwrap_err();
    assert!(error.kind() == Kind::Network && error.what().contains("no host other"), "{error}");
}

#[test]
fn a_server_that_never_answers_is_named_after_its_attempts() {
    let bed = bed(LOCAL, |_, _, _| None);
    let error = look_up(&bed, "a.example").unwrap_err();
    assert!(error.what().contains("127.0.0.1") && error.what().contains("does not answer"), "{error}");
    assert_eq!(bed.asked.load(Ordering::SeqCst), 2, "one question of each kind");
}

#[test]
fn a_server_that_can_not_tell_is_followed_by_the_next() {
    let both = bed("nameserver 127.0.0.2\nnameserver 127.0.0.1\noptions timeout:1\n", |_, kind, question| {
        Some(if kind == 1 { reply(question, DONE, &[(1, &[192, 0, 2, 1])]) } else { reply(question, DONE, &[]) })
    });
    assert_eq!(look_up(&both, "a.example").unwrap(), ["192.0.2.1"], "nobody is at 127.0.0.2");
    let error = look_up(&bed(LOCAL, |_, _, question| Some(reply(question, FAILED, &[]))), "a.example").unwrap_err();
    assert!(error.what().contains("code 2"), "{error}");
}

#[test]
fn resolv_conf_is_read_again_at_each_look_up() {
    let bed = bed("nameserver 127.0.0.2\noptions timeout:1 attempts:1\n", |_, _, question| {
        Some(reply(question, DONE, &[(1, &[192, 0, 2, 1])]))
    });
    assert!(look_up(&bed, "a.example").is_err());
    fs::write(bed.folder.join("resolv.conf"), LOCAL).unwrap();
    assert_eq!(look_up(&bed, "a.example").unwrap(), ["192.0.2.1"]);
}

#[test]
fn answers_that_are_not_ours_are_passed_over() {
    let bed = bed(LOCAL, |_, kind, question| {
        if kind != 1 {
            return Some(reply(question, DONE, &[]));
        }
        let mut wrong = reply(question, DONE, &[(1, &[192, 0, 2, 66])]);
        wrong[0] ^= 1;
        Some(wrong)
    });
    assert!(look_up(&bed, "a.example").is_err());
}

#[test]
fn row_10_the_hosts_of_a_service_come_in_order_and_a_dot_says_that_there_is_none() {
    let bed = bed(LOCAL, |name, _, question| {
        Some(match name {
            "_xmpp-client._tcp.example.org" => {
                reply(question, DONE, &[(33, b"\0\x14\0\0\x14\x66\x01b\0"), (33, b"\0\x0a\0\0\x14\x67\x01a\x01x\0")])
            }
            "_xmpp-client._tcp.none.org" => reply(question, DONE, &[(33, b"\0\0\0\0\0\0\0")]),
            _ => reply(question, NO_NAME, &[]),
        })
    });
    let services = |domain: &str| bed.resolver.services("_xmpp-client._tcp", domain, &until(Duration::from_secs(60)));
    let hosts: Vec<_> = services("example.org").unwrap().into_iter().map(|srv| (srv.target, srv.port)).collect();
    assert_eq!(hosts, [("a.x".to_owned(), 5223), ("b".to_owned(), 5222)]);
    assert_eq!(services("none.org").unwrap()[0].target, "");
    assert!(services("other.org").unwrap().is_empty());
}
