//! Files that wait on the device: claimed, tried again, remembered. All of it survives a crash at any point.
//!
//! ```text
//! queue/ID    an entry: its bytes (none for a file that stays where it is), a note, a footer; appears by rename
//! failed/ID   one that is given up until an administrator brings it back
//! tries/ID    when the entry of that name is tried again, and why it failed
//! new/        what is being written; what a crash left there is removed
//! history     what was sent and stays where it is
//! standing    how we stand with the server and the recipients
//! ```

mod claim;
pub mod entry;
pub mod fields;
pub mod history;
pub mod intake;
mod room;
pub mod safe;
pub mod standing;
pub mod tries;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

pub use claim::Claim;

use crate::base::error::{Error, Kind, Result};
use crate::base::task::Keep;
use crate::os::disk;
use crate::os::lock::Lock;
use crate::os::random;
use entry::Entry;
use fields::{Fields, Line};
use tries::Tries;

/// The folder of what waits.
pub struct Spool {
    path: PathBuf,
    keep: Keep,
    /// Entries that made room for others, and were not told of yet.
    dropped: AtomicUsize,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    Queue,
    Failed,
}

impl Shelf {
    fn name(self) -> &'static str {
        match self {
            Shelf::Queue => "queue",
            Shelf::Failed => "failed",
        }
    }
}

/// The length of the names of files that are begun.
const TOKEN: usize = 20;

const FOLDERS: [&str; 4] = ["queue", "failed", "tries", "new"];

impl Spool {
    /// Makes the folder if it isn't there.
    ///
    /// # Errors
    /// [`Kind::Write`]; [`Kind::Config`] when others could replace or read it.
    pub fn open(keep: &Keep) -> Result<Spool> {
        let path = keep.spool.clone();
        for folder in std::iter::once(path.clone()).chain(FOLDERS.map(|name| path.join(name))) {
            if !folder.exists() {
                let made = DirBuilder::new().mode(0o700).create(&folder);
                made.or_else(|e| if e.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(e) }).map_err(
                    |e| {
                        Error::new(Kind::Write, format!("can't make the spool folder {}: {e}", folder.display()))
                            .because(e)
                    },
                )?;
            }
        }
        safe::check(&path, "spool", 0o077)?;
        Ok(Spool { path, keep: keep.clone(), dropped: AtomicUsize::new(0) })
    }

    /// The folder, if it is there: for who only looks.
    ///
    /// # Errors
    /// As [`Spool::open`].
    pub fn existing(keep: &Keep) -> Result<Option<Spool>> {
        if keep.spool.join(FOLDERS[0]).exists() { Spool::open(keep).map(Some) } else { Ok(None) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock of those who send what the spool holds; `None` when another has it. Nothing is written for it.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn lock(&self) -> Result<Option<Lock>> {
        let taken = File::open(&self.path).and_then(Lock::try_take);
        taken.map_err(|e| Error::new(Kind::Read, format!("can't lock {}: {e}", self.path.display())).because(e))
    }

    /// An error when nothing can be written: what is sent could not be forgotten, and would be sent again.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn check_writable(&self) -> Result<()> {
        disk::takes_writes(&self.path).map_err(|e| self.unwritable(e))
    }

    /// Takes the lock of those who wait for their time to begin; `None` when another waits already.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn lock_waiting(&self) -> Result<Option<Lock>> {
        let taken = File::open(self.path.join("tries")).and_then(Lock::try_take);
        taken.map_err(|e| Error::new(Kind::Read, format!("can't lock {}: {e}", self.path.display())).because(e))
    }

    /// The ids of the entries, in order.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn ids(&self, shelf: Shelf) -> Result<Vec<String>> {
        self.list(shelf.name())
    }

    /// The ids of what was tried: entries, and files that stay where they are and have none.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn tried(&self) -> Result<Vec<String>> {
        self.list("tries")
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let folder = self.path.join(folder);
        let failed = |e| Error::new(Kind::Read, format!("can't list {}: {e}", folder.display())).because(e);
        let names = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
        let mut ids: Vec<_> = names.iter().filter_map(|name| name.file_name().into_string().ok()).collect();
        ids.retain(|id| is_id(id));
        ids.sort();
        Ok(ids)
    }

    /// What an entry is, without claiming it; `None` when it is gone or damaged.
    pub fn look(&self, shelf: Shelf, id: &str) -> Option<Entry> {
        File::open(self.at(shelf, id)).and_then(|file| Entry::read(&file)).ok().flatten()
    }

    pub fn has(&self, shelf: Shelf, id: &str) -> bool {
        self.at(shelf, id).exists()
    }

    /// When the entry is tried again: at once, if that isn't known.
    pub fn tries(&self, id: &str) -> Tries {
        let text = fs::read_to_string(self.path.join("tries").join(id)).unwrap_or_default();
        Fields::parse(&text).and_then(|fields| Tries::read(&fields)).unwrap_or_default()
    }

    /// # Errors
    /// [`Kind::Write`].
    pub fn set_tries(&self, id: &str, tries: &Tries) -> Result<()> {
        let path = self.path.join("tries").join(id);
        replace(&path, tries.write(Line::default()).finish().as_bytes()).map_err(|e| self.unwritable(e))
    }

    /// Keeps a note of a file that stays where it is; it can be made again, so it needs no safety from a power cut.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn note(&self, id: &str, entry: &Entry) -> Result<()> {
        replace(&self.at(Shelf::Queue, id), entry.trailer().as_bytes()).map_err(|e| self.unwritable(e))
    }

    /// Moves an entry; nothing happens when it isn't there.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn shift(&self, id: &str, from: Shelf, to: Shelf) -> Result<()> {
        match fs::rename(self.at(from, id), self.at(to, id)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.unwritable(e)),
            _ => Ok(()),
        }
    }

    /// Forgets an entry.
    pub fn remove(&self, shelf: Shelf, id: &str) {
        remove(&self.at(shelf, id));
        self.forget_tries(id);
    }

    /// Forgets that something was tried.
    pub fn forget_tries(&self, id: &str) {
        remove(&self.path.join("tries").join(id));
    }

    fn at(&self, shelf: Shelf, id: &str) -> PathBuf {
        self.path.join(shelf.name()).join(id)
    }

    fn unwritable(&self, cause: io::Error) -> Error {
        Error::new(Kind::Write, format!("can't write to the spool {}: {cause}", self.path.display())).because(cause)
    }
}

/// The id of something that is known by its parts: 20 hex digits.
pub fn id_of(parts: &[&[u8]]) -> String {
    let mut hash = sha1_smol::Sha1::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut digest = hash.digest().to_string();
    digest.truncate(20);
    digest
}

/// Ids are file names, and words on the command line.
pub fn is_id(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => log::warn!("can't remove {}: {e}", path.display()),
        _ => {}
    }
}

/// Writes a file anew, never in part.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    exchange(path, bytes, |_| Ok(()))
}

/// As [`replace`], and safe against a power cut: either the old or the new is there then.
fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    exchange(path, bytes, File::sync_data)
}

fn exchange(path: &Path, bytes: &[u8], settle: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let (new, lock) = begin(|token| path.with_file_name(format!(".{token}.new")))?;
    let mut file = lock.file();
    let written = file.write_all(bytes).and_then(|()| settle(file)).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// A new file of ours, which nobody takes for one that a crash left.
fn begin(name: impl Fn(&str) -> PathBuf) -> io::Result<(PathBuf, Lock)> {
    loop {
        let new = name(&random::token(TOKEN).map_err(io::Error::other)?);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&new)?;
        match Lock::try_take(file) {
            Ok(Some(lock)) if lock.file().metadata()?.nlink() > 0 => return Ok((new, lock)),
            // Somebody cleaned up before we had the lock.
            Ok(_) => {}
            Err(e) => {
                let _ = fs::remove_file(&new);
                return Err(e);
            }
        }
    }
}

/// Whether it is called as [`exchange`] calls what it begins.
fn is_begun(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let token = name.strip_prefix('.').and_then(|name| name.strip_suffix(".new"));
    token.is_some_and(|token| token.len() == TOKEN && token.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Removes a file that was begun, unless somebody is still writing it.
fn remove_if_left(path: &Path) {
    let unlocked = File::open(path).and_then(Lock::try_take);
    if matches!(unlocked, Ok(Some(_))) && fs::remove_file(path).is_ok() {
        log::info!("removed {}, which was never finished", path.display());
    }
}

#[cfg(test)]
pub mod tests;
