//! The files that a job means, as they are now.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Kind, Result};
use crate::base::glob::{is_pattern, matches};
use crate::base::task::Order;
use crate::os::file::open_regular;

/// So much of the beginning and the end tells a file from others of its size and time.
const ENDS: u64 = 4096;

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    pub size: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub changed: i128,
}

/// What was found, and what could not be looked at.
#[derive(Default)]
pub struct Finds {
    pub files: Vec<Found>,
    pub troubles: Vec<(PathBuf, Error)>,
}

/// The files of the patterns, each once, in the order wanted. Links and what is no regular file are left out of
/// patterns; a path without a pattern is followed.
pub fn find(patterns: &[String], order: Order) -> Finds {
    let mut finds = Finds::default();
    for pattern in patterns {
        let parts: Vec<&[u8]> = pattern.as_bytes().split(|b| *b == b'/').filter(|part| !part.is_empty()).collect();
        finds.walk(PathBuf::from("/"), &parts);
    }
    finds.files.sort_by(|a, b| a.path.cmp(&b.path));
    finds.files.dedup_by(|a, b| a.path == b.path);
    match order {
        Order::Name => {}
        Order::Oldest => finds.files.sort_by_key(|file| file.changed),
        Order::Newest => finds.files.sort_by_key(|file| std::cmp::Reverse(file.changed)),
    }
    finds
}

impl Finds {
    fn walk(&mut self, folder: PathBuf, parts: &[&[u8]]) {
        let Some((part, rest)) = parts.split_first() else { return };
        if !is_pattern(part) {
            let path = folder.join(std::ffi::OsStr::from_bytes(part));
            return if rest.is_empty() { self.take(path, fs::metadata) } else { self.walk(path, rest) };
        }
        let names = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(names) => names,
            Err(e) if is_absent(&e) => return,
            Err(e) => {
                let error = Error::new(Kind::Read, format!("can't list {}: {e}", folder.display())).because(e);
                return self.troubles.push((folder, error));
            }
        };
        for name in names.iter().filter(|name| matches(part, name.file_name().as_bytes())) {
            if rest.is_empty() { self.take(name.path(), fs::symlink_metadata) } else { self.walk(name.path(), rest) }
        }
    }

    fn take(&mut self, path: PathBuf, look: fn(PathBuf) -> io::Result<Metadata>) {
        match look(path.clone()) {
            Ok(meta) if meta.is_file() => self.files.push(Found::new(path, &meta)),
            Ok(_) => log::debug!("{} is no regular file", path.display()),
            Err(e) if is_absent(&e) => log::debug!("{} isn't there", path.display()),
            Err(e) => {
                let error = Error::new(Kind::Read, format!("can't look at {}: {e}", path.display())).because(e);
                self.troubles.push((path, error));
            }
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Found {
    pub(super) fn new(path: PathBuf, meta: &Metadata) -> Found {
        let changed = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        Found { path, size: meta.len(), changed }
    }

    /// Opens the file as it is now, which may not be as it was found.
    ///
    /// # Errors
    /// As [`open_regular`].
    pub fn open(path: &Path) -> Result<(File, Found)> {
        let file = open_regular(path)?;
        let meta = file.metadata();
        let meta = meta.map_err(|e| Error::new(Kind::Read, format!("can't look at {}: {e}", path.display())))?;
        let found = Found::new(path.to_owned(), &meta);
        Ok((file, found))
    }

    /// Seconds since 1970.
    pub fn changed_at(&self) -> u64 {
        u64::try_from(self.changed / 1_000_000_000).unwrap_or(0)
    }

    /// What tells the file from others, wherever it is moved or copied: inodes change on overlayfs and UBIFS.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn print(&self, file: &File) -> Result<String> {
        let unreadable =
            |e: io::Error| Error::new(Kind::Read, format!("can't read {}: {e}", self.path.display())).because(e);
        let mut hash = sha1_smol::Sha1::new();
        hash.update(format!("{} {} ", self.size, self.changed).as_bytes());
        for from in [0, self.size.saturating_sub(ENDS)] {
            hash.update(&up_to(file, from, ENDS.min(self.size)).map_err(unreadable)?);
        }
        Ok(hash.digest().to_string())
    }
}

fn up_to(file: &File, from: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], from + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
