//! Threads with a small stack and all signals blocked.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::event::Event;
use super::until::{Ready, Until};
use crate::base::error::{Error, Kind, Result};

/// Enough for every flow: the deepest is a TLS handshake.
const STACK: usize = 256 * 1024;

/// A thread that somebody may wait for, once or often.
pub struct Thread {
    handle: Mutex<Option<JoinHandle<()>>>,
    /// It does nothing any more.
    ended: Arc<Event>,
}

struct Ending(Arc<Event>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.set();
    }
}

impl Thread {
    /// As [`spawn`].
    ///
    /// # Errors
    /// As [`spawn`], and [`Kind::Read`] when no descriptor is left.
    pub fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<Thread> {
        let ended = Arc::new(Event::new_or_error()?);
        let ending = Ending(Arc::clone(&ended));
        let handle = spawn(name, move || {
            let _ending = ending;
            run();
        })?;
        Ok(Thread { handle: Mutex::new(Some(handle)), ended })
    }

    /// Waits for its end, in time; not from within it.
    pub fn join(&self, until: &Until) {
        let mut handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = handle.as_ref().is_some_and(|handle| handle.thread().id() == std::thread::current().id());
        if !is_own && until.ready(&*self.ended, Ready::Read).is_ok() {
            let _ = handle.take().map(JoinHandle::join);
        }
    }
}

/// A thread that works something out.
pub struct Working<T> {
    handle: JoinHandle<()>,
    outcome: Arc<Mutex<Option<T>>>,
}

impl<T> Working<T> {
    /// Waits for the outcome; there is none when it panicked.
    pub fn join(self) -> Option<T> {
        let _ = self.handle.join();
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Has a thread work something out; otherwise as [`spawn`].
///
/// # Errors
/// As [`spawn`].
pub fn work_out<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<Working<T>> {
    let outcome = Arc::new(Mutex::new(None));
    let place = Arc::clone(&outcome);
    let handle = spawn(name, move || {
        let done = run();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    })?;
    Ok(Working { handle, outcome })
}

/// Starts a thread that no signal is delivered to: `sendfile` can raise SIGPIPE, and a handler of the
/// program must not run here.
///
/// # Errors
/// [`Kind::Write`] when there is no memory for it, or no further thread may be started.
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    start(name, Box::new(run))
}

/// The one place where std's own part, which is long, is made for a type.
fn start(name: &str, run: Box<dyn FnOnce() + Send>) -> Result<JoinHandle<()>> {
    let failed = |e: std::io::Error| {
        let error = Error::new(Kind::Write, format!("no thread can be started: {e}")).because(e);
        error.advise("raise the limits of processes and memory, or do less at once")
    };
    // The new thread begins with our mask.
    let before = block_signals();
    let started = Builder::new().name(name.into()).stack_size(STACK).spawn(run);
    set_mask(&before);
    started.map_err(failed)
}

/// What was blocked before.
fn block_signals() -> libc::sigset_t {
    // SAFETY: both sets are initialised before they are read: by sigfillset, and by pthread_sigmask.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        before
    }
}

fn set_mask(mask: &libc::sigset_t) {
    // SAFETY: the set was given by pthread_sigmask.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::waits::{Wait, Waits};
    use crate::os::stop::Stop;
    use crate::os::until::Patience;

    fn is_blocked(signal: libc::c_int) -> bool {
        // SAFETY: the set is filled by pthread_sigmask before it is looked at.
        unsafe {
            let mut mask = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask);
            libc::sigismember(&mask, signal) == 1
        }
    }

    #[test]
    fn no_signal_reaches_a_thread_of_ours_and_the_starter_keeps_its_own() {
        let (tell, hear) = std::sync::mpsc::channel();
        let run = move || tell.send([libc::SIGTERM, libc::SIGPIPE].map(is_blocked)).unwrap();
        let thread = Thread::start("test", run).unwrap();
        assert_eq!(hear.recv().unwrap(), [true, true]);
        assert!(!is_blocked(libc::SIGTERM));
        let until = Patience::new(&Waits::default(), &Stop::new().unwrap()).until(Wait::Close);
        thread.join(&until);
        thread.join(&until);
        assert!(thread.handle.lock().unwrap().is_none());
    }
}
