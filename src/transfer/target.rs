//! SOCKS5 bytestreams, the target's end (XEP-0065, rules 40, 41, 62).

use std::time::Duration;

use super::Context;
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

/// One bytestream from an initiator.
pub struct Target<'c> {
    pub context: &'c Context,
    pub peer: &'c Jid,
    pub sid: &'c str,
}

impl Target<'_> {
    /// Connects to the first streamhost that works, and says which (rule 62).
    ///
    /// # Errors
    /// [`Kind::NoBytestream`] when none does; the sender has been told.
    pub fn join(&self, request: Request, offered: Hosts) -> Result<Box<dyn Stream>> {
        let digest = Digest::new(self.sid, self.peer, self.context.session.me());
        let until = self.context.patience.until(Wait::Target);
        match self.connect_to_any(offered, &digest, &until) {
            Ok((stream, jid)) => {
                self.context.session.tell(&request.result(Some(Used { jid }.to_element())).to_element())?;
                Ok(stream)
            }
            Err(e) => {
                let refusal = StanzaError::new(ErrorType::Cancel, "item-not-found");
                self.context.session.tell(&request.refuse(refusal).to_element())?;
                Err(e)
            }
        }
    }

    fn connect_to_any(&self, offered: Hosts, digest: &Digest, until: &Until) -> Result<(Box<dyn Stream>, Jid)> {
        let mut hosts = usable(offered.hosts, self.context.session.is_on_loopback());
        let mut last = Error::new(Kind::NoBytestream, "the sender offers no streamhost that can be used");
        while !hosts.is_empty() {
            let host = hosts.remove(0);
            until.check()?;
            let share = until.left() / (hosts.len() as u32 + 1);
            match self.connect_to(&host, digest, &until.at_most(share.max(Duration::from_secs(2)))) {
                Ok(stream) => return Ok((stream, host.jid)),
                Err(e) if e.kind() == Kind::Stopped => return Err(e),
                Err(e) => {
                    log::info!("streamhost {} at {}:{} failed: {e}", host.jid, host.host, host.port);
                    // One CONNECT for each proxy and sid: a second would be taken for the other party.
                    if e.wait() == Some(Wait::Target) && e.kind() != Kind::Network {
                        hosts.retain(|other| other.jid != host.jid);
                    }
                    last = e;
                }
            }
        }
        Err(last.during(Wait::Target))
    }

    fn connect_to(&self, host: &StreamHost, digest: &Digest, until: &Until) -> Result<Box<dyn Stream>> {
        let endpoint = Endpoint { host: host.host.clone(), port: host.port };
        let stream = self.context.dialer.dial(&endpoint, Purpose::within(&self.context.patience, until))?;
        socks::connect(&*stream, digest, until)?;
        Ok(stream)
    }

    /// Writes what comes until the sender ends; a known size must be met exactly.
    ///
    /// # Errors
    /// [`Kind::Incomplete`], [`Kind::Protocol`] for too many bytes, [`Kind::Write`], or the timeout.
    pub fn receive(&self, stream: &dyn Stream, sink: &mut Sink) -> Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let wait = if sink.is_full() { Wait::Close } else { Wait::Data };
            let until = self.context.patience.until(wait);
            match read_some(stream, &mut buffer, &until) {
                Ok(0) => return sink.check_complete().map_err(|e| e.during(Wait::Data)),
                Ok(n) => {
                    sink.write(&buffer[..n]).map_err(|e| e.during(Wait::Data))?;
                    self.context.progress.add(n as u64);
                }
                // All bytes are here and the sender never closes.
                Err(_) if sink.is_full() => return sink.check_complete(),
                Err(e) => return Err(e),
            }
        }
    }
}
