//! What everything else stands on: errors, addresses, waits, settings. Pure.

pub mod base64;
pub mod config;
pub mod endpoint;
pub mod error;
pub mod jid;
mod kind;
pub mod pin;
mod rows;
pub mod secret;
pub mod settings;
pub mod units;
pub mod waits;
