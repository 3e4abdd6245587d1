//! Bytes on their way into the spool.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::claim::Claim;
use super::entry::Entry;
use super::{Shelf, Spool, begin, is_begun, remove_if_left};
use crate::base::error::{Error, Kind, Result};
use crate::os::lock::Lock;

/// Room is made for so many bytes at a time.
const STEP: u64 = 256 * 1024;

/// An entry that is being written. Dropped before it is published, it is removed.
pub struct Intake<'s> {
    spool: &'s Spool,
    path: PathBuf,
    lock: Option<Lock>,
    written: u64,
    room: u64,
    most: u64,
}

impl Spool {
    /// Begins an entry of at least so many bytes. Nothing is dropped for it before it is published.
    ///
    /// # Errors
    /// [`Kind::Write`] when it can't be written, or there is no room.
    pub fn intake(&self, least: u64) -> Result<Intake<'_>> {
        self.check_fits(least)?;
        if !self.drops_oldest() && !self.has_room(least, true) {
            return Err(self.full());
        }
        let (path, lock) = begin(|token| self.path.join("new").join(token)).map_err(|e| self.unwritable(e))?;
        Ok(Intake { spool: self, path, lock: Some(lock), written: 0, room: 0, most: self.limit() })
    }

    /// Begins an entry with the bytes of another, which is ours.
    ///
    /// # Errors
    /// [`Kind::Read`], [`Kind::Write`].
    pub fn again(&self, claim: &Claim) -> Result<Intake<'_>> {
        let mut file = claim.file()?;
        file.seek(io::SeekFrom::Start(0))
            .map_err(|e| Error::new(Kind::Read, format!("can't read the entry {}: {e}", claim.id)).because(e))?;
        let mut intake = self.intake(claim.entry.size)?;
        intake.copy(&mut file, claim.entry.size).map_err(|e| e.at(&claim.id))?;
        Ok(intake)
    }

    /// Removes what a crash left behind here and in the folder of the history; what is still being written stays.
    pub fn clean(&self, state: &Path) {
        let of = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|left| left.path());
        of(&self.path.join("new")).for_each(|left| remove_if_left(&left));
        let folders = ["queue", "tries", "."].map(|folder| self.path.join(folder));
        for left in folders.iter().map(PathBuf::as_path).chain([state]).flat_map(of) {
            if is_begun(&left) {
                remove_if_left(&left);
            }
        }
    }
}

impl Intake<'_> {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Kind::Write`] when they can't be written, or there is no room.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let few = bytes.len() as u64;
        if self.written + few > self.most {
            self.spool.check_fits(self.written + few)?;
        }
        if !self.spool.drops_oldest() && self.written + few > self.room {
            // What is written already counts as held.
            let room = if self.spool.has_room(STEP.max(few), false) { STEP.max(few) } else { few };
            if !self.spool.has_room(room, false) {
                return Err(self.spool.full());
            }
            self.room = self.written + room;
        }
        let Some(lock) = &self.lock else { return Ok(()) };
        lock.file().write_all(bytes).map_err(|e| self.spool.unwritable(e))?;
        self.written += few;
        Ok(())
    }

    /// Takes so many bytes of a reader; says how many there were.
    ///
    /// # Errors
    /// [`Kind::Read`], and as [`Intake::write`].
    pub fn copy(&mut self, from: &mut impl Read, most: u64) -> Result<u64> {
        let mut buffer = [0; 16 * 1024];
        let mut taken = 0;
        while taken < most {
            let wanted = buffer.len().min(usize::try_from(most - taken).unwrap_or(buffer.len()));
            match from.read(&mut buffer[..wanted]) {
                Ok(0) => break,
                Ok(n) => {
                    self.write(&buffer[..n])?;
                    taken += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(why(e)),
            }
        }
        Ok(taken)
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    fn make_room(&self) -> Result<()> {
        if self.spool.drops_oldest() { self.spool.make_room() } else { Ok(()) }
    }

    /// Gives the entry its name, safe against a power cut: two fsyncs. It is claimed by us.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn publish(mut self, id: &str, entry: Entry) -> Result<Claim> {
        let lost = || io::Error::from(io::ErrorKind::NotFound);
        let Some(lock) = self.lock.take() else { return Err(self.spool.unwritable(lost())) };
        let target = self.spool.at(Shelf::Queue, id);
        let entry = Entry { size: self.written, ..entry };
        if let Err(e) = self.make_room() {
            let _ = fs::remove_file(&self.path);
            return Err(e);
        }
        let published = (|| {
            lock.file().write_all(entry.trailer().as_bytes())?;
            lock.file().sync_data()?;
            if lock.file().metadata()?.nlink() == 0 {
                return Err(lost());
            }
            fs::rename(&self.path, &target)?;
            File::open(self.spool.path.join(Shelf::Queue.name()))?.sync_all()
        })();
        if let Err(e) = published {
            let _ = fs::remove_file(&self.path);
            return Err(self.spool.unwritable(e));
        }
        Ok(Claim::new(id.to_owned(), entry, lock))
    }
}

/// A reader of ours says itself why it ended.
fn why(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(Kind::Read, format!("can't read: {error}")).because(error),
    }
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        if self.lock.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
