//! SOCKS5 as the client of a network's proxy (RFC 1928), with user name and password (RFC 1929).

use zeroize::Zeroizing;

use super::socks5::{ReplyHead, SUCCEEDED};
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Fault, Kind, Result};
use crate::base::secret::Secret;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const COMMAND_CONNECT: u8 = 1;
const ADDRESS_IPV4: u8 = 1;
const ADDRESS_DOMAIN: u8 = 3;
const ADDRESS_IPV6: u8 = 4;
const LOGIN_VERSION: u8 = 1;

/// The first message: with a login, the proxy may still do without.
pub fn greeting(has_login: bool) -> &'static [u8] {
    if has_login { &[VERSION, 2, NO_AUTHENTICATION, PASSWORD] } else { &[VERSION, 1, NO_AUTHENTICATION] }
}

/// Whether the proxy wants the login.
///
/// # Errors
/// [`Kind::Config`] when it wants one that we don't have, [`Kind::Protocol`].
pub fn wants_login(answer: [u8; 2], has_login: bool) -> Result<bool> {
    match answer {
        [VERSION, NO_AUTHENTICATION] => Ok(false),
        [VERSION, PASSWORD] if has_login => Ok(true),
        [VERSION, NO_ACCEPTABLE_METHOD] if has_login => Err(login("the proxy takes no login by password")),
        [VERSION, NO_ACCEPTABLE_METHOD] => Err(login("the proxy wants a login")),
        other => Err(Error::new(Kind::Protocol, format!("what answers is no SOCKS5 proxy ({other:02x?})"))
            .fault_of(Fault::Configuration)
            .advise("check via")),
    }
}

/// The login (RFC 1929 §2); each part is at most 255 bytes long.
pub fn password(user: &str, password: &Secret) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(3 + 2 * 255));
    message.push(LOGIN_VERSION);
    for part in [user, password.reveal()] {
        message.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        message.extend(part.bytes().take(usize::from(u8::MAX)));
    }
    message
}

/// An error unless the login was taken.
///
/// # Errors
/// [`Kind::Config`].
pub fn check_login(answer: [u8; 2]) -> Result<()> {
    if answer[1] == SUCCEEDED { Ok(()) } else { Err(login("the proxy refused the login")) }
}

fn login(what: &str) -> Error {
    Error::new(Kind::Config, what).advise("check user name and password in via = socks5://USER:PASSWORD@HOST:PORT")
}

/// The request for a tunnel; the name of a host is the proxy's to look up.
///
/// # Errors
/// [`Kind::Config`] for a name that is too long.
pub fn request(to: &Endpoint) -> Result<Vec<u8>> {
    let mut message = vec![VERSION, COMMAND_CONNECT, 0];
    match to.host.parse() {
        Ok(std::net::IpAddr::V4(v4)) => {
            message.push(ADDRESS_IPV4);
            message.extend(v4.octets());
        }
        Ok(std::net::IpAddr::V6(v6)) => {
            message.push(ADDRESS_IPV6);
            message.extend(v6.octets());
        }
        Err(_) => {
            let length = u8::try_from(to.host.len());
            let length = length.map_err(|_| Error::new(Kind::Config, format!("{:?} is too long a name", to.host)))?;
            message.extend([ADDRESS_DOMAIN, length]);
            message.extend(to.host.as_bytes());
        }
    }
    message.extend(to.port.to_be_bytes());
    Ok(message)
}

/// An error unless the tunnel is open.
///
/// # Errors
/// [`Kind::Network`].
pub fn check(head: ReplyHead) -> Result<()> {
    if head.code == SUCCEEDED {
        return Ok(());
    }
    let what = format!("the proxy refused: {} (SOCKS5 reply {})", meaning(head.code), head.code);
    let error = Error::new(Kind::Network, what);
    Err(if head.code == 2 { error.advise("let the proxy's administrator allow this host and port") } else { error })
}

/// RFC 1928 §6.
fn meaning(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_carry_addresses_as_such_and_names_as_names() {
        let to = |host: &str| Endpoint { host: host.into(), port: 5222 };
        assert_eq!(request(&to("192.0.2.1")).unwrap(), [5, 1, 0, 1, 192, 0, 2, 1, 0x14, 0x66]);
        assert_eq!(request(&to("a.b")).unwrap(), [5, 1, 0, 3, 3, b'a', b'.', b'b', 0x14, 0x66]);
        assert_eq!(request(&to("2001:db8::1")).unwrap()[..6], [5, 1, 0, 4, 0x20, 1]);
        assert_eq!(request(&to(&"a".repeat(256))).unwrap_err().kind(), Kind::Config);
    }

    #[test]
    fn a_login_is_given_only_where_it_is_wanted_and_there() {
        assert_eq!((greeting(false), greeting(true)), (&[5, 1, 0][..], &[5, 2, 0, 2][..]));
        assert!(!wants_login([5, 0], true).unwrap() && wants_login([5, 2], true).unwrap());
        for (answer, has_login, kind) in [
            ([5, 0xff], false, Kind::Config),
            ([5, 0xff], true, Kind::Config),
            ([5, 2], false, Kind::Protocol),
            ([4, 0], true, Kind::Protocol),
            (*b"HT", false, Kind::Protocol),
        ] {
            assert_eq!(wants_login(answer, has_login).unwrap_err().kind(), kind, "{answer:?}");
        }
        assert_eq!(*password("me", &Secret::new("pw")), [1, 2, b'm', b'e', 2, b'p', b'w']);
        assert!(check_login([1, 0]).is_ok());
        assert_eq!(check_login([1, 1]).unwrap_err().kind(), Kind::Config);
    }

    #[test]
    fn a_refusal_says_why() {
        assert!(check(ReplyHead { code: 0, rest: 0 }).is_ok());
        let error = check(ReplyHead { code: 5, rest: 0 }).unwrap_err();
        assert!(error.kind() == Kind::Network && error.what().contains("connection refused"), "{error}");
    }
}
