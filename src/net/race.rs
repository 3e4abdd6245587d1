//! Connecting to one of several addresses: the next is begun before the last has given up (RFC 8305).

use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crate::base::error::{Error, Kind, Result};
use crate::os::socket;
use crate::os::until::{Ready, Until};

/// The next address is begun so long after the one before.
const STEP: Duration = Duration::from_millis(250);

/// Connections that were begun.
struct Race<'a> {
    until: &'a Until,
    rest: std::slice::Iter<'a, SocketAddr>,
    under_way: Vec<(SocketAddr, OwnedFd)>,
    last: Error,
}

/// The first connection that comes about, and its address.
///
/// # Errors
/// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub fn race(addresses: &[SocketAddr], until: &Until) -> Result<(SocketAddr, TcpStream)> {
    let last = Error::new(Kind::Network, "there is no address to connect to").during(until.wait());
    let mut race = Race { until, rest: addresses.iter(), under_way: Vec::new(), last };
    race.begin_next();
    loop {
        if race.under_way.is_empty() {
            return Err(race.last);
        }
        if let Some(won) = race.await_one()? {
            return Ok(won);
        }
    }
}

impl Race<'_> {
    /// One that can't even be begun is passed over.
    fn begin_next(&mut self) {
        while let Some(address) = self.rest.next() {
            match socket::begin(*address) {
                Ok(socket) => return self.under_way.push((*address, socket)),
                Err(e) => self.last = self.failed(*address, e),
            }
        }
    }

    fn await_one(&mut self) -> Result<Option<(SocketAddr, TcpStream)>> {
        let step = if self.rest.len() > 0 { self.until.at_most(STEP) } else { self.until.clone() };
        let sockets: Vec<_> = self.under_way.iter().map(|(_, socket)| (socket.as_fd(), Ready::Write)).collect();
        match step.any_ready(&sockets) {
            Ok(at) => {
                let (address, socket) = self.under_way.swap_remove(at);
                match socket::connected(socket) {
                    Ok(stream) => return Ok(Some((address, stream))),
                    Err(e) => self.last = self.failed(address, e),
                }
            }
            Err(e) if e.kind() != Kind::Timeout => return Err(e),
            Err(_) => self.until.check().map_err(|e| self.silent(e))?,
        }
        self.begin_next();
        Ok(None)
    }

    fn failed(&self, address: SocketAddr, cause: std::io::Error) -> Error {
        self.until.failed(Kind::Network, &format!("can't connect to {address}"), cause)
    }

    fn silent(&self, timeout: Error) -> Error {
        let names: Vec<_> = self.under_way.iter().map(|(address, _)| address.to_string()).collect();
        timeout.at(names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::waits::{Wait, Waits};
    use crate::os::stop::Stop;
    use crate::os::until::Patience;
    use std::net::TcpListener;

    fn until(limit: Duration) -> Until {
        Patience::new(&Waits::default(), &Stop::new().unwrap()).until_after(Wait::Connect, limit)
    }

    /// A listener whose line is full: connections to it are neither taken nor refused.
    fn silent() -> (TcpListener, Vec<OwnedFd>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // SAFETY: the descriptor is a listening socket.
        unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(&listener), 0) };
        let address = listener.local_addr().unwrap();
        let waiting = (0..4).map(|_| socket::begin(address).unwrap()).collect();
        (listener, waiting, address)
    }

    #[test]
    fn row_11_an_address_that_is_silent_does_not_keep_the_next_waiting() {
        let (_listener, _waiting, silent) = silent();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        let (address, _) = race(&[silent, good], &until(Duration::from_secs(600))).unwrap();
        assert_eq!(address, good, "long before the wait of the first one ended");
    }

    #[test]
    fn a_refused_address_is_followed_by_the_next_and_the_last_refusal_is_told() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        assert_eq!(race(&[closed, good], &until(Duration::from_secs(600))).unwrap().0, good);
        let error = race(&[closed], &until(Duration::from_secs(600))).unwrap_err();
        assert!(error.kind() == Kind::Network && error.what().contains(&closed.to_string()), "{error}");
        assert!(race(&[], &until(Duration::from_secs(600))).is_err());
    }

    #[test]
    fn addresses_that_are_all_silent_end_the_wait_and_are_named() {
        let (_listener, _waiting, silent) = silent();
        let error = race(&[silent], &until(Duration::from_millis(50))).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (Kind::Timeout, Some(Wait::Connect)));
        assert!(error.what().contains(&silent.to_string()), "{error}");
    }
}
