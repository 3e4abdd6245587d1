//! The test bed: real servers, real peers and the real binary on 127.0.0.1, all of them gone when the test program is.
#![allow(dead_code)] // each test program uses its part of it

pub mod ca;
mod ejabberd;
pub mod files;
pub mod huge;
pub mod memory;
pub mod process;
mod prosody;
pub mod relay;
pub mod run;
pub mod server;
