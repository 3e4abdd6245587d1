//! The only time, randomness and raw system calls.

pub mod dir;
pub mod event;
pub mod file;
pub mod mailbox;
pub mod random;
pub mod socket;
pub mod stop;
pub mod thread;
pub mod until;
