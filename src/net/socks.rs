//! The SOCKS5 handshake of a bytestream, as the client (XEP-0065, RFC 1928).

use super::dial::{Stream, read_some, write_all};
use crate::base::error::{Error, Kind, Result};
use crate::os::until::Until;
use crate::proto::bytestreams::Digest;
use crate::proto::socks5;

/// Asks the proxy for the stream `digest`. Greeting and CONNECT are two writes, each whole, the second only
/// after the first's reply: Prosody and ejabberd refuse anything else, Openfire reads the header once (rule 42).
///
/// # Errors
/// [`Kind::NoBytestream`] when the proxy refuses, [`Kind::Protocol`], [`Kind::Network`], or the timeout.
pub fn connect(stream: &dyn Stream, digest: &Digest, until: &Until) -> Result<()> {
    write_all(stream, &socks5::GREETING, until)?;
    let mut method = [0u8; 2];
    read_exact(stream, &mut method, until)?;
    socks5::parse_method(&method).map_err(|e| e.during(until.wait()))?;
    write_all(stream, &socks5::connect(digest), until)?;
    let mut head = [0u8; 5];
    read_exact(stream, &mut head, until)?;
    let head = socks5::ReplyHead::parse(&head).map_err(|e| e.during(until.wait()))?;
    let mut rest = [0u8; 260];
    read_exact(stream, &mut rest[..head.rest], until)?;
    head.check().map_err(|e| e.during(until.wait()))
}

/// Reads exactly as much as the protocol says comes: what follows belongs to what the connection is for.
pub fn read_exact(stream: &dyn Stream, buffer: &mut [u8], until: &Until) -> Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some(stream, &mut buffer[filled..], until)? {
            0 => return Err(Error::new(Kind::Network, "the proxy hung up during SOCKS5").during(until.wait())),
            n => filled += n,
        }
    }
    Ok(())
}
