//! Compressing on the way: once to know how many bytes it makes, once more to send them. Nothing is written.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use flate2::Compression;
use flate2::read::GzEncoder;

use crate::base::error::{Error, Kind, Result};
use crate::transfer::source::Source;

/// The same bytes as a gzip file (RFC 1952); the name gains `.gz`.
///
/// # Errors
/// [`Kind::Read`], [`Kind::BadFile`] when the file changes meanwhile.
pub fn compressed(source: Source) -> Result<Source> {
    let name = format!("{}.gz", source.name());
    let Some((file, _)) = source.as_file() else { return Ok(source) };
    let unreadable = |e: io::Error| Error::new(Kind::Read, format!("can't compress {name}: {e}")).because(e);
    let first = Plain::new(file.try_clone().map_err(unreadable)?, source.size());
    let mut first = Gzip::new(first);
    let size = io::copy(&mut first, &mut io::sink()).map_err(unreadable)?;
    let digest = first.encoder.get_ref().hash.digest();
    let second = Gzip::new(Plain::new(file.try_clone().map_err(unreadable)?, source.size()));
    Ok(Source::reader(&name, size, Checked { gzip: second, left: size, digest }))
}

/// A number of bytes of a file, and their hash.
struct Plain {
    file: File,
    at: u64,
    size: u64,
    hash: sha1_smol::Sha1,
}

impl Plain {
    fn new(file: File, size: u64) -> Plain {
        Plain { file, at: 0, size, hash: sha1_smol::Sha1::new() }
    }
}

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.size - self.at).unwrap_or(buffer.len()));
        let n = self.file.read_at(&mut buffer[..most], self.at)?;
        if n == 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile"));
        }
        self.hash.update(&buffer[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

struct Gzip {
    encoder: GzEncoder<Plain>,
}

impl Gzip {
    fn new(plain: Plain) -> Gzip {
        Gzip { encoder: GzEncoder::new(plain, Compression::default()) }
    }
}

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.encoder.read(buffer)
    }
}

/// The second time: the last bytes are given only when what was read is what was read the first time.
struct Checked {
    gzip: Gzip,
    left: u64,
    digest: sha1_smol::Digest,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.gzip.read(buffer)?;
        self.left = self.left.saturating_sub(n as u64);
        if self.left == 0 && n > 0 {
            let ended = self.gzip.read(&mut [0])? == 0;
            if !ended || self.gzip.encoder.get_ref().hash.digest() != self.digest {
                return Err(io::Error::other("it changed meanwhile"));
            }
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::fs;

    fn plain(bytes: &[u8]) -> (std::path::PathBuf, Source) {
        let path = std::env::temp_dir().join(format!("firepush-gzip-{}", crate::os::random::token(12).unwrap()));
        fs::write(&path, bytes).unwrap();
        let source = Source::path(&path).unwrap();
        (path, source)
    }

    fn all(mut source: Source) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 1000];
        loop {
            match source.fill(&mut buffer)? {
                [] => return Ok(bytes),
                some => bytes.extend_from_slice(some),
            }
        }
    }

    #[test]
    fn what_is_compressed_unpacks_to_what_it_was() {
        for size in [0, 1, 100, 70_000, 1_000_000] {
            let bytes: Vec<u8> = (0..size as u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
            let (path, source) = plain(&bytes);
            let packed = compressed(source).unwrap();
            assert!(packed.name().ends_with(".gz"));
            let (size, packed) = (packed.size(), all(packed).unwrap());
            assert_eq!(size, packed.len() as u64);
            let mut unpacked = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == bytes);
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile_never_makes_a_broken_archive() {
        let (path, source) = plain(&[7; 300_000]);
        let packed = compressed(source).unwrap();
        fs::write(&path, [8; 300_000]).unwrap();
        assert!(all(packed).is_err());
        let (other, source) = plain(&[7; 300_000]);
        let packed = compressed(source).unwrap();
        fs::write(&other, [7; 10]).unwrap();
        assert!(all(packed).is_err());
        fs::remove_file(path).and_then(|()| fs::remove_file(other)).unwrap();
    }
}
