//! Rules of docs/QUIRKS.md, and its negative cases, that no other scene touches.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::openfire::Openfire;
use crate::openfire::element::{BYTESTREAMS, Element, IBB, SI};
use crate::openfire::options::{Fault, Hosts as ProxyHosts, Options, ProxyPhase};
use crate::openfire::puppet::{Act, Answer, Hosts, Manners};
use crate::openfire::sender::Plan;
use crate::support::ca::Flaw;
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::{Program::Firepush, Run};
use crate::transfers::{arrives, both_values, send};

const OPS: &str = "ops@example.test";

/// A server that also tells what `look` sees in the stanzas of the sender.
fn watching<T: Send + 'static>(look: impl Fn(&Element) -> Option<T> + Send + Sync + 'static) -> (Options, Receiver<T>) {
    let (told, heard) = channel();
    let options = Options::intercept(move |stanza| {
        look(stanza).and_then(|seen| told.send(seen).err());
        None
    });
    (options, heard)
}

/// Refuses the first stanza that has `child`, in the name of `from`; the next ones pass.
fn refusing_once(child: (&'static str, &'static str), from: &'static str, condition: &'static str) -> Options {
    let refused = std::sync::Once::new();
    Options::intercept(move |stanza| {
        stanza.find(child.0, child.1)?;
        let mut answer = None;
        refused.call_once(|| answer = Some(stanza.refuse_bare(Some(from), "cancel", condition)));
        answer
    })
}

fn sparse(folder: &Path, size: u64) -> PathBuf {
    let path = folder.join("sparse.log");
    File::create(&path).and_then(|file| file.set_len(size)).expect("a sparse file");
    path
}

fn push(server: &Openfire, words: &[&str], files: &[&Path]) -> Exit {
    Run::send(Firepush, &server.device(), OPS).args(words.iter().copied()).args(files.iter().copied()).end()
}

#[test]
fn rule_04_a_self_signed_certificate_needs_its_pin() {
    let server = Openfire::start(Options { flaw: Flaw::SelfSigned, ..Options::default() });
    let _ops = server.spark(Manners::ibb());
    let folder = tempfile::tempdir().expect("a folder");
    let file = files::make(folder.path(), "some.log", 10);
    let mut device = server.device();
    for (pin, code) in [("0".repeat(64), 76), (server.certificate.pin.replace("sha256:", ""), 0)] {
        device.trust = ["--pin".into(), format!("sha256:{pin}").into()];
        Run::send(Firepush, &device, OPS).arg(&file).end().expect(code);
        assert_eq!(server.happened("bound"), code == 0, "{:?}", server.notes());
    }
}

#[test]
fn rule_15_every_stanza_stays_below_256_kib() {
    let (options, sizes) = watching(|stanza| Some(stanza.write().len()));
    arrives(options, Manners::ibb(), &[], "ibb");
    let largest = sizes.try_iter().max().expect("stanzas");
    assert!((61_440..256 << 10).contains(&largest), "{largest}");
}

#[test]
fn rule_24_a_message_comes_before_the_first_offer_and_waits_for_who_is_offline() {
    let (options, said) = watching(|stanza| (stanza.name == "message").then(|| stanza.deep("body").cloned()));
    let server = Openfire::start(options);
    let folder = tempfile::tempdir().expect("a folder");
    let file = files::make(folder.path(), "some.log", 10);
    push(&server, &[], &[&file]).expect(69);
    assert_eq!(said.try_iter().count(), 0, "nothing is said unasked");
    push(&server, &["--if-offline", "message"], &[&file]).expect(69);
    assert!(said.try_iter().flatten().next().expect("a message").text.contains("some.log"));
    let ops = server.spark(Manners::ibb());
    push(&server, &["--announce", "a log & more"], &[&file, &file]).expect(0);
    ops.received(2);
    let bodies: Vec<_> = said.try_iter().flatten().map(|body| body.text).collect();
    assert_eq!(bodies, ["a log & more"]);
    let place = |what: &str| server.notes().iter().rposition(|note| note == what);
    assert!(place("message") < server.notes().iter().position(|note| note == "set si"));
}

#[test]
fn rule_33_bad_request_is_followed_by_in_band_alone_where_a_second_offer_is_allowed() {
    let refusing = || refusing_once(("si", SI), "ops@example.test/Spark", "bad-request");
    let sent = send(refusing(), Manners::ibb(), &[], 1000);
    assert_eq!((sent.exit.expect(69).code, sent.server.count("set si")), (69, 1));
    let sent = arrives(refusing(), Manners::ibb(), &["--reoffer"], "ibb");
    assert_eq!(sent.server.count("set si"), 2);
    let sent = send(refusing(), Manners::ibb(), &["--reoffer", "--method", "ibb"], 1000);
    assert_eq!((sent.exit.expect(69).code, sent.server.count("set si")), (69, 1), "not the same once more");
}

#[test]
fn rule_36_the_bytestream_is_begun_within_a_second_of_the_accept() {
    for (manners, method) in [(Manners::default(), "socks5"), (Manners::ibb(), "ibb")] {
        let (options, moments) = watching(|stanza| {
            let offer = stanza.find("si", SI).is_some();
            let hosts =
                stanza.find("query", BYTESTREAMS).is_some_and(|query| query.find("streamhost", BYTESTREAMS).is_some());
            (offer || hosts || stanza.find("open", IBB).is_some()).then(Instant::now)
        });
        arrives(options, manners, &[], method);
        let moments: Vec<_> = moments.try_iter().collect();
        assert_eq!(moments.len(), 2);
        assert!(moments[1] - moments[0] < Duration::from_secs(1), "{method}: {:?}", moments[1] - moments[0]);
    }
}

#[test]
fn rule_38_an_empty_file_is_offered_in_band_alone() {
    let (options, offers) = watching(|stanza| Some(stanza.find("si", SI)?.all("option").len()));
    let sent = send(options, both_values(), &["--method", "socks5"], 0);
    sent.exit.expect(0);
    assert_eq!(offers.try_iter().collect::<Vec<_>>(), [1]);
    assert!(sent.server.happened("set open") && !sent.server.happened("set streamhosts"));
}

#[test]
fn rule_40_of_six_addresses_with_scopes_and_bad_ports_the_good_one_is_offered() {
    let host =
        |address: &str, port: &str| format!(r#"<streamhost jid="proxy.example.test" host="{address}" port="{port}"/>"#);
    let scoped = (1..6).map(|n| host(&format!("fe80::{n}%eth0"), "PORT")).collect::<String>();
    let without_jid = r#"<streamhost host="127.0.0.1" port="PORT"/>"#;
    let hosts = scoped + &host("127.0.0.1", "0") + without_jid + &host("127.0.0.1", "PORT");
    let options = Options { hosts: ProxyHosts::Raw(hosts), ..Options::default() };
    let sent = arrives(options, Manners::default(), &[], "socks5");
    assert!(sent.server.happened("1 streamhosts"), "{:?}", sent.server.notes());
}

#[test]
fn rule_40_of_six_proxies_in_reach_four_are_offered() {
    let listeners: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    let host = |(n, listener): (usize, &TcpListener)| {
        let port = listener.local_addr().expect("bound").port();
        format!(r#"<streamhost jid="proxy{n}.example.test" host="127.0.0.1" port="{port}"/>"#)
    };
    let options =
        Options { hosts: ProxyHosts::Raw(listeners.iter().enumerate().map(host).collect()), ..Options::default() };
    let sent = send(options, Manners::hosts(Hosts::Refuse("item-not-found")), &[], 1000);
    assert!(sent.server.happened("4 streamhosts"), "{:?}", sent.server.notes());
}

#[test]
fn rule_42_a_proxy_that_reads_the_head_of_connect_at_once_is_content() {
    for seed in 0..5 {
        let sent = arrives(Options { seed, ..Options::default() }, Manners::default(), &[], "socks5");
        assert!(!sent.server.happened("torn CONNECT"), "{:?}", sent.server.notes());
    }
}

#[test]
fn rule_47_a_proxy_that_ends_or_resets_behind_the_last_byte_is_no_failure() {
    for fault in [Fault::Eof, Fault::Rst] {
        let options = Options::proxy_fault(ProxyPhase::Data(100_000), fault);
        let sent = arrives(options, Manners::default(), &[], "socks5");
        assert!(sent.server.happened("proxy fault"));
    }
}

#[test]
fn rule_48_a_second_open_that_is_refused_leaves_the_error_of_the_proxy() {
    let manners = Manners { hosts: Hosts::Refuse("item-not-found"), open: Some("not-acceptable"), ..both_values() };
    let sent = send(Options::default(), manners, &["--method", "socks5"], 1000);
    let exit = sent.exit.expect(75);
    assert_eq!(exit.events("failed")[0]["kind"], "no-bytestream");
    assert!(exit.complaint().contains("item-not-found"), "{}", exit.complaint());
    assert_eq!((sent.server.count("set open"), sent.server.count("set si")), (1, 1));
}

#[test]
fn rule_49_a_streamhost_that_failed_is_not_offered_again_in_the_run() {
    let (options, offers) = watching(|stanza| Some(stanza.find("si", SI)?.all("option").len()));
    let server = Openfire::start(options);
    let _ops = server.spark(Manners::hosts(Hosts::Refuse("item-not-found")));
    let folder = tempfile::tempdir().expect("a folder");
    let file = files::make(folder.path(), "some.log", 1000);
    let exit = push(&server, &[], &[&file, &file]);
    assert_eq!(exit.events("failed").len(), 2, "{}", exit.stderr);
    assert_eq!(offers.try_iter().collect::<Vec<_>>(), [2, 1], "the second is in-band alone");
    assert_eq!(server.count("set streamhosts"), 1);
}

#[test]
fn rule_50_our_own_address_is_offered_only_when_asked_for() {
    for hosts in [ProxyHosts::One, ProxyHosts::Absent] {
        let options = Options { hosts, ..Options::default() };
        let sent = arrives(options, Manners::default(), &["--direct"], "socks5");
        assert!(!sent.server.happened("CONNECT") && !sent.server.happened("set activate"), "{:?}", sent.server.notes());
    }
    let sent = arrives(Options::default(), Manners::default(), &[], "socks5");
    assert!(sent.server.happened("1 streamhosts") && sent.server.happened("CONNECT"));
}

#[test]
fn rule_54_more_small_blocks_than_qxmpp_can_count_are_refused() {
    let server = Openfire::start(Options::default());
    let _ops = server.spark(Manners { block_max: 4096, ..Manners::ibb() });
    let folder = tempfile::tempdir().expect("a folder");
    let exit = push(&server, &[], &[&sparse(folder.path(), 65_536 * 4096 + 1)]).expect(69);
    assert!(exit.complaint().contains("4096") && exit.complaint().contains("65536"), "{}", exit.complaint());
    assert!(!server.happened("set data"));
}

#[test]
fn rule_57_a_block_that_is_not_acknowledged_is_not_sent_again() {
    for act in [Act::NoAck, Act::Refuse("item-not-found")] {
        let sent = send(Options::default(), Manners::at_block(1, act), &["--wait-ibb-ack", "300ms"], 200_000);
        assert_eq!((sent.exit.code, sent.server.count("set data")), (75, 2), "{}", sent.exit.stderr);
    }
}

#[test]
fn rule_58_an_open_that_is_refused_gets_one_new_offer_where_that_is_allowed() {
    let refusing = Manners { open: Some("not-acceptable"), ..Manners::ibb() };
    for (words, offered) in [(&[][..], 1), (&["--reoffer"], 2)] {
        let (options, sids) = watching(|stanza| stanza.find("si", SI)?.get("id").map(str::to_owned));
        let sent = send(options, refusing.clone(), words, 1000);
        let sids: std::collections::HashSet<_> = sids.try_iter().collect();
        assert_eq!((sent.exit.code, sids.len(), sent.server.count("set open")), (75, offered, offered));
    }
    let server = Openfire::start(refusing_once(("open", IBB), "ops@example.test/Spark", "not-acceptable"));
    let ops = server.spark(Manners::ibb());
    let folder = tempfile::tempdir().expect("a folder");
    push(&server, &["--reoffer"], &[&files::make(folder.path(), "some.log", 1000)]).expect(0);
    assert_eq!(ops.received(1)[1].bytes.len(), 1000, "the second offer brings the file");
}

#[test]
fn rule_60_without_a_proxy_in_reach_in_band_is_accepted() {
    let bytes = vec![7; 200_000];
    for (hosts, method) in [(ProxyHosts::One, "socks5"), (ProxyHosts::Unreachable, "ibb"), (ProxyHosts::Absent, "ibb")]
    {
        let server = Openfire::start(Options { hosts, ..Options::default() });
        let folder = tempfile::tempdir().expect("a folder");
        let mut account = server.device();
        account.jid = "device@example.test/inbox".to_owned();
        let mut receiver = Run::receive(Firepush, &account, folder.path()).args(["--count", "1"]).start();
        receiver.event("ready");
        let plan = Plan::of("some.log", &bytes, &["socks5", "ibb"]);
        assert_eq!(server.sender().send(&account.jid, &bytes, &plan), Ok(method));
        receiver.wait().expect(0);
    }
}

#[test]
fn rule_78_an_activation_that_is_unavailable_is_not_repeated() {
    let options = Options::intercept(|stanza| {
        stanza.find("query", BYTESTREAMS)?.find("activate", BYTESTREAMS)?;
        Some(stanza.refuse_bare(Some("proxy.example.test"), "cancel", "service-unavailable"))
    });
    let sent = send(options.clone(), Manners::default(), &[], 1000);
    let exit = sent.exit.expect(75);
    assert!(exit.complaint().contains("service-unavailable"), "{}", exit.complaint());
    assert_eq!(sent.server.count("set activate"), 1);
    let sent = arrives(options, both_values(), &["--method", "socks5"], "ibb");
    assert_eq!(sent.server.count("set activate"), 1);
}

#[test]
fn rule_31_names_that_windows_or_spark_can_not_bear_arrive_changed() {
    let long = "ü".repeat(150);
    let names = [
        ("a:b*c?.pcap", "a_b_c_.pcap"),
        ("../x", "x"),
        ("CON", "_CON"),
        (&long, &long[..200]),
        ("📷.png", "📷.png"),
        ("a\u{1}b", "a_b"),
        ("\u{1}", "_"),
        ("..", "file"),
        ("name.", "name"),
    ];
    let server = Openfire::start(Options::default());
    let ops = server.spark(Manners::ibb());
    let folder = tempfile::tempdir().expect("a folder");
    let file = files::make(folder.path(), "some.log", 10);
    for (number, (name, expected)) in names.into_iter().enumerate() {
        push(&server, &["--name", name], &[&file]).expect(0);
        assert_eq!(ops.received(number + 1)[number].name, expected);
    }
}

#[test]
fn rule_25_a_size_above_4_gib_is_offered_as_it_is() {
    const SIZE: u64 = (4 << 30) + 1;
    let (options, sizes) = watching(|stanza| stanza.deep("file")?.get("size").map(str::to_owned));
    let server = Openfire::start(options);
    let _ops = server.spark(Manners::answer(Answer::Refuse("forbidden")));
    let folder = tempfile::tempdir().expect("a folder");
    push(&server, &[], &[&sparse(folder.path(), SIZE)]).expect(69);
    assert_eq!(sizes.try_iter().collect::<Vec<_>>(), [SIZE.to_string()]);
}
