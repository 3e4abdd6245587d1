//! An entry that this process alone works on.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use super::entry::Entry;
use super::tries::Tries;
use super::{Shelf, Spool};
use crate::base::error::{Error, Kind, Result};
use crate::os::lock::Lock;

/// A claimed entry. Dropped, or when the process ends however it ends, it is anybody's again.
pub struct Claim {
    pub id: String,
    pub entry: Entry,
    lock: Lock,
}

impl Claim {
    pub(super) fn new(id: String, entry: Entry, lock: Lock) -> Claim {
        Claim { id, entry, lock }
    }

    /// The bytes, from the first one on; what follows them is not theirs.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn file(&self) -> Result<File> {
        let cloned = self.lock.file().try_clone();
        cloned.map_err(|e| Error::new(Kind::Read, format!("can't read the entry {}: {e}", self.id)).because(e))
    }
}

impl Spool {
    /// Claims an entry of the queue; `None` when another works on it, or it is gone. A damaged one is given up.
    ///
    /// # Errors
    /// [`Kind::Read`], [`Kind::Write`].
    pub fn claim(&self, id: &str) -> Result<Option<Claim>> {
        let path = self.at(Shelf::Queue, id);
        let failed = |e: io::Error| Error::new(Kind::Read, format!("can't read {}: {e}", path.display())).because(e);
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let Some(lock) = Lock::try_take(file).map_err(failed)? else { return Ok(None) };
        if lock.file().metadata().map_err(failed)?.nlink() == 0 {
            return Ok(None);
        }
        match Entry::read(lock.file()) {
            Ok(Some(entry)) => Ok(Some(Claim { id: id.to_owned(), entry, lock })),
            // Flash that fails shows like that too, and must not stop the others.
            damaged => {
                let why = damaged.err().map_or_else(|| "not an entry".to_owned(), |e| e.to_string());
                log::debug!("{}: {why}", path.display());
                self.give_up_damaged(id).map(|()| None)
            }
        }
    }

    fn give_up_damaged(&self, id: &str) -> Result<()> {
        let error = Error::new(Kind::BadFile, format!("the entry {id} of the spool is damaged"));
        log::error!("{error}; it is now in {}", self.at(Shelf::Failed, id).display());
        self.give_up(id, &error)
    }

    /// Puts an entry aside until an administrator brings it back.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn give_up(&self, id: &str, error: &Error) -> Result<()> {
        let tries = Tries { kind: error.kind().name().into(), what: error.to_string(), ..self.tries(id) };
        self.shift(id, Shelf::Queue, Shelf::Failed)?;
        self.set_tries(id, &tries)?;
        self.trim_failed()
    }
}
