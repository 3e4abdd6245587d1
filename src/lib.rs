//! Push files to a person or a collector who is logged in to an XMPP server (Openfire above all), and receive
//! them: XEP-0096 stream initiation, XEP-0065 SOCKS5 bytestreams through the server's proxy, XEP-0047 in-band
//! bytestreams.
//!
//! Blocking, a thread per transfer, few dependencies. What it is not: a chat client, a server, an XMPP
//! library for other purposes, or HTTP upload.
//!
//! ```text
//! Client · Job · Inbox          this page; firepush.h for C (feature `capi`)
//! run, spool, doctor            jobs without anyone watching; what is wrong
//! transfer                      resolve → discover → offer → socks5 | ibb → outcome
//! session                       login; one reader thread; requests and their replies
//! net                           dialer, TLS, duplex link, SOCKS5 connect
//! os                            time, randomness, raw system calls
//! proto                         RFC 6120, SASL, XEP-0030/0096/0095/0020/0065/0047, SOCKS5: pure
//! xml                           bytes ⇄ elements: pure
//! base                          errors, addresses, waits, settings: pure
//! ```
//!
//! ```no_run
//! use firepush::{Client, Config, Source, config::Secret};
//!
//! # fn main() -> firepush::error::Result<()> {
//! let config = Config::new("device@example.org".parse()?, Secret::new("from a safe place"));
//! let client = Client::connect(&config)?;
//! let job = client.push(&"ops@example.org".parse()?, Source::path("/var/log/messages")?)?;
//! let delivery = job.wait()?;
//! println!("{} bytes {} to {}", delivery.bytes, delivery.tier.name(), delivery.to);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod base;
#[cfg(feature = "capi")]
mod capi;
mod client;
mod configuration;
mod doctor;
mod inbox;
mod job;
mod net;
mod os;
mod proto;
mod run;
mod session;
mod spool;
mod transfer;
mod xml;

pub use base::config::Config;
pub use base::error::Error;
pub use base::jid::Jid;
pub use client::Client;
pub use inbox::{Event, Inbox};
pub use job::Job;
pub use os::stop::Stop;
pub use transfer::delivery::{Delivery, Method, Tier};
pub use transfer::source::Source;

/// The parts of a [`Config`].
pub mod config {
    pub use crate::base::config::{Allow, Empty, IfOffline, MinAuth, Preference};
    pub use crate::base::endpoint::Server;
    pub use crate::base::pin::Pin;
    pub use crate::base::route::{Bind, Fixed, Protocol, Via};
    pub use crate::base::secret::Secret;
    pub use crate::base::waits::{Wait, Waits};
    pub use crate::os::file::read_password;
}

/// What can go wrong, and what follows from it.
pub mod error {
    pub use crate::base::error::{Error, Fault, Kind, Result, Retry, escape_controls};
}

/// The table of settings that the command line and the configuration file are made of.
pub mod settings {
    pub use crate::base::settings::{CommandLine, LogTo, Place, Row, Settings, Verb, find, nearest, rows};
    pub use crate::base::task::{After, Compress, Keep, OpenFiles, Order, Program, Recipients, Sure, Task, WhenFull};
    pub use crate::base::template::{Facts, Template};
    pub use crate::configuration::{Configuration, Given, Job, USUAL};
}

/// The unattended run over the jobs of a configuration, and the spool of what waits.
pub mod unattended {
    pub use crate::os::clock::{Clock, SystemClock};
    pub use crate::run::{Event, Outcome, Preview, Run, Status, Stream, Waiting, file_name, standard_input};
}

/// A look at everything that a push needs.
pub mod examination {
    pub use crate::doctor::{Doctor, Finding, Level};
}

/// Connections of another kind than TCP.
pub mod dial {
    pub use crate::base::endpoint::Endpoint;
    pub use crate::net::dial::{Dial, Purpose, Stream};
}

/// A program that takes what is received, instead of a folder.
pub mod taking {
    pub use crate::transfer::sink::{Bytes, Taker};
}

/// How far a [`Job`] is.
pub mod progress {
    pub use crate::job::Counted;
}
