//! A fork copies one thread. It must not happen while another holds one of our locks: the child would wait for it for ever.

use std::cell::RefCell;
use std::sync::{MutexGuard, OnceLock};

use super::config;
use super::handles::{self, Table};
use super::log::{self, Receiver};
use crate::base::error::{Error, Kind, Result};

type Held = (MutexGuard<'static, ()>, MutexGuard<'static, Table>, MutexGuard<'static, Receiver>);

thread_local! {
    /// From before a fork until after it, in the thread that forks.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// Sees to it that forks happen between two uses of our locks.
///
/// # Errors
/// [`Kind::Write`] when the system has no memory for it.
pub fn prepare() -> Result<()> {
    static DONE: OnceLock<i32> = OnceLock::new();
    // SAFETY: the functions are there as long as this library, and do nothing but take and give locks.
    match DONE.get_or_init(|| unsafe { libc::pthread_atfork(Some(hold), Some(release), Some(release)) }) {
        0 => Ok(()),
        n => Err(Error::new(Kind::Write, format!("forks can't be prepared for (pthread_atfork gives {n})"))),
    }
}

extern "C" fn hold() {
    let _ = HELD.try_with(|held| *held.borrow_mut() = Some((config::using(), handles::table(), log::receiver())));
}

extern "C" fn release() {
    let _ = HELD.try_with(|held| *held.borrow_mut() = None);
}
