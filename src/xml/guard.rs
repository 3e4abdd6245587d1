//! What may not even reach the XML parser: markup that XMPP forbids, and more than the limits allow.
//!
//! The parser asks for one byte at a time and reports each event at its last byte; so everything it keeps is
//! bounded by what passes here. It also takes some things for values that aren't: `<![CDATA[` in an attribute.

/// Bytes of a stanza, or of one item of a roster.
pub const STANZA_MAX: usize = 256 * 1024;
/// Bytes of the stream's header.
pub const HEADER_MAX: usize = 64 * 1024;
/// Levels of elements in a stanza, itself included.
pub const LEVELS_MAX: usize = 64;
/// Attributes of an element, namespace declarations included.
pub const ATTRS_MAX: usize = 32;
/// Attributes of an element and of all those around it: the parser copies their namespaces for each element.
pub const ATTRS_AROUND_MAX: usize = 64;
/// Elements and attributes of a stanza: each takes more memory than it has bytes.
pub const PARTS_MAX: usize = 8 * 1024;
/// Bytes of a name or an attribute's value.
pub const VALUE_MAX: usize = 64 * 1024;

/// Why a byte isn't let through: a stream error condition and what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub condition: &'static str,
    pub what: &'static str,
}

type Passed<T> = Result<T, Refusal>;

/// Follows the markup from byte to byte.
#[derive(Default)]
pub struct Guard {
    place: Place,
    /// The number of attributes of each open element.
    open: Vec<usize>,
    /// The number of attributes of the tag that is being read.
    attrs: usize,
    /// Elements and attributes since the stanza began.
    parts: usize,
    /// Bytes since the stanza began.
    bytes: usize,
    /// Bytes since the name or value began.
    run: usize,
    last: u8,
}

#[derive(Clone, Copy, Default)]
enum Place {
    /// Before the first `<`.
    #[default]
    Start,
    Text,
    /// After `<`, which `first` tells was the first one.
    Markup {
        first: bool,
    },
    /// This far into `xml ` after the first `<?`.
    Declaration(usize),
    Tag,
    ClosingTag,
    /// In an attribute's value with this quote.
    Value(u8),
    /// After `<!`.
    Section,
    /// After so many `]` of a CDATA section.
    Cdata(u8),
}

impl Guard {
    /// Between two stanzas, or before the header.
    pub fn between(&self) -> bool {
        self.open.len() <= 1 && matches!(self.place, Place::Start | Place::Text)
    }

    /// Starts counting anew: what came so far isn't kept.
    pub fn recount(&mut self) {
        (self.bytes, self.parts) = (0, 0);
    }

    /// Lets `byte` through or not.
    pub fn pass(&mut self, byte: u8) -> Passed<()> {
        self.bytes += 1;
        let limit = if self.open.is_empty() { HEADER_MAX } else { STANZA_MAX };
        below(self.bytes, limit, "a stanza that is too long")?;
        self.place = match self.place {
            Place::Start => self.text(byte, true)?,
            Place::Text => self.text(byte, false)?,
            Place::Markup { first } => self.markup(byte, first)?,
            Place::Declaration(at) => declaration(byte, at)?,
            Place::Tag => self.tag(byte)?,
            Place::ClosingTag => self.closing_tag(byte),
            Place::Value(quote) => self.value(byte, quote)?,
            Place::Section => self.section(byte)?,
            Place::Cdata(brackets) => cdata(byte, brackets),
        };
        self.last = byte;
        Ok(())
    }

    fn text(&mut self, byte: u8, first: bool) -> Passed<Place> {
        let between = self.open.len() <= 1;
        match byte {
            b'<' => {
                if between {
                    self.recount();
                    self.bytes = 1;
                }
                Ok(Place::Markup { first })
            }
            _ if between => refuse("bad-format", "text outside of a stanza"),
            _ => Ok(Place::Text),
        }
    }

    fn markup(&mut self, byte: u8, first: bool) -> Passed<Place> {
        match byte {
            b'/' => Ok(Place::ClosingTag),
            b'!' => Ok(Place::Section),
            b'?' if first => Ok(Place::Declaration(0)),
            b'?' => refuse("restricted-xml", "a processing instruction"),
            _ => {
                (self.attrs, self.run) = (0, 1);
                below(self.open.len(), LEVELS_MAX, "too many levels of elements")?;
                self.part()?;
                Ok(Place::Tag)
            }
        }
    }

    fn tag(&mut self, byte: u8) -> Passed<Place> {
        match byte {
            b'"' | b'\'' => {
                self.attribute()?;
                Ok(Place::Value(byte))
            }
            b'>' if self.last == b'/' => Ok(Place::Text),
            b'>' => {
                self.open.push(self.attrs);
                Ok(Place::Text)
            }
            _ => {
                self.run = if byte.is_ascii_whitespace() { 0 } else { self.run + 1 };
                below(self.run, VALUE_MAX, "a name that is too long")?;
                Ok(Place::Tag)
            }
        }
    }

    fn attribute(&mut self) -> Passed<()> {
        (self.attrs, self.run) = (self.attrs + 1, 0);
        below(self.attrs, ATTRS_MAX, "too many attributes")?;
        let around: usize = self.open.iter().sum();
        below(around + self.attrs, ATTRS_AROUND_MAX, "too many attributes in nested elements")?;
        self.part()
    }

    fn part(&mut self) -> Passed<()> {
        self.parts += 1;
        below(self.parts, PARTS_MAX, "a stanza with too many elements and attributes")
    }

    fn closing_tag(&mut self, byte: u8) -> Place {
        if byte != b'>' {
            return Place::ClosingTag;
        }
        self.open.pop();
        Place::Text
    }

    fn value(&mut self, byte: u8, quote: u8) -> Passed<Place> {
        if byte == quote {
            self.run = 0;
            return Ok(Place::Tag);
        }
        if byte == b'<' {
            return refuse("not-well-formed", "< in an attribute's value");
        }
        self.run += 1;
        below(self.run, VALUE_MAX, "an attribute's value that is too long")?;
        Ok(Place::Value(quote))
    }

    fn section(&mut self, byte: u8) -> Passed<Place> {
        match byte {
            b'[' if self.open.len() > 1 => Ok(Place::Cdata(0)),
            b'[' => refuse("bad-format", "text outside of a stanza"),
            b'-' => refuse("restricted-xml", "a comment"),
            _ => refuse("restricted-xml", "a document type or another declaration"),
        }
    }
}

fn declaration(byte: u8, at: usize) -> Passed<Place> {
    match (at, byte) {
        (0..=2, _) if byte == b"xml"[at] => Ok(Place::Declaration(at + 1)),
        (3, _) if byte.is_ascii_whitespace() => Ok(Place::Declaration(4)),
        (4, b'>') => Ok(Place::Text),
        (4, _) => Ok(Place::Declaration(4)),
        _ => refuse("restricted-xml", "a processing instruction"),
    }
}

fn cdata(byte: u8, brackets: u8) -> Place {
    match byte {
        b'>' if brackets == 2 => Place::Text,
        b']' => Place::Cdata(2.min(brackets + 1)),
        _ => Place::Cdata(0),
    }
}

fn below(number: usize, limit: usize, what: &'static str) -> Passed<()> {
    if number <= limit { Ok(()) } else { refuse("policy-violation", what) }
}

fn refuse<T>(condition: &'static str, what: &'static str) -> Passed<T> {
    Err(Refusal { condition, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<Guard, Refusal> {
        let mut guard = Guard::default();
        text.bytes().try_for_each(|byte| guard.pass(byte))?;
        Ok(guard)
    }

    #[test]
    fn between_two_stanzas_is_told_from_inside_one() {
        for (text, between) in [
            ("", true),
            ("<", false),
            ("<?xml version='1.0'?>", true),
            ("<s", false),
            ("<s a='>", false),
            ("<s>", true),
            ("<s><a/>", true),
            ("<s><a b='/'>", false),
            ("<s><a b=\"'/>'\"/>", true),
            ("<s><a>t", false),
            ("<s><a><![CDATA[</a>]]]>", false),
            ("<s><a><![CDATA[]]></a>", true),
            ("<s></", false),
            ("<s></s>", true),
        ] {
            assert_eq!(run(text).unwrap().between(), between, "{text}");
        }
    }

    #[test]
    fn forbidden_markup_is_refused_at_its_first_bytes() {
        for (text, condition) in [
            ("<!D", "restricted-xml"),
            ("<s><!-", "restricted-xml"),
            ("<s><a><!-", "restricted-xml"),
            ("<?xm ", "restricted-xml"),
            ("<?xml-", "restricted-xml"),
            ("<?xml ?><?", "restricted-xml"),
            ("<s><?", "restricted-xml"),
            ("<s><![", "bad-format"),
            ("<s>x", "bad-format"),
            ("<s>&", "bad-format"),
            ("H", "bad-format"),
            ("<s><a b='<", "not-well-formed"),
        ] {
            assert_eq!(run(text).map(|_| ()).unwrap_err().condition, condition, "{text}");
            assert!(run(&text[..text.len() - 1]).is_ok(), "{text}");
        }
    }
}
