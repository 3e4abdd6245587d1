//! The files that a job means, as they are now.

use std::cmp::Ordering;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Kind, Result};
use crate::base::glob::{is_pattern, matches};
use crate::base::task::Order;
use crate::os::file::{open_regular, open_unlinked};

/// So much of the beginning and the end tells a file from others of its size and time.
const ENDS: u64 = 4096;

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    pub size: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub changed: i128,
    /// It was named itself: then a link to it is meant.
    pub is_named: bool,
}

/// What was found, and what could not be looked at.
#[derive(Default)]
pub struct Finds {
    pub files: Vec<Found>,
    pub troubles: Vec<(PathBuf, Error)>,
    /// What was named and is no file to send, and why.
    pub left: Vec<(PathBuf, String)>,
}

/// Which of two comes first: of one type for all orders, for each kind of closure makes a sort of its own.
type Before = fn(&Found, &Found) -> Ordering;

/// The files of the patterns, each once, in the order wanted. From its first pattern on a path follows no links: who
/// may write the folder of the logs could lead it anywhere. A path without a pattern is followed.
pub fn find(patterns: &[String], order: Order) -> Finds {
    let mut finds = Finds::default();
    for pattern in patterns {
        let parts: Vec<&[u8]> = pattern.as_bytes().split(|b| *b == b'/').filter(|part| !part.is_empty()).collect();
        let before = finds.count();
        finds.walk(PathBuf::from("/"), &parts, true);
        if finds.count() == before {
            finds.left.push((pattern.into(), "no file matches".into()));
        }
    }
    let by_name: Before = |a, b| a.path.cmp(&b.path);
    finds.files.sort_by(by_name);
    finds.files.dedup_by(|a, b| a.path == b.path);
    let by_time: Before = match order {
        Order::Name => return finds,
        Order::Oldest => |a, b| a.changed.cmp(&b.changed),
        Order::Newest => |a, b| b.changed.cmp(&a.changed),
    };
    finds.files.sort_by(by_time);
    finds
}

impl Finds {
    fn count(&self) -> usize {
        self.files.len() + self.troubles.len() + self.left.len()
    }

    fn walk(&mut self, folder: PathBuf, parts: &[&[u8]], is_named: bool) {
        let Some((part, rest)) = parts.split_first() else { return };
        if !is_pattern(part) {
            return self.enter(folder.join(std::ffi::OsStr::from_bytes(part)), rest, is_named);
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
            self.enter(name.path(), rest, false);
        }
    }

    fn enter(&mut self, path: PathBuf, rest: &[&[u8]], is_named: bool) {
        if rest.is_empty() {
            self.take(path, is_named);
        } else if is_named || fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
            self.walk(path, rest, is_named);
        }
    }

    fn take(&mut self, path: PathBuf, is_named: bool) {
        let look = if is_named { fs::metadata } else { fs::symlink_metadata };
        match look(&path) {
            Ok(meta) if meta.is_file() => self.files.push(Found::new(path, &meta, is_named)),
            Ok(meta) if is_named && meta.is_dir() => {
                self.left.push((path, "it is a folder; name its files: /*".into()))
            }
            Ok(_) if is_named => self.left.push((path, "it is no regular file".into())),
            Ok(_) => log::debug!("{} is no regular file", path.display()),
            Err(e) if is_named && is_absent(&e) => self.left.push((path, "it isn't there".into())),
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
    pub(super) fn new(path: PathBuf, meta: &Metadata, is_named: bool) -> Found {
        let changed = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        Found { path, size: meta.len(), changed, is_named }
    }

    /// Opens a file that somebody named, as it is now.
    ///
    /// # Errors
    /// As [`open_regular`].
    pub fn open(path: &Path) -> Result<(File, Found)> {
        Found { path: path.to_owned(), size: 0, changed: 0, is_named: true }.again()
    }

    /// Opens the file as it is now, which may not be as it was found.
    ///
    /// # Errors
    /// As [`open_regular`]; [`Kind::NoFile`] for a link where none is meant.
    pub fn again(&self) -> Result<(File, Found)> {
        let path = &self.path;
        let file = if self.is_named { open_regular(path) } else { open_unlinked(path) }?;
        let meta = file.metadata();
        let meta = meta.map_err(|e| Error::new(Kind::Read, format!("can't look at {}: {e}", path.display())))?;
        let found = Found::new(path.clone(), &meta, self.is_named);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_behind_a_pattern_lead_nowhere_even_when_they_come_later() {
        let folder = std::env::temp_dir().join(format!("firepush-find-{}", crate::os::random::token(12).unwrap()));
        fs::create_dir_all(folder.join("jobs/one")).unwrap();
        fs::create_dir(folder.join("secret")).unwrap();
        for name in ["jobs/one/x.log", "secret/x.log"] {
            fs::write(folder.join(name), name).unwrap();
        }
        symlink(folder.join("secret"), folder.join("jobs/two")).unwrap();
        symlink(folder.join("jobs"), folder.join("named")).unwrap();
        let paths = |pattern: &str| {
            let finds = find(&[format!("{}/{pattern}", folder.display())], Order::Name);
            finds
                .files
                .into_iter()
                .map(|found| found.path.strip_prefix(&folder).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(paths("jobs/*/x.log"), [Path::new("jobs/one/x.log")]);
        assert_eq!(paths("named/*/x.log"), [Path::new("named/one/x.log")]);
        assert_eq!(paths("jobs/two/x.log"), [Path::new("jobs/two/x.log")], "who names a link means it");
        let found = find(&[format!("{}/jobs/one/*", folder.display())], Order::Name).files.remove(0);
        fs::remove_file(&found.path).unwrap();
        symlink(folder.join("secret/x.log"), &found.path).unwrap();
        assert_eq!(found.again().unwrap_err().kind(), Kind::NoFile);
        fs::remove_dir_all(folder).unwrap();
    }
}
