//! SOCKS5 bytestreams, the initiator's end (XEP-0065, rules 41–49, 78).

use std::io;
use std::time::Duration;

use super::Context;
use super::direct::Direct;
use super::source::Source;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::dial::{Purpose, Stream, read_some, write_all};
use crate::net::socks;
use crate::os::until::{Ready, Until};
use crate::os::{file, socket};
use crate::proto::bytestreams::{Activate, Digest, Hosts, StreamHost, Used};
use crate::proto::iq::StanzaError;

/// So many bytes move in one system call, so that stop and progress are minded in between.
const SLICE: usize = 256 * 1024;

/// How often the socket is asked whether unsent bytes still move.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// One bytestream to a target.
pub struct Bytestream<'c> {
    pub context: &'c Context,
    pub peer: &'c Jid,
    pub sid: &'c str,
}

impl Bytestream<'_> {
    /// The initiator's part up to the first byte: offer the streamhosts; connect only after the target has, for
    /// Openfire pairs by order; activate, and wait for the answer: bytes sent earlier are lost.
    ///
    /// # Errors
    /// [`Kind::NoBytestream`] when the target can't connect or the proxy refuses, [`Kind::Protocol`],
    /// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
    pub fn establish(&self, proxies: &[StreamHost]) -> Result<Box<dyn Stream>> {
        let digest = Digest::new(self.sid, self.context.session.me(), self.peer);
        let direct = self.direct(digest);
        let hosts = with_direct(proxies, direct.as_ref());
        let used = self.offer_streamhosts(&hosts)?;
        let until = self.context.patience.until(Wait::Proxy);
        if let Some(direct) = direct.filter(|direct| direct.host.jid == used) {
            return direct.take(&until);
        }
        let stream = self.dial_first(proxies.iter().filter(|host| host.jid == used), &until)?;
        socks::connect(&*stream, &digest, &until)?;
        self.activate(&used)?;
        Ok(stream)
    }

    /// Our own streamhost, where it is wanted and possible.
    fn direct(&self, digest: Digest) -> Option<Direct> {
        if !self.context.config.direct {
            return None;
        }
        Direct::open(self.context, digest).unwrap_or_else(|e| {
            log::warn!("our own address can't be offered: {e}");
            None
        })
    }

    fn offer_streamhosts(&self, proxies: &[StreamHost]) -> Result<Jid> {
        let until = self.context.patience.until(Wait::StreamhostUsed);
        let hosts = Hosts { sid: self.sid.to_owned(), mode_tcp: true, hosts: proxies.to_vec() };
        let asked = self.context.session.set(self.peer, hosts.to_element(), &until)?;
        let used =
            asked.wait(&until).map_err(|e| e.at(self.peer))?.map_err(|refusal| self.unreached(&refusal, proxies))?;
        let used = used.ok_or_else(|| Error::new(Kind::Protocol, "the answer to the streamhosts names none"));
        let used = used.and_then(|query| Used::parse(&query)).map_err(|e| e.during(Wait::StreamhostUsed))?.jid;
        if proxies.iter().any(|host| host.jid == used) {
            return Ok(used);
        }
        let what = format!("{} says that it used the streamhost {used}, which was not offered", self.peer);
        Err(Error::new(Kind::Protocol, what).during(Wait::StreamhostUsed))
    }

    fn unreached(&self, refusal: &StanzaError, proxies: &[StreamHost]) -> Error {
        let tried: Vec<_> = proxies.iter().map(|host| format!("{}:{}", host.host, host.port)).collect();
        let what = format!("{} could not connect to {} ({refusal})", self.peer, tried.join(", "));
        if refusal.condition == "item-not-found" {
            proxies.iter().for_each(|host| self.context.proxies.drop_host(&host.jid));
        }
        Error::new(Kind::NoBytestream, what).during(Wait::StreamhostUsed)
    }

    /// Every address of the proxy is tried by TCP; CONNECT is sent on the first that takes us (rule 41).
    fn dial_first<'h>(&self, hosts: impl Iterator<Item = &'h StreamHost>, until: &Until) -> Result<Box<dyn Stream>> {
        let mut last = Error::new(Kind::NoBytestream, "no streamhost can be used").during(until.wait());
        for host in hosts {
            let endpoint = Endpoint { host: host.host.clone(), port: host.port };
            match self.context.dialer.dial(&endpoint, Purpose::within(&self.context.patience, until)) {
                Ok(stream) => return Ok(stream),
                Err(e) if e.kind() == Kind::Stopped => return Err(e),
                Err(e) => last = e,
            }
        }
        Err(last)
    }

    fn activate(&self, proxy: &Jid) -> Result<()> {
        let until = self.context.patience.until(Wait::Activate);
        let activate = Activate { sid: self.sid.to_owned(), target: self.peer.clone() };
        let asked = self.context.session.set(proxy, activate.to_element(), &until)?;
        asked.wait(&until).map_err(|e| e.at(proxy))?.map(|_| ()).map_err(|refusal| {
            let what = format!("the proxy {proxy} refused to activate the bytestream: {refusal}");
            let advice = "one side did not connect in time, or the server did not see the offer: send again";
            Error::new(Kind::NoBytestream, what).advise(advice).during(Wait::Activate)
        })
    }

    /// Sends every byte, then FIN at once (Prosody keeps some back until then), then waits for their end.
    ///
    /// # Errors
    /// [`Kind::Incomplete`], [`Kind::Network`], those of the source, or the stall timeout.
    pub fn carry(&self, stream: &dyn Stream, source: &mut Source) -> Result<()> {
        let sent = Sent { stream, before: socket::acknowledged(stream), bytes: source.left() };
        let mut until = self.context.patience.until(Wait::Stall);
        let mut buffer = Vec::new();
        while source.left() > 0 {
            sent.check_early_end(&until)?;
            let moved = self.move_some(stream, source, &mut buffer, &until)?;
            self.context.progress.add(moved);
            until.restart();
        }
        sent.check_early_end(&until)?;
        stream.finish().map_err(|e| until.failed(Kind::Network, "the proxy broke the connection", e))?;
        sent.wait_for_end(until)
    }

    /// Moves up to one slice: inside the kernel where the source is a file.
    fn move_some(&self, stream: &dyn Stream, source: &mut Source, buffer: &mut Vec<u8>, until: &Until) -> Result<u64> {
        let Some((file, mut offset)) = source.as_file() else {
            return move_through(stream, source, buffer, until);
        };
        let count = SLICE.min(usize::try_from(source.left()).unwrap_or(SLICE));
        loop {
            match file::sendfile(stream, file, &mut offset, count) {
                Ok(0) => return Err(source.too_short()),
                Ok(n) => {
                    source.advance(n as u64);
                    return Ok(n as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => until.ready(stream, Ready::Write)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => until.check()?,
                // Some file systems don't know sendfile.
                Err(e) if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) => {
                    return move_through(stream, source, buffer, until);
                }
                Err(e) if is_connection_error(&e) => {
                    return Err(until.failed(Kind::Network, "the proxy broke the connection", e));
                }
                Err(e) => return Err(source.unreadable(e)),
            }
        }
    }
}

/// Our own address first where the other side is likely near, else last.
fn with_direct(proxies: &[StreamHost], direct: Option<&Direct>) -> Vec<StreamHost> {
    let mut hosts = proxies.to_vec();
    if let Some(direct) = direct {
        let at = if direct.is_near { 0 } else { hosts.len() };
        hosts.insert(at, direct.host.clone());
    }
    hosts
}

fn move_through(stream: &dyn Stream, source: &mut Source, buffer: &mut Vec<u8>, until: &Until) -> Result<u64> {
    buffer.resize(16 * 1024, 0);
    let bytes = source.fill(buffer)?;
    write_all(stream, bytes, until)?;
    Ok(bytes.len() as u64)
}

fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::BrokenPipe | E::ConnectionReset | E::ConnectionAborted | E::NotConnected | E::TimedOut)
        || matches!(error.raw_os_error(), Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ENETDOWN))
}

/// What was written to a proxy, and what its kernel has acknowledged of it.
struct Sent<'s> {
    stream: &'s dyn Stream,
    /// What had been acknowledged before the first byte of the file.
    before: Option<u64>,
    bytes: u64,
}

impl Sent<'_> {
    /// A proxy that ends before we did has lost its other side.
    fn check_early_end(&self, until: &Until) -> Result<()> {
        match self.stream.read(&mut [0; 64]) {
            Ok(0) => Err(ended_early().during(until.wait())),
            Err(e) if is_connection_error(&e) => Err(until.failed(Kind::Network, "the proxy broke the connection", e)),
            _ => Ok(()),
        }
    }

    /// Reads to their end. It gives up only when nothing moves any more: a fixed time cuts slow proxies
    /// (rule 47).
    fn wait_for_end(&self, mut until: Until) -> Result<()> {
        let mut unsent = u64::MAX;
        let mut seen = [0; 512];
        loop {
            match read_some(self.stream, &mut seen, &until.at_most(LOOK_AGAIN)) {
                Ok(0) if self.all_acknowledged() => return Ok(()),
                Ok(0) => return Err(ended_early().during(Wait::Stall)),
                Ok(_) => {}
                Err(e) if e.kind() == Kind::Timeout => until.check()?,
                Err(e) if e.kind() == Kind::Network && self.all_acknowledged() => {
                    log::warn!("the proxy reset the connection after the last byte");
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
            let now = socket::unacknowledged(self.stream).unwrap_or(0);
            if now < unsent {
                unsent = now;
                until.restart();
            }
        }
    }

    fn all_acknowledged(&self) -> bool {
        match (self.before, socket::acknowledged(self.stream)) {
            (Some(before), Some(now)) => now.saturating_sub(before) >= self.bytes,
            _ => socket::unacknowledged(self.stream).is_ok_and(|unsent| unsent == 0),
        }
    }
}

fn ended_early() -> Error {
    Error::new(Kind::Incomplete, "the proxy ended the bytestream before the last byte; the other side has left it")
}
