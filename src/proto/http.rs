//! HTTP CONNECT, as the client of a proxy (RFC 9110 §9.3.6).

use crate::base::base64;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Fault, Kind, Result};
use crate::base::secret::Secret;

/// The head of an answer is at most this long, in bytes.
pub const HEAD_MAX: usize = 8 * 1024;

/// What ends the head of an answer.
pub const HEAD_END: &[u8] = b"\r\n\r\n";

/// The request for a tunnel.
///
/// # Errors
/// [`Kind::Config`] for a host that is none.
pub fn connect(to: &Endpoint, login: Option<&(String, Secret)>) -> Result<Secret> {
    if to.host.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(Error::new(Kind::Config, format!("{:?} is no host name", to.host)));
    }
    let basic = |(user, password): &(String, Secret)| {
        let login = Secret::new(format!("{user}:{}", password.reveal()));
        format!("Proxy-Authorization: Basic {}\r\n", base64::encode(login.reveal().as_bytes()))
    };
    let login = login.map(basic).unwrap_or_default();
    Ok(Secret::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{login}\r\n")))
}

/// An error unless the head of the answer says yes.
///
/// # Errors
/// [`Kind::Config`] when the proxy wants a login; [`Kind::Network`], [`Kind::Protocol`].
pub fn check(head: &[u8]) -> Result<()> {
    let line = String::from_utf8_lossy(head.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    let mut words = line.splitn(3, ' ');
    let (version, code) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match (version.starts_with("HTTP/1."), code.parse::<u16>()) {
        (true, Ok(200..=299)) => Ok(()),
        // Some say 401 where 407 is meant.
        (true, Ok(401 | 407)) => {
            let error = Error::new(Kind::Config, format!("the proxy wants a login ({line:?})"));
            Err(error.advise("write its user name and password into via = http://USER:PASSWORD@HOST:PORT"))
        }
        (true, Ok(_)) => {
            let error = Error::new(Kind::Network, format!("the proxy refused: {line:?}"));
            Err(error.fault_of(Fault::Network).advise("let the proxy's administrator allow this host and port"))
        }
        _ => Err(Error::new(Kind::Protocol, format!("what answers is no HTTP proxy: {line:?}"))
            .fault_of(Fault::Configuration)
            .advise("check via")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_names_the_host_twice_and_carries_a_login() {
        let to = Endpoint { host: "2001:db8::1".into(), port: 5222 };
        let plain = "CONNECT [2001:db8::1]:5222 HTTP/1.1\r\nHost: [2001:db8::1]:5222\r\n\r\n";
        assert_eq!(connect(&to, None).unwrap().reveal(), plain);
        let login = ("Aladdin".to_owned(), Secret::new("open sesame"));
        let line = "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
        assert!(connect(&to, Some(&login)).unwrap().reveal().ends_with(line));
        let evil = Endpoint { host: "a\r\nX: y".into(), port: 1 };
        assert!(connect(&evil, None).is_err());
    }

    #[test]
    fn each_answer_has_its_kind() {
        assert!(check(b"HTTP/1.0 200 Connection established\r\n\r\n").is_ok());
        for (head, kind) in [
            (&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], Kind::Config),
            (b"HTTP/1.0 401 Unauthorized\r\n\r\n", Kind::Config),
            (b"HTTP/1.1 403 Filtered\r\n\r\n", Kind::Network),
            (b"HTTP/1.1 503 x\r\n\r\n", Kind::Network),
            (b"SSH-2.0-OpenSSH\r\n\r\n", Kind::Protocol),
            (b"HTTP/1.1 abc\r\n\r\n", Kind::Protocol),
            (b"\xff\0\r\n\r\n", Kind::Protocol),
            (b"", Kind::Protocol),
        ] {
            assert_eq!(check(head).unwrap_err().kind(), kind, "{head:?}");
        }
    }
}
