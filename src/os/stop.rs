//! What ends any wait from another thread.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::event::Event;
use crate::base::error::{Error, Kind, Result};

/// Ends every wait that was given it, from another thread. Made before `connect`; clones are the same stop.
#[derive(Clone)]
pub struct Stop(Arc<Inner>);

struct Inner {
    event: Event,
    stopped: AtomicBool,
    children: Mutex<Vec<Weak<Inner>>>,
}

impl Stop {
    /// A stop that nothing has triggered yet.
    ///
    /// # Errors
    /// [`Kind::Read`] when the process has no file descriptor left.
    pub fn new() -> Result<Self> {
        let inner =
            Inner { event: Event::new_or_error()?, stopped: AtomicBool::new(false), children: Mutex::default() };
        Ok(Stop(Arc::new(inner)))
    }

    /// A stop of its own that this one triggers too.
    pub(crate) fn child(&self) -> Result<Stop> {
        let child = Stop::new()?;
        let mut children = self.0.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain(|c| c.strong_count() > 0);
        children.push(Arc::downgrade(&child.0));
        drop(children);
        if self.is_stopped() {
            child.stop();
        }
        Ok(child)
    }

    /// Ends every wait, now and later.
    pub fn stop(&self) {
        self.0.trigger();
    }

    /// Whether [`Stop::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_stopped() { Err(Error::new(Kind::Stopped, "stopped on request")) } else { Ok(()) }
    }
}

impl Inner {
    fn trigger(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.event.set();
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.iter().filter_map(Weak::upgrade).for_each(|child| child.trigger());
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.event.as_fd()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stop({})", self.is_stopped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_reaches_its_children_and_not_its_parent() {
        let parent = Stop::new().unwrap();
        let (one, two) = (parent.child().unwrap(), parent.child().unwrap());
        one.stop();
        assert!(one.is_stopped() && !two.is_stopped() && !parent.is_stopped());
        parent.stop();
        assert!(two.is_stopped() && parent.child().unwrap().is_stopped());
    }
}
