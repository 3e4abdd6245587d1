//! Hostile servers, proxies, peers and files against the real binary: an exit code, one line that names the phase,
//! nothing left behind, and never 0 when bytes are missing.

#[path = "hostile/bed.rs"]
mod bed;
#[path = "hostile/bench.rs"]
mod bench;
#[path = "hostile/cancel.rs"]
mod cancel;
#[path = "support/command.rs"]
mod command;
#[path = "hostile/flow.rs"]
mod flow;
#[path = "hostile/full_pipe.rs"]
mod full_pipe;
#[path = "hostile/local.rs"]
mod local;
#[path = "hostile/login.rs"]
mod login;
#[path = "hostile/lookup.rs"]
mod lookup;
#[path = "support/openfire/mod.rs"]
mod openfire;
#[path = "hostile/receive.rs"]
mod receive;
#[path = "hostile/recipient.rs"]
mod recipient;
#[path = "hostile/sources.rs"]
mod sources;
mod support;
#[path = "hostile/waits.rs"]
mod waits;
#[path = "hostile/xml.rs"]
mod xml;
