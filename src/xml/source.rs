//! The bytes that the XML parser has not read yet.

use std::io::{self, ErrorKind, Read};

use super::guard::{Guard, Refusal};

/// Hands whole UTF-8 characters to the parser, byte for byte, as far as the guard lets them through.
#[derive(Default)]
pub struct Source {
    pub guard: Guard,
    bytes: Vec<u8>,
    /// How many of `bytes` have been read.
    read: usize,
    /// How many of `bytes` are whole characters.
    whole: usize,
    /// Behind the whole characters comes no character.
    broken: bool,
    starved: bool,
    refusal: Option<Refusal>,
}

/// Why the parser could not go on.
pub enum Stop {
    /// More bytes are needed.
    Starved,
    /// The next byte is not let through.
    Refused(Refusal),
    /// The parser itself found something.
    Parser,
}

impl Source {
    /// Adds bytes that came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken {
            return;
        }
        self.forget_read();
        self.bytes.extend_from_slice(bytes);
        // Only what came now, and at most three bytes of a cut character before it, is checked.
        match std::str::from_utf8(&self.bytes[self.whole..]) {
            Ok(text) => self.whole += text.len(),
            Err(error) => {
                self.whole += error.valid_up_to();
                self.broken = error.error_len().is_some();
            }
        }
    }

    fn forget_read(&mut self) {
        // Each byte is moved once at most, however little of it is read between two pushes.
        if self.read * 2 >= self.bytes.len() {
            self.bytes.drain(..self.read);
            self.whole -= self.read;
            self.read = 0;
        }
    }

    /// Nothing but white space between stanzas is left, and nothing is half read.
    pub fn is_empty(&self) -> bool {
        self.guard.between() && self.bytes[self.read..].iter().all(|byte| is_space(*byte))
    }

    /// Why the parser stopped just now.
    pub fn why_stopped(&mut self) -> Stop {
        match self.refusal {
            Some(refusal) => Stop::Refused(refusal),
            None if std::mem::take(&mut self.starved) => Stop::Starved,
            None => Stop::Parser,
        }
    }

    fn next(&mut self) -> Result<Option<u8>, Refusal> {
        while let Some(&byte) = self.bytes[self.read..self.whole].first() {
            self.read += 1;
            // A keep-alive; the parser would collect them.
            if is_space(byte) && self.guard.between() {
                continue;
            }
            self.guard.pass(byte)?;
            return Ok(Some(byte));
        }
        if self.broken {
            return Err(Refusal { condition: "not-well-formed", what: "bytes that are not UTF-8" });
        }
        Ok(None)
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buf.first_mut() else { return Ok(0) };
        match self.next() {
            Ok(Some(byte)) => {
                *slot = byte;
                Ok(1)
            }
            Ok(None) => {
                self.starved = true;
                Ok(0)
            }
            Err(refusal) => {
                self.refusal = Some(refusal);
                Err(ErrorKind::InvalidData.into())
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_character_waits_for_its_rest() {
        let mut source = Source::default();
        let mut read = Vec::new();
        source.push(b"<s><a>");
        for byte in "é€😊".bytes() {
            source.push(&[byte]);
            while let Ok(Some(byte)) = source.next() {
                read.push(byte);
                assert!(!source.is_empty());
            }
            let text = std::str::from_utf8(&read).unwrap();
            assert!("<s><a>é€😊".starts_with(text));
        }
        assert_eq!(read, "<s><a>é€😊".as_bytes());
    }

    #[test]
    fn what_was_read_is_forgotten() {
        let mut source = Source::default();
        source.push(b"<s>");
        for _ in 0..10_000 {
            source.push(b"<a>text</a>");
            for _ in 0..11 {
                assert!(matches!(source.next(), Ok(Some(_))));
            }
        }
        assert!(source.bytes.capacity() < 100, "{}", source.bytes.capacity());
    }
}
