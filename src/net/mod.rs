//! The only sockets.

pub mod binding;
pub mod dial;
#[cfg(feature = "external")]
pub mod identity;
#[cfg(not(feature = "external"))]
#[path = "no_identity.rs"]
pub mod identity;
pub mod link;
pub mod listen;
pub mod race;
mod records;
pub mod resolve;
pub mod socks;
pub mod tls;
pub mod trust;
pub mod via;
