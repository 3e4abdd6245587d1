//! How each thing of the protocol is written and read: a type per noun. Pure: no I/O, no clock, no randomness.
//!
//! What is read from the network is parsed once, here; an error says what was expected and what came.

pub mod bind;
pub mod bytestreams;
pub mod certificate;
pub mod disco;
pub mod dns;
mod expect;
pub mod http;
pub mod ibb;
pub mod iq;
pub mod message;
pub mod ns;
pub mod offer;
pub mod ping;
pub mod presence;
pub mod roster;
pub mod sasl;
pub mod socks5;
mod stanza_error;
pub mod stream;
mod stream_error;
#[cfg(test)]
mod testing;
pub mod tunnel;
pub mod version;
pub mod wire;
