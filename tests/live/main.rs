//! The real binary against real servers and a real peer. `make check` takes a representative part of each matrix,
//! `make check-full` (FIREPUSH_FULL=1) every cell.

#[path = "../support/mod.rs"]
mod support;

mod arrivals;
mod delivery;
mod examples;
mod held;
mod interruptions;
mod logins;
mod names;
mod options;
mod recipients;
mod sizes;

use std::sync::OnceLock;

use support::server::{Kind, Server};

/// One server of each kind for all tests that leave it as it is.
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
