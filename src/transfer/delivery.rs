//! What a transfer came to.

use std::sync::Arc;
use std::time::Duration;

use super::turn::Permit;
use crate::base::jid::Jid;
pub use crate::proto::offer::Method;

/// How sure it is that a file arrived. Success is never reported for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Tier {
    /// SOCKS5: the proxy took every byte and closed. What it then did with them nobody tells.
    Forwarded,
    /// In-band: the recipient's client acknowledged every block.
    Acked,
}

impl Tier {
    /// `forwarded` or `acked`.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Forwarded => "forwarded",
            Tier::Acked => "acked",
        }
    }
}

/// A file that was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// The sid of the stream that carried it.
    pub id: String,
    /// The id that the file keeps however often it is sent, if it has one.
    pub transfer: Option<String>,
    /// The name that the recipient saw.
    pub name: String,
    /// How sure it is that the file arrived.
    pub tier: Tier,
    /// How the bytes were carried.
    pub method: Method,
    /// How many.
    pub bytes: u64,
    /// The full address of the client that took it.
    pub to: Jid,
    /// From the start of the search for the recipient to the last byte.
    pub elapsed: Duration,
    /// Until it goes, no other file of this run becomes whole.
    pub(crate) permit: Option<Arc<Permit>>,
}

impl Method {
    /// `socks5` or `ibb`.
    pub fn name(self) -> &'static str {
        match self {
            Method::Socks5 => "socks5",
            Method::Ibb => "ibb",
        }
    }

    /// Whether the bytes travel inside the TLS of the XMPP streams. Those of SOCKS5 pass the proxy in clear.
    pub fn is_encrypted(self) -> bool {
        self == Method::Ibb
    }
}
