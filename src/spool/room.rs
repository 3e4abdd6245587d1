//! How much the spool may hold, and who makes room.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Shelf, Spool};
use crate::base::error::{Error, Kind, Result};
use crate::base::task::WhenFull;

/// Bytes and entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub bytes: u64,
    pub files: u64,
}

impl Spool {
    /// What it holds: what waits, what is given up, and what is being written.
    pub fn held(&self) -> Held {
        let mut held = Held::default();
        for folder in ["queue", "failed", "new"] {
            for entry in fs::read_dir(self.path.join(folder)).into_iter().flatten().flatten() {
                held.files += 1;
                held.bytes += entry.metadata().map_or(0, |meta| meta.len());
            }
        }
        held
    }

    /// The limit that holds: what was set, but never more than a quarter of the file system.
    pub fn limit(&self) -> u64 {
        self.keep.spool_size.min(capacity(&self.path).map_or(u64::MAX, |capacity| capacity / 4))
    }

    /// Makes room for so many bytes more, and for a file more if `another`. Says how many were dropped for it.
    ///
    /// # Errors
    /// [`Kind::Write`] when there is none, and none may be made.
    pub(super) fn make_room(&self, more: u64, another: bool) -> Result<u64> {
        let mut dropped = 0;
        loop {
            if self.has_room(more, another) {
                return Ok(dropped);
            }
            if self.keep.when_full != WhenFull::Oldest || !self.drop_oldest()? {
                return Err(self.full(self.held()));
            }
            dropped += 1;
        }
    }

    pub(super) fn has_room(&self, more: u64, another: bool) -> bool {
        let held = self.held();
        let bytes_fit = held.bytes.saturating_add(more) <= self.limit();
        bytes_fit && held.files + u64::from(another) <= self.keep.spool_files
    }

    /// Whether there was one that nobody works on.
    fn drop_oldest(&self) -> Result<bool> {
        let mut oldest = Vec::new();
        for shelf in [Shelf::Failed, Shelf::Queue] {
            for id in self.ids(shelf)? {
                let made = self.look(shelf, &id).map_or(0, |entry| entry.made);
                // Within a second the file's own time tells.
                let written = fs::metadata(self.at(shelf, &id)).and_then(|meta| meta.modified()).ok();
                oldest.push(((made, written), shelf, id));
            }
        }
        oldest.sort_by(|(a, _, x), (b, _, y)| (a, x).cmp(&(b, y)));
        for (_, shelf, id) in oldest {
            // Who is being sent is not in the way of those that come.
            let claimed = if shelf == Shelf::Queue { self.claim(&id)? } else { None };
            if shelf == Shelf::Queue && claimed.is_none() {
                continue;
            }
            let name = self.look(shelf, &id).map_or_else(|| id.clone(), |entry| entry.name);
            log::warn!("the spool is full: {name} ({id}) was dropped (when_full = oldest)");
            self.remove(shelf, &id);
            return Ok(true);
        }
        Ok(false)
    }

    fn full(&self, held: Held) -> Error {
        let (bytes, files, limit) = (held.bytes, held.files, self.limit());
        let what = format!(
            "the spool {} is full: {files} files and {bytes} bytes of at most {} and {limit}",
            self.path.display(),
            self.keep.spool_files
        );
        Error::new(Kind::Write, what).advise("raise spool_size or spool_files, or drop what waits (`firepush status`)")
    }
}

/// The size of the file system.
fn capacity(path: &Path) -> Option<u64> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: the path is a live C string, and the struct is plain data that the call fills.
    unsafe {
        let mut info: libc::statvfs = std::mem::zeroed();
        let done = libc::statvfs(path.as_ptr(), &mut info) == 0;
        done.then(|| (info.f_blocks as u64).saturating_mul(info.f_frsize as u64))
    }
}
