//! The only time, randomness and raw system calls.

pub mod clock;
pub mod device;
pub mod dir;
pub mod disk;
pub mod event;
pub mod file;
pub mod lock;
pub mod mailbox;
pub mod pace;
pub mod program;
pub mod random;
pub mod socket;
pub mod spawn;
pub mod stop;
pub mod thread;
pub mod until;
pub mod writers;
