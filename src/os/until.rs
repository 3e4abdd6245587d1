//! The one function that waits: `poll` on a descriptor and a stop, until a named deadline.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::stop::Stop;
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::{Wait, Waits};

const CENTURY: Duration = Duration::from_secs(100 * 365 * 86400);

/// A named wait: its absolute deadline, and the stop that ends it early.
#[derive(Clone, Debug)]
pub struct Until {
    wait: Wait,
    limit: Duration,
    deadline: Instant,
    stop: Stop,
}

/// The waits of a configuration together with what stops them.
#[derive(Clone, Debug)]
pub struct Patience {
    waits: Waits,
    stop: Stop,
}

/// What a descriptor is to become ready for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    Read,
    Write,
    Both,
}

impl Patience {
    pub fn new(waits: &Waits, stop: &Stop) -> Self {
        Patience { waits: waits.clone(), stop: stop.clone() }
    }

    /// Starts the named wait now.
    pub fn until(&self, wait: Wait) -> Until {
        self.until_after(wait, self.waits.limit(wait))
    }

    /// Starts the named wait now, with another limit than its own.
    pub fn until_after(&self, wait: Wait, limit: Duration) -> Until {
        Until { wait, limit, deadline: after(limit), stop: self.stop.clone() }
    }

    pub fn limit(&self, wait: Wait) -> Duration {
        self.waits.limit(wait)
    }

    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The same waits, ended by another stop.
    pub fn with_stop(&self, stop: &Stop) -> Patience {
        Patience { waits: self.waits.clone(), stop: stop.clone() }
    }

    /// The same waits, ended by a stop of their own as well.
    pub fn child(&self) -> Result<Patience> {
        Ok(Patience { waits: self.waits.clone(), stop: self.stop.child()? })
    }
}

impl Until {
    pub fn wait(&self) -> Wait {
        self.wait
    }

    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The same wait, ending after `limit` at the latest.
    pub fn at_most(&self, limit: Duration) -> Until {
        let deadline = self.deadline.min(after(limit));
        Until { limit: self.limit.min(limit), deadline, ..self.clone() }
    }

    /// Starts the same wait again: for a wait that ends only when nothing moves.
    pub fn restart(&mut self) {
        self.deadline = after(self.limit);
    }

    /// Waits until the descriptor is ready.
    ///
    /// # Errors
    /// [`Kind::Stopped`], or the timeout of this wait.
    pub fn ready(&self, fd: impl AsFd, what: Ready) -> Result<()> {
        self.any_ready(&[(fd.as_fd(), what)]).map(|_| ())
    }

    /// Waits until one of the descriptors is ready, and tells which.
    ///
    /// # Errors
    /// As [`Until::ready`].
    pub fn any_ready(&self, wanted: &[(BorrowedFd<'_>, Ready)]) -> Result<usize> {
        let mut fds = Vec::with_capacity(wanted.len() + 1);
        fds.push(pollfd(self.stop.as_fd(), Ready::Read));
        fds.extend(wanted.iter().map(|(fd, what)| pollfd(*fd, *what)));
        loop {
            poll(&mut fds, self.left()).map_err(|e| self.failed(Kind::Read, "poll failed", e))?;
            if fds[0].revents != 0 {
                return self.stop.check().map_err(|e| e.during(self.wait)).map(|()| 0);
            }
            if let Some(ready) = fds[1..].iter().position(|fd| fd.revents != 0) {
                return Ok(ready);
            }
            self.check()?;
        }
    }

    /// Fails when the deadline has passed or the stop was triggered.
    ///
    /// # Errors
    /// As [`Until::ready`].
    pub fn check(&self) -> Result<()> {
        self.stop.check().map_err(|e| e.during(self.wait))?;
        if self.left().is_zero() { Err(Error::timed_out(self.wait, self.limit)) } else { Ok(()) }
    }

    /// An error of the given kind that happened during this wait.
    pub fn failed(&self, kind: Kind, what: &str, cause: io::Error) -> Error {
        Error::new(kind, format!("{what}: {cause}")).during(self.wait).because(cause)
    }
}

impl Stop {
    /// Lets the time pass.
    ///
    /// # Errors
    /// [`Kind::Stopped`] as soon as it is triggered.
    pub fn sleep(&self, time: Duration) -> Result<()> {
        let patience = Patience::new(&Waits::default(), self);
        match patience.until_after(Wait::Idle, time).any_ready(&[]) {
            Err(e) if e.kind() != Kind::Timeout => Err(Error::new(e.kind(), e.what())),
            _ => Ok(()),
        }
    }
}

/// The time after `limit`; what the clock can't hold is a century away.
fn after(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).or_else(|| now.checked_add(CENTURY)).unwrap_or(now)
}

fn pollfd(fd: BorrowedFd<'_>, what: Ready) -> libc::pollfd {
    let events = match what {
        Ready::Read => libc::POLLIN,
        Ready::Write => libc::POLLOUT,
        Ready::Both => libc::POLLIN | libc::POLLOUT,
    };
    libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 }
}

fn poll(fds: &mut [libc::pollfd], left: Duration) -> io::Result<()> {
    let whole = left.as_millis() + u128::from(left.subsec_nanos() % 1_000_000 != 0);
    let millis = i32::try_from(whole).unwrap_or(i32::MAX);
    // SAFETY: the pointer and the length are those of one live slice.
    let n = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, millis) };
    if n >= 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if error.kind() != io::ErrorKind::Interrupted {
        return Err(error);
    }
    fds.iter_mut().for_each(|fd| fd.revents = 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::event::Event;

    fn until(limit: Duration) -> Until {
        let mut waits = Waits::default();
        waits.set(Wait::Login, limit);
        Patience::new(&waits, &Stop::new().unwrap()).until(Wait::Login)
    }

    #[test]
    fn a_wait_ends_at_its_deadline_with_its_name() {
        let error = until(Duration::from_millis(5)).ready(Event::new_or_error().unwrap(), Ready::Read).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (Kind::Timeout, Some(Wait::Login)));
    }

    #[test]
    fn a_wait_ends_when_it_is_stopped_from_another_thread() {
        let until = until(Duration::from_secs(600));
        let stop = until.stop.clone();
        let thread = std::thread::spawn(move || until.ready(Event::new_or_error().unwrap(), Ready::Read));
        stop.stop();
        let error = thread.join().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.wait()), (Kind::Stopped, Some(Wait::Login)));
    }

    #[test]
    fn a_limit_that_no_clock_can_hold_is_a_long_wait() {
        assert!(until(Duration::MAX).left() > Duration::from_secs(86400));
    }

    #[test]
    fn what_is_ready_ends_the_wait_at_once() {
        let (quiet, loud) = (Event::new_or_error().unwrap(), Event::new_or_error().unwrap());
        loud.set();
        let fds = [(quiet.as_fd(), Ready::Read), (loud.as_fd(), Ready::Read)];
        assert_eq!(until(Duration::from_secs(600)).any_ready(&fds).unwrap(), 1);
    }
}
