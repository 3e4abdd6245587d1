//! A bounded queue between threads whose reader waits with a deadline and a stop.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event::Event;
use super::until::{Ready, Until};
use crate::base::error::{Error, Kind, Result};

/// A queue of at most `room` letters. When it is closed, the reader gets what is left, then the cause.
pub struct Mailbox<T> {
    letters: Mutex<Letters<T>>,
    arrived: Event,
    room: usize,
}

struct Letters<T> {
    queue: VecDeque<T>,
    closed: Option<Error>,
}

impl<T> Mailbox<T> {
    pub fn new(room: usize) -> Result<Self> {
        let letters = Mutex::new(Letters { queue: VecDeque::new(), closed: None });
        Ok(Mailbox { letters, arrived: Event::new_or_error()?, room })
    }

    /// Adds a letter; gives it back when there is no room or nobody will read it any more.
    pub fn put(&self, letter: T) -> std::result::Result<(), T> {
        let mut letters = self.lock();
        if letters.closed.is_some() || letters.queue.len() >= self.room {
            return Err(letter);
        }
        letters.queue.push_back(letter);
        self.arrived.set();
        Ok(())
    }

    /// Lets the reader have what is left, then `cause` for ever. The first cause stays.
    pub fn close(&self, cause: Error) {
        let mut letters = self.lock();
        letters.closed.get_or_insert(cause);
        self.arrived.set();
    }

    /// Waits for the next letter.
    ///
    /// # Errors
    /// The timeout of the wait, [`Kind::Stopped`], or the cause given to [`Mailbox::close`].
    pub fn take(&self, until: &Until) -> Result<T> {
        loop {
            if let Some(letter) = self.try_take().map_err(|e| e.during(until.wait()))? {
                return Ok(letter);
            }
            until.ready(self, Ready::Read)?;
        }
    }

    /// Waits for the next letter; `None` when none came in time.
    ///
    /// # Errors
    /// [`Kind::Stopped`], or the cause given to [`Mailbox::close`].
    pub fn take_within(&self, until: &Until) -> Result<Option<T>> {
        loop {
            if let Some(letter) = self.try_take().map_err(|e| e.during(until.wait()))? {
                return Ok(Some(letter));
            }
            match until.ready(self, Ready::Read) {
                Err(e) if e.kind() == Kind::Timeout || e.kind() == Kind::Unanswered => return self.try_take(),
                ready => ready?,
            }
        }
    }

    /// The next letter, if there is one.
    ///
    /// # Errors
    /// The cause given to [`Mailbox::close`].
    pub fn try_take(&self) -> Result<Option<T>> {
        let mut letters = self.lock();
        if let Some(letter) = letters.queue.pop_front() {
            return Ok(Some(letter));
        }
        match &letters.closed {
            Some(cause) => Err(cause.clone()),
            None => {
                self.arrived.clear();
                Ok(None)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Letters<T>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> AsFd for Mailbox<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.arrived.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::waits::{Wait, Waits};
    use crate::os::stop::Stop;
    use crate::os::until::Patience;

    #[test]
    fn the_reader_gets_what_was_left_and_then_the_cause() {
        let until = Patience::new(&Waits::default(), &Stop::new().unwrap()).until(Wait::IbbAck);
        let mailbox = Mailbox::new(2).unwrap();
        assert_eq!((mailbox.put(1), mailbox.put(2), mailbox.put(3)), (Ok(()), Ok(()), Err(3)));
        mailbox.close(Error::new(Kind::Network, "cut"));
        assert_eq!(mailbox.put(4), Err(4));
        assert_eq!((mailbox.take(&until).unwrap(), mailbox.take(&until).unwrap()), (1, 2));
        let error = mailbox.take(&until).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (Kind::Network, Some(Wait::IbbAck)));
    }
}
