//! The real binary and real Smack, the library under Spark, in every generation that is still met. `make check` takes
//! one cell a generation, `make check-full` (FIREPUSH_FULL=1) every cell.

#[path = "../support/mod.rs"]
mod support;

mod cells;
mod people;

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use support::files;
use support::process::Process;
use support::run::Run;
use support::server::{Kind, Server};

const GENERATIONS: [&str; 5] = ["3.2.1", "4.1.9", "4.3.4", "4.4.8", "4.5.0-rc1"];

/// One server of each kind for all tests.
fn server(kind: Kind) -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    static EJABBERD: OnceLock<Server> = OnceLock::new();
    match kind {
        Kind::Prosody => PROSODY.get_or_init(|| Server::start(kind)),
        Kind::Ejabberd => EJABBERD.get_or_init(|| Server::start(kind)),
    }
}

fn full() -> bool {
    std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1")
}

/// A receiver that is online, and its full address.
fn ready(receiver: Run) -> (Process, String) {
    let mut receiver = receiver.start();
    let jid = receiver.event("ready")["jid"].as_str().expect("its full address").to_owned();
    (receiver, jid)
}

fn compare(sent: &Path, event: &Value) {
    assert_eq!(event["sha256"].as_str().expect("a sum"), files::sha256(sent), "{event}");
    files::assert_same(sent, Path::new(event["path"].as_str().expect("a path")));
}
