//! Servers that lie before or during the login.

use firepush::config::Wait;

use crate::bed::{Bed, OPS, assert_says};
use crate::openfire::Openfire;
use crate::openfire::options::{Fault, Options};
use crate::openfire::puppet::Manners;
use crate::openfire::scram::Lie;
use crate::support::ca::Flaw;
use crate::support::process::Exit;

#[track_caller]
fn refuses(options: Options, code: i32, parts: &[&str]) -> Bed {
    let bed = Bed::new(options, Manners::default());
    bed.fails(&["--wait-tls", "10s", "--wait-login", "10s"], code, parts);
    assert!(!bed.server.happened("something in clear"));
    bed
}

#[test]
fn row_01_rule_03_a_server_without_starttls_gets_nothing() {
    let bed = refuses(Options { starttls: false, ..Options::default() }, 76, &["TLS"]);
    assert!(!bed.server.notes().iter().any(|note| note.starts_with("auth")), "{:?}", bed.server.notes());
}

#[test]
fn row_02_what_stands_behind_proceed_ends_the_session() {
    let proceed = r#"<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#;
    for behind in ["<stream:features/>", "<stream:stream>", "x", "<"] {
        let said = Fault::Instead(format!("{proceed}{behind}"));
        let bed = refuses(Options::fault("proceed", said), 76, &[Wait::Tls.doing()]);
        assert!(!bed.server.happened("sasl"), "TLS was started");
    }
}

#[test]
fn a_refused_starttls_ends_with_76() {
    let failure = r#"<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"/></stream:stream>"#.to_owned();
    refuses(Options::fault("proceed", Fault::Instead(failure)), 76, &["TLS"]);
}

#[test]
fn row_03_rule_04_each_bad_certificate_has_its_own_words() {
    let flaws = [
        (Flaw::Expired, "expired"),
        (Flaw::NotYetValid, "not valid yet"),
        (Flaw::WrongName, "not for example.test"),
        (Flaw::SelfSigned, "--pin"),
    ];
    for (flaw, part) in flaws {
        let bed = refuses(Options { flaw, ..Options::default() }, 76, &[part]);
        assert!(!bed.server.happened("sasl"));
    }
}

#[test]
fn row_03_rule_04_without_a_ca_file_a_private_ca_is_refused_with_the_cure() {
    let bed = Bed::new(Options::default(), Manners::default());
    let account = bed.server.device();
    let plain = crate::command::Plain::new("send").args(["--jid", &account.jid, "--to", OPS, "--password-file"]);
    let plain = plain.args([&account.password_file]).args(["--server", &account.server.to_string()]);
    assert_says(&plain.args([&bed.file]).end().expect(76), &["--ca-file", "--pin"]);
}

#[test]
fn row_05_tls_that_is_cut_off_is_trouble_of_the_network_and_nonsense_is_not() {
    let alert = Fault::Garbage(vec![0x15, 3, 3, 0, 2, 2, 40]);
    let nonsense = Fault::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    for (fault, code) in [(Fault::Half, 75), (Fault::Eof, 75), (Fault::Rst, 75), (alert, 76), (nonsense, 76)] {
        refuses(Options::fault("tls", fault), code, &[Wait::Tls.doing()]);
    }
}

#[test]
fn a_connection_that_ends_in_any_phase_of_the_login_is_tried_later() {
    for phase in ["accept", "features", "proceed", "tls", "sasl", "challenge", "success", "bind-features", "bind"] {
        for fault in [Fault::Eof, Fault::Rst] {
            refuses(Options::fault(phase, fault), 75, &["while"]);
        }
    }
}

#[test]
fn garbage_in_any_phase_of_the_login_is_refused() {
    for phase in ["features", "proceed", "sasl", "challenge", "success", "bind-features", "bind"] {
        for garbage in [&b"\x00\xff\xfe"[..], b"<<<<", b"</stream:stream></a>", b"&bomb;", b"<a></b>"] {
            let options = Options::fault(phase, Fault::Garbage(garbage.to_vec()));
            let bed = Bed::new(options, Manners::default());
            let exit = bed.send(&["--wait-resend", "10s"]);
            assert!([75, 76].contains(&exit.code), "{phase} {garbage:?}: {} {}", exit.code, exit.stderr);
            assert_says(&exit, &["while"]);
        }
    }
}

#[test]
fn row_07_scram_that_lies_is_refused() {
    use Lie::*;
    let lies = [
        WrongSignature,
        NoSignature,
        ShortNonce,
        OtherNonce,
        OneIteration,
        BillionIterations,
        BadBase64,
        MandatoryExtension,
    ];
    for lie in lies {
        let bed = Bed::new(Options { lie: Some(lie), ..Options::default() }, Manners::default());
        let exit: Exit = bed.send(&[]);
        assert!([76, 77].contains(&exit.code), "{lie:?}: {} {}", exit.code, exit.stderr);
        assert_says(&exit, &[Wait::Login.doing()]);
        assert!(!bed.server.happened("bind-features"), "{lie:?}: it went on");
    }
}

#[test]
fn rule_70_a_server_of_another_domain_is_refused() {
    let header = r#"<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" from="evil.test" id="1" version="1.0"><stream:features/>"#;
    refuses(Options::fault("features", Fault::Instead(header.to_owned())), 76, &["evil.test"]);
}

#[test]
fn row_40_rule_69_a_server_that_has_no_time_now_is_tried_later() {
    let ns = "urn:ietf:params:xml:ns:xmpp-streams";
    for condition in ["policy-violation", "resource-constraint", "system-shutdown", "reset"] {
        let text = format!("<stream:error><{condition} xmlns='{ns}'/></stream:error></stream:stream>");
        for phase in ["challenge", "bind"] {
            refuses(Options::fault(phase, Fault::Instead(text.clone())), 75, &[condition]);
        }
    }
}

#[test]
fn row_09_a_server_that_sends_us_on_inside_tls_is_followed_up_to_three_times() {
    for (redirects, code) in [(1, 0), (3, 0), (4, 75)] {
        let bed = Bed::new(Options { redirects, ..Options::default() }, Manners::default());
        let exit = bed.send(&[]).expect(code);
        assert_eq!(bed.server.count("redirected"), redirects);
        match code {
            0 => bed.assert_arrived(),
            _ => assert_says(&exit, &["from host to host", "see-other-host"]),
        }
    }
}

/// What comes before TLS, anybody can have said.
#[test]
fn row_09_a_server_that_sends_us_on_before_tls_is_not_followed() {
    let other = Openfire::start(Options::default());
    let there = other.device().server;
    let ns = "urn:ietf:params:xml:ns:xmpp-streams";
    let header = r#"<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" from="example.test" id="1" version="1.0">"#;
    let error =
        format!("<stream:error><see-other-host xmlns='{ns}'>{there}</see-other-host></stream:error></stream:stream>");
    let parts = ["see-other-host", "before TLS", "--server"];
    refuses(Options::fault("features", Fault::Instead(format!("{header}{error}"))), 75, &parts);
    assert!(other.notes().is_empty(), "{:?}", other.notes());
}

#[test]
fn row_09_the_other_host_must_prove_to_be_the_server_of_our_domain() {
    let other = Openfire::start(Options::default());
    let ns = "urn:ietf:params:xml:ns:xmpp-streams";
    let there = other.device().server;
    let error =
        format!("<stream:error><see-other-host xmlns='{ns}'>{there}</see-other-host></stream:error></stream:stream>");
    refuses(Options::fault("challenge", Fault::Instead(error)), 76, &["certificate"]);
    assert!(!other.notes().iter().any(|note| note.starts_with("auth")), "{:?}", other.notes());
}

#[test]
fn row_06_rule_10_a_wrong_password_is_tried_once() {
    let bed = Bed::new(Options::default(), Manners::default());
    let mut account = bed.server.device();
    account.password_file = bed.server.account("ops").password_file;
    let exit = bed.run_as(&account, &[]).arg(&bed.file).end().expect(77);
    assert_says(&exit, &["not-authorized", Wait::Login.doing()]);
    assert_eq!(bed.server.count("failure not-authorized"), 1);
}

#[test]
fn row_06_a_server_without_a_mechanism_of_ours_is_refused_with_77() {
    let bed =
        Bed::new(Options { mechanisms: vec!["DIGEST-MD5", "CRAM-MD5"], ..Options::default() }, Manners::default());
    bed.fails(&[], 77, &["DIGEST-MD5"]);
    let tried: Vec<_> = bed.server.notes().into_iter().filter(|note| note.starts_with("auth ")).collect();
    assert_eq!(tried, ["auth SCRAM-SHA-1"], "PLAIN is never tried unasked");
}
