//! Where a received file is written: under a temporary name, checked, then published without replacing.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use ring::digest::{Context as Hash, SHA256};

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

/// A file that is being received. Dropped before it is finished, it is removed.
pub struct Sink {
    folder: Folder,
    part: String,
    name: String,
    /// Locked, so that nobody takes it for one that a crash left behind.
    file: Lock,
    size: Option<u64>,
    limit: u64,
    written: u64,
    hash: Hash,
    published: bool,
}

/// A file that is whole and safe on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    pub path: std::path::PathBuf,
    pub size: u64,
    pub sha256: String,
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

    /// Creates the temporary file of one transfer; `size` is what was offered, `limit` what is taken at most
    /// (0: no limit).
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn create(&self, transfer: &str, name: &str, size: Option<u64>, limit: u64) -> Result<Sink> {
        let part = part_name(transfer);
        let failed =
            |e| Error::new(Kind::Write, format!("can't create a file in {}: {e}", self.path.display())).because(e);
        let file = self.create_part(&part).and_then(locked).map_err(failed)?;
        let (name, hash) = (safe_visible(name), Hash::new(&SHA256));
        let folder = self.clone();
        Ok(Sink { folder, part, name, file, size, limit, written: 0, hash, published: false })
    }
}

/// Of a file that was just created nobody else has the lock.
fn locked(file: File) -> io::Result<Lock> {
    Lock::try_take(file)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
}

impl Folder {
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

/// Says which transfer it belongs to, whatever characters the sender chose for its id.
fn part_name(transfer: &str) -> String {
    format!("{PART_START}{}{PART_END}", sha1_smol::Sha1::from(transfer).digest())
}

const PART_START: &str = ".firepush-";
const PART_END: &str = ".part";

impl Sink {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Kind::Write`]; [`Kind::Protocol`] when they are more than was offered or allowed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let after = self.written + bytes.len() as u64;
        if self.size.is_some_and(|size| after > size) {
            return Err(Error::new(
                Kind::Protocol,
                format!("more bytes came than the {} offered", self.size.unwrap_or(0)),
            ));
        }
        if self.limit != 0 && after > self.limit {
            return Err(Error::new(Kind::Protocol, format!("more bytes came than the {} allowed", self.limit)));
        }
        self.file.file().write_all(bytes).map_err(|e| self.failed("write", e))?;
        self.hash.update(bytes);
        self.written = after;
        Ok(())
    }

    /// Every byte that was offered is here.
    pub fn is_full(&self) -> bool {
        self.size == Some(self.written)
    }

    /// # Errors
    /// [`Kind::Incomplete`] when bytes are missing.
    pub fn check_complete(&self) -> Result<()> {
        match self.size {
            Some(size) if size != self.written => {
                let what = format!("the sender ended after {} of {size} bytes", self.written);
                Err(Error::new(Kind::Incomplete, what))
            }
            _ => Ok(()),
        }
    }

    /// Makes the file safe on the disk, then gives it its name; a name that is taken gets a number.
    ///
    /// # Errors
    /// [`Kind::Incomplete`], [`Kind::Write`].
    pub fn finish(mut self) -> Result<Stored> {
        self.check_complete()?;
        self.file.file().sync_all().map_err(|e| self.failed("write", e))?;
        let name = self.publish()?;
        self.published = true;
        if let Err(e) = self.folder.dir.sync() {
            log::info!("the folder can't be made safe against a power cut: {e}");
        }
        let sha256 = self.hash.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Stored { path: self.folder.path.join(&name), name, size: self.written, sha256 })
    }

    fn publish(&self) -> Result<String> {
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

impl Drop for Sink {
    fn drop(&mut self) {
        if !self.published {
            let _ = self.folder.dir.remove(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder() -> (std::path::PathBuf, Folder) {
        let name = crate::os::random::token(16).unwrap();
        let path = std::env::temp_dir().join(format!("firepush-sink-{name}"));
        fs::create_dir(&path).unwrap();
        let folder = Folder::open(&path).unwrap();
        (path, folder)
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn rule_66_nothing_is_replaced_and_no_link_is_followed() {
        let (path, folder) = folder();
        std::os::unix::fs::symlink("/etc/passwd", path.join("a.log")).unwrap();
        fs::write(path.join("a-1.log"), "mine").unwrap();
        let mut sink = folder.create("t1", "../../a.log", Some(3), 0).unwrap();
        assert!(names(&path).iter().any(|name| name.ends_with(".part")));
        sink.write(b"abc").unwrap();
        let stored = sink.finish().unwrap();
        assert_eq!((stored.name.as_str(), stored.size), ("a-2.log", 3));
        assert_eq!(stored.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(names(&path), ["a-1.log", "a-2.log", "a.log"]);
        assert_eq!(fs::read(path.join("a-1.log")).unwrap(), b"mine");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_part_that_a_crash_left_behind_does_not_stand_in_the_way() {
        let (path, folder) = folder();
        std::mem::forget(folder.create("t1", "x", Some(1), 0).unwrap());
        let mut sink = folder.create("t1", "x", Some(1), 0).unwrap();
        sink.write(b"a").unwrap();
        sink.finish().unwrap();
        assert_eq!(names(&path), ["x"]);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn parts_of_killed_transfers_are_removed_and_those_of_living_ones_stay() {
        let (path, folder) = folder();
        fs::write(path.join(".firepush-0123.part"), "half").unwrap();
        fs::write(path.join(".profile"), "mine").unwrap();
        let mut sink = folder.create("t1", "x", Some(1), 0).unwrap();
        folder.clean();
        sink.write(b"a").unwrap();
        sink.finish().unwrap();
        assert_eq!(names(&path), [".profile", "x"]);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn rule_67_too_many_bytes_or_too_few_leave_nothing_behind() {
        let (path, folder) = folder();
        let mut sink = folder.create("t1", "x", Some(3), 0).unwrap();
        assert_eq!(sink.write(b"abcd").unwrap_err().kind(), Kind::Protocol);
        drop(sink);
        let mut sink = folder.create("t2", "x", Some(3), 0).unwrap();
        sink.write(b"ab").unwrap();
        assert_eq!(sink.finish().unwrap_err().kind(), Kind::Incomplete);
        let mut sink = folder.create("t3", "x", None, 2).unwrap();
        assert_eq!(sink.write(b"abc").unwrap_err().kind(), Kind::Protocol);
        drop(sink);
        assert_eq!(names(&path), Vec::<String>::new());
        fs::remove_dir_all(path).unwrap();
    }
}
