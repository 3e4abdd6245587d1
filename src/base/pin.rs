//! Certificate pins.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};

use super::error::{Error, Kind};

/// SHA-256 of a server's certificate or of its public key (the DER of its SubjectPublicKeyInfo).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a certificate or of a public key in DER.
    pub fn of(der: &[u8]) -> Pin {
        let mut pin = [0u8; 32];
        pin.copy_from_slice(digest(&SHA256, der).as_ref());
        Pin(pin)
    }
}

impl FromStr for Pin {
    type Err = Error;

    /// Reads `sha256:HEX`, in either case, with or without colons between the bytes.
    ///
    /// # Errors
    /// [`Kind::Config`] that shows the form.
    fn from_str(text: &str) -> Result<Pin, Error> {
        parse(text).ok_or_else(|| {
            Error::new(Kind::Config, format!("the pin {text:?} has not the form sha256:HEX with 64 hex digits"))
        })
    }
}

fn parse(text: &str) -> Option<Pin> {
    let (algorithm, hex) = text.split_once(':')?;
    let digits: Option<Vec<u32>> = hex.chars().filter(|c| *c != ':').map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|d| d.len() == 64 && algorithm.eq_ignore_ascii_case("sha256"))?;
    let mut pin = [0u8; 32];
    for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
        *byte = (pair[0] * 16 + pair[1]) as u8;
    }
    Some(Pin(pin))
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_in_either_case_with_or_without_colons() {
        let plain = format!("sha256:{}", "0aB1".repeat(16));
        let colons = format!("SHA256:{}", ["0A:b1"; 16].join(":"));
        assert_eq!(plain.parse::<Pin>().unwrap(), colons.parse::<Pin>().unwrap());
        assert_eq!(plain.parse::<Pin>().unwrap().to_string(), plain.to_lowercase());
    }

    #[test]
    fn a_bad_pin_is_refused() {
        for text in ["", "sha256:", "sha1:00", "sha256:zz", &format!("sha256:{}", "é".repeat(64)), &"0".repeat(64)] {
            assert_eq!(text.parse::<Pin>().unwrap_err().kind(), Kind::Config, "{text}");
        }
    }
}
