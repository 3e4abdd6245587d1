//! A folder that received files go to: each under a temporary name, then published without replacing.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::name::{numbered, safe_visible};
use crate::base::error::{Error, Kind, Result};
use crate::os::dir::Dir;
use crate::os::lock::Lock;

/// A name that is taken gets a number up to this.
const NUMBERS_MAX: u32 = 9999;

/// The folder that received files go to.
#[derive(Clone)]
pub struct Folder {
    dir: Arc<Dir>,
    path: Arc<Path>,
}

/// A file that is being received. Dropped before it is published, it is removed.
pub struct Part {
    folder: Folder,
    part: String,
    name: String,
    /// Locked, so that nobody takes it for one that a crash left behind.
    file: Lock,
    is_published: bool,
}

impl Folder {
    /// Holds the folder, whatever happens to its path.
    ///
    /// # Errors
    /// [`Kind::Write`] when it is no folder.
    pub fn open(path: &Path) -> Result<Folder> {
        let failed = |e| Error::new(Kind::Write, format!("can't use the folder {}: {e}", path.display())).because(e);
        Ok(Folder { dir: Arc::new(Dir::open(path).map_err(failed)?), path: path.into() })
    }

    /// Creates the temporary file of one transfer.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn create(&self, transfer: &str, name: &str) -> Result<Part> {
        let part = part_name(transfer);
        let failed =
            |e| Error::new(Kind::Write, format!("can't create a file in {}: {e}", self.path.display())).because(e);
        let file = self.create_part(&part).and_then(locked).map_err(failed)?;
        Ok(Part { folder: self.clone(), part, name: safe_visible(name), file, is_published: false })
    }

    /// Removes what transfers that were killed left behind; what others receive here stays.
    pub fn clean(&self) {
        for entry in std::fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !(name.starts_with(PART_START) && name.ends_with(PART_END)) {
                continue;
            }
            let unlocked = self.dir.open_own(&name).and_then(Lock::try_take);
            if matches!(unlocked, Ok(Some(_))) && self.dir.remove(&name).is_ok() {
                log::info!("removed {name}, which was never finished");
            }
        }
    }

    /// A part that is there is that of a transfer that is over, for this one is ours alone.
    fn create_part(&self, part: &str) -> io::Result<File> {
        match self.dir.create(part) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                self.dir.remove(part)?;
                self.dir.create(part)
            }
            created => created,
        }
    }
}

/// Of a file that was just created nobody else has the lock.
fn locked(file: File) -> io::Result<Lock> {
    Lock::try_take(file)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
}

/// Says which transfer it belongs to, whatever characters the sender chose for its id.
fn part_name(transfer: &str) -> String {
    format!("{PART_START}{}{PART_END}", sha1_smol::Sha1::from(transfer).digest())
}

const PART_START: &str = ".firepush-";
const PART_END: &str = ".part";

impl Part {
    /// # Errors
    /// [`Kind::Write`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.file().write_all(bytes).map_err(|e| self.failed("write", e))
    }

    /// Makes the file safe on the disk, then gives it its name; a name that is taken gets a number. Says which, and
    /// where it is.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn publish(mut self) -> Result<(String, PathBuf)> {
        self.file.file().sync_all().map_err(|e| self.failed("write", e))?;
        let name = self.take_name()?;
        self.is_published = true;
        if let Err(e) = self.folder.dir.sync() {
            log::info!("the folder can't be made safe against a power cut: {e}");
        }
        let path = self.folder.path.join(&name);
        Ok((name, path))
    }

    fn take_name(&self) -> Result<String> {
        for n in 0..=NUMBERS_MAX {
            let name = if n == 0 { self.name.clone() } else { numbered(&self.name, n) };
            match self.folder.dir.publish(&self.part, &name) {
                Ok(()) => return Ok(name),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(self.failed("publish", e)),
            }
        }
        Err(Error::new(Kind::Write, format!("{} and {NUMBERS_MAX} numbered names are taken", self.name)))
    }

    fn failed(&self, what: &str, cause: io::Error) -> Error {
        let at = self.folder.path.join(&self.name);
        Error::new(Kind::Write, format!("can't {what} {}: {cause}", at.display())).because(cause)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = self.folder.dir.remove(&self.part);
        }
    }
}
