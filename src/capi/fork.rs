//! A fork copies one thread. It must not happen while another holds one of our locks: the child would wait for it for ever.

use std::cell::RefCell;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicI32, Ordering};

use super::config;
use super::handles::{self, Table};
use super::log::{self, Receiver};
use crate::base::error::{Error, Kind, Result};

type Held = (MutexGuard<'static, ()>, MutexGuard<'static, Table>, MutexGuard<'static, Receiver>);

thread_local! {
    /// From before a fork until after it, in the thread that forks.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// What came of the registration; nothing yet.
static DONE: AtomicI32 = AtomicI32::new(i32::MIN);

/// When the library is loaded: later, a fork could come in between.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = register;

extern "C" fn register() {
    // SAFETY: the functions are there as long as this library, and do nothing but take and give locks.
    let done = unsafe { libc::pthread_atfork(Some(hold), Some(release), Some(release)) };
    DONE.store(done, Ordering::SeqCst);
}

/// Sees to it that forks happen between two uses of our locks.
///
/// # Errors
/// [`Kind::Write`] when the system had no memory for it.
#[inline(never)]
pub fn prepare() -> Result<()> {
    match DONE.load(Ordering::SeqCst) {
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
