//! firepush

mod base;
mod net;
mod os;
mod proto;
mod session;
mod xml;
