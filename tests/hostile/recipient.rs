//! Recipients who refuse, lie, cancel or are not there, and proxies that can't be trusted.

use std::sync::Mutex;

use firepush::config::Wait;

use crate::bed::{Bed, OPS, assert_says};
use crate::openfire::Openfire;
use crate::openfire::element::{BYTESTREAMS, SI};
use crate::openfire::manners::accept;
use crate::openfire::options::{Fault, Hosts as ProxyHosts, Options, ProxyPhase};
use crate::openfire::puppet::{Act, Answer, Hosts, Manners};
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::{Program::Firepush, Run};

#[track_caller]
fn fails(manners: Manners, code: i32, kind: &str, words: &[&str]) -> Exit {
    let bed = Bed::new(Options::default(), manners);
    let exit = bed.fails(words, code, &["while"]);
    assert_eq!(exit.events("failed")[0]["kind"], kind, "{}", exit.stderr);
    exit
}

fn raw(text: &str) -> Manners {
    Manners::answer(Answer::Raw(text.to_owned()))
}

#[test]
fn row_27_rule_33_each_refusal_has_its_meaning() {
    let refusals = [
        ("forbidden", 69, "declined"),
        ("not-acceptable", 69, "declined"),
        ("not-authorized", 69, "declined"),
        ("bad-request", 69, "unable"),
        ("feature-not-implemented", 69, "unable"),
        ("service-unavailable", 69, "unable"),
        ("not-allowed", 75, "server"),
        ("resource-constraint", 75, "busy"),
    ];
    for (condition, code, kind) in refusals {
        fails(Manners::answer(Answer::Refuse(condition)), code, kind, &[]);
    }
}

#[test]
fn row_27_rules_23_and_69_an_offer_that_is_ignored_ends_by_itself() {
    let exit = fails(Manners::answer(Answer::Ignore), 75, "unanswered", &["--answer", "200ms"]);
    assert_says(&exit, &["contact list"]);
}

#[test]
fn rule_34_an_accept_that_makes_no_sense_is_refused() {
    let other = accept(&["ibb"]).replace("protocol/ibb", "protocol/carrier-pigeon");
    let without = format!(r#"<si xmlns="{SI}"/>"#);
    let no_value = accept(&[]);
    for text in [other.as_str(), &without, &no_value, "", "<query xmlns='x'/>"] {
        fails(raw(text), 76, "protocol", &[]);
    }
    fails(raw(&accept(&["socks5"])), 76, "protocol", &["--method", "ibb"]);
    fails(Manners::default(), 69, "unable", &["--method", "ibb"]);
}

#[test]
fn rule_34_an_accept_with_another_type_of_field_is_taken() {
    for replaced in [r#"type="list-multi" var="#, r#"type="list-single" var="#] {
        let bed = Bed::new(Options::default(), raw(&accept(&["ibb"]).replace("var=", replaced)));
        bed.send(&[]).expect(0);
        bed.assert_arrived();
    }
}

#[test]
fn row_16_rule_18_an_accept_of_somebody_else_is_ignored() {
    let forged = Mutex::new(0);
    let options = Options::intercept(move |stanza| {
        stanza.find("si", SI)?;
        *forged.lock().expect("no panic") += 1;
        let forged = stanza.result(Some("mallory@example.test/x"), &accept(&["ibb"]));
        Some(forged + &stanza.result(Some("example.test"), &accept(&["ibb"])) + &stanza.result(None, &accept(&["ibb"])))
    });
    let bed = Bed::new(options, Manners::default());
    bed.fails(&["--wait-answer", "300ms"], 75, &[Wait::Answer.doing()]);
    assert!(!bed.server.happened("set open"));
}

#[test]
fn row_16_rule_18_an_acknowledgement_of_somebody_else_does_not_count() {
    let bed = Bed::new(Options::default(), Manners::at_block(0, Act::AckFromOther));
    bed.fails(&["--wait-ibb-ack", "300ms"], 75, &[Wait::IbbAck.doing()]);
}

#[test]
fn row_23_rule_46_a_streamhost_that_was_not_offered_is_refused() {
    fails(Manners::hosts(Hosts::Lie("evil.example.test")), 76, "protocol", &[]);
    fails(Manners::hosts(Hosts::Lie("@")), 76, "protocol", &[]);
}

#[test]
fn row_23_a_second_streamhost_used_changes_nothing() {
    let bed = Bed::new(Options::default(), Manners::hosts(Hosts::Twice));
    bed.send(&[]).expect(0);
    bed.assert_arrived();
}

#[test]
fn row_23_a_streamhost_used_from_another_resource_does_not_count() {
    let bed = Bed::new(Options::default(), Manners::hosts(Hosts::FromOther));
    bed.fails(&["--wait-streamhost-used", "300ms"], 75, &[Wait::StreamhostUsed.doing()]);
}

#[test]
fn row_20_of_fifty_addresses_at_most_four_good_ones_are_offered() {
    let host = |jid: usize, host: &str, port: &str| {
        format!(r#"<streamhost jid="p{jid}.example.test" host="{host}" port="{port}"/>"#)
    };
    let bad =
        ["fe80::1", "fe80::1%eth0", "0.0.0.0", "169.254.7.7", "224.0.0.1"].map(|address| host(1, address, "PORT"));
    let ports = ["0", "70000", "-1", "x", ""].map(|port| host(2, "127.0.0.1", port));
    let good: String = (3..50).map(|n| host(n, &format!("127.0.0.{}", n), "PORT")).collect();
    let hosts = bad.concat() + &ports.concat() + &host(60, "127.0.0.1", "PORT") + &good;
    let bed = Bed::new(Options { hosts: ProxyHosts::Raw(hosts), ..Options::default() }, Manners::default());
    let exit = bed.send(&[]);
    let counts: Vec<usize> =
        bed.server.notes().iter().filter_map(|note| note.strip_suffix(" streamhosts")?.parse().ok()).collect();
    assert!(matches!(counts.as_slice(), [1..=4]), "{counts:?} {}", exit.stderr);
    assert!([0, 75].contains(&exit.code), "{}", exit.stderr);
}

#[test]
fn row_21_a_proxy_that_lies_in_socks5_is_left() {
    let reply = |head: &[u8]| [head, b"x"].concat();
    let lies = [
        (ProxyPhase::Method, vec![4, 0]),
        (ProxyPhase::Method, vec![5, 0xff]),
        (ProxyPhase::Method, vec![5, 2]),
        (ProxyPhase::Reply, reply(&[4, 0, 0, 3, 40])),
        (ProxyPhase::Reply, vec![5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
        (ProxyPhase::Reply, vec![5, 0, 0, 9, 0, 0, 0, 0, 0, 0]),
        (ProxyPhase::Reply, vec![5, 0, 0, 3, 255, 1, 2, 3]),
        (ProxyPhase::Reply, b"HTTP/1.0 200 OK\r\n\r\n".to_vec()),
    ];
    for (phase, bytes) in lies {
        let bed = Bed::new(Options::proxy_fault(phase, Fault::Garbage(bytes.clone())), Manners::default());
        let exit = bed.send(&["--wait-proxy", "300ms"]);
        assert!([75, 76].contains(&exit.code), "{bytes:?}: {} {}", exit.code, exit.stderr);
        assert_says(&exit, &[Wait::Proxy.doing()]);
    }
}

#[test]
fn row_21_rule_48_a_proxy_that_lies_is_followed_by_in_band_where_that_was_accepted() {
    let options = Options::proxy_fault(ProxyPhase::Method, Fault::Garbage(vec![5, 0xff]));
    let bed = Bed::new(options, Manners::answer(Answer::Accept(&["socks5", "ibb"])));
    bed.send(&["--method", "socks5"]).expect(0);
    assert!(bed.server.happened("set open"));
    bed.assert_arrived();
}

#[test]
fn row_21_rule_44_a_reply_byte_by_byte_is_read() {
    for phase in [ProxyPhase::Method, ProxyPhase::Reply] {
        let bed = Bed::new(Options::proxy_fault(phase, Fault::Drip(String::new())), Manners::default());
        bed.send(&[]).expect(0);
        bed.assert_arrived();
    }
}

#[test]
fn row_24_rule_78_an_activation_that_is_refused_is_not_repeated() {
    let options = Options::intercept(|stanza| {
        stanza.find("query", BYTESTREAMS)?.find("activate", BYTESTREAMS)?;
        Some(stanza.refuse_bare(Some("proxy.example.test"), "cancel", "not-allowed"))
    });
    let bed = Bed::new(options, Manners::default());
    bed.fails(&[], 75, &["not-allowed", Wait::Activate.doing()]);
    assert_eq!(bed.server.count("set activate"), 1);
}

#[test]
fn row_28_rule_21_the_best_of_five_resources_gets_the_file() {
    let bed = Bed::new(Options::default(), Manners::answer(Answer::Refuse("forbidden")));
    let incapable = Manners { features: &[BYTESTREAMS], ..Manners::default() };
    let _others = [
        bed.server.puppet("ops", "low", -5, Manners::answer(Answer::Refuse("forbidden"))),
        bed.server.puppet("ops", "higher", 5, Manners::answer(Answer::Refuse("forbidden"))),
        bed.server.puppet("ops", "able-not", 100, incapable),
    ];
    let best = bed.server.puppet("ops", "best", 50, Manners::ibb());
    for _ in 0..3 {
        let run = Run::send(Firepush, &bed.server.device(), "ops@example.test").args(["--wait-presence", "60s"]);
        run.arg(&bed.file).end().expect(0);
    }
    assert_eq!(best.received(3).len(), 3);
}

#[test]
fn row_28_rule_20_who_is_not_there_has_one_of_three_errors() {
    let server = Openfire::start(Options::default());
    let folder = tempfile::tempdir().expect("a folder");
    let file = files::make(folder.path(), "some.log", 10);
    let cases = [
        ("ops@example.test", 69, "offline"),
        (OPS, 69, "offline"),
        ("stranger@example.test", 68, "not-shared"),
        ("nobody@example.test", 68, "not-shared"),
    ];
    for (to, code, kind) in cases {
        let exit = Run::send(Firepush, &server.device(), to).arg(&file).end().expect(code);
        assert_eq!(exit.events("failed")[0]["kind"], kind, "{}", exit.complaint());
    }
    let _pidgin = server.puppet("ops", "pidgin", 0, Manners { features: &[], ..Manners::default() });
    let exit = Run::send(Firepush, &server.device(), "ops@example.test").arg(&file).end().expect(69);
    assert_eq!(exit.events("failed")[0]["kind"], "unable", "{}", exit.complaint());
}

#[test]
fn row_29_rule_52_a_smaller_block_is_agreed_on() {
    for block_max in [65535, 4096, 1024] {
        let bed = Bed::new(Options::default(), Manners { block_max, ..Manners::ibb() });
        bed.send(&[]).expect(0);
        bed.assert_arrived();
    }
    fails(Manners { block_max: 1, ..Manners::ibb() }, 75, "no-bytestream", &[]);
}

#[test]
fn row_29_rule_57_a_refused_block_ends_the_transfer() {
    for condition in ["item-not-found", "unexpected-request", "bad-request", "service-unavailable"] {
        fails(Manners::at_block(1, Act::Refuse(condition)), 75, "incomplete", &[]);
    }
    fails(Manners::at_block(1, Act::Refuse("resource-constraint")), 75, "busy", &[]);
}

#[test]
fn rule_56_a_close_from_the_recipient_is_a_cancel() {
    for block in [0, 1] {
        fails(Manners::at_block(block, Act::Cancel), 69, "cancelled", &[]);
    }
}

#[test]
fn rule_58_an_open_that_is_refused_is_tried_later() {
    fails(Manners { open: Some("not-acceptable"), ..Manners::ibb() }, 75, "no-bytestream", &[]);
}
