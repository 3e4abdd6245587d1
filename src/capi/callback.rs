//! Calls into the program: one at a time for a handle, and none after the handle is freed.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Its address is another in each thread that lives.
    static HERE: Cell<u8> = const { Cell::new(0) };
}

fn here() -> usize {
    HERE.try_with(|here| std::ptr::from_ref(here).addr()).unwrap_or(0)
}

/// What the program wants back with each call.
#[derive(Clone, Copy)]
pub struct Userdata(pub *mut c_void);

// SAFETY: it is never looked into here, only handed back. The header says that calls come from other threads.
unsafe impl Send for Userdata {}
// SAFETY: as above; a `Gate` lets one call at a time through.
unsafe impl Sync for Userdata {}

/// What callbacks go through.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    /// The thread that is inside.
    inside: Option<usize>,
}

/// Lets the next one in however the call ends.
struct Leaving<'g>(&'g Gate);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.lock().inside = None;
        self.0.left.notify_all();
    }
}

impl Gate {
    /// Calls when nobody else does; `None` when it is closed, or for a call from within a call.
    pub fn pass<T>(&self, call: impl FnOnce() -> T) -> Option<T> {
        let mut state = self.lock();
        while !state.is_closed && state.inside.is_some_and(|thread| thread != here()) {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_closed || state.inside.is_some() {
            return None;
        }
        state.inside = Some(here());
        drop(state);
        let _leaving = Leaving(self);
        Some(call())
    }

    /// Whether this is called from within a call.
    pub fn is_inside(&self) -> bool {
        self.lock().inside == Some(here())
    }

    /// Lets no further call through, and waits for the one that is inside unless it is this one.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        self.left.notify_all();
        while state.inside.is_some_and(|thread| thread != here()) {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn closing_waits_for_the_call_that_is_inside() {
        let (gate, done) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(false)));
        let (entered, inside) = std::sync::mpsc::channel();
        let (go, wait) = std::sync::mpsc::channel();
        let thread = std::thread::spawn({
            let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
            move || {
                gate.pass(|| {
                    entered.send(()).unwrap();
                    wait.recv().unwrap();
                    done.store(true, Ordering::SeqCst);
                })
            }
        });
        inside.recv().unwrap();
        let closing = std::thread::spawn({
            let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
            move || {
                gate.close();
                done.load(Ordering::SeqCst)
            }
        });
        while !gate.lock().is_closed {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        assert!(closing.join().unwrap(), "the call was over when close returned");
        assert!(thread.join().unwrap().is_some());
        assert_eq!(gate.pass(|| ()), None);
    }

    #[test]
    fn a_call_from_within_a_call_is_left_out_and_may_close() {
        let gate = Gate::default();
        let inner = gate.pass(|| {
            let nested = gate.pass(|| ());
            gate.close();
            (nested, gate.is_inside())
        });
        assert_eq!(inner, Some((None, true)));
        assert!(!gate.is_inside());
    }
}
