//! Names of hosts as DNS, TLS and proxies take them.

use std::borrow::Cow;

use super::error::{Error, Kind, Result};

/// The name in ASCII: as it is, or by IDNA (UTS 46) where firepush was built with `intl`.
///
/// # Errors
/// [`Kind::Config`] for a name outside ASCII that has no such form, or without `intl`.
pub fn ascii(name: &str) -> Result<Cow<'_, str>> {
    if name.is_ascii() { Ok(Cow::Borrowed(name)) } else { international(name).map(Cow::Owned) }
}

#[cfg(feature = "intl")]
fn international(name: &str) -> Result<String> {
    let made = idna::domain_to_ascii(name);
    made.map_err(|_| {
        Error::new(Kind::Config, format!("{name:?} is no host name, not by IDNA either")).advise("check it")
    })
}

#[cfg(not(feature = "intl"))]
fn international(name: &str) -> Result<String> {
    let what = format!("the name {name:?} is outside ASCII, and this firepush was built without intl");
    Err(Error::new(Kind::Config, what).advise("write it as xn--… (IDNA)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_ascii_stay_and_others_are_made_so_or_refused() {
        assert_eq!(ascii("Example.org").unwrap(), "Example.org");
        let made = ascii("exämple.org");
        if cfg!(feature = "intl") {
            assert_eq!(made.unwrap(), "xn--exmple-cua.org");
            assert_eq!(ascii("a\u{200d}ä..b").unwrap_err().kind(), Kind::Config);
        } else {
            let error = made.unwrap_err();
            assert!(error.kind() == Kind::Config && error.advice().contains("xn--"), "{error}");
        }
    }
}
