//! What everything else stands on: errors, addresses, waits, settings. Pure.

pub mod base64;
pub mod conf;
pub mod config;
pub mod date;
pub mod endpoint;
pub mod error;
pub mod glob;
pub mod host;
pub mod jid;
mod kind;
pub mod pin;
pub mod route;
mod rows;
pub mod secret;
pub mod settings;
pub mod table;
pub mod task;
pub mod template;
pub mod units;
mod values;
mod verb;
pub mod waits;
