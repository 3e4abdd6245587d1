//! XML as XMPP has it: bytes to elements and back. Pure.

pub mod element;
pub mod feed;
mod guard;
mod source;
pub mod writer;

/// The namespace of `<stream:stream>`, `<stream:features>` and `<stream:error>`.
const STREAMS: &str = "http://etherx.jabber.org/streams";
