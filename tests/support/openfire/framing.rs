//! How Openfire cuts its input into stanzas (`XMLLightweightParser`): a state machine that knows double quotes only.

/// More characters of one stanza end the stream.
pub const STANZA_MAX: usize = 1024 * 1024;

#[derive(Debug, PartialEq)]
pub enum Frame {
    /// The stream's header, from `<stream:stream` to its `>`.
    Header(String),
    Stanza(String),
    /// `</stream:stream>`
    End,
    /// What Openfire ends the stream for.
    Fatal,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Between,
    Text,
    TagStart,
    Tag,
    Quoted,
    Closing,
    Declaration,
}

pub struct Framing {
    place: Place,
    depth: usize,
    buffer: Vec<u8>,
    /// What came behind the last frame that was taken.
    ahead: Vec<u8>,
}

impl Framing {
    pub fn new() -> Framing {
        Framing { place: Place::Between, depth: 0, buffer: Vec::new(), ahead: Vec::new() }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.ahead.extend_from_slice(bytes);
    }

    /// Whether something came behind the last frame.
    pub fn has_more(&self) -> bool {
        !self.buffer.is_empty() || self.ahead.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    pub fn next(&mut self) -> Option<Frame> {
        let ahead = std::mem::take(&mut self.ahead);
        for (at, byte) in ahead.iter().enumerate() {
            if let Some(frame) = self.take(*byte) {
                self.ahead = ahead[at + 1..].to_vec();
                return Some(frame);
            }
        }
        None
    }

    fn take(&mut self, byte: u8) -> Option<Frame> {
        if byte < 0x20 && !byte.is_ascii_whitespace() {
            return Some(Frame::Fatal);
        }
        if self.place == Place::Between && byte != b'<' {
            return None;
        }
        self.buffer.push(byte);
        if self.buffer.len() > STANZA_MAX {
            return Some(Frame::Fatal);
        }
        let before = self.buffer.len().checked_sub(2).map(|at| self.buffer[at]);
        match (self.place, byte) {
            (Place::Between | Place::Text, b'<') => self.place = Place::TagStart,
            (Place::TagStart, b'/') => self.place = Place::Closing,
            (Place::TagStart, b'?') => self.place = Place::Declaration,
            (Place::TagStart, b'!') => return Some(Frame::Fatal),
            (Place::TagStart, _) => self.place = Place::Tag,
            (Place::Tag, b'"') => self.place = Place::Quoted,
            (Place::Quoted, b'"') => self.place = Place::Tag,
            (Place::Declaration, b'>') => self.restart(),
            (Place::Tag, b'>') => return self.tag_ended(before == Some(b'/')),
            (Place::Closing, b'>') => return self.closed(),
            _ => {}
        }
        None
    }

    /// The root counts only when it begins literally with `<stream:stream`; any other one is never complete.
    fn tag_ended(&mut self, empty: bool) -> Option<Frame> {
        self.place = Place::Text;
        if self.depth == 0 && self.buffer.starts_with(b"<stream:stream") {
            let text = self.text();
            self.restart();
            return text.map(Frame::Header);
        }
        if !empty {
            self.depth += 1;
            return None;
        }
        if self.depth == 0 { self.stanza() } else { None }
    }

    fn closed(&mut self) -> Option<Frame> {
        self.place = Place::Text;
        if self.buffer.starts_with(b"</stream:stream>") {
            return Some(Frame::End);
        }
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 { self.stanza() } else { None }
    }

    fn stanza(&mut self) -> Option<Frame> {
        let text = self.text();
        self.restart();
        Some(text.map_or(Frame::Fatal, Frame::Stanza))
    }

    fn text(&self) -> Option<String> {
        String::from_utf8(self.buffer.clone()).ok()
    }

    fn restart(&mut self) {
        self.buffer.clear();
        (self.place, self.depth) = (Place::Between, 0);
    }
}
