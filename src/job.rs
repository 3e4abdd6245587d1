//! One file on its way, on a thread of its own.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::client::Client;
use crate::os::mailbox::Mailbox;
use crate::os::stop::Stop;
use crate::os::thread::Thread;
use crate::os::until::{Patience, Ready, Until};
use crate::transfer::Context;
use crate::transfer::delivery::Delivery;
pub use crate::transfer::progress::Counted;
use crate::transfer::progress::Progress;
use crate::transfer::send::send;
use crate::transfer::source::Source;

/// The transfer's own waits bound its outcome: this is only how often that is looked at.
const LONG: Duration = Duration::from_secs(3600);

/// A file that is being sent. Dropping it lets the transfer go on; its outcome is then unknown.
pub struct Job {
    outcome: Arc<Mailbox<Result<Delivery>>>,
    given: AtomicBool,
    /// Not ended by the transfer's stop: the transfer ends by it, and gives its outcome then.
    patience: Patience,
    stop: Stop,
    progress: Arc<Progress>,
    thread: Thread,
}

/// Puts an outcome even when the thread panics.
struct Outcome(Arc<Mailbox<Result<Delivery>>>);

impl Job {
    pub(crate) fn start(client: Client, context: Context, to: Jid, source: Source) -> Result<Job> {
        let outcome = Arc::new(Mailbox::new(1)?);
        let patience = Patience::new(&context.config.waits, &Stop::new()?);
        let (stop, progress) = (context.patience.stop().clone(), Arc::clone(&context.progress));
        let told = Outcome(Arc::clone(&outcome));
        progress.start(source.size());
        let thread = Thread::start("firepush-push", move || {
            let outcome = told;
            let sent = send(&context, &to, source);
            // The last one to go ends the stream in order, before anyone who waits goes on to end the process.
            drop((context, client));
            let _ = outcome.0.put(sent);
        })?;
        Ok(Job { outcome, given: AtomicBool::new(false), patience, stop, progress, thread })
    }

    /// Waits for the outcome; the waits of the transfer itself bound it.
    ///
    /// # Errors
    /// Of every kind: see [`Kind`].
    pub fn wait(self) -> Result<Delivery> {
        loop {
            if let Some(outcome) = self.wait_for(LONG) {
                return outcome;
            }
        }
    }

    /// The outcome, once, if it comes within `limit`.
    pub fn wait_for(&self, limit: Duration) -> Option<Result<Delivery>> {
        let _ = self.outcome_ready(limit);
        self.poll()
    }

    fn outcome_ready(&self, limit: Duration) -> Result<()> {
        self.patience.until_after(Wait::Idle, limit).ready(&*self.outcome, Ready::Read)
    }

    /// Whether the outcome is here, or was given, within `limit`.
    pub fn is_done_within(&self, limit: Duration) -> bool {
        self.outcome_ready(limit).is_ok()
    }

    /// Waits for the thread of a transfer that was cancelled: as long as it may take to tell the other side.
    pub fn join(&self) {
        // Whoever is the last to use the client ends its stream too.
        self.thread.join(&self.patience.until_after(Wait::Close, 3 * self.patience.limit(Wait::Close)));
    }

    /// The outcome, once, if it is here.
    pub fn poll(&self) -> Option<Result<Delivery>> {
        if self.given.load(Ordering::SeqCst) {
            return None;
        }
        let outcome = self.outcome.try_take().unwrap_or_else(|e| Some(Err(e)));
        self.given.store(outcome.is_some(), Ordering::SeqCst);
        outcome
    }

    /// Ends the transfer; its outcome is then [`Kind::Stopped`], unless it ended before.
    pub fn cancel(&self) {
        self.stop.stop();
    }

    /// How far it is.
    pub fn progress(&self) -> Counted {
        self.progress.now()
    }
}

/// Waits until one of several has its outcome.
///
/// # Errors
/// Only when waiting itself fails; a deadline that passes is none.
pub(crate) fn any_ready(jobs: &[&Job], until: &Until) -> Result<()> {
    let outcomes: Vec<_> = jobs.iter().map(|job| (job.outcome.as_fd(), Ready::Read)).collect();
    match until.any_ready(&outcomes) {
        Err(e) if e.kind() != Kind::Timeout => Err(e),
        _ => Ok(()),
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.0.close(Error::new(Kind::Bug, "the transfer ended without an outcome"));
    }
}
