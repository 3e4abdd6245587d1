//! The real client, doing what the head of a transcript says on a thread of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use firepush::config::{Secret, Wait};
use firepush::error::Result;
use firepush::settings::{Settings, find};
use firepush::{Client, Config, Error, Event, Source, Stop};

use super::memory::Memory;
use super::quiet::NAME;
use super::script::{Head, Script, Task};
use super::{PASSWORD, WATCHDOG, payload, tls};

/// What came of it: `result` is `ok` or `fail`, the rest is what the head may ask for.
pub type Outcome = BTreeMap<&'static str, String>;

/// A client at work. Dropped before it is done, it is stopped.
pub struct Running {
    pub outcome: Receiver<Outcome>,
    stop: Stop,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

pub fn start(script: &Script, dialer: Arc<Memory>) -> Running {
    let (config, head) = (config(script), script.head.clone());
    let (told, outcome) = channel();
    let stop = Stop::new().expect("a stop");
    let until = stop.clone();
    let named = thread::Builder::new().name(format!("{NAME}client"));
    named.spawn(move || run(&config, &head, &until, dialer, &told)).expect("a thread");
    Running { outcome, stop }
}

fn config(script: &Script) -> Config {
    let mut settings = Settings::default();
    for wait in Wait::ALL {
        settings.config.waits.set(*wait, Duration::from_secs(60));
    }
    // The only one that is always waited out.
    settings.config.waits.set(Wait::Drain, Duration::ZERO);
    for wait in script.given_up() {
        set(&mut settings, &format!("wait_{wait}"), "50ms");
    }
    set(&mut settings, "jid", &script.head.jid);
    set(&mut settings, "pin", &tls::identity(&script.head.account().1).pin);
    for (name, value) in &script.head.settings {
        set(&mut settings, name, value);
    }
    settings.config.password = Some(Secret::new(PASSWORD));
    settings.into_config()
}

fn set(settings: &mut Settings, name: &str, value: &str) {
    let row = find(name).unwrap_or_else(|| panic!("no setting {name}"));
    row.apply(settings, value).unwrap_or_else(|e| panic!("{e}"));
}

/// The outcome is told before the stream is closed.
fn run(config: &Config, head: &Head, stop: &Stop, dialer: Arc<Memory>, told: &Sender<Outcome>) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { dir: Some(folder.path().to_owned()), ..config.clone() };
    let client = match Client::connect_with(&config, stop, dialer) {
        Ok(client) => client,
        Err(error) => return drop(told.send(failed(&error))),
    };
    let outcome = match &head.task {
        Task::Login => Ok(BTreeMap::from([("jid", client.jid().to_string())])),
        Task::Send(to) => send(&client, to, head),
        Task::Receive => receive(&client, head),
    };
    let _ = told.send(match outcome {
        Ok(facts) => facts.into_iter().chain([("result", "ok".to_owned())]).collect(),
        Err(error) => {
            let left = fs::read_dir(folder.path()).expect("the folder").count();
            let mut outcome = failed(&error);
            if left > 0 {
                outcome.insert("result", format!("fail, with {left} files left in the folder"));
            }
            outcome
        }
    });
}

fn send(client: &Client, to: &str, head: &Head) -> Result<Outcome> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&payload(head.file.1)).and_then(|()| file.rewind()).expect("write");
    let delivery = client.push(&to.parse()?, Source::file(file, &head.file.0)?)?.wait()?;
    Ok(BTreeMap::from([
        ("tier", delivery.tier.name().to_owned()),
        ("method", delivery.method.name().to_owned()),
        ("bytes", delivery.bytes.to_string()),
        ("to", delivery.to.to_string()),
        ("name", delivery.name),
    ]))
}

fn receive(client: &Client, head: &Head) -> Result<Outcome> {
    let inbox = client.inbox()?;
    loop {
        match inbox.next(WATCHDOG)? {
            Some(Event::File { name, path, method, size, from, .. }) => {
                assert_same(&path, head.file.1);
                return Ok(BTreeMap::from([
                    ("name", name),
                    ("method", method.name().to_owned()),
                    ("bytes", size.to_string()),
                    ("from", from.to_string()),
                ]));
            }
            Some(Event::Failed { error, .. }) => return Err(error),
            _ => {}
        }
    }
}

fn assert_same(path: &std::path::Path, size: usize) {
    let mut arrived = Vec::new();
    std::io::Read::read_to_end(&mut File::open(path).expect("the file"), &mut arrived).expect("read");
    assert!(arrived == payload(size), "{} has another content", path.display());
}

fn failed(error: &Error) -> Outcome {
    BTreeMap::from([
        ("result", "fail".to_owned()),
        ("kind", error.kind().name().to_owned()),
        ("code", error.exit_code().to_string()),
        ("wait", error.wait().map_or("none", Wait::name).to_owned()),
        ("what", error.what().replace(' ', "_")),
    ])
}
