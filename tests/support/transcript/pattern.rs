//! Expected text with names in it, compared byte for byte with what the client wrote.

use std::collections::BTreeMap;

use super::Played;
use super::scram::{self, Scram};

/// What the names of a play stand for.
pub struct Names {
    user: String,
    /// SHA-256 of the server's certificate.
    certificate: Vec<u8>,
    payload: Vec<u8>,
    seen: BTreeMap<String, String>,
    scram: Option<Scram>,
}

/// How text compares with a line.
#[derive(Debug, PartialEq)]
pub enum Match {
    /// The first so many bytes are the line.
    Full(usize),
    /// All of the text is the beginning of the line.
    More,
    Not(String),
}

impl Match {
    pub fn why(self) -> String {
        if let Match::Not(why) = self { why } else { String::new() }
    }
}

/// A part of a line.
enum Part<'t> {
    Literal(&'t str),
    Name(&'t str),
}

/// Fewer letters would be guessed (rules 17, 28).
const LETTERS_MIN: usize = 10;

impl Names {
    pub fn new(user: &str, certificate: Vec<u8>, payload: Vec<u8>) -> Self {
        Names { user: user.to_owned(), certificate, payload, seen: BTreeMap::new(), scram: None }
    }

    /// Compares the beginning of `text` with a line; names that it shows for the first time are kept if all of it
    /// is there.
    pub fn compare(&mut self, line: &str, text: &[u8]) -> Played<Match> {
        let (mut at, mut fresh) = (0, BTreeMap::new());
        for part in parts(line) {
            let known = match part {
                Part::Literal(literal) => Some(literal.to_owned()),
                Part::Name(name) => fresh.get(name).cloned().or(self.known(name)?),
            };
            let matched = match (&known, part) {
                (Some(expected), _) => literal(expected, &text[at..]),
                (None, Part::Name(name)) => self.capture(name, &text[at..], &mut fresh),
                (None, Part::Literal(_)) => unreachable!("a literal is known"),
            };
            match matched {
                Match::Full(length) => at += length,
                other => return Ok(other),
            }
        }
        self.keep(fresh).map_or_else(|why| Ok(Match::Not(why)), |()| Ok(Match::Full(at)))
    }

    /// Text in which every name is known.
    pub fn expand(&self, line: &str) -> Played<String> {
        let resolve = |part| match part {
            Part::Literal(literal) => Ok(literal.to_owned()),
            Part::Name(name) => self.known(name)?.ok_or_else(|| format!("{{{name}}} has not been seen yet")),
        };
        parts(line).into_iter().map(resolve).collect()
    }

    /// The bytes of a line of the proxy's connection.
    pub fn bytes(&self, line: &str) -> Played<Vec<u8>> {
        let mut bytes = Vec::new();
        for part in parts(line) {
            match part {
                Part::Name(name) => bytes.extend(self.known(name)?.ok_or("an unknown name")?.into_bytes()),
                Part::Literal(hex) => {
                    for pair in hex.split_whitespace() {
                        bytes.push(u8::from_str_radix(pair, 16).map_err(|e| format!("{pair:?}: {e}"))?);
                    }
                }
            }
        }
        Ok(bytes)
    }

    pub fn payload(&self, from: usize, to: usize) -> Played<&[u8]> {
        self.payload.get(from..to).ok_or_else(|| format!("the file has no bytes {from} to {to}"))
    }

    /// What a name stands for; nothing if the client is to tell.
    fn known(&self, name: &str) -> Played<Option<String>> {
        let words: Vec<&str> = name.split(' ').collect();
        match words.as_slice() {
            ["block", from, to] => self.payload(number(from)?, number(to)?).map(|block| Some(scram::encode(block))),
            ["digest", ..] => self.digest(&name["digest ".len()..]).map(Some),
            [mechanism, "first"] if mechanism.starts_with("scram") => Ok(None),
            [mechanism, message] if mechanism.starts_with("scram") => {
                let scram = self.scram.as_ref().ok_or("no login by SCRAM has begun")?;
                scram.message(message).map(Some).ok_or_else(|| format!("no message {message:?} in SCRAM"))
            }
            ["version"] => Ok(Some(env!("CARGO_PKG_VERSION").to_owned())),
            _ => Ok(self.seen.get(name).cloned()),
        }
    }

    fn digest(&self, of: &str) -> Played<String> {
        let (sid, jids) = of.split_once('|').ok_or("{digest SID|JID|JID}")?;
        let sid = self.seen.get(sid).map_or(sid, String::as_str);
        Ok(sha1_smol::Sha1::from(format!("{sid}{}", jids.replacen('|', "", 1))).digest().to_string())
    }

    fn capture(&self, name: &str, text: &[u8], fresh: &mut BTreeMap<String, String>) -> Match {
        let is_scram = name.ends_with(" first");
        let fits = |b: &u8| b.is_ascii_alphanumeric() || is_scram && b"+/=".contains(b);
        let Some(length) = text.iter().position(|b| !fits(b)) else { return Match::More };
        let value = String::from_utf8_lossy(&text[..length]).into_owned();
        if length < LETTERS_MIN {
            return Match::Not(format!("{{{name}}} has only {length} letters"));
        }
        fresh.insert(name.to_owned(), value);
        Match::Full(length)
    }

    fn keep(&mut self, fresh: BTreeMap<String, String>) -> Played<()> {
        for (name, value) in fresh {
            if let Some((mechanism, _)) = name.split_once(' ') {
                self.scram = Some(Scram::start(mechanism, &self.user, &self.certificate, &value)?);
            } else if let Some((other, _)) = self.seen.iter().find(|(_, seen)| **seen == value) {
                return Err(format!("{{{name}}} is the same as {{{other}}}"));
            } else {
                self.seen.insert(name, value);
            }
        }
        Ok(())
    }
}

fn number(text: &str) -> Played<usize> {
    text.parse().map_err(|e| format!("{text:?}: {e}"))
}

fn literal(expected: &str, text: &[u8]) -> Match {
    let same = expected.bytes().zip(text).take_while(|(e, t)| e == *t).count();
    if same == expected.len() {
        return Match::Full(same);
    }
    if same == text.len() {
        return Match::More;
    }
    let shown = String::from_utf8_lossy(&text[same..text.len().min(same + 300)]);
    let rest: String = String::from_utf8_lossy(&expected.as_bytes()[same..]).chars().take(300).collect();
    Match::Not(format!("expected …{rest}\n     got …{shown}"))
}

fn parts(line: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?))) {
        parts.extend([Part::Literal(before), Part::Name(name)]);
        rest = after;
    }
    parts.push(Part::Literal(rest));
    parts
}

/// The places of a line that are compared as they stand.
pub fn literal_places(line: &str) -> Vec<usize> {
    let mut inside = false;
    let mut places = Vec::new();
    for (at, c) in line.char_indices() {
        inside = (inside || c == '{') && c != '}';
        if !inside && c != '}' {
            places.push(at);
        }
    }
    places
}

#[test]
fn a_name_takes_what_comes_first_and_must_be_the_same_later() {
    let mut names = Names::new("device", Vec::new(), Vec::new());
    assert_eq!(names.compare(r#"<a id="{x}"/>"#, br#"<a id="0123456789"/><b"#), Ok(Match::Full(20)));
    assert_eq!(names.compare(r#"<b id="{x}"/>"#, br#"<b id="01234"#), Ok(Match::More));
    assert!(matches!(names.compare(r#"<b id="{x}"/>"#, br#"<b id="0123456780"/>"#), Ok(Match::Not(_))));
    assert!(matches!(names.compare(r#"<b id="{y}"/>"#, br#"<b id="0123456789"/>"#), Ok(Match::Not(_))));
    assert!(matches!(names.compare(r#"<b id="{z}"/>"#, br#"<b id="short"/>"#), Ok(Match::Not(_))));
    assert_eq!(names.expand("{x}!"), Ok("0123456789!".into()));
    assert!(names.expand("{z}").is_err());
}
