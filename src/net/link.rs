//! The XMPP connection: full duplex, plain or inside TLS.
//!
//! Two threads use it at once. Nobody holds a lock while waiting: bytes to be written are appended to one
//! buffer (encrypted in that order), and whoever waits for them writes what the socket takes, without
//! blocking. A writer that gives up leaves whole records behind for the next one, so cancelling a transfer
//! never breaks the stream. The reader's own answers are only appended; its loop writes them as the socket
//! allows. So a peer that writes much before it reads can't bring us to a standstill.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::ClientConnection;

use super::binding;
use super::dial::{Stream, read_some, write_all};
use super::records::{feed, feed_and_drain, take_records};
use super::tls::Tls;
use crate::base::error::{Error, Kind, Result};
use crate::os::event::Event;
use crate::os::until::{Ready, Until};
use crate::proto::sasl::{BindingType, ChannelBinding};
use crate::proto::wire;

/// The size of one raw read: a TLS record and a bit.
pub const READ_SIZE: usize = 17 * 1024;

/// A reader that can't write its answers collects at most this much.
const BACKLOG_MAX: usize = 256 * 1024;

/// A connection that one thread reads and any thread writes.
pub struct Link {
    stream: Box<dyn Stream>,
    secured: Option<Secured>,
    outgoing: Mutex<Outgoing>,
    /// Set when somebody else left bytes for the reader to write.
    left_over: Event,
}

struct Secured {
    connection: Mutex<ClientConnection>,
    tls: Tls,
}

/// Bytes on their way to the socket, encrypted where TLS is on.
struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
    /// How many bytes ever left `bytes`: a writer's own end is a fixed point in this count.
    drained: u64,
    appended: Instant,
}

impl Link {
    /// A connection without TLS, yet.
    ///
    /// # Errors
    /// [`Kind::Read`] when no descriptor is left.
    pub fn plain(stream: Box<dyn Stream>) -> Result<Link> {
        Ok(Link { stream, secured: None, outgoing: Mutex::new(Outgoing::new()), left_over: Event::new_or_error()? })
    }

    /// Does the TLS handshake. The client's last message waits for the first write and shares its segment.
    ///
    /// # Errors
    /// [`Kind::Certificate`], [`Kind::Tls`], [`Kind::Network`], or the timeout of the wait.
    pub fn start_tls(self, tls: &Tls, is_direct: bool, until: &Until) -> Result<Link> {
        let mut connection = tls.start(is_direct)?;
        let mut raw = vec![0u8; READ_SIZE];
        while connection.is_handshaking() {
            self.write_records(&mut connection, until)?;
            let n = read_some(&*self.stream, &mut raw, until)?;
            if n == 0 {
                return Err(
                    Error::new(Kind::Network, "the server hung up during the TLS handshake").during(until.wait())
                );
            }
            if let Err(error) = feed(&mut connection, &raw[..n]) {
                let told = self.write_records(&mut connection, until);
                log::debug!("TLS alert sent: {}", told.is_ok());
                return Err(tls.explain(error).during(until.wait()));
            }
        }
        let secured = Secured { connection: Mutex::new(connection), tls: tls.clone() };
        Ok(Link { secured: Some(secured), ..self })
    }

    /// The version of TLS, in its own words.
    pub fn tls_version(&self) -> Option<String> {
        let version = self.secured.as_ref().and_then(|secured| secured.lock().protocol_version());
        version.and_then(|version| version.as_str()).map(str::to_owned)
    }

    fn write_records(&self, connection: &mut ClientConnection, until: &Until) -> Result<()> {
        let mut records = Vec::new();
        take_records(connection, &mut records);
        write_all(&*self.stream, &records, until)
    }

    /// Writes all bytes. One call is one write as long as the socket takes it.
    ///
    /// # Errors
    /// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
    pub fn send(&self, bytes: &[u8], until: &Until) -> Result<()> {
        let end = self.append(&mut self.outgoing(), bytes);
        loop {
            let mut outgoing = self.outgoing();
            self.pump(&mut outgoing).map_err(|e| until.failed(Kind::Network, "the connection broke", e))?;
            if outgoing.drained >= end {
                return Ok(());
            }
            drop(outgoing);
            until.ready(self, Ready::Write)?;
        }
    }

    /// Appends bytes and writes what the socket takes at once: for the reader, which never waits to write.
    ///
    /// # Errors
    /// [`Kind::Network`] when the connection broke or the other end asks much and reads nothing.
    pub fn post(&self, bytes: &[u8]) -> Result<()> {
        let mut outgoing = self.outgoing();
        self.append(&mut outgoing, bytes);
        self.pump(&mut outgoing).map_err(|e| broken(&e))?;
        if outgoing.pending() > 0 {
            self.left_over.set();
        }
        if outgoing.pending() > BACKLOG_MAX {
            return Err(Error::new(Kind::Network, "the server asks much and reads no answer"));
        }
        Ok(())
    }

    fn append(&self, outgoing: &mut Outgoing, bytes: &[u8]) -> u64 {
        log::trace!(target: wire::TARGET, "> {}", wire::Shown(&String::from_utf8_lossy(bytes)));
        outgoing.appended = Instant::now();
        match &self.secured {
            None => outgoing.bytes.extend_from_slice(bytes),
            Some(secured) => {
                let mut connection = secured.lock();
                for chunk in bytes.chunks(16 * 1024) {
                    // A buffer without limit takes all; the records come out below.
                    let _ = connection.writer().write(chunk);
                    take_records(&mut connection, &mut outgoing.bytes);
                }
            }
        }
        outgoing.drained + outgoing.pending() as u64
    }

    /// Writes what the socket takes now.
    fn pump(&self, outgoing: &mut Outgoing) -> io::Result<()> {
        if let Some(secured) = &self.secured {
            take_records(&mut secured.lock(), &mut outgoing.bytes);
        }
        while outgoing.pending() > 0 {
            match self.stream.write(&outgoing.bytes[outgoing.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => outgoing.advance(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Appends what has arrived to `text`; `Ok(0)` is the end of the stream. Writes what is still to be
    /// written meanwhile. `raw` is the caller's, so that nothing is allocated per read.
    ///
    /// # Errors
    /// [`Kind::Network`], [`Kind::Tls`], [`Kind::Stopped`], or the timeout of the wait.
    pub fn read(&self, raw: &mut [u8], text: &mut Vec<u8>, until: &Until) -> Result<usize> {
        loop {
            let early = self.decrypt(&[], text).map_err(|e| e.during(until.wait()))?;
            if early > 0 {
                return Ok(early);
            }
            let n = match self.stream.read(raw) {
                Ok(0) => return Ok(0),
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait_readable(until)?;
                    continue;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(broken(&e).because(e).during(until.wait())),
            };
            let decrypted = self.decrypt(&raw[..n], text).map_err(|e| e.during(until.wait()))?;
            if decrypted > 0 || self.peer_finished() {
                return Ok(decrypted);
            }
            until.check()?;
        }
    }

    fn wait_readable(&self, until: &Until) -> Result<()> {
        let mut outgoing = self.outgoing();
        self.pump(&mut outgoing).map_err(|e| broken(&e))?;
        let what = if outgoing.pending() > 0 { Ready::Both } else { Ready::Read };
        self.left_over.clear();
        drop(outgoing);
        until.any_ready(&[(self.as_fd(), what), (self.left_over.as_fd(), Ready::Read)]).map(|_| ())
    }

    /// When something was last given to be written.
    pub fn last_written(&self) -> Instant {
        self.outgoing().appended
    }

    fn decrypt(&self, raw: &[u8], text: &mut Vec<u8>) -> Result<usize> {
        let before = text.len();
        match &self.secured {
            None => text.extend_from_slice(raw),
            Some(secured) => {
                let mut connection = secured.lock();
                let fed = feed_and_drain(&mut connection, raw, text);
                fed.map_err(|e| secured.tls.explain(e))?;
            }
        }
        Ok(text.len() - before)
    }

    /// What the TLS channel is known by, if it has that type.
    pub fn channel_binding(&self, kind: BindingType) -> Option<ChannelBinding> {
        self.secured.as_ref().and_then(|secured| binding::of(&secured.lock(), kind))
    }

    /// Whether the other end said by TLS that nothing more comes.
    fn peer_finished(&self) -> bool {
        let state = self.secured.as_ref().map(|secured| secured.lock().process_new_packets());
        matches!(state, Some(Ok(state)) if state.peer_has_closed())
    }

    /// Tells the other end that nothing more comes: a TLS close_notify, then FIN. Never waits.
    pub fn finish(&self) {
        if let Some(secured) = &self.secured {
            secured.lock().send_close_notify();
        }
        let _ = self.pump(&mut self.outgoing());
        let _ = self.stream.finish();
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Secured {
    fn lock(&self) -> MutexGuard<'_, ClientConnection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing {
    fn new() -> Self {
        Outgoing { bytes: Vec::new(), written: 0, drained: 0, appended: Instant::now() }
    }

    fn pending(&self) -> usize {
        self.bytes.len() - self.written
    }

    fn advance(&mut self, n: usize) {
        self.written += n;
        self.drained += n as u64;
        if self.pending() == 0 {
            self.bytes.clear();
            self.written = 0;
        }
    }
}

fn broken(cause: &io::Error) -> Error {
    Error::new(Kind::Network, format!("the connection to the server broke: {cause}"))
}
