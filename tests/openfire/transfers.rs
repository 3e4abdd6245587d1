//! `firepush send` and `firepush receive` on the scripted Openfire.

use std::path::Path;
use std::time::Duration;

use crate::openfire::Openfire;
use crate::openfire::options::{Age, Fault, Hosts, Options, Timers};
use crate::openfire::puppet::{Answer, Hosts as Streamhosts, Manners};
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::{Program::Firepush, Run};

const OPS: &str = "ops@example.test";

fn full() -> bool {
    std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1")
}

pub struct Sent {
    pub server: Openfire,
    pub exit: Exit,
    pub method: String,
}

/// Sends a file to Spark; every byte must be there if it says so.
pub fn send(options: Options, manners: Manners, words: &[&str], size: u64) -> Sent {
    let server = Openfire::start(options);
    let ops = server.spark(manners);
    let folder = tempfile::tempdir().expect("a folder");
    let file = files::make(folder.path(), "some.log", size);
    let run = Run::send(Firepush, &server.device(), OPS).args(words.iter().copied());
    let exit = run.args(["--empty", "send"]).arg(&file).end();
    let method = exit.events("sent").first().map(|sent| sent["method"].as_str().expect("a method").to_owned());
    if exit.code == 0 {
        let received = ops.received(1).remove(0);
        assert!(received.bytes == std::fs::read(&file).expect("the file"), "other bytes arrived");
        assert_eq!(received.size as u64, size);
    }
    for wrong in ["iq without to", "something behind bind", "something in clear", "asked a guessed service"] {
        assert!(!server.happened(wrong), "{wrong}: {:?}", server.notes());
    }
    Sent { server, exit, method: method.unwrap_or_default() }
}

#[track_caller]
pub fn arrives(options: Options, manners: Manners, words: &[&str], method: &str) -> Sent {
    let sent = send(options, manners, words, 100_000);
    assert_eq!((sent.exit.code, sent.method.as_str()), (0, method), "{}\n{:?}", sent.exit.stderr, sent.server.notes());
    sent
}

pub fn both_values() -> Manners {
    Manners::answer(Answer::Accept(&["socks5", "ibb"]))
}

#[test]
fn every_size_arrives_by_both_methods() {
    for size in [0, 1, 3, 4095, 4096, 4097, 61_439, 61_440, 61_441, 1_000_000] {
        assert_eq!(send(Options::default(), Manners::ibb(), &[], size).exit.expect(0).code, 0);
        if size > 0 {
            assert_eq!(send(Options::default(), Manners::default(), &[], size).exit.expect(0).code, 0);
        }
    }
}

#[test]
fn firepush_to_firepush_arrives_by_both_methods() {
    for method in ["socks5", "ibb"] {
        let server = Openfire::start(Options::default());
        let (folder, inbox) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let file = files::make(folder.path(), "some.log", 200_000);
        let run = Run::receive(Firepush, &server.account("ops"), inbox.path());
        let mut receiver = run.args(["--method", method, "--count", "1"]).start();
        receiver.event("ready");
        Run::send(Firepush, &server.device(), OPS).args(["--method", method]).arg(&file).end().expect(0);
        let event = receiver.event("file");
        assert_eq!(event["method"], method);
        files::assert_same(&file, Path::new(event["path"].as_str().expect("a path")));
        receiver.wait().expect(0);
    }
}

#[test]
fn section_8_1_rule_71_every_transfer_is_right_with_asynchronous_bind() {
    for seed in 0..if full() { 200 } else { 20 } {
        let (manners, method) = if seed % 2 == 0 { (Manners::default(), "socks5") } else { (Manners::ibb(), "ibb") };
        arrives(Options { seed, ..Options::default() }, manners, &[], method);
    }
}

#[test]
fn rule_72_what_4_7_lost_is_sent_again() {
    let old = Options { age: Age::Old, ..Options::default() };
    let sent = arrives(old.clone(), Manners::ibb(), &["--wait-resend", "400ms"], "ibb");
    assert!(sent.server.happened("lost after Finished"));
    let sent = arrives(Options { tls12_only: true, ..old }, Manners::ibb(), &["--wait-resend", "60s"], "ibb");
    assert!(!sent.server.happened("lost after Finished"));
}

#[test]
fn rule_73_presence_comes_before_anything_is_asked_of_another_user() {
    let options = Options { age: Age::Old, tls12_only: true, ..Options::default() };
    for manners in [Manners::default(), Manners::ibb()] {
        let sent = send(options.clone(), manners, &[], 1000);
        assert!(!sent.server.happened("not delivered without presence"));
        sent.exit.expect(0);
    }
}

#[test]
fn rule_12_the_session_of_old_servers_is_asked_for_only_when_required() {
    for session_required in [true, false] {
        let sent = arrives(Options { session_required, ..Options::default() }, Manners::ibb(), &[], "ibb");
        assert_eq!(sent.server.count("set session"), usize::from(session_required));
    }
}

#[test]
fn rule_06_a_server_with_plain_alone_lets_us_in_inside_tls() {
    let options = Options { mechanisms: vec!["PLAIN"], ..Options::default() };
    let sent = arrives(options, Manners::ibb(), &[], "ibb");
    let tried: Vec<_> = sent.server.notes().into_iter().filter(|note| note.starts_with("auth ")).collect();
    assert_eq!(tried, ["auth SCRAM-SHA-1", "auth PLAIN"]);
}

#[test]
fn rules_74_and_76_the_version_is_answered_exactly_once() {
    let sent =
        send(Options::default(), Manners::hosts(Streamhosts::Ignore), &["--wait-streamhost-used", "300ms"], 1000);
    assert_eq!((sent.server.count("asked version"), sent.server.count("result version")), (1, 1));
    assert_eq!(sent.server.count("answered"), 1);
    assert!(!sent.server.notes().iter().any(|note| note.starts_with("stream error")), "{:?}", sent.server.notes());
}

#[test]
fn rule_16_the_stream_is_closed_in_order() {
    for manners in [Manners::default(), Manners::ibb(), Manners::answer(Answer::Refuse("forbidden"))] {
        send(Options::default(), manners, &[], 1000).server.wait_for("closed in order");
    }
}

#[test]
fn rule_27_without_a_usable_proxy_only_in_band_is_offered() {
    for hosts in [Hosts::Absent, Hosts::None, Hosts::Unreachable] {
        let options = Options { hosts: hosts.clone(), ..Options::default() };
        arrives(options.clone(), both_values(), &[], "ibb");
        let sent = send(options, Manners::default(), &["--method", "socks5"], 1000);
        let exit = sent.exit.expect(75);
        assert_eq!(exit.events("failed")[0]["kind"], "no-bytestream", "{hosts:?}");
        assert!(!sent.server.happened("set si"), "bytestreams were offered without a streamhost");
    }
}

#[test]
fn rule_40_of_several_addresses_with_scopes_the_good_one_is_offered() {
    let sent = arrives(Options { hosts: Hosts::Scoped, ..Options::default() }, Manners::default(), &[], "socks5");
    assert!(sent.server.happened("1 streamhosts"), "{:?}", sent.server.notes());
}

#[test]
fn rule_39_a_service_that_never_answers_does_not_spoil_the_proxy() {
    let options = Options { dead_service: true, ..Options::default() };
    arrives(options, Manners::default(), &["--wait-discover", "500ms"], "socks5");
}

#[test]
fn rule_41_each_side_connects_once_and_the_target_first() {
    let sent = arrives(Options::default(), Manners::default(), &[], "socks5");
    let notes = sent.server.notes();
    let order: Vec<_> =
        notes.iter().map(String::as_str).filter(|note| ["CONNECT", "set activate"].contains(note)).collect();
    assert_eq!(order, ["CONNECT", "CONNECT", "set activate"]);
}

#[test]
fn rule_78_a_pairing_that_expired_is_told_by_activate_and_not_repeated() {
    let timers = Timers { pairing: Duration::from_millis(100), ..Timers::scaled(1) };
    let late = Manners { delay: Duration::from_millis(300), ..Manners::default() };
    let sent = send(Options { timers, ..Options::default() }, late.clone(), &[], 1000);
    let exit = sent.exit.expect(75);
    assert!(exit.complaint().contains("not-allowed"), "{}", exit.complaint());
    assert_eq!(sent.server.count("set activate"), 1);
    // With in-band accepted too, that is the next method.
    let manners = Manners { delay: late.delay, ..both_values() };
    let sent = arrives(Options { timers, ..Options::default() }, manners, &["--method", "socks5"], "ibb");
    assert_eq!(sent.server.count("set activate"), 1);
}

#[test]
fn rule_35_two_values_mean_in_band_unless_told_otherwise() {
    arrives(Options::default(), both_values(), &[], "ibb");
    arrives(Options::default(), both_values(), &["--method", "socks5"], "socks5");
}

#[test]
fn rule_48_item_not_found_is_followed_by_in_band_on_the_same_sid() {
    let manners = Manners { hosts: Streamhosts::Refuse("item-not-found"), ..both_values() };
    let sent = arrives(Options::default(), manners, &["--method", "socks5"], "ibb");
    assert_eq!(sent.server.count("set si"), 1);
}

#[test]
fn rule_48_a_second_offer_needs_reoffer() {
    let manners = Manners::hosts(Streamhosts::Refuse("item-not-found"));
    let sent = send(Options::default(), manners.clone(), &[], 1000);
    assert_eq!((sent.exit.code, sent.server.count("set si")), (75, 1));
    let sent = send(Options::default(), manners, &["--reoffer", "--wait-open", "300ms"], 1000);
    assert_eq!(sent.server.count("set si"), 2);
}

/// Smack waits five seconds after its accept: what we need is known before the offer (rule 29).
#[test]
fn rule_36_what_follows_the_accept_is_ready_before_it() {
    for (manners, next) in [(Manners::default(), "set streamhosts"), (Manners::ibb(), "set open")] {
        let sent = send(Options::default(), manners, &[], 1000);
        let notes = sent.server.notes();
        let at = |what: &str| notes.iter().position(|note| note == what).unwrap_or_else(|| panic!("{what}: {notes:?}"));
        assert!(notes[..at("set si")].iter().any(|note| note.starts_with("get ")), "{notes:?}");
        let between = &notes[at("set si") + 1..at(next)];
        assert!(!between.iter().any(|note| note.starts_with("get ")), "{notes:?}");
    }
}

#[test]
fn rule_38_an_empty_file_is_offered_in_band_only() {
    let sent = send(Options::default(), Manners::ibb(), &[], 0);
    assert_eq!((sent.exit.code, sent.method.as_str()), (0, "ibb"), "{}", sent.exit.stderr);
    let sent = send(Options::default(), Manners::answer(Answer::Accept(&["socks5"])), &[], 0);
    assert_eq!(sent.exit.expect(69).events("failed")[0]["kind"], "unable", "this Spark takes what was offered only");
}

/// Smack acknowledges a block before it is read, and tells an error when the close comes in between (seen with 3.2.1).
#[test]
fn rule_55_a_reader_that_is_behind_is_given_a_moment_before_the_close() {
    let behind = |reading| Manners { reading, ..Manners::ibb() };
    let sent = send(Options::default(), behind(Duration::from_millis(50)), &[], 100_000);
    assert!(sent.exit.code == 0 && !sent.server.happened("closed while it read"), "{:?}", sent.server.notes());
    let sent = send(Options::default(), behind(Duration::from_secs(60)), &["--wait-drain", "0"], 100_000);
    assert!(sent.server.happened("closed while it read"), "the check can fail: {:?}", sent.server.notes());
}

#[test]
fn rule_51_blocks_go_one_at_a_time() {
    let sent = send(Options::default(), Manners::ibb(), &[], 400_000);
    let notes = sent.server.notes();
    assert_eq!(notes.iter().filter(|note| *note == "set data").count(), 7);
    assert_eq!(notes.iter().filter(|note| *note == "set close").count(), 1, "rule 55: closed once");
    sent.exit.expect(0);
}

#[test]
fn rules_14_and_69_a_timer_of_the_server_ends_nothing_that_we_answer() {
    let timers = Timers { idle: Duration::from_millis(60), ..Timers::scaled(1) };
    let sent = send(Options { timers, ..Options::default() }, Manners::answer(Answer::Ignore), &["--answer", "1s"], 10);
    assert_eq!(sent.exit.events("failed")[0]["kind"], "unanswered", "{}", sent.exit.stderr);
    assert!(sent.server.count("asked ping") >= 3);
}

#[test]
fn a_server_that_drops_us_without_a_word_is_tried_later() {
    let drops = Options::fault("set si", Fault::Eof);
    let sent = send(drops, Manners::default(), &[], 1000);
    assert!(sent.exit.expect(75).complaint().contains("while waiting for the recipient"));
}
