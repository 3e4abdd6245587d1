//! What kind of Openfire it is, and what goes wrong.

use std::sync::Arc;
use std::time::Duration;

use super::element::Element;
use super::scram::Lie;
use crate::support::ca::Flaw;

/// Which of the two that were measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Age {
    /// 5.2: asynchronous bind.
    Head,
    /// 4.7.5: loses what comes with TLS 1.3's Finished; nothing of others reaches a client without presence.
    Old,
}

/// What happens at a phase instead of the answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Goes on reading and never answers again.
    Stall,
    /// Neither reads nor writes again.
    Freeze,
    Eof,
    Rst,
    /// Says this instead, and nothing more.
    Garbage(Vec<u8>),
    /// Says this instead and goes on.
    Instead(String),
    /// Says this, and repeats its last byte for ever, one at a time.
    Drip(String),
    /// Half of the answer, then the end.
    Half,
}

/// How the server cuts what it writes.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    Whole,
    Every(usize),
    Random(u64),
}

/// Openfire's own times; the real ones are in the comments.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// 5 s after bind the server asks for `jabber:iq:version`.
    pub version: Duration,
    /// 3 min of silence until the ping, as much again until `connection-timeout`.
    pub idle: Duration,
    /// 30 s: who doesn't read is dropped.
    pub write: Duration,
    /// 10 min: how long an offer is remembered.
    pub offer: Duration,
    /// 60 s: from the target's CONNECT.
    pub pairing: Duration,
}

impl Timers {
    /// All times divided by `by`, the version query at once.
    pub fn scaled(by: u32) -> Timers {
        let seconds = |n| Duration::from_secs(n) / by;
        let version = Duration::from_millis(5);
        Timers { version, idle: seconds(180), write: seconds(30), offer: seconds(600), pairing: seconds(60) }
    }
}

/// What the proxy says when it is asked where it is.
#[derive(Clone, Debug)]
pub enum Hosts {
    /// No proxy in the list of services, as with `xmpp.proxy.enabled=false`.
    Absent,
    /// A box that has only loopback.
    None,
    /// `xmpp.proxy.externalip`
    One,
    /// All addresses under one JID, IPv6 ones with `%scope`, the good one last.
    Scoped,
    /// The item is there, but its port could not be bound.
    Unreachable,
    /// These `<streamhost>` elements; `PORT` stands for the port.
    Raw(String),
}

/// Where in a connection to the proxy something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ProxyPhase {
    Method,
    Reply,
    /// After so many bytes of the file.
    Data(usize),
}

/// Looks at a stanza before the server does; what it returns is written in its place.
pub type Intercept = Arc<dyn Fn(&Element) -> Option<String> + Send + Sync>;

#[derive(Clone)]
pub struct Options {
    pub age: Age,
    pub seed: u64,
    pub flaw: Flaw,
    pub timers: Timers,
    pub mechanisms: Vec<&'static str>,
    pub starttls: bool,
    pub tls12_only: bool,
    /// RFC 3921's session, as Openfire before 4.0 wants it.
    pub session_required: bool,
    pub lie: Option<Lie>,
    pub cut: Cut,
    pub hosts: Hosts,
    /// A service in the list that never answers.
    pub dead_service: bool,
    pub proxy_fault: Option<(ProxyPhase, Fault)>,
    /// Which greeting meets it: the target comes first, the initiator second.
    pub proxy_fault_at: usize,
    pub faults: Vec<(&'static str, Fault)>,
    pub intercept: Option<Intercept>,
    /// So many logins are sent to another host first, which is this one again.
    pub redirects: usize,
    /// The kernel's receive buffer of each connection, where it matters.
    pub receive_buffer: Option<usize>,
    /// So many bytes are written before the next is read, once the first block of a file is on its way.
    pub flood: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            age: Age::Head,
            seed: 1,
            flaw: Flaw::None,
            timers: Timers { version: Duration::from_millis(5), ..Timers::scaled(1) },
            mechanisms: vec!["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"],
            starttls: true,
            tls12_only: false,
            session_required: false,
            lie: None,
            cut: Cut::Whole,
            hosts: Hosts::One,
            dead_service: false,
            proxy_fault: None,
            proxy_fault_at: 2,
            faults: Vec::new(),
            intercept: None,
            redirects: 0,
            receive_buffer: None,
            flood: 0,
        }
    }
}

impl Options {
    pub fn fault(phase: &'static str, fault: Fault) -> Options {
        Options { faults: vec![(phase, fault)], ..Options::default() }
    }

    pub fn proxy_fault(phase: ProxyPhase, fault: Fault) -> Options {
        Options { proxy_fault: Some((phase, fault)), ..Options::default() }
    }

    pub fn intercept(look: impl Fn(&Element) -> Option<String> + Send + Sync + 'static) -> Options {
        Options { intercept: Some(Arc::new(look)), ..Options::default() }
    }
}

/// Small numbers that a seed chooses: SplitMix64.
pub fn chance(seed: u64, salt: u64) -> u64 {
    let mut z = seed.wrapping_add(salt.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
