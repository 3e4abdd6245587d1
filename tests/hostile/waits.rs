//! A peer that freezes: each wait ends at its deadline, by its name, with 75.

use firepush::config::Wait;

use crate::bed::{Bed, BlackHole, OPS, assert_says, short, words};
use crate::openfire::options::{Fault, Hosts as ProxyHosts, Options, ProxyPhase};
use crate::openfire::puppet::{Act, Answer, Hosts, Manners};
use crate::support::run::{Program::Firepush, Run};

/// `wait` alone is short; it ends and is named.
#[track_caller]
fn ends(wait: Wait, options: Options, manners: Manners, more: &[&str]) {
    let bed = Bed::of_size(options, manners, 8_000_000);
    let short = short(&[wait]);
    bed.fails(&[&words(&short), more].concat(), 75, &[wait.doing(), wait.setting()]);
}

fn two_values() -> Manners {
    Manners::answer(Answer::Accept(&["socks5", "ibb"]))
}

#[test]
fn a_host_that_takes_no_connection_ends_the_wait_connect() {
    let hole = BlackHole::new();
    let bed = Bed::new(Options::default(), Manners::default());
    let mut account = bed.server.device();
    account.server = hole.address;
    let exit = bed.run_as(&account, &["--wait-connect", "100ms"]).arg(&bed.file).end().expect(75);
    assert_says(&exit, &[Wait::Connect.doing()]);
}

#[test]
fn a_server_that_freezes_before_tls_ends_the_wait_tls() {
    for phase in ["accept", "features", "proceed", "tls"] {
        for fault in [Fault::Stall, Fault::Freeze] {
            ends(Wait::Tls, Options::fault(phase, fault), Manners::default(), &[]);
        }
    }
}

#[test]
fn row_05_a_server_that_drips_cannot_outlive_the_wait_tls() {
    let drips = [("features", "<stream:stream xmlns='x"), ("proceed", " "), ("tls", "\u{16}\u{3}\u{3}\u{3f}\u{7f}x")];
    for (phase, text) in drips {
        ends(Wait::Tls, Options::fault(phase, Fault::Drip(text.to_owned())), Manners::default(), &[]);
    }
}

#[test]
fn a_server_that_freezes_after_tls_ends_the_wait_login() {
    for phase in ["sasl", "challenge", "success"] {
        for fault in [Fault::Stall, Fault::Freeze, Fault::Drip("<x a='y".to_owned())] {
            let fault =
                if phase == "sasl" && matches!(fault, Fault::Drip(_)) { Fault::Drip(" ".into()) } else { fault };
            ends(Wait::Login, Options::fault(phase, fault), Manners::default(), &[]);
        }
    }
}

#[test]
fn a_server_that_freezes_after_the_login_ends_the_wait_bind() {
    for phase in ["bind-features", "bind"] {
        for fault in [Fault::Stall, Fault::Freeze, Fault::Drip(" ".to_owned())] {
            ends(Wait::Bind, Options::fault(phase, fault), Manners::default(), &[]);
        }
    }
}

#[test]
fn a_server_that_freezes_while_the_recipient_is_looked_for_ends_the_wait_discover_with_75() {
    for phase in ["presence", "get disco#info"] {
        let bed = Bed::new(Options::fault(phase, Fault::Freeze), Manners::default());
        let run = Run::send(Firepush, &bed.server.device(), "ops@example.test").args(["--wait-discover", "100ms"]);
        assert_says(&run.arg(&bed.file).end().expect(75), &[Wait::Discover.doing()]);
    }
}

#[test]
fn a_recipient_whose_client_does_not_say_what_it_can_ends_the_wait_discover() {
    let manners = Manners { disco_ignored: true, ..Manners::default() };
    let bed = Bed::new(Options::default(), manners);
    let run = Run::send(Firepush, &bed.server.device(), "ops@example.test").args(["--wait-discover", "200ms"]);
    let exit = run.arg(&bed.file).end();
    assert!([69, 75].contains(&exit.code), "{}: {}", exit.code, exit.stderr);
    assert_says(&exit, &[Wait::Discover.doing()]);
}

#[test]
fn a_proxy_address_that_takes_no_connection_ends_the_wait_probe_and_is_not_offered() {
    let hole = BlackHole::new();
    let host = format!(r#"<streamhost jid="proxy.example.test" host="127.0.0.1" port="{}"/>"#, hole.address.port());
    let options = Options { hosts: ProxyHosts::Raw(host), ..Options::default() };
    let bed = Bed::new(options, Manners::ibb());
    let exit = bed.send(&["--wait-probe", "100ms", "-v"]).expect(0);
    assert!(exit.stderr.contains(Wait::Probe.doing()), "{}", exit.stderr);
    bed.assert_arrived();
    assert!(bed.server.happened("set open"));
}

#[test]
fn an_operator_who_does_not_answer_ends_the_wait_answer() {
    ends(Wait::Answer, Options::default(), Manners::answer(Answer::Ignore), &[]);
}

#[test]
fn a_recipient_who_does_not_connect_ends_the_wait_streamhost_used() {
    ends(Wait::StreamhostUsed, Options::default(), Manners::hosts(Hosts::Ignore), &[]);
}

#[test]
fn rule_69_a_proxy_that_freezes_ends_the_wait_proxy() {
    for phase in [ProxyPhase::Method, ProxyPhase::Reply] {
        ends(Wait::Proxy, Options::proxy_fault(phase, Fault::Stall), Manners::default(), &[]);
    }
}

#[test]
fn a_server_that_freezes_at_activate_ends_the_wait_activate() {
    for fault in [Fault::Stall, Fault::Freeze] {
        ends(Wait::Activate, Options::fault("set activate", fault), Manners::default(), &[]);
    }
}

#[test]
fn rule_47_a_proxy_that_stops_reading_ends_the_wait_stall() {
    for bytes in [0, 1_000_000] {
        let options =
            Options { receive_buffer: Some(4096), ..Options::proxy_fault(ProxyPhase::Data(bytes), Fault::Stall) };
        let bed = Bed::of_size(options, Manners::default(), 8_000_000);
        let short = short(&[Wait::Stall]);
        bed.fails(&words(&short), 75, &[Wait::Stall.doing(), Wait::Stall.setting(), "after ", " of 8000000 bytes"]);
    }
}

#[test]
fn row_24_a_target_that_never_reads_ends_the_wait_stall() {
    let manners = Manners { read: Some((1000, false)), receive_buffer: Some(4096), ..Manners::default() };
    let options = Options { receive_buffer: Some(4096), ..Options::default() };
    ends(Wait::Stall, options, manners, &[]);
}

#[test]
fn a_recipient_who_does_not_open_ends_the_wait_open() {
    ends(Wait::Open, Options::default(), Manners { open: Some(""), ..Manners::ibb() }, &[]);
}

#[test]
fn rule_48_a_second_open_that_meets_silence_ends_the_wait_second_open() {
    let manners = Manners { hosts: Hosts::Refuse("item-not-found"), open: Some(""), ..two_values() };
    let bed = Bed::new(Options::default(), manners);
    let exit = bed.send(&["--method", "socks5", "--wait-second-open", "100ms", "-v"]).expect(75);
    assert!(bed.server.happened("open ignored"));
    // What failed first is what the operator can cure.
    assert!(exit.stderr.contains(Wait::StreamhostUsed.doing()), "{}", exit.stderr);
}

#[test]
fn rule_57_a_block_that_is_not_acknowledged_ends_the_wait_ibb_ack() {
    for block in [0, 2] {
        ends(Wait::IbbAck, Options::default(), Manners::at_block(block, Act::NoAck), &[]);
    }
    for fault in [Fault::Stall, Fault::Freeze] {
        ends(Wait::IbbAck, Options::fault("set data", fault), Manners::ibb(), &[]);
    }
}

#[test]
fn rule_55_a_close_that_nobody_answers_does_not_spoil_a_file_that_is_there() {
    let bed = Bed::new(Options::default(), Manners { close_ignored: true, ..Manners::ibb() });
    bed.send(&["--wait-close", "100ms"]).expect(0);
    assert!(bed.server.happened("close ignored"));
    bed.assert_arrived();
}

#[test]
fn rule_14_a_server_that_answers_no_ping_ends_the_wait_ping() {
    let options = Options::intercept(|stanza| stanza.deep("ping").map(|_| String::new()));
    let bed = Bed::new(options, Manners::answer(Answer::Ignore));
    bed.fails(&["--wait-idle", "100ms", "--wait-ping", "100ms"], 75, &[Wait::Ping.doing(), Wait::Ping.setting()]);
}

#[test]
fn rule_69_a_timeout_shortens_every_wait() {
    let bed = Bed::new(Options::fault("bind", Fault::Stall), Manners::default());
    let exit = Run::send(Firepush, &bed.server.device(), OPS).args(["--timeout", "200ms"]).arg(&bed.file).end();
    assert_says(&exit.expect(75), &[Wait::Bind.doing()]);
}
