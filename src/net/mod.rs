//! The only sockets.

pub mod binding;
pub mod dial;
pub mod link;
pub mod listen;
pub mod race;
mod records;
pub mod resolve;
pub mod socks;
pub mod tls;
pub mod trust;
pub mod via;
