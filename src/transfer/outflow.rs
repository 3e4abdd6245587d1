//! The bytes of a file into a bytestream, and how it is known that they were taken (rule 47).

use std::fmt;
use std::io;
use std::time::Duration;

use super::Context;
use super::source::Source;
use super::turn::Permit;
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::Wait;
use crate::net::dial::{Stream, read_some};
use crate::os::until::{Ready, Until};
use crate::os::{file, socket};

/// So many bytes move in one system call, so that stop and progress are minded in between.
const SLICE: usize = 256 * 1024;

/// How often the socket is asked whether unsent bytes still move.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A bytestream that is open for the bytes of a file.
pub struct Channel {
    stream: Box<dyn Stream>,
    /// What its kernel had acknowledged before the first byte.
    before: Option<u64>,
    /// What was still under way then.
    under_way: u64,
}

impl Channel {
    pub fn new(stream: Box<dyn Stream>) -> Self {
        let under_way = stream.tcp().and_then(|tcp| socket::unacknowledged(tcp).ok()).unwrap_or(0);
        let before = stream.tcp().and_then(socket::acknowledged);
        Channel { stream, before, under_way }
    }

    /// Sends every byte, then FIN at once (Prosody keeps some back until then), then waits for their end.
    ///
    /// # Errors
    /// [`Kind::Incomplete`], [`Kind::Network`], those of the source, or the stall timeout.
    pub fn carry(&self, context: &Context, source: &mut Source, last: &mut Option<Permit>) -> Result<()> {
        let bytes = source.left();
        let mut flow = Flow { channel: self, until: context.patience.until(Wait::Stall), unsent: u64::MAX };
        let mut buffer = Vec::new();
        while source.left() > 0 {
            flow.check_early_end()?;
            let most = context.pace.slice(SLICE);
            if source.left() <= most as u64 && last.is_none() {
                *last = context.last_bytes()?;
                flow.until.restart();
            }
            let moved = flow.move_some(source, &mut buffer, most)?;
            context.progress.add(moved);
            context.pace.spend(moved, context.patience.stop())?;
            flow.until.restart();
        }
        if let Err(e) = self.stream.finish() {
            log::debug!("the bytestream was over before it was finished: {e}");
        }
        flow.wait_for_end(bytes)
    }

    fn unsent(&self) -> u64 {
        self.stream.tcp().and_then(|tcp| socket::unacknowledged(tcp).ok()).unwrap_or(0)
    }

    /// The other end's kernel has every byte; where nobody counts, their end must do.
    fn has_all(&self, bytes: u64) -> bool {
        let Some(tcp) = self.stream.tcp() else { return true };
        match (self.before, socket::acknowledged(tcp)) {
            (Some(before), Some(now)) => now.saturating_sub(before) >= bytes + self.under_way,
            _ => self.unsent() == 0,
        }
    }
}

/// Bytes on the move: it gives up only when nothing moves any more, for a fixed time cuts slow proxies.
struct Flow<'s> {
    channel: &'s Channel,
    until: Until,
    unsent: u64,
}

impl Flow<'_> {
    /// Moves up to `most` bytes: inside the kernel where the source is a file.
    fn move_some(&mut self, source: &mut Source, buffer: &mut Vec<u8>, most: usize) -> Result<u64> {
        let stream = &*self.channel.stream;
        let (Some((file, mut offset)), Some(tcp)) = (source.as_file(), stream.tcp()) else {
            return self.move_through(source, buffer, most);
        };
        let count = most.min(usize::try_from(source.left()).unwrap_or(most));
        loop {
            match file::sendfile(tcp, file, &mut offset, count) {
                Ok(0) => return Err(source.too_short()),
                Ok(n) => {
                    source.advance(n as u64);
                    return Ok(n as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait_writable()?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => self.until.check()?,
                // Some file systems don't know sendfile.
                Err(e) if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) => {
                    return self.move_through(source, buffer, most);
                }
                Err(e) if is_connection_error(&e) => return Err(cut(&e)),
                Err(e) => return Err(source.unreadable(e)),
            }
        }
    }

    fn move_through(&mut self, source: &mut Source, buffer: &mut Vec<u8>, most: usize) -> Result<u64> {
        buffer.resize(most.min(16 * 1024), 0);
        let mut bytes = source.fill(buffer)?;
        let moved = bytes.len() as u64;
        while !bytes.is_empty() {
            match self.channel.stream.write(bytes) {
                Ok(0) => return Err(cut(&io::Error::from(io::ErrorKind::WriteZero))),
                Ok(n) => {
                    bytes = &bytes[n..];
                    self.until.restart();
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait_writable()?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => self.until.check()?,
                Err(e) => return Err(cut(&e)),
            }
        }
        Ok(moved)
    }

    /// Linux calls a socket writable only when a third of its buffer is free, which takes long on a slow path.
    fn wait_writable(&mut self) -> Result<()> {
        loop {
            match self.until.at_most(LOOK_AGAIN).ready(&*self.channel.stream, Ready::Write) {
                Err(e) if e.kind() == Kind::Timeout => self.look()?,
                ready => return ready,
            }
        }
    }

    /// Starts the wait again when bytes left since the last look.
    fn look(&mut self) -> Result<()> {
        let now = self.channel.unsent();
        let moved = now < self.unsent;
        self.unsent = now;
        if moved {
            self.until.restart();
        }
        self.until.check()
    }

    /// A proxy that ends before we did has lost its other side.
    fn check_early_end(&self) -> Result<()> {
        match self.channel.stream.read(&mut [0; 64]) {
            Ok(0) => Err(ended_early()),
            Err(e) if is_connection_error(&e) => Err(cut(&e)),
            _ => Ok(()),
        }
    }

    /// Reads to their end.
    fn wait_for_end(mut self, bytes: u64) -> Result<()> {
        let mut seen = [0; 512];
        self.unsent = u64::MAX;
        loop {
            match read_some(&*self.channel.stream, &mut seen, &self.until.at_most(LOOK_AGAIN)) {
                Ok(0) if self.channel.has_all(bytes) => return Ok(()),
                Ok(0) => return Err(ended_early()),
                Ok(_) => {}
                Err(e) if e.kind() == Kind::Timeout => self.look()?,
                Err(e) if e.kind() == Kind::Network && self.channel.has_all(bytes) => {
                    log::warn!("the proxy reset the connection after the last byte");
                    return Ok(());
                }
                Err(e) if e.kind() == Kind::Network => return Err(cut(&e.what())),
                Err(e) => return Err(e),
            }
        }
    }
}

fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::BrokenPipe | E::ConnectionReset | E::ConnectionAborted | E::NotConnected | E::TimedOut)
        || matches!(error.raw_os_error(), Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ENETDOWN))
}

fn ended_early() -> Error {
    cut(&"it ended before the last byte")
}

/// Who ended it can't be told: the recipient's cancel looks like this as well.
fn cut(how: &dyn fmt::Display) -> Error {
    let error = Error::new(Kind::Incomplete, format!("the bytestream was cut ({how})")).during(Wait::Stall);
    error.advise("the recipient cancelled or left, or the path broke: try again")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bed, listener, zeros};
    use super::*;
    use std::net::TcpStream;
    use std::thread;

    /// Carries a file of that size to a proxy that reads with pauses; gives how much arrived.
    fn carry(bed: &Bed, size: u64, pause: Duration) -> u64 {
        let (proxy, port) = listener();
        let stream = socket::connect(([127, 0, 0, 1], port).into(), &bed.until()).unwrap();
        let far = proxy.accept().unwrap().0;
        let reads = thread::spawn(move || read_on(far, pause));
        Channel::new(Box::new(stream)).carry(&bed.context, &mut zeros(size), &mut None).unwrap();
        reads.join().unwrap()
    }

    fn read_on(far: TcpStream, pause: Duration) -> u64 {
        let (mut block, mut sum) = (vec![0; 1 << 20], 0);
        loop {
            match far.read(&mut block).unwrap() {
                0 => return sum,
                n => sum += n as u64,
            }
            thread::sleep(pause);
        }
    }

    #[test]
    fn rule_47_a_proxy_that_is_slow_but_moves_is_not_cut_off() {
        let bed = Bed::new().waiting(Wait::Stall, Duration::from_millis(600));
        assert_eq!(carry(&bed, 10 << 20, Duration::from_millis(60)), 10 << 20);
    }

    #[test]
    fn more_than_4_gib_are_carried_and_counted() {
        let size = (4 << 30) + 1;
        assert_eq!(carry(&Bed::new(), size, Duration::ZERO), size);
    }
}
