//! Transfers on the scripted Openfire, by the real binary: every quirk that shows, and every byte right. And the
//! scripted Openfire itself, against a client that does what is wrong on the real one.

#[path = "support/openfire/mod.rs"]
mod openfire;
#[path = "openfire/patience.rs"]
mod patience;
#[path = "openfire/proxy.rs"]
mod proxy;
#[path = "openfire/raw.rs"]
mod raw;
#[path = "openfire/rules.rs"]
mod rules;
#[path = "openfire/stream.rs"]
mod stream;
mod support;
#[path = "openfire/transfers.rs"]
mod transfers;
