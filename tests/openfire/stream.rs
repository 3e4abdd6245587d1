//! The stream of the scripted Openfire is as strict and as odd as the real one's.

use std::time::Duration;

use crate::openfire::Openfire;
use crate::openfire::options::{Age, Options, Timers};
use crate::openfire::puppet::Manners;
use crate::openfire::scram::encode;
use crate::raw::{HEADER, Raw, auth, bind, plain};

const INFO: &str =
    r#"<iq type="get" id="i" to="example.test"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>"#;

fn server() -> Openfire {
    Openfire::start(Options::default())
}

#[test]
fn section_1_2_a_root_with_another_prefix_meets_silence() {
    let mut raw = Raw::connect(&server());
    raw.say(&HEADER.replace("stream:stream", "s:stream").replace("xmlns:stream", "xmlns:s"));
    assert_eq!(raw.hear_silence(), "");
}

#[test]
fn section_1_2_another_default_namespace_is_refused() {
    let mut raw = Raw::connect(&server());
    raw.say(&HEADER.replace("jabber:client", "jabber:server"));
    assert!(raw.hear_end().contains("invalid-namespace"));
}

#[test]
fn section_1_2_single_quotes_upset_the_framing() {
    let server = server();
    let mut raw = Raw::bound(&server, false);
    raw.say(&INFO.replace(r#"id="i""#, "id='a\"b'"));
    assert_eq!(raw.hear_silence().matches("<identity").count(), 0);
    let mut raw = Raw::bound(&server, false);
    raw.say(&INFO.replace('"', "'"));
    assert_eq!(raw.hear_silence().matches("<identity").count(), 1, "harmless ones do no harm");
}

#[test]
fn section_1_2_a_stanza_above_1_mib_ends_the_stream() {
    let mut raw = Raw::bound(&server(), false);
    raw.say(&format!("<message><body>{}</body></message>{INFO}", "x".repeat(1_040_000)));
    raw.hear("<identity");
    raw.say(&format!("<message><body>{}</body></message>", "x".repeat(1_100_000)));
    assert!(raw.hear_end().contains("internal-server-error"));
}

#[test]
fn section_1_3_features_come_twice_and_the_stream_id_stays() {
    let server = server();
    let mut raw = Raw::connect(&server);
    raw.say(HEADER);
    let first = raw.hear("</stream:features>");
    assert_eq!(first.matches("<limits").count(), 2);
    assert!(first.contains("<mechanism>PLAIN<"), "mechanisms before TLS");
    let mut raw = Raw::secured(&server);
    raw.say(HEADER);
    let second = raw.hear("</stream:features>");
    assert!(second.find("<compression") < second.find("<mechanisms") && second.contains("tls-server-end-point"));
    raw.say(&plain(server.password("device")));
    raw.hear("<success");
    raw.say(HEADER);
    let third = raw.hear("</stream:features>");
    let id = |text: &str| text.split(r#" id=""#).nth(1).map(|rest| rest.split('"').next().map(str::to_owned));
    assert_eq!(id(&second), id(&third));
    assert!(third.contains("urn:xmpp:sm:2") && third.contains("urn:xmpp:sm:3") && third.contains("<optional/>"));
}

#[test]
fn section_1_3_a_header_without_version_gets_no_features() {
    let mut raw = Raw::connect(&server());
    raw.say(&HEADER.replace(r#" version="1.0">"#, ">"));
    let heard = raw.hear_silence();
    assert!(heard.contains("<stream:stream") && !heard.contains("features"), "{heard}");
}

#[test]
fn section_1_4_scram_wants_n_and_its_initial_response_and_three_failures_end_the_stream() {
    let server = server();
    for mechanism_and_initial in [
        auth("SCRAM-SHA-1", &encode(b"y,,n=device,r=abc")),
        auth("SCRAM-SHA-1", &encode(b"p=tls-unique,,n=device,r=abc")),
        auth("SCRAM-SHA-1-PLUS", &encode(b"n,,n=device,r=abc")),
        auth("SCRAM-SHA-1-PLUS", &encode(b"p=tls-exporter,,n=device,r=abc")),
        auth("SCRAM-SHA-1", "="),
        plain("wrong"),
    ] {
        let mut raw = Raw::secured(&server);
        raw.say(HEADER);
        for _ in 0..2 {
            raw.say(&mechanism_and_initial);
            raw.hear("<not-authorized/></failure>");
        }
        raw.say(&mechanism_and_initial);
        assert!(raw.hear_end().ends_with("<not-authorized/></failure></stream:stream>"));
    }
}

#[test]
fn section_8_2_a_bind_behind_a_wrong_password_is_refused_and_the_stream_stays() {
    let server = server();
    let mut raw = Raw::secured(&server);
    raw.say(&format!("{HEADER}{}{}", plain("wrong"), bind("x")));
    raw.hear("</failure>");
    assert!(raw.hear("</iq>").contains("not-authorized"));
    raw.say(&plain(server.password("device")));
    raw.hear("<success");
}

#[test]
fn section_8_1_what_follows_bind_in_its_flight_is_refused_or_lost_or_ends_the_stream() {
    let mut outcomes = [0; 3];
    for seed in 0..30 {
        let server = Openfire::start(Options { seed, ..Options::default() });
        let mut raw = Raw::authenticated(&server);
        raw.say(&format!("{}{INFO}", bind("x")));
        let heard = raw.hear_silence();
        assert!(!heard.contains("<identity"), "seed {seed}: it was answered");
        let outcome = match (heard.contains("<stream:error>"), heard.contains("not-authorized")) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        outcomes[outcome] += 1;
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

#[test]
fn section_1_5_the_answer_to_bind_goes_to_another_address_and_comes_from_nobody() {
    let mut raw = Raw::authenticated(&server());
    raw.say(&bind("x"));
    let answer = raw.hear("</iq>");
    assert!(answer.contains(r#"to="example.test/id"#) && !answer.contains("from="), "{answer}");
    assert!(answer.contains("<jid>device@example.test/x</jid>"));
}

#[test]
fn section_1_5_an_iq_without_to_asks_our_account() {
    let mut raw = Raw::bound(&server(), true);
    raw.say(r#"<iq type="get" id="i"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>"#);
    let answer = raw.hear("</iq>");
    assert!(answer.contains(r#"from="device@example.test""#) && !answer.contains("<item"), "{answer}");
}

#[test]
fn section_8_6_a_result_with_a_child_that_nobody_awaits_ends_the_session() {
    let server = server();
    for to in [r#" to="example.test""#, r#" to="device@example.test""#, ""] {
        let mut raw = Raw::bound(&server, false);
        raw.say(&format!(r#"<iq type="result" id="1-1"{to}/><iq type="error" id="1-1"{to}/>{INFO}"#));
        raw.hear("<identity");
        raw.say(&format!(r#"<iq type="result" id="1-1"{to}><query xmlns="jabber:iq:version"/></iq>"#));
        assert!(raw.hear_end().contains("internal-server-error"));
    }
    for fatal in [r#"<iq type="odd" id="1" to="example.test"/>"#, "<!-- comment -->"] {
        let mut raw = Raw::bound(&server, false);
        raw.say(fatal);
        assert!(raw.hear_end().contains("internal-server-error"));
    }
}

#[test]
fn section_8_7_the_version_is_asked_once_after_bind() {
    let mut raw = Raw::bound(&server(), false);
    let heard = raw.hear_silence();
    assert_eq!(heard.matches("jabber:iq:version").count(), 1);
}

#[test]
fn section_1_6_silence_is_met_by_a_ping_and_then_by_connection_timeout() {
    let timers = Timers { idle: Duration::from_millis(100), ..Timers::scaled(1) };
    let mut raw = Raw::bound(&Openfire::start(Options { timers, ..Options::default() }), false);
    raw.hear("urn:xmpp:ping");
    assert!(raw.hear_end().contains("connection-timeout"));
}

#[test]
fn section_1_6_who_does_not_read_is_dropped_and_its_contacts_are_told() {
    let timers = Timers { write: Duration::from_millis(300), ..Timers::scaled(1) };
    let server = Openfire::start(Options { timers, ..Options::default() });
    let ops = server.spark(Manners::default());
    let _deaf = Raw::bound(&server, true);
    server.wait_for("presence");
    let body = "x".repeat(60_000);
    for _ in 0..400 {
        ops.say(&format!(r#"<message to="device@example.test/raw"><body>{body}</body></message>"#));
    }
    server.wait_for("gone device@example.test/raw");
}

#[test]
fn section_1_5_a_resource_that_is_taken_is_taken_over() {
    let server = server();
    let mut first = Raw::bound(&server, false);
    let _second = Raw::bound(&server, false);
    assert!(first.hear_end().contains("<conflict"));
}

#[test]
fn section_8_3_what_comes_with_finished_is_lost_on_4_7() {
    let server = Openfire::start(Options { age: Age::Old, ..Options::default() });
    let mut raw = Raw::secured(&server);
    raw.say(HEADER);
    server.wait_for("lost after Finished");
    assert_eq!(raw.hear_silence(), "");
    raw.say(HEADER);
    raw.hear("</stream:features>");
}

#[test]
fn section_8_4_without_presence_nothing_of_others_arrives_on_4_7() {
    let ask = r#"<iq type="get" id="i" to="ops@example.test/Spark"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>"#;
    for (age, answered) in [(Age::Head, true), (Age::Old, false)] {
        let server = Openfire::start(Options { age, tls12_only: true, ..Options::default() });
        let _ops = server.spark(Manners::default());
        let mut raw = Raw::bound(&server, false);
        raw.say(ask);
        assert_eq!(raw.hear_silence().contains("<identity"), answered, "{age:?}");
        raw.say(&format!("<presence><priority>-1</priority></presence>{ask}"));
        raw.hear("<identity");
    }
}
