//! SOCKS5 bytestreams, the target's end (XEP-0065, rules 40, 41, 62).

use std::time::Duration;

use super::Context;
use super::peer::Peer;
use super::proxies::usable;
use super::sink::Sink;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::dial::{Purpose, Stream, read_some};
use crate::net::socks;
use crate::os::until::Until;
use crate::proto::bytestreams::{Digest, Hosts, StreamHost, Used};
use crate::proto::iq::{ErrorType, StanzaError};
use crate::session::router::Request;

/// One unreachable address may cost this much, though others wait.
const LEAST_SHARE: Duration = Duration::from_secs(2);

/// Connects to the first streamhost that works, and says which.
///
/// # Errors
/// [`Kind::NoBytestream`] when none does; the sender has been told.
pub fn join(peer: &Peer<'_>, request: Request, offered: Hosts) -> Result<Box<dyn Stream>> {
    match connect_to_any(peer, offered) {
        Ok((stream, jid)) => {
            peer.answer(&request.result(Some(Used { jid }.to_element())))?;
            Ok(stream)
        }
        Err(e) => {
            peer.answer(&request.refuse(StanzaError::new(ErrorType::Cancel, "item-not-found")))?;
            Err(e)
        }
    }
}

/// Each address is tried by TCP; of each proxy only one gets a CONNECT, for a second with the same sid would be
/// taken for the other party (rule 41).
fn connect_to_any(peer: &Peer<'_>, offered: Hosts) -> Result<(Box<dyn Stream>, Jid)> {
    let digest = Digest::new(peer.sid, peer.jid, peer.context.session.me());
    let until = peer.context.patience.until(Wait::Target);
    let nothing = || Error::new(Kind::NoBytestream, "the sender offers no streamhost that can be used");
    if !offered.mode_tcp {
        return Err(nothing().during(Wait::Target));
    }
    let mut hosts = usable(offered.hosts, peer.context.is_on_loopback());
    let mut last = nothing();
    while !hosts.is_empty() {
        let host = hosts.remove(0);
        until.check()?;
        let share = until.at_most((until.left() / (hosts.len() as u32 + 1)).max(LEAST_SHARE));
        let error = match dial(peer.context, &host, &share) {
            Err(e) => e,
            Ok(stream) => {
                hosts.retain(|other| other.jid != host.jid);
                match socks::connect(&*stream, &digest, &share) {
                    Ok(()) => return Ok((stream, host.jid)),
                    Err(e) => e,
                }
            }
        };
        if error.kind() == Kind::Stopped {
            return Err(error);
        }
        log::info!("streamhost {} at {}:{} failed: {error}", host.jid, host.host, host.port);
        last = error;
    }
    Err(last.during(Wait::Target))
}

fn dial(context: &Context, host: &StreamHost, until: &Until) -> Result<Box<dyn Stream>> {
    let endpoint = Endpoint { host: host.host.clone(), port: host.port };
    context.dialer.dial(&endpoint, Purpose::within(&context.patience, until))
}

/// Writes what comes until the sender ends; a known size must be met exactly.
///
/// # Errors
/// [`Kind::Incomplete`], [`Kind::Protocol`] for too many bytes, [`Kind::Write`], or the timeout.
pub fn receive(context: &Context, stream: &dyn Stream, sink: &mut Sink) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let wait = if sink.is_full() { Wait::Close } else { Wait::Data };
        match read_some(stream, &mut buffer, &context.patience.until(wait)) {
            Ok(0) => return sink.check_complete().map_err(|e| e.during(Wait::Data)),
            Ok(n) => {
                sink.write(&buffer[..n]).map_err(|e| e.during(Wait::Data))?;
                context.progress.add(n as u64);
            }
            // Every byte is here: whatever keeps the end from coming, the file is whole.
            Err(_) if sink.is_full() => return sink.check_complete(),
            Err(e) => return Err(e),
        }
    }
}
