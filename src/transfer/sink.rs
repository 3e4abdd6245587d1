//! Where received bytes go: into a folder, or to the program. They are counted and hashed on the way.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ring::digest::{Context as Hash, SHA256};

use super::folder::{Folder, Part};
use crate::base::error::{Error, Kind, Result};

/// Where received files go.
#[derive(Clone)]
pub enum Place {
    Folder(Folder),
    Program(Arc<dyn Taker>),
}

/// A program that takes bytes instead of a folder.
pub trait Taker: Send + Sync {
    /// The next bytes of a file. None of its calls overlaps another one of the same file.
    ///
    /// # Errors
    /// It wants no more of it.
    fn take(&self, bytes: &Bytes<'_>) -> io::Result<()>;
}

/// Some bytes of a file that is being received.
pub struct Bytes<'b> {
    /// The sid of the offer.
    pub id: &'b str,
    /// The name as the sender gave it.
    pub name: &'b str,
    /// How many bytes came before.
    pub offset: u64,
    /// The bytes; none of a file that is empty.
    pub bytes: &'b [u8],
}

/// What was offered, and how much of it is taken.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What tells it from every other transfer.
    pub transfer: String,
    /// The sid of the offer.
    pub id: String,
    /// The name as the sender gave it.
    pub name: String,
    /// How many bytes, if the sender says so.
    pub size: Option<u64>,
    /// No more than this; 0: no limit.
    pub limit: u64,
}

/// A file that is being received. Dropped before it is finished, it is removed.
pub struct Sink {
    expected: Expected,
    into: Into,
    written: u64,
    hash: Hash,
}

enum Into {
    Part(Part),
    Program(Arc<dyn Taker>),
}

/// A file that is whole and safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    /// Where it is; empty when the program took it.
    pub path: PathBuf,
    pub size: u64,
    pub sha256: String,
}

impl Place {
    /// Opens the way for the bytes of one transfer.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn create(&self, expected: Expected) -> Result<Sink> {
        let into = match self {
            Place::Folder(folder) => Into::Part(folder.create(&expected.transfer, &expected.name)?),
            Place::Program(taker) => Into::Program(Arc::clone(taker)),
        };
        Ok(Sink { expected, into, written: 0, hash: Hash::new(&SHA256) })
    }
}

impl Sink {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Kind::Write`]; [`Kind::Protocol`] when they are more than was offered or allowed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let after = self.written + bytes.len() as u64;
        if let Some(size) = self.expected.size.filter(|size| after > *size) {
            return Err(Error::new(Kind::Protocol, format!("more bytes came than the {size} offered")));
        }
        if self.expected.limit != 0 && after > self.expected.limit {
            let what = format!("more bytes came than the {} allowed", self.expected.limit);
            return Err(Error::new(Kind::Protocol, what));
        }
        match &mut self.into {
            Into::Part(part) => part.write(bytes)?,
            Into::Program(_) if bytes.is_empty() => {}
            Into::Program(taker) => hand_over(&**taker, &self.expected, self.written, bytes)?,
        }
        self.hash.update(bytes);
        self.written = after;
        Ok(())
    }

    /// Every byte that was offered is here.
    pub fn is_full(&self) -> bool {
        self.expected.size == Some(self.written)
    }

    /// # Errors
    /// [`Kind::Incomplete`] when bytes are missing.
    pub fn check_complete(&self) -> Result<()> {
        match self.expected.size {
            Some(size) if size != self.written => {
                let what = format!("the sender ended after {} of {size} bytes", self.written);
                Err(Error::new(Kind::Incomplete, what))
            }
            _ => Ok(()),
        }
    }

    /// Makes the file safe and gives it its name.
    ///
    /// # Errors
    /// [`Kind::Incomplete`], [`Kind::Write`].
    pub fn finish(self) -> Result<Stored> {
        self.check_complete()?;
        let (name, path) = match self.into {
            Into::Part(part) => part.publish()?,
            Into::Program(taker) => {
                if self.written == 0 {
                    hand_over(&*taker, &self.expected, 0, &[])?;
                }
                (self.expected.name, PathBuf::new())
            }
        };
        let sha256 = self.hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Stored { name, path, size: self.written, sha256 })
    }
}

fn hand_over(taker: &dyn Taker, expected: &Expected, offset: u64, bytes: &[u8]) -> Result<()> {
    let Expected { id, name, .. } = expected;
    let taken = taker.take(&Bytes { id, name, offset, bytes });
    taken.map_err(|e| Error::new(Kind::Write, format!("the program doesn't take {name}: {e}")).because(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use std::sync::Mutex;

    fn folder() -> (std::path::PathBuf, Place) {
        let name = crate::os::random::token(16).unwrap();
        let path = std::env::temp_dir().join(format!("firepush-sink-{name}"));
        fs::create_dir(&path).unwrap();
        let folder = Folder::open(&path).unwrap();
        (path, Place::Folder(folder))
    }

    fn expected(transfer: &str, name: &str, size: u64, limit: u64) -> Expected {
        let (transfer, id, name) = (transfer.into(), "s1".into(), name.into());
        Expected { transfer, id, name, size: Some(size).filter(|size| *size > 0), limit }
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
        let mut sink = folder.create(expected("t1", "../../a.log", 3, 0)).unwrap();
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
        std::mem::forget(folder.create(expected("t1", "x", 1, 0)).unwrap());
        let mut sink = folder.create(expected("t1", "x", 1, 0)).unwrap();
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
        let mut sink = folder.create(expected("t1", "x", 1, 0)).unwrap();
        let Place::Folder(own) = &folder else { unreachable!() };
        own.clean();
        sink.write(b"a").unwrap();
        sink.finish().unwrap();
        assert_eq!(names(&path), [".profile", "x"]);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn rule_67_too_many_bytes_or_too_few_leave_nothing_behind() {
        let (path, folder) = folder();
        let mut sink = folder.create(expected("t1", "x", 3, 0)).unwrap();
        assert_eq!(sink.write(b"abcd").unwrap_err().kind(), Kind::Protocol);
        drop(sink);
        let mut sink = folder.create(expected("t2", "x", 3, 0)).unwrap();
        sink.write(b"ab").unwrap();
        assert_eq!(sink.finish().unwrap_err().kind(), Kind::Incomplete);
        let mut sink = folder.create(expected("t3", "x", 0, 2)).unwrap();
        assert_eq!(sink.write(b"abc").unwrap_err().kind(), Kind::Protocol);
        drop(sink);
        assert_eq!(names(&path), Vec::<String>::new());
        fs::remove_dir_all(path).unwrap();
    }

    #[derive(Default)]
    struct Taken(Mutex<Vec<(u64, Vec<u8>)>>);

    impl Taker for Taken {
        fn take(&self, bytes: &Bytes<'_>) -> io::Result<()> {
            assert_eq!((bytes.id, bytes.name), ("s1", "../conf"));
            self.0.lock().unwrap().push((bytes.offset, bytes.bytes.to_owned()));
            if bytes.offset >= 4 { Err(io::Error::other("enough")) } else { Ok(()) }
        }
    }

    #[test]
    fn a_program_takes_bytes_in_order_and_hears_of_an_empty_file_too() {
        let taken = Arc::new(Taken::default());
        let place = Place::Program(taken.clone());
        let mut sink = place.create(expected("t1", "../conf", 4, 0)).unwrap();
        sink.write(b"ab").unwrap();
        sink.write(b"cd").unwrap();
        let stored = sink.finish().unwrap();
        assert_eq!((stored.name.as_str(), stored.path.to_str(), stored.size), ("../conf", Some(""), 4));
        place.create(expected("t2", "../conf", 0, 0)).unwrap().finish().unwrap();
        let all = taken.0.lock().unwrap().clone();
        assert_eq!(all, [(0, b"ab".to_vec()), (2, b"cd".to_vec()), (0, Vec::new())]);
    }

    #[test]
    fn what_the_program_refuses_ends_the_file() {
        let place = Place::Program(Arc::new(Taken::default()));
        let mut sink = place.create(expected("t1", "../conf", 9, 0)).unwrap();
        sink.write(b"abcd").unwrap();
        let error = sink.write(b"e").unwrap_err();
        assert_eq!(error.kind(), Kind::Write);
        assert!(error.what().contains("enough"), "{error}");
    }
}
