//! `firepush_job_*`.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::callback::Gate;
use super::delivery::Delivery;
use super::guard::{entry, entry_with, freeing, misuse};
use super::handles::{Kept, Name, Place};
use super::text::put;
use super::{OK, PENDING, log};
use crate::base::error::Result;

/// How often a wait without an end looks up.
const LONG: Duration = Duration::from_secs(3600);

type Outcome = Result<crate::transfer::delivery::Delivery>;

/// A transfer, and what became of it.
pub struct Job {
    job: crate::job::Job,
    outcome: Mutex<Option<Outcome>>,
    /// What the program gives bytes through.
    gate: Option<Arc<Gate>>,
}

impl Kept for Job {
    const WHAT: &'static str = "job";
    const IS_LIVE: bool = true;
}

/// When a wait of so many milliseconds ends; `None`: never.
pub fn deadline(ms: c_int) -> Option<Instant> {
    u64::try_from(ms).ok().map(|ms| Instant::now() + Duration::from_millis(ms))
}

/// What is left of a wait, at most so much at once.
pub fn left(deadline: Option<Instant>) -> Duration {
    deadline.map_or(LONG, |deadline| deadline.saturating_duration_since(Instant::now()).min(LONG))
}

impl Job {
    pub fn new(job: crate::job::Job, gate: Option<Arc<Gate>>) -> Job {
        Job { job, outcome: Mutex::default(), gate }
    }

    /// The outcome, again and again, if it is here.
    fn outcome(&self) -> Option<Outcome> {
        let mut outcome = self.lock();
        if outcome.is_none() {
            *outcome = self.job.poll();
        }
        outcome.clone()
    }

    fn wait(&self, deadline: Option<Instant>) -> Result<Option<Outcome>> {
        if self.is_in_callback() {
            return Err(misuse("a job can't be waited for in its own callback"));
        }
        loop {
            if let Some(outcome) = self.outcome() {
                return Ok(Some(outcome));
            }
            let left = left(deadline);
            if left.is_zero() {
                return Ok(None);
            }
            self.job.is_done_within(left);
        }
    }

    fn is_in_callback(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.is_inside())
    }

    /// No callback, no thread is left; but the one that this is called from.
    fn end(&self) {
        self.job.cancel();
        self.gate.iter().for_each(|gate| gate.close());
        if !self.is_in_callback() {
            self.job.join();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[unsafe(no_mangle)]
extern "C" fn firepush_job_wait(job: Name<Job>, ms: c_int) -> c_int {
    entry_with(|| {
        log::not_inside()?;
        match job.find()?.wait(deadline(ms))? {
            Some(outcome) => outcome.map(|_| OK),
            None => Ok(PENDING),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_job_poll(job: Name<Job>) -> c_int {
    entry_with(|| job.find()?.outcome().map_or(Ok(PENDING), |outcome| outcome.map(|_| OK)))
}

#[unsafe(no_mangle)]
extern "C" fn firepush_job_cancel(job: Name<Job>) -> c_int {
    entry(|| {
        job.find()?.job.cancel();
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_job_progress(job: Name<Job>, done: *mut u64, total: *mut u64) -> c_int {
    entry(|| {
        let set = |counted: crate::job::Counted| {
            // SAFETY: the header asks for places or NULL.
            unsafe {
                put(done, counted.done);
                put(total, counted.total);
            }
        };
        set(crate::job::Counted::default());
        set(job.find()?.job.progress());
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_job_delivery(job: Name<Job>, delivery: *mut Name<Delivery>) -> c_int {
    entry_with(|| {
        // SAFETY: the header asks for a place or NULL.
        let place = unsafe { Place::new(delivery) }?;
        match job.find()?.outcome() {
            Some(outcome) => place.keep(Delivery::sent(&outcome?)).map(|()| OK),
            None => Ok(PENDING),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_job_free(job: Name<Job>) {
    freeing(|| job.take().iter().for_each(|job| job.end()));
}
