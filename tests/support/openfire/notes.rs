//! What happened on the server, in order, for tests to wait for and to look at.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// No test waits longer for anything to happen.
const HANG: Duration = Duration::from_secs(120);

#[derive(Default)]
pub struct Notes {
    all: Mutex<Vec<String>>,
    added: Condvar,
}

impl Notes {
    pub fn add(&self, what: impl Into<String>) {
        self.all.lock().expect("no panic").push(what.into());
        self.added.notify_all();
    }

    pub fn all(&self) -> Vec<String> {
        self.all.lock().expect("no panic").clone()
    }

    /// Waits until `what` has been noted `times` times.
    pub fn wait_for(&self, what: &str, times: usize) {
        let missing = |notes: &mut Vec<String>| notes.iter().filter(|note| *note == what).count() < times;
        let waited = self.added.wait_timeout_while(self.all.lock().expect("no panic"), HANG, missing);
        let (notes, result) = waited.expect("no panic");
        assert!(!result.timed_out(), "{what:?} did not happen {times} times; this did: {notes:?}");
    }
}
