//! DNS messages: the questions a client asks, and their answers (RFC 1035, RFC 2782, RFC 3596).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::error::{Error, Kind, Result};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    A,
    Aaaa,
    Srv,
}

impl Type {
    fn number(self) -> u16 {
        match self {
            Type::A => 1,
            Type::Aaaa => 28,
            Type::Srv => 33,
        }
    }
}

/// What a record of an answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    /// The name is another name for this one.
    Cname(String),
    Srv(Srv),
}

/// A host that serves (RFC 2782). Its target `.`, here empty, says that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    pub target: String,
}

/// An answer to a question of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// There is more, over TCP.
    pub truncated: bool,
    pub code: Code,
    /// Owner and data; other types are left out.
    pub records: Vec<(String, Data)>,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Done,
    /// There is no such name.
    NoName,
    /// The server can't or won't tell, by its number.
    Failed(u8),
}

/// More records than this are left out.
const RECORDS_MAX: usize = 64;

/// A chain of names is at most this long.
const CHAIN_MAX: usize = 8;

const CNAME: u16 = 5;
const INTERNET: u16 = 1;

/// A question with recursion desired.
///
/// # Errors
/// [`Kind::Config`] for what is no host name, [`Kind::Config`] for one outside ASCII.
pub fn question(id: u16, name: &str, wanted: Type) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(name.len() + 18);
    for number in [id, 0x0100, 1, 0, 0, 0] {
        bytes.extend(number.to_be_bytes());
    }
    write_name(name, &mut bytes)?;
    bytes.extend(wanted.number().to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    Ok(bytes)
}

fn write_name(name: &str, bytes: &mut Vec<u8>) -> Result<()> {
    let bad = |why: &str| Error::new(Kind::Config, format!("{name:?} is no host name: {why}"));
    let trimmed = name.strip_suffix('.').unwrap_or(name);
    if !trimmed.is_ascii() {
        return Err(bad("it is not ASCII").advise("write it as xn--… (IDNA)"));
    }
    if trimmed.len() > 253 {
        return Err(bad("it is longer than 253 bytes"));
    }
    for label in trimmed.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length));
        bytes.push(length.ok_or_else(|| bad("a part is empty or longer than 63 bytes"))?);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    Ok(())
}

/// Reads what came for a question; `None` when it isn't its answer, so that the right one may still come.
pub fn answer(bytes: &[u8], question: &[u8]) -> Option<Answer> {
    let mut reader = Reader { bytes, at: 0 };
    let (id, flags) = (reader.number()?, reader.number()?);
    let counts = (reader.number()?, reader.number()?);
    reader.at = 12;
    if id.to_be_bytes() != question.get(..2)? || flags & 0x8000 == 0 || counts.0 != 1 {
        return None;
    }
    let (name, asked) = (reader.name()?, (reader.number()?, reader.number()?));
    let mut ours = Reader { bytes: question, at: 12 };
    if !name.eq_ignore_ascii_case(&ours.name()?) || asked != (ours.number()?, ours.number()?) {
        return None;
    }
    let code = match (flags & 0x000f) as u8 {
        0 => Code::Done,
        3 => Code::NoName,
        other => Code::Failed(other),
    };
    let mut records = Vec::new();
    for _ in 0..counts.1 {
        match reader.record() {
            Some(record) if records.len() < RECORDS_MAX => records.extend(record),
            Some(_) => {}
            // What was cut off is asked for again over TCP.
            None if flags & 0x0200 != 0 => break,
            None => return None,
        }
    }
    Some(Answer { truncated: flags & 0x0200 != 0, code, records })
}

impl Answer {
    /// What is known of a name, along its chain of other names.
    pub fn of<'a>(&'a self, name: &str) -> Vec<&'a Data> {
        let mut name = name.trim_end_matches('.').to_owned();
        for _ in 0..=CHAIN_MAX {
            let own = self.records.iter().filter(|(owner, _)| owner.eq_ignore_ascii_case(&name)).map(|(_, data)| data);
            match own.clone().find_map(|data| if let Data::Cname(other) = data { Some(other) } else { None }) {
                Some(other) => name.clone_from(other),
                None => return own.collect(),
            }
        }
        Vec::new()
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A name, whose end may stand further ahead in the message; only further ahead, so that there is an end.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let (mut at, mut before) = (self.at, self.at);
        let mut behind = None;
        loop {
            match *self.bytes.get(at)? {
                0 => break,
                length @ 1..=63 => {
                    let label = self.bytes.get(at + 1..at + 1 + usize::from(length))?;
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.extend(label.iter().map(|byte| char::from(*byte)));
                    at += 1 + usize::from(length);
                }
                high @ 0xc0.. => {
                    let to = usize::from(high & 0x3f) << 8 | usize::from(*self.bytes.get(at + 1)?);
                    behind.get_or_insert(at + 2);
                    if to >= before {
                        return None;
                    }
                    (at, before) = (to, to);
                }
                _ => return None,
            }
            if name.len() > 255 {
                return None;
            }
        }
        self.at = behind.unwrap_or(at + 1);
        Some(name)
    }

    /// `Some(None)` for a record of a type that nobody asked for.
    fn record(&mut self) -> Option<Option<(String, Data)>> {
        let owner = self.name()?;
        let (kind, class) = (self.number()?, self.number()?);
        self.take(4)?;
        let end = usize::from(self.number()?) + self.at;
        let data = if class == INTERNET { self.data(kind, end) } else { None };
        if end > self.bytes.len() || self.at > end {
            return None;
        }
        self.at = end;
        Some(data.map(|data| (owner, data)))
    }

    fn data(&mut self, kind: u16, end: usize) -> Option<Data> {
        let start = self.at;
        let data = match kind {
            1 => Data::A(<[u8; 4]>::try_from(self.take(4)?).ok()?.into()),
            28 => Data::Aaaa(<[u8; 16]>::try_from(self.take(16)?).ok()?.into()),
            CNAME => Data::Cname(self.name()?),
            33 => {
                let (priority, weight, port) = (self.number()?, self.number()?, self.number()?);
                Data::Srv(Srv { priority, weight, port, target: self.name()? })
            }
            _ => return None,
        };
        if self.at == end {
            return Some(data);
        }
        self.at = start;
        None
    }
}

/// The hosts in the order in which they are to be tried: by priority, and among equals by chance, weighed. `chance`
/// gives a number from 0 up to and including the one it is given.
pub fn in_order(mut hosts: Vec<Srv>, mut chance: impl FnMut(u32) -> u32) -> Vec<Srv> {
    hosts.sort_by_key(|srv| (srv.priority, srv.weight));
    let mut ordered = Vec::with_capacity(hosts.len());
    while let Some(priority) = hosts.first().map(|srv| srv.priority) {
        let equals = hosts.iter().take_while(|srv| srv.priority == priority);
        let mut mark = chance(equals.clone().map(|srv| u32::from(srv.weight)).sum());
        let mut chosen = 0;
        for (at, srv) in equals.enumerate() {
            chosen = at;
            match mark.checked_sub(u32::from(srv.weight)) {
                Some(left) if left > 0 => mark = left,
                _ => break,
            }
        }
        ordered.push(hosts.remove(chosen));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(question: &[u8], flags: u16, answers: u16, rest: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2..4].copy_from_slice(&flags.to_be_bytes());
        bytes[6..8].copy_from_slice(&answers.to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = owner.to_vec();
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    }

    /// Where the name of the question stands.
    const HERE: [u8; 2] = [0xc0, 12];

    #[test]
    fn a_question_is_written_as_rfc_1035_has_it() {
        let bytes = question(0x1234, "a.example.org", Type::Aaaa).unwrap();
        assert_eq!(bytes, b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x01a\x07example\x03org\0\0\x1c\0\x01");
        for bad in ["", "a..b", "büro.example", &"a".repeat(64), &"a.".repeat(128)] {
            assert!(question(1, bad, Type::A).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_found_along_a_chain_of_names() {
        let asked = question(7, "a.x", Type::A).unwrap();
        let cname = record(&HERE, 5, b"\x01b\x01x\0");
        let a = record(b"\x01B\x01X\0", 1, &[192, 0, 2, 7]);
        let found = answer(&reply(&asked, 0x8180, 2, &[cname, a].concat()), &asked).unwrap();
        assert_eq!(found.of("A.x."), [&Data::A([192, 0, 2, 7].into())]);
        let looped = [record(&HERE, 5, b"\x01b\x01x\0"), record(b"\x01b\x01x\0", 5, &HERE)].concat();
        let found = answer(&reply(&asked, 0x8180, 2, &looped), &asked).unwrap();
        assert!(found.of("a.x").is_empty());
    }

    #[test]
    fn row_10_what_is_no_answer_of_ours_is_passed_over() {
        let asked = question(7, "a.x", Type::A).unwrap();
        let good = reply(&asked, 0x8180, 1, &record(&HERE, 1, &[192, 0, 2, 7]));
        assert!(answer(&good, &asked).is_some());
        for (at, what) in [(0, "another id"), (2, "no response"), (13, "another name"), (18, "another type")] {
            let mut bytes = good.clone();
            bytes[at] ^= if at == 2 { 0x80 } else { 1 };
            assert!(answer(&bytes, &asked).is_none(), "{what}");
        }
        for length in 0..good.len() {
            assert!(answer(&good[..length], &asked).is_none(), "cut at {length}");
        }
    }

    #[test]
    fn row_10_names_that_point_at_themselves_or_forward_have_no_end_and_no_answer() {
        let asked = question(7, "a.x", Type::A).unwrap();
        let at = asked.len() as u8;
        for pointer in [[0xc0, at], [0xc0, at + 20], [0xff, 0xff]] {
            assert!(answer(&reply(&asked, 0x8180, 1, &record(&pointer, 1, &[1, 2, 3, 4])), &asked).is_none());
        }
    }

    #[test]
    fn row_10_a_thousand_records_are_bounded_and_a_cut_answer_says_so() {
        let asked = question(7, "a.x", Type::A).unwrap();
        let many = record(&HERE, 1, &[192, 0, 2, 7]).repeat(1000);
        let found = answer(&reply(&asked, 0x8180, 1000, &many), &asked).unwrap();
        assert_eq!(found.of("a.x").len(), RECORDS_MAX);
        let cut = reply(&asked, 0x8380, 1000, &many[..20]);
        assert!(answer(&cut, &asked).unwrap().truncated);
        let found = answer(&reply(&asked, 0x8183, 0, &[]), &asked).unwrap();
        assert_eq!(found.code, Code::NoName);
    }

    #[test]
    fn row_10_hosts_go_by_priority_and_then_by_weighed_chance() {
        let srv = |priority, weight, target: &str| Srv { priority, weight, port: 5222, target: target.into() };
        let hosts = vec![srv(20, 0, "d"), srv(10, 60, "c"), srv(10, 0, "a"), srv(10, 40, "b")];
        let names = |mark: fn(u32) -> u32| {
            let ordered = in_order(hosts.clone(), mark);
            ordered.iter().map(|srv| srv.target.clone()).collect::<String>()
        };
        assert_eq!(names(|_| 0), "abcd");
        assert_eq!(names(|sum| sum), "cbad");
        assert_eq!(names(|sum| sum.min(30)), "bcad");
    }
}
