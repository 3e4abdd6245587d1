//! Compressing on the way: once to know how many bytes it makes, once more to send them. Nothing is written.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{MZFlush, MZStatus};

use crate::base::error::{Error, Kind, Result};
use crate::os::file::each_piece;
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
    let size = each_piece(&mut first, |_| Ok(())).map_err(unreadable)?;
    let digest = first.plain.hash.digest();
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

/// Header, deflated bytes, trailer (RFC 1952). By hand: flate2 brings a table of 16 KiB for the check sum.
struct Gzip {
    plain: Plain,
    deflate: Box<CompressorOxide>,
    input: Vec<u8>,
    /// What of the input is still to be compressed.
    pending: Range<usize>,
    crc: Crc,
    /// What goes out as it is: the header, later the trailer.
    framing: Vec<u8>,
    is_over: bool,
}

/// Deflate, no name, no time, no system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
const LEVEL: i32 = 6;
/// No zlib header around the bytes.
const RAW: i32 = -15;
const INPUT: usize = 16 * 1024;

impl Gzip {
    fn new(plain: Plain) -> Gzip {
        let flags = create_comp_flags_from_zip_params(LEVEL, RAW, 0);
        Gzip {
            plain,
            deflate: Box::new(CompressorOxide::new(flags)),
            input: vec![0; INPUT],
            pending: 0..0,
            crc: Crc::new(),
            framing: HEADER.to_vec(),
            is_over: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            let n = self.plain.read(&mut self.input)?;
            self.crc.add(&self.input[..n]);
            self.pending = 0..n;
        }
        Ok(())
    }

    /// The next compressed bytes; at their end the trailer is ready.
    fn compress(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.refill()?;
            let flush = if self.pending.is_empty() { MZFlush::Finish } else { MZFlush::None };
            let done = deflate(&mut self.deflate, &self.input[self.pending.clone()], buffer, flush);
            self.pending.start += done.bytes_consumed;
            match done.status {
                Ok(MZStatus::StreamEnd) => {
                    self.is_over = true;
                    self.framing.extend(self.crc.finish().to_le_bytes());
                    // Modulo 2^32, as the RFC has it.
                    self.framing.extend((self.plain.at as u32).to_le_bytes());
                    return Ok(done.bytes_written);
                }
                Ok(_) if done.bytes_written > 0 => return Ok(done.bytes_written),
                Ok(_) => {}
                Err(e) => return Err(io::Error::other(format!("deflate: {e:?}"))),
            }
        }
    }
}

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.framing.is_empty() && !self.is_over {
            let n = self.compress(buffer)?;
            if n > 0 {
                return Ok(n);
            }
        }
        let n = self.framing.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.framing[..n]);
        self.framing.drain(..n);
        Ok(n)
    }
}

/// CRC-32 of RFC 1952, four bits at a time: a table of 64 bytes.
struct Crc {
    table: [u32; 16],
    state: u32,
}

impl Crc {
    fn new() -> Crc {
        let of = |n: u32| (0..4).fold(n, |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()));
        Crc { table: std::array::from_fn(|n| of(n as u32)), state: u32::MAX }
    }

    fn add(&mut self, bytes: &[u8]) {
        let nibble = |state: u32| (state >> 4) ^ self.table[(state & 15) as usize];
        self.state = bytes.iter().fold(self.state, |state, byte| nibble(nibble(state ^ u32::from(*byte))));
    }

    fn finish(&self) -> u32 {
        !self.state
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
            if !ended || self.gzip.plain.hash.digest() != self.digest {
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
    fn the_check_sum_is_that_of_the_rfc() {
        let mut crc = Crc::new();
        crc.add(b"1234");
        crc.add(b"56789");
        assert_eq!(crc.finish(), 0xcbf4_3926);
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
