//! A lock on an open file or folder that goes with the process.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// A file, or a folder, that no other process has locked (`flock`). Dropped, or when the process ends however it
/// ends, the lock is gone.
pub struct Lock(File);

impl Lock {
    /// `None` when another has it.
    pub fn try_take(file: File) -> io::Result<Option<Lock>> {
        // SAFETY: the descriptor is open.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(Some(Lock(file)));
        }
        match io::Error::last_os_error() {
            e if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            e => Err(e),
        }
    }

    pub fn file(&self) -> &File {
        &self.0
    }
}
