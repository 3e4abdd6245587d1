//! Conversations with servers, proxies and other clients, each as it would be seen on the wire
//! (tests/transcripts/*.xmpp), played against the real client over connections in memory, whole and in pieces. How one
//! is written: tests/support/transcript/mod.rs.

#[allow(dead_code)] // the flaws that other tests need
#[path = "support/ca.rs"]
mod ca;
#[allow(dead_code)]
#[path = "support/files.rs"]
mod files;
#[path = "support/transcript/mod.rs"]
mod transcript;

use transcript::script::{Line, folder};
use transcript::{Cut, Op, Script, Step, pattern, play};

/// Plays it at every cut.
fn plays(name: &str) {
    let script = Script::read(name);
    for cut in [Cut::Whole, Cut::Bytes(1), Cut::Bytes(7), Cut::Random(seed())] {
        if let Err(why) = play(&script, cut) {
            panic!("{name}, {cut:?} (FIREPUSH_SEED repeats a random cut): {why}");
        }
    }
}

fn seed() -> u64 {
    let given = std::env::var("FIREPUSH_SEED").ok().map(|seed| seed.parse().expect("a number"));
    given.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), 0))
}

/// One test for each transcript, and one that no transcript is left out.
macro_rules! transcripts {
    ($($name:ident)+) => {
        $(#[test] fn $name() { plays(&file(stringify!($name))); })+

        #[test]
        fn every_transcript_is_played() {
            let mut played = vec![$(file(stringify!($name))),+];
            played.sort();
            assert_eq!(there_are(), played);
        }
    };
}

fn file(test: &str) -> String {
    test.replace('_', "-")
}

fn there_are() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the transcripts");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(".xmpp").map(str::to_owned)).collect();
    names.sort();
    names
}

/// Section 9: header with <starttls/>; ClientHello; header with <auth>; <response>; header with <bind>. Each is one
/// write, and so are the goodbye and that of TLS. TLS 1.2 shakes hands once more, direct TLS saves the first.
#[test]
fn rule_71_login_takes_the_flights_of_section_9() {
    assert_eq!(flights("login"), [1; 5 + 2]);
    assert_eq!(flights("direct-tls"), [1; 4 + 2]);
    assert_eq!(flights("an-old-openfire-requires-a-session"), [1; 7 + 2], "TLS 1.2, and <session/>");
}

/// How many writes the client made between two reads.
fn flights(name: &str) -> Vec<usize> {
    let ops = play(&Script::read(name), Cut::Whole).unwrap_or_else(|why| panic!("{why}"));
    let runs = ops.split(|op| *op == Op::Read).map(<[Op]>::len);
    runs.filter(|writes| *writes > 0).collect()
}

/// Changes a byte of each line that the client must write and demands that the play fails just there: every byte with
/// FIREPUSH_FULL=1, else some.
#[test]
fn a_changed_byte_of_an_expected_stanza_is_noticed() {
    let full = std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1");
    for name in ["send-by-socks5", "send-by-ibb"] {
        let script = Script::read(name);
        for n in 0..script.lines.len() {
            let places = places(&script.lines[n].step);
            let step = if full { 1 } else { (places.len() / 3).max(1) };
            for place in places.into_iter().rev().step_by(step) {
                let mut changed = script.clone();
                change(&mut changed.lines[n].step, place);
                assert_fails_at(&changed, &script.lines[n].at, &format!("byte {place}"));
            }
        }
    }
}

/// Where a byte of the line is compared as it stands.
fn places(step: &Step) -> Vec<usize> {
    match step {
        Step::Client(text) => pattern::literal_places(text),
        Step::ProxyClient(text) if !text.starts_with('@') => {
            let digits = pattern::literal_places(text).into_iter();
            digits.filter(|at| text.as_bytes()[*at] != b' ').collect()
        }
        _ => Vec::new(),
    }
}

fn change(step: &mut Step, place: usize) {
    let (Step::Client(text) | Step::ProxyClient(text)) = step else { panic!("the client writes nothing here") };
    let other = if text[place..].starts_with('1') { "0" } else { "1" };
    text.replace_range(place..place + 1, other);
}

fn assert_fails_at(script: &Script, at: &str, what: &str) {
    match play(script, Cut::Whole) {
        Ok(_) => panic!("{at}, {what}: nobody noticed"),
        Err(why) => assert!(why.starts_with(&format!("{at}: ")), "{at}, {what}: noticed elsewhere: {why}"),
    }
}

#[test]
fn a_line_that_is_left_out_is_noticed() {
    let script = Script::read("send-by-socks5");
    let written = |line: &Line| matches!(line.step, Step::Client(_) | Step::ProxyClient(_));
    for n in (0..script.lines.len()).filter(|n| written(&script.lines[*n])) {
        let mut shorter = script.clone();
        shorter.lines.remove(n);
        assert!(play(&shorter, Cut::Whole).is_err(), "{}: nobody missed it", script.lines[n].at);
    }
}

/// Lets the server speak in the middle of every flight: the player must see that the client had not waited for it.
#[test]
fn a_client_that_does_not_wait_for_an_answer_is_noticed() {
    for name in ["login", "send-by-socks5-to-a-bare-jid", "the-server-asks-during-a-transfer"] {
        let script = Script::read(name);
        let is_client = |n: usize| matches!(script.lines[n].step, Step::Client(_));
        for n in (1..script.lines.len()).filter(|n| is_client(*n) && is_client(*n - 1)) {
            let mut interrupted = script.clone();
            let at = script.lines[n].at.clone();
            interrupted.lines.insert(n, Line { at: at.clone(), step: Step::Server("<message/>".into()) });
            let why = play(&interrupted, Cut::Whole).expect_err(&at);
            assert!(why.starts_with(&format!("{at}: it wrote too early to the server")), "{why}");
        }
    }
}

#[test]
fn another_outcome_is_noticed() {
    for other in ["fail", "ok method=socks5", "ok method=ibb tier=forwarded", "ok bytes=2999", "ok to=ops@example.org"]
    {
        let mut script = Script::read("send-by-ibb");
        script.head.expect = other.to_owned();
        assert!(play(&script, Cut::Whole).is_err(), "{other}");
    }
}

transcripts! {
    a_full_jid_that_went_offline
    a_proxy_without_addresses_is_not_offered
    a_second_offer_is_made_when_it_is_allowed
    a_spark_that_has_us_in_no_contact_list
    accepted_by_a_method_that_was_never_offered
    an_answer_from_the_wrong_address_is_ignored
    an_offer_of_a_stranger_is_declined
    an_old_openfire_requires_a_session
    an_unknown_streamhost_was_used
    an_unreachable_sender_may_begin_again_by_ibb
    another_login_takes_over
    both_sides_close_at_once
    bytes_stand_behind_proceed
    declined_by_smack_3
    declined
    direct_tls
    login
    nobody_answers_the_offer
    not_allowed_to_activate_goes_on_by_ibb
    only_one_reachable_address_of_a_proxy_is_offered
    openfire_binds_later_and_to_an_odd_address
    openfire_lists_the_resources
    qxmpp_takes_small_blocks
    receive_by_ibb
    receive_by_socks5
    send_by_ibb
    send_by_socks5_to_a_bare_jid
    send_by_socks5
    silence_after_tls
    smack_3_accepts_both_and_gets_ibb_at_once
    smack_3_cannot_reach_the_proxy_and_gets_ibb
    smack_4_cannot_reach_the_proxy_and_is_silent
    starttls_is_missing
    the_client_leaves_before_the_offer
    the_login_is_bound_to_the_tls_channel
    the_password_is_wrong
    the_proxy_does_not_allow_the_activation
    the_proxy_does_not_know_the_offer
    the_recipient_cancels
    the_recipient_goes_offline_in_the_middle
    the_recipient_is_offline
    the_recipient_shares_nothing_with_us
    the_recipient_takes_no_files
    the_server_asks_during_a_transfer
    the_server_cannot_prove_the_password
    the_server_is_that_of_another_domain
    the_server_offers_plain_only
    the_server_proves_nothing
    the_strongest_mechanism_is_taken_after_a_refusal
    xiff_spark_263
    xiff_spark_263_received
}
