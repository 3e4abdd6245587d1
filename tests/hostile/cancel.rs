//! Cancelling by the library: it ends every wait at once, and the error names that wait.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use firepush::config::Wait;
use firepush::error::Kind;
use firepush::{Client, Config, Source, Stop};

use crate::bed::{Bed, BlackHole, OPS};
use crate::openfire::Openfire;
use crate::openfire::options::{Fault, Options, ProxyPhase};
use crate::openfire::puppet::{Act, Answer, Hosts, Manners};
use crate::support::server::Account;

const HANG: Duration = Duration::from_secs(60);

pub fn config(account: &Account) -> Config {
    let mut settings = firepush::settings::Settings::default();
    let mut set = |name: &str, value: &str| {
        firepush::settings::find(name).expect("a row").apply(&mut settings, value).expect("a good value");
    };
    set("jid", &account.jid);
    set("password_file", account.password_file.to_str().expect("UTF-8"));
    set("server", &account.server.to_string());
    set("ca_file", account.trust[1].to_str().expect("UTF-8"));
    settings.into_config()
}

/// Stops a login once `reached` has returned.
#[track_caller]
fn login_ends(wait: Wait, config: Config, reached: impl FnOnce()) {
    let stop = Stop::new().expect("a stop");
    let (given, (results, result)) = (stop.clone(), channel());
    thread::spawn(move || results.send(Client::connect_until(&config, &given).map(|_| ())));
    reached();
    stop.stop();
    let error = result.recv_timeout(HANG).expect("a stop ends every wait").expect_err("it was stopped");
    assert_eq!((error.kind(), error.wait()), (Kind::Stopped, Some(wait)), "{error}");
}

#[track_caller]
fn login_ends_at(wait: Wait, phase: &'static str) {
    for fault in [Fault::Stall, Fault::Freeze] {
        let server = Openfire::start(Options::fault(phase, fault));
        login_ends(wait, config(&server.device()), || server.wait_for(phase));
    }
}

/// Ends a transfer by the stop of the client, and by the job, once `reached` has happened on the server.
#[track_caller]
fn transfer_ends(wait: Wait, options: Options, manners: Manners, reached: &str) {
    for by_job in [true, false] {
        let bed = Bed::of_size(options.clone(), manners.clone(), 8_000_000);
        let stop = Stop::new().expect("a stop");
        let mut config = config(&bed.server.device());
        config.waits.set(Wait::Close, Duration::from_millis(200));
        let client = Client::connect_until(&config, &stop).expect("a login");
        let source = Source::path(&bed.file).expect("a file");
        let job = client.push(&OPS.parse().expect("a JID"), source).expect("a job");
        bed.server.wait_for(reached);
        if by_job {
            job.cancel()
        } else {
            stop.stop()
        }
        let error = job.wait_for(HANG).expect("a stop ends every wait").expect_err("it was stopped");
        assert_eq!((error.kind(), error.wait()), (Kind::Stopped, Some(wait)), "by job {by_job}: {error}");
    }
}

#[test]
fn a_stop_from_before_ends_the_first_wait() {
    let server = Openfire::start(Options::default());
    let mut config = config(&server.device());
    config.server = Some("localhost".parse().expect("a server"));
    let stop = Stop::new().expect("a stop");
    stop.stop();
    let error = Client::connect_until(&config, &stop).map(|_| ()).expect_err("it was stopped");
    // A name that is looked up at once leaves it to the next wait.
    assert_eq!(error.kind(), Kind::Stopped, "{error}");
    assert!([Some(Wait::Resolve), Some(Wait::Connect)].contains(&error.wait()), "{error}");
}

#[test]
fn a_stop_ends_the_wait_connect() {
    let (hole, server) = (BlackHole::new(), Openfire::start(Options::default()));
    let mut config = config(&server.device());
    config.server = Some(hole.address.to_string().parse().expect("a server"));
    login_ends(Wait::Connect, config, || hole.wait_for_attempt());
}

#[test]
fn a_stop_ends_the_wait_tls() {
    // Not "accept": the server may know of the connection before the client does.
    ["features", "proceed", "tls"].into_iter().for_each(|phase| login_ends_at(Wait::Tls, phase));
}

#[test]
fn a_stop_ends_the_wait_login() {
    ["sasl", "challenge", "success"].into_iter().for_each(|phase| login_ends_at(Wait::Login, phase));
}

#[test]
fn a_stop_ends_the_wait_bind() {
    ["bind-features", "bind"].into_iter().for_each(|phase| login_ends_at(Wait::Bind, phase));
}

#[test]
fn a_stop_ends_the_wait_discover() {
    transfer_ends(
        Wait::Discover,
        Options::fault("get disco#items", Fault::Stall),
        Manners::default(),
        "get disco#items",
    );
}

#[test]
fn a_stop_ends_the_wait_answer() {
    transfer_ends(Wait::Answer, Options::default(), Manners::answer(Answer::Ignore), "offered");
}

#[test]
fn a_stop_ends_the_wait_streamhost_used() {
    transfer_ends(Wait::StreamhostUsed, Options::default(), Manners::hosts(Hosts::Ignore), "hosts answered");
}

#[test]
fn a_stop_ends_the_wait_proxy() {
    for phase in [ProxyPhase::Method, ProxyPhase::Reply] {
        let options = Options::proxy_fault(phase, Fault::Stall);
        transfer_ends(Wait::Proxy, options, Manners::default(), "proxy fault");
    }
}

#[test]
fn a_stop_ends_the_wait_activate() {
    transfer_ends(Wait::Activate, Options::fault("set activate", Fault::Stall), Manners::default(), "set activate");
}

#[test]
fn a_stop_ends_the_wait_stall() {
    let options = Options { receive_buffer: Some(4096), ..Options::proxy_fault(ProxyPhase::Data(1000), Fault::Stall) };
    transfer_ends(Wait::Stall, options, Manners::default(), "proxy fault");
}

#[test]
fn a_stop_ends_the_wait_open() {
    transfer_ends(Wait::Open, Options::default(), Manners { open: Some(""), ..Manners::ibb() }, "open ignored");
}

#[test]
fn a_stop_ends_the_wait_ibb_ack() {
    transfer_ends(Wait::IbbAck, Options::default(), Manners::at_block(1, Act::NoAck), "acted");
}

#[test]
fn a_stop_ends_an_inbox_that_waits() {
    let server = Openfire::start(Options::default());
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(&server.device());
    config.dir = Some(folder.path().to_owned());
    config.from = vec!["@example.test".parse().expect("a domain")];
    let stop = Stop::new().expect("a stop");
    let inbox = Client::connect_until(&config, &stop).and_then(|client| client.inbox()).expect("an inbox");
    let (results, result) = channel();
    thread::spawn(move || results.send(inbox.next(HANG).map(|_| ())));
    stop.stop();
    let error = result.recv_timeout(HANG).expect("a stop ends every wait").expect_err("it was stopped");
    assert_eq!(error.kind(), Kind::Stopped, "{error}");
}
