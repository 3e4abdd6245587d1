//! What people want to know of an X.509 certificate (RFC 5280): whose, whose word, for what, until when. Nothing here
//! decides about trust.

use crate::base::date;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const OCTET_STRING: u8 = 0x04;
const EXTENSIONS: u8 = 0xa3;
const VERSION: u8 = 0xa0;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// More names than this are not shown.
const NAMES_MAX: usize = 16;

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The common names; empty where there is none.
    pub subject: String,
    pub issuer: String,
    /// Hosts and addresses that it is for.
    pub names: Vec<String>,
    /// Seconds since 1970.
    pub not_before: u64,
    pub not_after: u64,
}

impl Certificate {
    /// `None` when it can't be read.
    pub fn parse(der: &[u8]) -> Option<Certificate> {
        let mut certificate = Der(der).enter(SEQUENCE)?;
        let mut body = certificate.enter(SEQUENCE)?;
        body.skip_if(VERSION);
        body.next()?; // the serial number
        body.next()?; // the algorithm of the signature
        let issuer = common_name(body.enter(SEQUENCE)?);
        let mut validity = body.enter(SEQUENCE)?;
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = common_name(body.enter(SEQUENCE)?);
        body.next()?; // the public key
        let mut names = Vec::new();
        while let Some((tag, content)) = body.next() {
            if tag == EXTENSIONS {
                names = alternative_names(Der(content)).unwrap_or_default();
            }
        }
        Some(Certificate { subject, issuer, names, not_before, not_after })
    }
}

/// What is left of a piece of DER.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// Tag and content of the next value.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().try_fold(0usize, |length, digit| Some((length << 8) | usize::from(*digit)))?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn enter(&mut self, wanted: u8) -> Option<Der<'d>> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, content)| Der(content))
    }

    fn skip_if(&mut self, tag: u8) {
        if self.0.first() == Some(&tag) {
            self.next();
        }
    }
}

fn common_name(mut name: Der<'_>) -> String {
    while let Some(mut set) = name.enter(SET) {
        let Some(mut pair) = set.enter(SEQUENCE) else { continue };
        let kind = pair.enter(OID).map(|oid| oid.0);
        if let (Some(COMMON_NAME), Some((_, text))) = (kind, pair.next()) {
            return String::from_utf8_lossy(text).into_owned();
        }
    }
    String::new()
}

fn alternative_names(mut extensions: Der<'_>) -> Option<Vec<String>> {
    let mut all = extensions.enter(SEQUENCE)?;
    while let Some(mut extension) = all.enter(SEQUENCE) {
        if extension.enter(OID)?.0 != SUBJECT_ALT_NAME {
            continue;
        }
        // A flag may stand in front of the value.
        let mut value = extension.next()?;
        if value.0 != OCTET_STRING {
            value = extension.next()?;
        }
        let mut list = Der(value.1).enter(SEQUENCE)?;
        return Some(std::iter::from_fn(|| list.next()).filter_map(name).take(NAMES_MAX).collect());
    }
    None
}

fn name((tag, content): (u8, &[u8])) -> Option<String> {
    match tag {
        DNS_NAME => Some(String::from_utf8_lossy(content).into_owned()),
        IP_ADDRESS => {
            let v4 = <[u8; 4]>::try_from(content).map(std::net::IpAddr::from);
            let v6 = <[u8; 16]>::try_from(content).map(std::net::IpAddr::from);
            v4.or(v6).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on (§4.1.2.5).
fn time((tag, content): (u8, &[u8])) -> Option<u64> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => (
            text.get(..2)?.parse::<u64>().ok().map(|year| if year < 50 { 2000 + year } else { 1900 + year })?,
            text.get(2..)?,
        ),
        GENERALIZED_TIME => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    date::seconds((year, two(0)?, two(2)?), (two(4)?, two(6)?, two(8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head =
            if length < 128 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [head, content.to_vec()].concat()
    }

    fn list(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
        value(tag, &parts.concat())
    }

    fn named(text: &str) -> Vec<u8> {
        let pair = list(SEQUENCE, &[value(OID, COMMON_NAME), value(0x0c, text.as_bytes())]);
        list(SEQUENCE, &[list(SET, &[pair])])
    }

    fn certificate() -> Vec<u8> {
        let names =
            list(SEQUENCE, &[value(DNS_NAME, b"example.org"), value(IP_ADDRESS, &[192, 0, 2, 1]), value(0x81, b"a@b")]);
        let extension = list(SEQUENCE, &[value(OID, SUBJECT_ALT_NAME), value(1, &[0xff]), value(OCTET_STRING, &names)]);
        let body = list(
            SEQUENCE,
            &[
                value(VERSION, &value(2, &[2])),
                value(2, &[1; 130]),
                list(SEQUENCE, &[]),
                named("The CA"),
                list(SEQUENCE, &[value(UTC_TIME, b"260101000000Z"), value(GENERALIZED_TIME, b"20500101000001Z")]),
                named("example.org"),
                list(SEQUENCE, &[]),
                value(
                    EXTENSIONS,
                    &list(SEQUENCE, &[list(SEQUENCE, &[value(OID, &[1]), value(OCTET_STRING, b"x")]), extension]),
                ),
            ],
        );
        list(SEQUENCE, &[body, list(SEQUENCE, &[]), value(3, b"signature")])
    }

    #[test]
    fn a_certificate_is_read_as_people_want_to_know_it() {
        let read = Certificate::parse(&certificate()).unwrap();
        assert_eq!((read.subject.as_str(), read.issuer.as_str()), ("example.org", "The CA"));
        assert_eq!(read.names, ["example.org", "192.0.2.1"]);
        assert_eq!(date::readable(read.not_before), "2026-01-01 00:00:00 UTC");
        assert_eq!(date::readable(read.not_after), "2050-01-01 00:00:01 UTC");
    }

    #[test]
    fn what_is_cut_or_changed_anywhere_does_no_harm() {
        let whole = certificate();
        for length in 0..whole.len() {
            let _ = Certificate::parse(&whole[..length]);
            let mut changed = whole.clone();
            changed[length] ^= 0x7f;
            let _ = Certificate::parse(&changed);
        }
        assert_eq!(Certificate::parse(b""), None);
        assert_eq!(Certificate::parse(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
