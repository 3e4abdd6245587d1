//! Threads with a small stack and all signals blocked.

use std::thread::{Builder, JoinHandle};

use crate::base::error::{Error, Kind, Result};

/// Enough for every flow: the deepest is a TLS handshake.
const STACK: usize = 256 * 1024;

/// Starts a thread that no signal is delivered to: `sendfile` can raise SIGPIPE, and a handler of the
/// program must not run here.
pub fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    let blocked = move || {
        block_signals();
        run()
    };
    let failed = |e: std::io::Error| {
        let error = Error::new(Kind::Write, format!("no thread can be started: {e}")).because(e);
        error.advise("raise the limits of processes and memory, or do less at once")
    };
    Builder::new().name(name.into()).stack_size(STACK).spawn(blocked).map_err(failed)
}

fn block_signals() {
    // SAFETY: the set is initialised by sigfillset before it is read.
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
    }
}
