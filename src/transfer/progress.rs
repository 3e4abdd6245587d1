//! How far a transfer is.

use std::sync::{Mutex, PoisonError};

/// Counts the bytes of one transfer. (A lock, for not every target has 64-bit atomics.)
#[derive(Debug, Default)]
pub struct Progress(Mutex<Counted>);

/// How far a transfer is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// Bytes handed to the proxy or acknowledged so far.
    pub done: u64,
    /// Bytes in all; 0 while unknown.
    pub total: u64,
}

impl Progress {
    pub fn start(&self, total: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Counted { done: 0, total };
    }

    pub fn add(&self, bytes: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).done += bytes;
    }

    pub fn now(&self) -> Counted {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
