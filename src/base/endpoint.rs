//! A host and a port.

use std::fmt;
use std::str::FromStr;

use super::error::{Error, Kind};

/// A host (DNS name or IP address) and a TCP port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A DNS name or an IP address; an IPv6 address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// An address of a server as people write it: `host`, `host:port`, `[v6]:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A DNS name or an IP address; an IPv6 address without brackets.
    pub host: String,
    /// The port, if it isn't the usual one (5222, with direct TLS 5223).
    pub port: Option<u16>,
}

impl FromStr for Server {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`] that shows the form.
    fn from_str(text: &str) -> Result<Server, Error> {
        let bad = || Error::new(Kind::Config, format!("{text:?} is not of the form HOST, HOST:PORT or [IPV6]:PORT"));
        let (host, port) = split(text).ok_or_else(bad)?;
        let port = match port {
            Some(port) => Some(port.parse().ok().filter(|p| *p != 0).ok_or_else(bad)?),
            None => None,
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@[]".contains(c)) {
            return Err(bad());
        }
        Ok(Server { host: host.to_owned(), port })
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return if after.is_empty() { Some((host, None)) } else { Some((host, Some(after.strip_prefix(':')?))) };
    }
    match text.matches(':').count() {
        1 => text.split_once(':').map(|(host, port)| (host, Some(port))),
        _ => Some((text, None)),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_people_write_them() {
        for (text, host, port) in [
            ("xmpp.example.org", "xmpp.example.org", None),
            ("192.0.2.1:5223", "192.0.2.1", Some(5223)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:5222", "2001:db8::1", Some(5222)),
        ] {
            assert_eq!(text.parse::<Server>().unwrap(), Server { host: host.into(), port }, "{text}");
        }
        for text in ["", "h:", "h:0", "h:70000", "[::1", "[::1]5222", "a b", "a/b", ":5222"] {
            assert_eq!(text.parse::<Server>().unwrap_err().kind(), Kind::Config, "{text}");
        }
    }
}
