//! What is sent: a file, or bytes of a known number.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::base::error::{Error, Kind, Result};
use crate::os::file::open_regular;

/// Bytes to send: their number is fixed now, and exactly that many are sent.
pub struct Source {
    name: String,
    transfer: Option<String>,
    size: u64,
    done: u64,
    bytes: Bytes,
}

/// As [`Read::read`]: a `dyn Read` would have code for all the other ways to read, too.
type Fill = dyn FnMut(&mut [u8]) -> io::Result<usize> + Send;

enum Bytes {
    File(File),
    Reader(Box<Fill>),
}

impl Source {
    /// Opens a regular file; its size is fixed now, its name is the last part of the path.
    ///
    /// # Errors
    /// [`Kind::NoFile`]; [`Kind::BadFile`] for a folder, FIFO or device; [`Kind::Read`].
    pub fn path(path: impl AsRef<Path>) -> Result<Source> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Source::file(open_regular(path)?, &name)
    }

    /// Takes an open regular file, from its first byte.
    ///
    /// # Errors
    /// [`Kind::BadFile`] when it is no regular file, [`Kind::Read`].
    pub fn file(file: File, name: &str) -> Result<Source> {
        let meta = file.metadata();
        let meta = meta.map_err(|e| Error::new(Kind::Read, format!("can't look at {name}: {e}")).because(e))?;
        if !meta.is_file() {
            return Err(Error::new(Kind::BadFile, format!("{name} is not a regular file")));
        }
        Ok(Source { name: name.to_owned(), transfer: None, size: meta.len(), done: 0, bytes: Bytes::File(file) })
    }

    /// Takes exactly `size` bytes of a reader.
    pub fn reader(name: &str, size: u64, mut reader: impl Read + Send + 'static) -> Source {
        let bytes = Bytes::Reader(Box::new(move |buffer| reader.read(buffer)));
        Source { name: name.to_owned(), transfer: None, size, done: 0, bytes }
    }

    /// The same bytes under another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Source {
        name.clone_into(&mut self.name);
        self
    }

    /// The same bytes under an id that stays the same however often they are sent: it stands in the offer's
    /// `<desc>`, so that a duplicate is known for one.
    #[must_use]
    pub fn transfer_id(mut self, id: &str) -> Source {
        self.transfer = Some(id.to_owned());
        self
    }

    /// Only the first `size` bytes of those that are there.
    pub(crate) fn cut_to(mut self, size: u64) -> Source {
        self.size = self.size.min(size);
        self
    }

    pub(crate) fn transfer(&self) -> Option<&str> {
        self.transfer.as_deref()
    }

    /// The name as it was given, before it is made safe for the recipient.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes are sent.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn left(&self) -> u64 {
        self.size - self.done
    }

    /// The file and the offset of the next byte, where the kernel can move the bytes by itself.
    pub(crate) fn as_file(&self) -> Option<(&File, u64)> {
        match &self.bytes {
            Bytes::File(file) => Some((file, self.done)),
            Bytes::Reader(_) => None,
        }
    }

    /// The next `n` bytes are on their way.
    pub(crate) fn advance(&mut self, n: u64) {
        self.done += n;
    }

    /// Fills the buffer, or as much of it as bytes are left.
    pub(crate) fn fill<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let wanted = buffer.len().min(usize::try_from(self.left()).unwrap_or(usize::MAX));
        let mut filled = 0;
        while filled < wanted {
            match self.read(&mut buffer[filled..wanted]) {
                Ok(0) => return Err(self.too_short()),
                Ok(n) => {
                    filled += n;
                    self.done += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.unreadable(e)),
            }
        }
        Ok(&buffer[..filled])
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::File(file) => file.read_at(buffer, self.done),
            Bytes::Reader(fill) => fill(buffer),
        }
    }

    /// Nothing is ever made up: a file that shrank ends its transfer (rule 37).
    pub(crate) fn too_short(&self) -> Error {
        let what =
            format!("{} became shorter while it was sent: {} of {} bytes were there", self.name, self.done, self.size);
        Error::new(Kind::BadFile, what).advise("send it again when nothing truncates it")
    }

    pub(crate) fn unreadable(&self, cause: io::Error) -> Error {
        Error::new(Kind::Read, format!("can't read {}: {cause}", self.name)).because(cause)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?}, {} of {} bytes)", self.name, self.done, self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_37_exactly_the_offered_bytes_are_given() {
        let mut source = Source::reader("x", 5, &b"1234567"[..]);
        let mut buffer = [0; 4];
        assert_eq!(source.fill(&mut buffer).unwrap(), b"1234");
        assert_eq!(source.fill(&mut buffer).unwrap(), b"5");
        assert_eq!(source.fill(&mut buffer).unwrap(), b"");
    }

    #[test]
    fn a_source_that_shrank_is_an_error_and_never_padded() {
        let error = Source::reader("x", 5, &b"123"[..]).fill(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), Kind::BadFile);
        assert!(error.what().contains("3 of 5 bytes"), "{error}");
    }

    #[test]
    fn a_device_is_no_source() {
        assert_eq!(Source::path("/dev/zero").unwrap_err().kind(), Kind::BadFile);
        assert_eq!(Source::path("/").unwrap_err().kind(), Kind::BadFile);
    }
}
