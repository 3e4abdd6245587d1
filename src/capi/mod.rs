//! The C API, as `firepush.h` beside this file has it: what C calls, in the order of that header.
//!
//! Handles are names that a table knows, so none of them is ever dereferenced; what is unsafe here is reading what C
//! points to, writing where it wants results, and calling what it hands us.

mod callback;
mod client;
mod config;
mod delivery;
mod error;
#[cfg(feature = "capi-fault")]
mod fault;
mod fork;
mod guard;
mod handles;
mod inbox;
mod job;
mod log;
mod push;
mod spool;
mod text;

/// What a function gives that did what it says.
const OK: i32 = 0;

/// There is no outcome yet.
const PENDING: i32 = 1;

/// All that was asked for is done.
const DONE: i32 = 2;
