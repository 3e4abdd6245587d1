//! How much the spool may hold, and who makes room.

use std::fs;
use std::sync::atomic::Ordering;

use super::{Shelf, Spool};
use crate::base::error::{Error, Kind, Result};
use crate::base::task::WhenFull;
use crate::os::disk::capacity;

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

    /// Makes room for what has been written, where others may be dropped for it.
    ///
    /// # Errors
    /// [`Kind::Write`] when there is none, and none may be made.
    pub(super) fn make_room(&self) -> Result<()> {
        while !self.has_room(0, false) {
            if !self.drops_oldest() || !self.drop_oldest()? {
                return Err(self.full());
            }
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) fn drops_oldest(&self) -> bool {
        self.keep.when_full == WhenFull::Oldest
    }

    /// How many entries were dropped since this was asked last.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed) as u64
    }

    /// An error when so many bytes can't be kept, whatever is dropped for them.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub(super) fn check_fits(&self, bytes: u64) -> Result<()> {
        if bytes <= self.limit() && self.keep.spool_files > 0 {
            return Ok(());
        }
        let (path, limit) = (self.path.display(), self.limit());
        let what = format!("{bytes} bytes don't fit into the spool {path}, which holds at most {limit}");
        Err(Error::new(Kind::Write, what).advise("raise spool_size, or send smaller files"))
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
            let claimed = if shelf == Shelf::Queue { self.claim(&id).unwrap_or_default() } else { None };
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

    /// What is given up counts within the limit of files: the oldest of it goes.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub(super) fn trim_failed(&self) -> Result<()> {
        let mut failed: Vec<_> = self.ids(Shelf::Failed)?;
        let surplus = (failed.len() as u64).saturating_sub(self.keep.spool_files);
        failed.sort_by_cached_key(|id| self.look(Shelf::Failed, id).map_or(0, |entry| entry.made));
        for id in failed.iter().take(usize::try_from(surplus).unwrap_or(0)) {
            log::warn!("too many files are given up: {id} was dropped (spool_files)");
            self.remove(Shelf::Failed, id);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) fn full(&self) -> Error {
        let (Held { bytes, files }, limit) = (self.held(), self.limit());
        let what = format!(
            "the spool {} is full: {files} files and {bytes} bytes of at most {} and {limit}",
            self.path.display(),
            self.keep.spool_files
        );
        Error::new(Kind::Write, what).advise("raise spool_size or spool_files, or drop what waits (`firepush status`)")
    }
}
