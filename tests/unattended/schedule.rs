//! When things are tried again, by a clock that the test sets: nothing here waits for its time.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firepush::Stop;
use firepush::error::{Kind, Result};
use firepush::settings::Configuration;
use firepush::unattended::{Clock, Event, Outcome, Run};

use crate::bed::Device;
use crate::support::process::Process;
use crate::support::run::{Program, Run as Peer};
use crate::support::server;

const HOUR: u64 = 3600;

/// Shows what it is told; chance is always the whole.
struct Told {
    now: AtomicU64,
    pauses: Mutex<Vec<Duration>>,
}

impl Clock for Told {
    fn now(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    fn pause(&self, time: Duration, _: &Stop) -> Result<()> {
        self.pauses.lock().unwrap().push(time);
        self.now.fetch_add(time.as_secs(), Ordering::SeqCst);
        Ok(())
    }

    fn some_of(&self, time: Duration) -> Duration {
        time
    }
}

/// Runs of one device at times of its own.
struct Times<'d> {
    device: &'d Device,
    clock: Arc<Told>,
}

impl Times<'_> {
    fn of(device: &Device) -> Times<'_> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        Times { device, clock: Arc::new(Told { now: now.into(), pauses: Mutex::default() }) }
    }

    fn later(&self, seconds: u64) -> &Self {
        self.clock.now.fetch_add(seconds, Ordering::SeqCst);
        self
    }

    fn with<T>(&self, act: impl FnOnce(Run<'_>) -> T) -> T {
        let files = [self.device.path("conf")];
        let configuration = Configuration::load(&files, Path::new("/nowhere"), &[]).unwrap();
        act(Run::new(&configuration, &Stop::new().unwrap()).with_clock(self.clock.clone()))
    }

    fn run(&self) -> (Outcome, Vec<Event>) {
        let mut events = Vec::new();
        let outcome = self.with(|run| run.run(&mut |event| events.push(event))).unwrap();
        (outcome, events)
    }

    /// The kind of what stopped everything, if anything was tried.
    fn reason(&self) -> Option<Kind> {
        self.run().0.reason.map(|error| error.kind())
    }

    /// How many recipients were asked in vain.
    fn kept(&self) -> usize {
        self.run().1.iter().filter(|event| matches!(event, Event::Kept { .. })).count()
    }
}

fn silent(device: &Device) -> Process {
    let mut peer = Peer::receive(Program::Slixmpp, &device.ops, &device.path("inbox")).arg("--ignore").start();
    peer.event("ready");
    peer
}

/// A second recipient: our own account, which needs no roster.
fn own_receiver(device: &Device) -> Process {
    std::fs::create_dir(device.path("own")).unwrap();
    let mut peer = Peer::receive(Program::Firepush, &device.account, &device.path("own")).start();
    peer.event("ready");
    peer
}

#[test]
fn a_server_that_is_down_is_tried_at_30_then_60_seconds_and_gets_everything_when_it_is_up() {
    let server = server::Server::start(server::Kind::Prosody);
    let (account, ops) = server.pair();
    let device = Device::of(account, ops);
    device.logs("");
    device.log("a", "one");
    device.log("b", "two");
    let times = Times::of(&device);
    server.stop();
    assert_eq!(times.reason(), Some(Kind::Network));
    assert_eq!(times.later(29).reason(), None, "not before its time");
    assert_eq!(times.later(1).reason(), Some(Kind::Network));
    assert_eq!((times.later(59).reason(), times.later(1).reason()), (None, Some(Kind::Network)));
    server.start_again();
    let mut receiver = device.receiver();
    assert_eq!(times.later(119).run().0.sent, 0);
    let (outcome, _) = times.later(1).run();
    assert_eq!((outcome.sent, outcome.waiting, outcome.exit_code()), (2, 0, 0));
    assert_eq!(device.arrived(&mut receiver, "a"), b"one");
}

#[test]
fn rule_10_a_refused_login_waits_an_hour_then_two_and_another_password_is_tried_at_once() {
    let mut device = Device::new();
    let right = std::fs::read(&device.account.password_file).unwrap();
    device.account.password_file = device.path("password");
    write_password(&device, b"wrong");
    device.logs("");
    device.log("a", "one");
    let times = Times::of(&device);
    assert_eq!(times.reason(), Some(Kind::Auth));
    assert_eq!((times.later(HOUR - 1).reason(), times.later(1).reason()), (None, Some(Kind::Auth)));
    assert_eq!((times.later(2 * HOUR - 1).reason(), times.later(1).reason()), (None, Some(Kind::Auth)));
    write_password(&device, &right);
    assert_eq!(times.kept(), 1, "logged in at once; the operator is offline");
}

fn write_password(device: &Device, password: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(&device.account.password_file, password).unwrap();
    std::fs::set_permissions(&device.account.password_file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn who_never_answers_gets_one_offer_a_run_and_the_others_get_their_files() {
    let device = Device::new();
    let own = &device.account.jid;
    device.configure(&format!(
        "answer = 1s\n[silent]\nfiles = LOG/s*\nto = OPS\nname = {{name}}\n[own]\nfiles = LOG/o*\nto = {own}\nname = {{name}}\n"
    ));
    (0..20).for_each(|n| drop(device.log(&format!("s{n}"), "x")));
    device.log("o1", "mine");
    let mut silent = silent(&device);
    let _own = own_receiver(&device);
    let times = Times::of(&device);
    let (outcome, events) = times.run();
    let kept = events.iter().filter(|event| matches!(event, Event::Kept { .. })).count();
    assert_eq!((kept, outcome.sent, outcome.waiting), (1, 1, 20), "{events:?}");
    assert_eq!(times.later(1799).kept(), 0);
    assert_eq!(times.later(1).kept(), 1, "after 30 min");
    assert_eq!((times.later(2 * 1800 - 1).kept(), times.later(1).kept()), (0, 1), "after an hour");
    silent.stop();
    let offers = std::iter::from_fn(|| silent.next_event()).filter(|event| event["event"] == "offer").count();
    assert_eq!(offers, 3, "one a run, as its user saw them");
}

#[test]
fn who_was_away_gets_its_files_as_soon_as_a_run_sees_it_back() {
    let device = Device::new();
    let own = &device.account.jid;
    device.configure(&format!(
        "[ops]\nfiles = LOG/s*\nto = OPS\nname = {{name}}\n[own]\nfiles = LOG/o*\nto = {own}\nname = {{name}}\n"
    ));
    device.log("s1", "for the operator");
    let times = Times::of(&device);
    assert_eq!(times.kept(), 1);
    let mut receiver = device.receiver();
    let (outcome, events) = times.later(1).run();
    assert_eq!((outcome.sent, outcome.waiting), (0, 1), "nothing is due, so nobody looks: {events:?}");
    let _own = own_receiver(&device);
    device.log("o1", "for another");
    let (outcome, events) = times.later(1).run();
    assert_eq!((outcome.sent, outcome.waiting), (2, 0), "{events:?}");
    assert_eq!(device.arrived(&mut receiver, "s1"), b"for the operator");
}

#[test]
fn of_a_or_b_the_first_that_is_there_gets_the_file() {
    let device = Device::new();
    let own = device.account.jid.clone();
    device.configure(&format!("[logs]\nfiles = LOG/*\nto = OPS | {own}\nname = {{name}}\n"));
    device.log("a", "one");
    let mut receiver = own_receiver(&device);
    let (outcome, events) = Times::of(&device).run();
    assert_eq!((outcome.sent, outcome.waiting), (1, 0), "{events:?}");
    assert_eq!(receiver.event("file")["name"], "a");
}

#[test]
fn a_file_for_two_is_deleted_only_when_both_have_it() {
    let device = Device::new();
    let own = device.account.jid.clone();
    device.configure(&format!("[logs]\nfiles = LOG/*\nto = OPS, {own}\nafter = delete\nname = {{name}}\n"));
    let log = device.log("a", "one");
    let _own = own_receiver(&device);
    let times = Times::of(&device);
    let (outcome, events) = times.run();
    assert_eq!((outcome.sent, outcome.waiting, log.exists()), (1, 1, true), "{events:?}");
    let _ops = device.receiver();
    let (outcome, events) = times.later(HOUR).run();
    assert_eq!((outcome.sent, outcome.waiting, log.exists()), (1, 0, false), "{events:?}");
}

#[test]
fn what_could_not_be_sent_for_retry_for_is_given_up_until_it_is_brought_back() {
    let device = Device::new();
    device.logs("retry_for = 2d");
    device.log("a", "one");
    let times = Times::of(&device);
    assert_eq!(times.kept(), 1);
    let (outcome, _) = times.later(49 * HOUR).run();
    assert_eq!((outcome.failed.map(|e| e.kind()), outcome.waiting), (Some(Kind::Offline), 0));
    assert_eq!(times.later(49 * HOUR).run().0.waiting, 0);
    assert_eq!(times.with(|run| run.retry(&[])).unwrap(), 1);
    let mut receiver = device.receiver();
    assert_eq!(times.run().0.sent, 1);
    assert_eq!(device.arrived(&mut receiver, "a"), b"one");
}

#[test]
fn a_run_waits_for_its_part_of_the_splay_and_always_the_same() {
    let device = Device::new();
    device.logs("splay = 10m");
    let times = Times::of(&device);
    times.run();
    times.run();
    let pauses = times.clock.pauses.lock().unwrap().clone();
    assert!(pauses.len() == 2 && pauses[0] == pauses[1] && pauses[0] < Duration::from_secs(600), "{pauses:?}");
}

#[test]
fn a_clock_that_is_not_set_is_waited_for_unless_a_pin_makes_it_needless() {
    let device = Device::new();
    device.logs("");
    device.log("a", "one");
    let times = Times::of(&device);
    times.clock.now.store(1000, Ordering::SeqCst);
    let error = times.with(|run| run.run(&mut |_| ())).unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (Kind::Clock, 75));
    assert!(error.what().contains("1970-01-01"), "{error}");
    assert_eq!(times.clock.now(), 1000 + 120, "wait_for_clock");
    let pin = crate::bed::server().certificate.pin.clone();
    let pinned = Device::of(
        crate::support::server::Account { trust: ["--pin".into(), pin.into()], ..device.account.clone() },
        device.ops.clone(),
    );
    pinned.logs("");
    pinned.log("a", "one");
    let mut receiver = pinned.receiver();
    let times = Times::of(&pinned);
    times.clock.now.store(1000, Ordering::SeqCst);
    assert_eq!((times.run().0.sent, times.clock.now()), (1, 1000), "a pin needs no clock");
    assert_eq!(pinned.arrived(&mut receiver, "a"), b"one");
}

#[test]
fn a_clock_that_jumps_back_does_not_make_files_wait_for_years() {
    let device = Device::new();
    device.logs("");
    device.log("a", "one");
    let times = Times::of(&device);
    times.later(10 * 365 * 24 * HOUR);
    assert_eq!(times.kept(), 1);
    times.clock.now.fetch_sub(10 * 365 * 24 * HOUR, Ordering::SeqCst);
    let _receiver = device.receiver();
    assert_eq!(times.run().0.sent, 1);
}
