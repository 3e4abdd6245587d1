//! People take their time. A second of theirs is 10 ms here: for Openfire's own times, for the answer, and for the
//! accept of the other side. The waits behind the accept stay at 2 s, so that one which began with the offer shows.

use std::thread;
use std::time::Duration;

use crate::openfire::options::{Options, Timers};
use crate::openfire::puppet::{Answer, Manners};
use crate::transfers::{arrives, both_values, send};

const BY: u32 = 100;
/// The longest that an offer is waited for is 595 s; after 570 s the proxy may have forgotten it (rule 32). Our ping
/// comes at 120 s.
const WAITS: [&str; 14] = [
    "--answer",
    "5950ms",
    "--wait-offer-known",
    "5700ms",
    "--wait-idle",
    "1200ms",
    "--wait-streamhost-used",
    "2s",
    "--wait-proxy",
    "2s",
    "--wait-activate",
    "2s",
    "--wait-open",
    "2s",
];
const MINUTE: u64 = 60;

fn openfire() -> Options {
    Options { timers: Timers::scaled(BY), ..Options::default() }
}

fn after(seconds: u64, methods: &'static [&'static str]) -> Manners {
    Manners { thought: Duration::from_secs(seconds) / BY, ..Manners::answer(Answer::Accept(methods)) }
}

#[test]
fn rule_32_an_operator_may_accept_after_12_seconds_a_minute_or_nearly_ten() {
    let answers: [(&[&str], &str); 3] = [(&["socks5"], "socks5"), (&["ibb"], "ibb"), (&["socks5", "ibb"], "ibb")];
    thread::scope(|all| {
        for (methods, used) in answers {
            for seconds in [12, MINUTE, 9 * MINUTE + 20] {
                all.spawn(move || accepted(seconds, methods, used));
            }
        }
        for methods in [&["ibb"][..], &["socks5", "ibb"]] {
            all.spawn(move || accepted(9 * MINUTE + 50, methods, "ibb"));
        }
        all.spawn(|| too_late(9 * MINUTE + 50, &["socks5"]));
        all.spawn(|| never(10 * MINUTE + 30, &["ibb"]));
    });
}

fn accepted(seconds: u64, methods: &'static [&'static str], used: &str) {
    let sent = arrives(openfire(), after(seconds, methods), &WAITS, used);
    let notes = sent.server.notes();
    assert!(!notes.iter().any(|note| note.starts_with("stream error")), "{seconds} s: {notes:?}");
}

/// By the proxy alone it could only be tried in vain.
fn too_late(seconds: u64, methods: &'static [&'static str]) {
    ends_with("no-bytestream", seconds, methods);
}

fn never(seconds: u64, methods: &'static [&'static str]) {
    ends_with("unanswered", seconds, methods);
}

fn ends_with(kind: &str, seconds: u64, methods: &'static [&'static str]) {
    let sent = send(openfire(), after(seconds, methods), &WAITS, 1000);
    let exit = sent.exit.expect(75);
    assert_eq!(exit.events("failed")[0]["kind"], kind, "{}", exit.complaint());
    for late in ["CONNECT", "set open"] {
        assert!(!sent.server.happened(late), "{late}: {:?}", sent.server.notes());
    }
}

/// Ten minutes after the offer its proxy says 2.
#[test]
fn rule_32_an_accept_that_the_proxy_no_longer_knows_goes_in_band_or_says_so() {
    let forgotten =
        || Options { timers: Timers { offer: Duration::from_millis(100), ..openfire().timers }, ..openfire() };
    let late = |manners: Manners| Manners { thought: Duration::from_millis(300), ..manners };
    let sent = send(forgotten(), late(Manners::default()), &WAITS, 1000);
    let exit = sent.exit.expect(75);
    assert!(exit.complaint().contains("item-not-found"), "{}", exit.complaint());
    assert!(sent.server.happened("refused CONNECT"));
    let sent = arrives(forgotten(), late(both_values()), &["--method", "socks5"], "ibb");
    assert!(sent.server.happened("refused CONNECT"));
}
