//! Senders that lie, vanish or never begin: `firepush receive` says so and leaves nothing in its folder.

use std::fs;

use firepush::config::Wait;

use crate::bed::{names, short, words};
use crate::bench::{BOTH, Bench, IBB, ME, SOCKS5, bytes};
use crate::openfire::element::BYTESTREAMS;
use crate::openfire::options::{Fault, Options, ProxyPhase};
use crate::openfire::sender::Plan;

#[track_caller]
fn fails(options: Options, plan: &Plan, more: &[&str], kind: &str, part: &str) {
    let mut bench = Bench::new(options, more);
    let _ = bench.send(&bytes(200_000), plan);
    bench.fails(kind, part);
}

fn plan(methods: &'static [&'static str]) -> Plan {
    Plan::of("capture.pcap", &bytes(200_000), methods)
}

#[test]
fn files_arrive_by_both_methods_and_the_name_is_numbered() {
    let mut bench = Bench::new(Options::default(), &[]);
    for (number, methods) in [BOTH, IBB, SOCKS5].into_iter().enumerate() {
        let plan = Plan { sid: format!("jsi_-{number}"), ..plan(methods) };
        bench.send(&bytes(200_000), &plan).expect("sent");
        bench.arrives(&bytes(200_000));
    }
    assert_eq!(names(bench.folder.path()), ["capture-1.pcap", "capture-2.pcap", "capture.pcap"]);
}

#[test]
fn a_sender_who_never_begins_ends_the_wait_initiation() {
    let short = short(&[Wait::Initiation]);
    fails(Options::default(), &Plan { silent: true, ..plan(IBB) }, &words(&short), "timeout", Wait::Initiation.doing());
}

#[test]
fn rule_62_a_proxy_that_freezes_ends_the_wait_target_and_then_fallback() {
    for phase in [ProxyPhase::Method, ProxyPhase::Reply] {
        let options = Options { proxy_fault_at: 1, ..Options::proxy_fault(phase, Fault::Stall) };
        let short = short(&[Wait::Target, Wait::Fallback]);
        fails(options, &plan(SOCKS5), &words(&short), "timeout", Wait::Target.doing());
    }
}

#[test]
fn a_sender_who_stops_ends_the_wait_data() {
    for methods in [IBB, SOCKS5] {
        let short = short(&[Wait::Data]);
        let plan = Plan { stop: Some(61_440), ..plan(methods) };
        fails(Options::default(), &plan, &words(&short), "timeout", Wait::Data.doing());
    }
}

#[test]
fn rule_68_an_offer_that_waits_too_long_in_line_is_told_resource_constraint() {
    let mut bench = Bench::new(Options::default(), &["--parallel", "1", "--wait-queue", "100ms"]);
    bench.send(b"", &Plan { silent: true, ..plan(IBB) }).expect("accepted");
    let mut second = bench.server.sender_named("ops", "other");
    let told = second.send(ME, b"", &Plan { sid: "second".to_owned(), ..plan(IBB) });
    assert_eq!(told, Err("resource-constraint".to_owned()));
}

#[test]
fn rule_67_a_file_that_is_cut_is_not_a_file() {
    for methods in [IBB, SOCKS5] {
        let plan = Plan { cut: Some(122_880), ..plan(methods) };
        fails(Options::default(), &plan, &["--wait-fallback", "100ms"], "incomplete", "of 200000 bytes");
    }
}

#[test]
fn section_8_16_a_reset_of_the_sender_that_looks_like_an_end_is_noticed_by_the_size() {
    let plan = Plan { cut: Some(122_880), reset: true, ..plan(SOCKS5) };
    fails(Options::default(), &plan, &[], "incomplete", "of 200000 bytes");
}

#[test]
fn rule_67_more_bytes_than_offered_are_refused() {
    for methods in [IBB, SOCKS5] {
        fails(
            Options::default(),
            &Plan { size: Some("1000".to_owned()), ..plan(methods) },
            &[],
            "protocol",
            "more bytes",
        );
    }
}

#[test]
fn rule_64_a_wrong_count_or_no_base64_ends_the_transfer() {
    let mut bench = Bench::new(Options::default(), &[]);
    let wrong = Plan { first_seq: 1, ..plan(IBB) };
    assert_eq!(bench.send(&bytes(200_000), &wrong), Err("unexpected-request".to_owned()));
    bench.fails("protocol", "block 1");
    for (number, text) in ["AP9h\n", "A", "===="].into_iter().enumerate() {
        let sid = format!("s{number}");
        let bad = Plan { bad_block: Some(text), sid, ..plan(IBB) };
        assert_eq!(bench.send(&bytes(200_000), &bad), Err("bad-request".to_owned()), "{text:?}");
        bench.fails("protocol", "base64");
    }
}

#[test]
fn rule_63_a_block_that_is_too_large_is_refused_and_a_smaller_one_taken() {
    let mut bench = Bench::new(Options::default(), &[]);
    let large = Plan { open_block: Some(65_536), ..plan(IBB) };
    assert_eq!(bench.send(&bytes(200_000), &large), Err("resource-constraint".to_owned()));
    let open = r#"<open xmlns="http://jabber.org/protocol/ibb" sid="jsi_-8423" block-size="65535"/>"#;
    bench.sender.ask("set", ME, open).expect("the same sid again");
    let first = format!(
        r#"<data xmlns="http://jabber.org/protocol/ibb" sid="jsi_-8423" seq="0">{}</data>"#,
        "A".repeat(87_384)
    );
    assert_eq!(bench.sender.ask("set", ME, &first).map(|_| ()), Err("bad-request".to_owned()), "65538 bytes");
    bench.fails("protocol", "larger than agreed");
}

#[test]
fn rule_64_the_count_wraps_as_it_should_and_as_old_smack_does() {
    if std::env::var_os("FIREPUSH_FULL").is_none() {
        return;
    }
    for jump in [false, true] {
        let mut bench = Bench::new(Options::default(), &[]);
        let all = bytes(66_000);
        let plan = Plan { block: 1, jump, ..Plan::of("wrap.log", &all, IBB) };
        bench.send(&all, &plan).expect("sent");
        bench.arrives(&all);
    }
}

#[test]
fn rule_66_a_size_that_is_missing_or_zero_is_read_to_the_end() {
    let mut bench = Bench::new(Options::default(), &[]);
    bench.send(&bytes(5000), &Plan { size: Some("0".to_owned()), ..plan(IBB) }).expect("sent");
    bench.arrives(&bytes(5000));
    let missing = Plan { size: None, sid: "second".to_owned(), ..plan(IBB) };
    assert_eq!(bench.send(b"", &missing), Err("not-allowed".to_owned()), "Openfire refuses it");
}

#[test]
fn rule_61_what_is_offered_by_no_method_of_ours_or_is_no_file_is_refused() {
    let mut bench = Bench::new(Options::default(), &[]);
    let none = Plan { methods: &[], ..plan(IBB) };
    assert_eq!(bench.send(b"", &none), Err("bad-request".to_owned()));
    bench.fails("protocol", "no method");
    let other = Plan { profile: "urn:x", sid: "second".to_owned(), ..plan(IBB) };
    assert_eq!(bench.send(b"", &other), Err("bad-request".to_owned()));
    bench.fails("protocol", "urn:x");
}

#[test]
fn rule_61_who_is_not_allowed_is_told_forbidden_and_leaves_nothing() {
    let bench = Bench::new(Options::default(), &[]);
    let mut desk = bench.server.sender_named("desk", "x");
    assert_eq!(desk.send(ME, &bytes(100), &plan(IBB)), Err("forbidden".to_owned()));
    assert_eq!(names(bench.folder.path()), Vec::<String>::new());
}

#[test]
fn rule_65_data_for_a_stream_that_is_not_ours_is_refused() {
    let mut bench = Bench::new(Options::default(), &[]);
    bench.send(b"", &Plan { silent: true, ..plan(IBB) }).expect("accepted");
    let mut thief = bench.server.sender_named("ops", "thief");
    let ns = "http://jabber.org/protocol/ibb";
    for child in [
        format!(r#"<open xmlns="{ns}" sid="jsi_-8423" block-size="4096"/>"#),
        format!(r#"<data xmlns="{ns}" sid="jsi_-8423" seq="0">QUFB</data>"#),
        format!(r#"<close xmlns="{ns}" sid="jsi_-8423"/>"#),
        format!(r#"<query xmlns="{BYTESTREAMS}" sid="jsi_-8423"/>"#),
    ] {
        assert!(thief.ask("set", ME, &child).is_err(), "{child}");
    }
}

#[test]
fn row_29_data_after_the_close_is_refused() {
    let mut bench = Bench::new(Options::default(), &[]);
    for number in 0..20 {
        let sid = format!("s{number}");
        bench.send(&bytes(5000), &Plan { sid: sid.clone(), ..Plan::of("a.log", &bytes(5000), IBB) }).expect("sent");
        let late = format!(r#"<data xmlns="http://jabber.org/protocol/ibb" sid="{sid}" seq="1">QUFB</data>"#);
        assert_eq!(bench.sender.ask("set", ME, &late).map(|_| ()), Err("item-not-found".to_owned()));
        bench.arrives(&bytes(5000));
    }
}

#[test]
fn rule_62_unreachable_streamhosts_first_cost_nothing_but_time() {
    let mut bench = Bench::new(Options::default(), &["--wait-target", "4s"]);
    let first = r#"<streamhost jid="ops@example.test/Spark" host="127.0.0.1" port="1"/><streamhost jid="x" host="fe80::1%eth0" port="PORT"/><streamhost jid="y" host="0.0.0.0" port="PORT"/><streamhost jid="z" host="127.0.0.1" port="70000"/>"#;
    bench.send(&bytes(200_000), &Plan { first_hosts: first, ..plan(SOCKS5) }).expect("sent");
    bench.arrives(&bytes(200_000));
}

#[test]
fn rule_62_no_streamhost_is_item_not_found_and_in_band_is_taken_on_the_same_sid() {
    let options = Options { proxy_fault_at: 1, ..Options::proxy_fault(ProxyPhase::Method, Fault::Eof) };
    let mut bench = Bench::new(options, &["--wait-target", "2s", "--method", "socks5"]);
    assert_eq!(bench.send(&bytes(200_000), &Plan { fall_back: true, ..plan(BOTH) }), Ok("ibb"));
    bench.arrives(&bytes(200_000));
}

#[test]
fn rule_77_a_sender_who_vanishes_ends_the_transfer() {
    let mut bench = Bench::new(Options::default(), &[]);
    bench.send(&bytes(200_000), &Plan { stop: Some(61_440), ..plan(IBB) }).expect("stopped");
    bench.sender.vanish();
    bench.fails("incomplete", "offline");
}

#[test]
fn row_31_rule_66_names_stay_in_the_folder() {
    let hostile = [
        ("../../../../tmp/evil", "evil"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("/etc/cron.d/evil", "evil-1"),
        ("..", "file"),
        (".bashrc", "_.bashrc"),
        ("a%2f..%2fb", "a%2f..%2fb"),
        ("x\u{1b}[2J\u{202e}y", "x_[2J_y"),
    ];
    let mut bench = Bench::new(Options::default(), &[]);
    for (number, (name, stored)) in hostile.into_iter().enumerate() {
        // Escape itself can't be written in XML 1.0; a tab can.
        let name = name.replace('\u{1b}', "\u{9}");
        let plan = Plan { name, sid: format!("s{number}"), ..Plan::of("", &bytes(10), IBB) };
        bench.send(&bytes(10), &plan).expect("sent");
        assert_eq!(bench.arrives(&bytes(10)), stored);
    }
    assert_eq!(names(bench.folder.path()).len(), hostile.len());
}

#[test]
fn row_32_a_symbolic_link_in_the_folder_is_not_followed() {
    let mut bench = Bench::new(Options::default(), &[]);
    let victim = tempfile::NamedTempFile::new().expect("a file");
    std::os::unix::fs::symlink(victim.path(), bench.folder.path().join("capture.pcap")).expect("a link");
    bench.send(&bytes(200_000), &plan(IBB)).expect("sent");
    assert_eq!(bench.arrives(&bytes(200_000)), "capture-1.pcap");
    assert_eq!(fs::metadata(victim.path()).expect("the victim").len(), 0);
}

#[test]
fn a_server_that_writes_8_mib_before_it_reads_while_we_receive_is_no_deadlock() {
    let options = Options { flood: 8 << 20, receive_buffer: Some(4096), ..Options::default() };
    let mut bench = Bench::new(options, &[]);
    bench.send(&bytes(200_000), &plan(IBB)).expect("sent");
    bench.arrives(&bytes(200_000));
    assert!(bench.server.happened("flooded"));
}
