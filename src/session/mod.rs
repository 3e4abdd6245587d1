//! A session: logged in, one reader thread, requests and their replies.

pub mod answers;
mod auth;
pub mod conversation;
mod flight;
mod letterbox;
pub mod login;
pub mod look;
pub mod pending;
pub mod presences;
mod reader;
pub mod router;
pub mod servers;
mod shared;

pub use letterbox::Letterbox;
pub use shared::Session;
