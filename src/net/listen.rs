//! Connections that others open to us: the server side of SOCKS5, for our own streamhost (rule 50).

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use super::dial::{Stream, read_some, write_all};
use crate::base::error::{Error, Kind, Result};
use crate::os::until::{Ready, Until};
use crate::proto::bytestreams::Digest;
use crate::proto::socks5::{self, Greeting};

/// A port that we listen at.
pub struct Listener(TcpListener);

impl Listener {
    /// Listens at a free port of the address.
    ///
    /// # Errors
    /// [`Kind::Network`].
    pub fn open(ip: IpAddr) -> Result<Listener> {
        let failed = |e| Error::new(Kind::Network, format!("can't listen at {ip}: {e}")).because(e);
        let listener = TcpListener::bind(SocketAddr::new(ip, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Listener(listener))
    }

    /// The port, for the offer.
    ///
    /// # Errors
    /// [`Kind::Network`].
    pub fn port(&self) -> Result<u16> {
        let address = self.0.local_addr();
        address.map(|address| address.port()).map_err(|e| Error::new(Kind::Network, e.to_string()))
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
    pub fn accept(&self, until: &Until) -> Result<Box<dyn Stream>> {
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    let ready = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
                    ready.map_err(|e| until.failed(Kind::Network, "the connection broke", e))?;
                    return Ok(Box::new(stream));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => until.ready(&self.0, Ready::Read)?,
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => until.check()?,
                Err(e) => return Err(until.failed(Kind::Network, "can't take a connection", e)),
            }
        }
    }
}

/// Answers a target's SOCKS5 handshake; only the one digest that is alive gets in.
///
/// # Errors
/// [`Kind::Protocol`], [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub fn welcome(stream: &dyn Stream, expected: &Digest, until: &Until) -> Result<()> {
    let greeting = read_message(stream, until, |b| Ok(Greeting::parse(b)?.map(|g| (g, g.len))))?;
    if !greeting.welcome {
        write_all(stream, &socks5::UNWELCOME, until)?;
        return Err(Error::new(Kind::Protocol, "the target wants an authentication").during(until.wait()));
    }
    write_all(stream, &socks5::WELCOME, until)?;
    let digest = read_message(stream, until, |b| Ok(socks5::parse_connect(b)?.map(|digest| (digest, b.len()))))?;
    if digest != *expected {
        write_all(stream, &socks5::reply(socks5::REFUSED, &digest), until)?;
        return Err(Error::new(Kind::Protocol, "somebody asked for another stream").during(until.wait()));
    }
    write_all(stream, &socks5::reply(socks5::SUCCEEDED, &digest), until)
}

/// Reads one message: no byte may stand behind it before our answer.
fn read_message<T>(
    stream: &dyn Stream,
    until: &Until,
    parse: impl Fn(&[u8]) -> Result<Option<(T, usize)>>,
) -> Result<T> {
    let mut bytes = [0; 300];
    let mut filled = 0;
    loop {
        if let Some((message, length)) = parse(&bytes[..filled]).map_err(|e| e.during(until.wait()))? {
            if length < filled {
                return Err(Error::new(Kind::Protocol, "the target doesn't wait for our answers").during(until.wait()));
            }
            return Ok(message);
        }
        match read_some(stream, &mut bytes[filled..], until)? {
            0 => return Err(Error::new(Kind::Network, "the target hung up during SOCKS5").during(until.wait())),
            n => filled += n,
        }
    }
}
