//! TERM, INT and HUP end the work in order; a second one ends the process at once.

use std::mem::MaybeUninit;

use firepush::Stop;
use firepush::error::Result;

const SIGNALS: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// A stop that the signals trigger. To be called before any other thread is started.
///
/// # Errors
/// As [`Stop::new`].
pub fn stop() -> Result<Stop> {
    let stop = Stop::new()?;
    let signals = block();
    let triggered = stop.clone();
    let waiter = std::thread::Builder::new().name("firepush-signal".into()).stack_size(64 * 1024);
    let work: Box<dyn FnOnce() + Send> = Box::new(move || {
        wait(&signals);
        triggered.stop();
        let second = wait(&signals);
        // SAFETY: _exit has no precondition.
        unsafe { libc::_exit(128 + second) };
    });
    let started = waiter.spawn(work);
    if started.is_err() {
        log::warn!("no thread for signals can be started; they end the process at once");
    }
    Ok(stop)
}

/// Threads that are started from now on inherit the mask.
fn block() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before anything reads it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in SIGNALS {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        let set = set.assume_init();
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        set
    }
}

fn wait(signals: &libc::sigset_t) -> libc::c_int {
    let mut signal = 0;
    // SAFETY: both pointers are live. It fails only for a set that holds no valid signal.
    unsafe { libc::sigwait(signals, &mut signal) };
    signal
}
