//! The one format of what the spool writes: `key=value key=value`, a line each, readable for people.

use std::fmt::Write as _;

/// One line, being written.
#[derive(Default)]
pub struct Line(String);

impl Line {
    pub fn with(mut self, key: &str, value: impl AsRef<[u8]>) -> Line {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        let _ = write!(self.0, "{key}=");
        for byte in value.as_ref() {
            match byte {
                b' ' | b'%' | 0..=31 | 127.. => {
                    let _ = write!(self.0, "%{byte:02x}");
                }
                byte => self.0.push(char::from(*byte)),
            }
        }
        self
    }

    pub fn number(self, key: &str, value: u64) -> Line {
        self.with(key, value.to_string())
    }

    /// The line with its end.
    pub fn finish(self) -> String {
        self.0 + "\n"
    }
}

/// One line that was read.
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    /// `None` when it is no such line.
    pub fn parse(line: &str) -> Option<Fields> {
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=')?;
            Some((key.to_owned(), unescaped(value)?))
        };
        line.trim_end_matches('\n').split(' ').map(pair).collect::<Option<Vec<_>>>().map(Fields)
    }

    pub fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_slice())
    }

    pub fn text(&self, key: &str) -> Option<String> {
        self.bytes(key).and_then(|value| String::from_utf8(value.to_vec()).ok())
    }

    pub fn number(&self, key: &str) -> Option<u64> {
        self.text(key)?.parse().ok()
    }
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_whatever_it_holds() {
        let odd: Vec<u8> = (0..=255).collect();
        let line = Line::default().with("a", &odd).with("b", "").number("n", u64::MAX).finish();
        assert!(line.is_ascii() && line.lines().count() == 1);
        let fields = Fields::parse(&line).unwrap();
        assert_eq!(fields.bytes("a"), Some(&odd[..]));
        assert_eq!((fields.text("b").as_deref(), fields.number("n")), (Some(""), Some(u64::MAX)));
        assert!(fields.text("c").is_none());
        for bad in ["", "a", "a=%", "a=%g0", "a=1  b=2"] {
            assert!(Fields::parse(bad).is_none(), "{bad:?}");
        }
    }
}
