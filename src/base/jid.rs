//! XMPP addresses (RFC 7622, as servers prepare them).

use std::fmt;
use std::str::FromStr;

use super::error::{Error, Kind};

/// An address: `local@domain/resource`, with local part and resource optional.
///
/// Local part and domain are lowered when parsed, for servers answer with that form; the resource
/// keeps its case, spaces and letters as they are (it enters the SOCKS5 digest). Equality, allow-lists
/// and digests work on this form. A domain may be an IP address; an IPv6 one keeps its brackets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid {
    text: String,
    at: Option<usize>,
    slash: Option<usize>,
}

const PART_MAX: usize = 1023;

impl Jid {
    fn from_parts(local: Option<&str>, domain: &str, resource: Option<&str>) -> Self {
        let mut text = String::new();
        let at = local.map(|local| {
            text.push_str(local);
            text.push('@');
            text.len() - 1
        });
        text.push_str(domain);
        let slash = resource.map(|resource| {
            text.push('/');
            text.push_str(resource);
            text.len() - resource.len() - 1
        });
        Jid { text, at, slash }
    }

    /// The part before `@`.
    pub fn local(&self) -> Option<&str> {
        self.at.map(|at| &self.text[..at])
    }

    /// The domain, as it stands after `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at.map_or(0, |at| at + 1)..self.slash.unwrap_or(self.text.len())]
    }

    /// The part after the first `/`.
    pub fn resource(&self) -> Option<&str> {
        self.slash.map(|slash| &self.text[slash + 1..])
    }

    /// Whether there is no resource.
    pub fn is_bare(&self) -> bool {
        self.slash.is_none()
    }

    /// The address without its resource.
    pub fn bare(&self) -> Jid {
        Jid::from_parts(self.local(), self.domain(), None)
    }

    /// The address of the domain itself.
    pub fn server(&self) -> Jid {
        Jid::from_parts(None, self.domain(), None)
    }

    /// The same account with another resource.
    ///
    /// # Errors
    /// [`Kind::Config`] when `resource` is empty, too long or holds control characters.
    pub fn with_resource(&self, resource: &str) -> Result<Jid, Error> {
        check_resource(resource)?;
        Ok(Jid::from_parts(self.local(), self.domain(), Some(resource)))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Jid {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`] that says which part is bad.
    fn from_str(text: &str) -> Result<Jid, Error> {
        let (account, resource) = match text.split_once('/') {
            Some((account, resource)) => (account, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = match account.split_once('@') {
            Some((local, domain)) => (Some(local.to_lowercase()), domain),
            None => (None, account),
        };
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_lowercase();
        local.as_deref().map_or(Ok(()), check_local)?;
        check_domain(&domain)?;
        resource.map_or(Ok(()), check_resource)?;
        Ok(Jid::from_parts(local.as_deref(), &domain, resource))
    }
}

fn check_local(local: &str) -> Result<(), Error> {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "\"&'/:<>@".contains(c);
    check(!local.is_empty() && local.len() <= PART_MAX && !local.contains(bad), "local part", local)
}

fn check_domain(domain: &str) -> Result<(), Error> {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "\"&'/<>@".contains(c);
    let colon_outside_brackets = domain.contains(':') && !(domain.starts_with('[') && domain.ends_with(']'));
    let good = !domain.is_empty() && domain.len() <= PART_MAX && !domain.contains(bad);
    check(good && !colon_outside_brackets, "domain", domain)
}

fn check_resource(resource: &str) -> Result<(), Error> {
    let good = !resource.is_empty() && resource.len() <= PART_MAX && !resource.contains(char::is_control);
    check(good, "resource", resource)
}

fn check(good: bool, part: &str, text: &str) -> Result<(), Error> {
    if good {
        return Ok(());
    }
    let shown: String = text.chars().take(64).collect();
    let what = format!("the {part} {shown:?} is not that of an XMPP address; it has the form user@domain/resource");
    Err(Error::new(Kind::Config, what))
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_80_resources_keep_spaces_case_and_letters() {
        let jid: Jid = "Android@192.0.2.10/Spark 2.6.3 é/@x".parse().unwrap();
        assert_eq!(jid.to_string(), "android@192.0.2.10/Spark 2.6.3 é/@x");
        assert_eq!((jid.local(), jid.domain()), (Some("android"), "192.0.2.10"));
        assert_eq!(jid.resource(), Some("Spark 2.6.3 é/@x"));
        assert_eq!(jid.bare().as_str(), "android@192.0.2.10");
        assert_eq!(jid.server().as_str(), "192.0.2.10");
    }

    #[test]
    fn local_part_and_domain_are_lowered() {
        assert_eq!("OPS@Example.ORG./A".parse::<Jid>().unwrap(), "ops@example.org/A".parse().unwrap());
        assert_ne!("ops@example.org/a".parse::<Jid>().unwrap(), "ops@example.org/A".parse().unwrap());
    }

    #[test]
    fn rule_79_a_domain_may_be_an_address() {
        assert_eq!("a@[2001:db8::1]/r".parse::<Jid>().unwrap().domain(), "[2001:db8::1]");
    }

    #[test]
    fn bad_addresses_are_refused_with_the_part_named() {
        for (text, part) in [
            ("", "domain"),
            ("@x", "local part"),
            ("a b@x", "local part"),
            ("a@", "domain"),
            ("a@b@c", "domain"),
            ("a@x:5222", "domain"),
            ("a@x/", "resource"),
            ("a@x/\u{7}", "resource"),
            ("a@x y", "domain"),
        ] {
            let error = text.parse::<Jid>().unwrap_err();
            assert!(error.what().contains(part), "{text:?}: {error}");
        }
    }
}
