//! The only sockets.

pub mod dial;
pub mod link;
pub mod resolve;
pub mod socks;
pub mod tls;
pub mod trust;
