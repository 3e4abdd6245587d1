//! An eventfd: a flag that `poll` can wait for.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::base::error::{Error, Kind, Result};

/// A flag that is set and cleared, and that `poll` sees as readable while it is set.
pub struct Event(OwnedFd);

impl Event {
    fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes no pointers; a result that is not negative is a descriptor we own.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: see above.
        Ok(Event(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// As [`Event::new`], with an error that says what to do.
    pub fn new_or_error() -> Result<Self> {
        Event::new().map_err(|e| {
            let error = Error::new(Kind::Read, format!("no file descriptor is left: {e}")).because(e);
            error.advise("raise the limit of open files (ulimit -n), or do less at once")
        })
    }

    pub fn set(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: the buffer is 8 bytes long, as eventfd asks. It fails only when the flag is set already.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    pub fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: the buffer is 8 bytes long. It fails only when the flag is clear already.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

impl AsFd for Event {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
