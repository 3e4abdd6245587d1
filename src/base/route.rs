//! The way that connections take: fixed addresses, our own end, and a proxy of the network.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::endpoint::{Endpoint, Server};
use super::error::{Error, Kind, Result};
use super::secret::Secret;

/// The address of a host and port, whatever DNS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The host and port that are meant.
    pub endpoint: Endpoint,
    /// Where they are.
    pub address: IpAddr,
}

impl Fixed {
    /// The address of this endpoint, if it is the one that is meant.
    pub fn of(&self, endpoint: &Endpoint) -> Option<SocketAddr> {
        let same = self.endpoint.port == endpoint.port && self.endpoint.host.eq_ignore_ascii_case(&endpoint.host);
        same.then(|| SocketAddr::new(self.address, endpoint.port))
    }
}

impl FromStr for Fixed {
    type Err = Error;

    /// Reads `HOST:PORT:ADDRESS`; an IPv6 address may stand in brackets.
    ///
    /// # Errors
    /// [`Kind::Config`] that shows the form.
    fn from_str(text: &str) -> Result<Fixed> {
        let bad = || Error::new(Kind::Config, format!("{text:?} is not of the form HOST:PORT:ADDRESS"));
        let (host, rest) = text.split_once(':').ok_or_else(bad)?;
        let (port, address) = rest.split_once(':').ok_or_else(bad)?;
        let bare = address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address);
        let Server { host, port } = format!("{host}:{port}").parse().map_err(|_| bad())?;
        let endpoint = Endpoint { host, port: port.ok_or_else(bad)? };
        Ok(Fixed { endpoint, address: bare.parse().map_err(|_| bad())? })
    }
}

/// Our end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// This address of the device.
    Address(IpAddr),
    /// This interface, e.g. `wwan0`.
    Interface(String),
}

impl FromStr for Bind {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`].
    fn from_str(text: &str) -> Result<Bind> {
        if let Ok(address) = text.parse() {
            return Ok(Bind::Address(address));
        }
        // IFNAMSIZ less the NUL.
        if text.is_empty() || text.len() > 15 || text.contains(|c: char| c == '/' || c.is_whitespace() || c == '\0') {
            return Err(Error::new(Kind::Config, format!("{text:?} is neither an IP address nor an interface")));
        }
        Ok(Bind::Interface(text.to_owned()))
    }
}

/// How an outbound proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SOCKS5 (RFC 1928), with user name and password where given (RFC 1929).
    Socks5,
    /// HTTP CONNECT (RFC 9110 §9.3.6), with Basic authentication where given.
    Http,
}

/// A proxy of the network between the device and the server; not one of bytestreams.
#[derive(Clone, Debug)]
pub struct Via {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Where it is.
    pub server: Endpoint,
    /// User name and password.
    pub login: Option<(String, Secret)>,
}

impl FromStr for Via {
    type Err = Error;

    /// Reads `socks5://[USER:PASSWORD@]HOST[:PORT]` or `http://…`; `%40` and the like in user and password.
    ///
    /// # Errors
    /// [`Kind::Config`] that doesn't repeat the text, which may hold a password.
    fn from_str(text: &str) -> Result<Via> {
        let bad =
            |why: &str| Error::new(Kind::Config, format!("{why}; expected socks5://HOST:PORT or http://HOST:PORT"));
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("the proxy has no scheme"))?;
        let (protocol, usual) = match scheme.to_ascii_lowercase().as_str() {
            "socks5" | "socks5h" => (Protocol::Socks5, 1080),
            "http" => (Protocol::Http, 3128),
            other if other.bytes().all(|b| b.is_ascii_alphabetic()) => {
                return Err(bad(&format!("{other:?} is no kind of proxy")));
            }
            _ => return Err(bad("the proxy has no scheme")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, server) = match rest.rsplit_once('@') {
            Some((login, server)) => (Some(login), server),
            None => (None, rest),
        };
        let login =
            login.map(|login| user_and_password(login).ok_or_else(|| bad("the proxy's login is not USER:PASSWORD")));
        let Server { host, port } = server.parse().map_err(|_| bad("the proxy is no HOST:PORT"))?;
        Ok(Via { protocol, server: Endpoint { host, port: port.unwrap_or(usual) }, login: login.transpose()? })
    }
}

/// Without the password.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Socks5 => "socks5",
            Protocol::Http => "http",
        };
        let login = self.login.as_ref().map_or(String::new(), |(user, _)| format!("{}:…@", user.escape_default()));
        write!(f, "{scheme}://{login}{}", self.server)
    }
}

/// RFC 1929 has one byte for the length of each.
const LOGIN_MAX: usize = 255;

fn user_and_password(login: &str) -> Option<(String, Secret)> {
    let (user, password) = login.split_once(':')?;
    let (user, password) = (plain(user)?, plain(password)?);
    let fits = |text: &str| !text.is_empty() && text.len() <= LOGIN_MAX && !text.contains(char::is_control);
    (fits(&user) && fits(&password) && !user.contains(':')).then(|| (user, Secret::new(password)))
}

/// Percent-decoded (RFC 3986 §2.1).
fn plain(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_addresses_are_those_of_one_host_and_port() {
        let fixed: Fixed = "Xmpp.example.org:5222:[2001:db8::1]".parse().unwrap();
        let at = |host: &str, port| fixed.of(&Endpoint { host: host.into(), port });
        assert_eq!(at("xmpp.example.org", 5222), Some("[2001:db8::1]:5222".parse().unwrap()));
        assert_eq!((at("xmpp.example.org", 5223), at("example.org", 5222)), (None, None));
        assert_eq!("h:1:192.0.2.1".parse::<Fixed>().unwrap().address, IpAddr::from([192, 0, 2, 1]));
        for bad in ["", "h:1", "h:x:192.0.2.1", "h:0:192.0.2.1", "h:1:h2", ":1:192.0.2.1", "h::192.0.2.1"] {
            assert_eq!(bad.parse::<Fixed>().unwrap_err().kind(), Kind::Config, "{bad}");
        }
    }

    #[test]
    fn our_end_is_an_address_or_an_interface() {
        assert_eq!("2001:db8::1".parse::<Bind>().unwrap(), Bind::Address("2001:db8::1".parse().unwrap()));
        assert_eq!("wwan0".parse::<Bind>().unwrap(), Bind::Interface("wwan0".into()));
        for bad in ["", "an interface", "a/b", "sixteen-letters0"] {
            assert!(bad.parse::<Bind>().is_err(), "{bad}");
        }
    }

    #[test]
    fn proxies_are_read_as_people_write_them_and_shown_without_password() {
        for (text, shown) in [
            ("socks5://p", "socks5://p:1080"),
            ("HTTP://p:8080/", "http://p:8080"),
            ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
            ("socks5h://me:p%40s%3a%25@p:9", "socks5://me:…@p:9"),
        ] {
            assert_eq!(text.parse::<Via>().unwrap().to_string(), shown);
        }
        let via: Via = "socks5://me:p%40s%3a%25@p:9".parse().unwrap();
        assert_eq!(via.login.as_ref().unwrap().1.reveal(), "p@s:%");
        assert!(!format!("{via:?}").contains("p@s"));
        let bad = [
            "p:1080",
            "ftp://p",
            "https://p",
            "http://",
            "http://me@p",
            "http://me:secret%0a@p",
            "http://:secret@p",
            "u:secret@http://p",
        ];
        for text in bad {
            let error = text.parse::<Via>().unwrap_err();
            assert!(error.kind() == Kind::Config && !error.what().contains("secret"), "{text}: {error}");
        }
    }
}
