//! Many threads on one client at once, in every order.

use crate::built::How;
use crate::sides::{Sides, is_full, program};

/// Another order a run, that can be had again.
fn seed() -> String {
    std::env::var("FIREPUSH_SEED").unwrap_or_else(|_| (std::process::id() % 10_000).to_string())
}

#[test]
fn a_storm_of_calls_loses_nothing_in_band() {
    storm("ibb");
}

#[test]
fn a_storm_of_calls_loses_nothing_through_the_proxy() {
    storm("socks5");
}

/// A job that is cancelled while its offer is answered leaves the receiver waiting for it, in one of its places.
fn storm(method: &str) {
    let more = format!("method = {method}\nparallel = 64\nwait_initiation = 5");
    let rounds = [(How::C99, "200"), (How::Sanitized, if is_full() { "200" } else { "60" }), (How::Valgrind, "200")];
    let seed = seed();
    for (how, rounds) in &rounds[..if is_full() { 3 } else { 2 }] {
        println!("{how:?}: FIREPUSH_SEED={seed}, {rounds} rounds");
        let printed = Sides::new(&more).run(&program("storm.c", *how), &[], &[rounds, &seed]);
        let sent = printed.last().and_then(|line| line.strip_prefix("sent ")).expect("the last line");
        let least = rounds.parse::<u32>().expect("a number") / 20;
        assert!(sent.parse::<u32>().expect("a number") > least, "the storm let next to nothing through: {sent}");
    }
}
