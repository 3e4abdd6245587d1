//! Through the proxy of a network: a tunnel to a host that can't be reached otherwise.

use super::dial::{Stream, read_some, write_all};
use super::socks::read_exact;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::base::host::ascii;
use crate::base::route::{Protocol, Via};
use crate::os::until::Until;
use crate::proto::{http, socks5, tunnel};

/// Asks the proxy for a tunnel; the names of hosts are its to look up.
///
/// # Errors
/// [`Kind::Config`] when it wants another login, [`Kind::Network`], [`Kind::Protocol`], or the timeout of the wait.
pub fn open(stream: &dyn Stream, via: &Via, to: &Endpoint, until: &Until) -> Result<()> {
    let to = &Endpoint { host: ascii(&to.host)?.into_owned(), port: to.port };
    let opened = match via.protocol {
        Protocol::Socks5 => by_socks5(stream, via, to, until),
        Protocol::Http => by_http(stream, via, to, until),
    };
    opened.map_err(|e| e.at(format!("{to} through {via}")).during(until.wait()))
}

fn by_socks5(stream: &dyn Stream, via: &Via, to: &Endpoint, until: &Until) -> Result<()> {
    write_all(stream, tunnel::greeting(via.login.is_some()), until)?;
    let mut method = [0; 2];
    read_exact(stream, &mut method, until)?;
    let wants_login = tunnel::wants_login(method, via.login.is_some())?;
    if let Some((user, password)) = via.login.as_ref().filter(|_| wants_login) {
        write_all(stream, &tunnel::password(user, password), until)?;
        let mut answer = [0; 2];
        read_exact(stream, &mut answer, until)?;
        tunnel::check_login(answer)?;
    }
    write_all(stream, &tunnel::request(to)?, until)?;
    let mut head = [0; socks5::ReplyHead::LEN];
    read_exact(stream, &mut head, until)?;
    let head = socks5::ReplyHead::parse(&head)?;
    let mut rest = [0; 260];
    read_exact(stream, &mut rest[..head.rest], until)?;
    tunnel::check(head)
}

/// Byte by byte: what follows the head belongs to the host.
fn by_http(stream: &dyn Stream, via: &Via, to: &Endpoint, until: &Until) -> Result<()> {
    write_all(stream, http::connect(to, via.login.as_ref())?.reveal().as_bytes(), until)?;
    let mut head = Vec::new();
    while !head.ends_with(http::HEAD_END) {
        let mut byte = [0];
        if head.len() == http::HEAD_MAX || read_some(stream, &mut byte, until)? == 0 {
            break;
        }
        head.push(byte[0]);
    }
    match http::check(&head) {
        Ok(()) if !head.ends_with(http::HEAD_END) => Err(Error::new(Kind::Network, "the proxy hung up")),
        checked => checked,
    }
}
