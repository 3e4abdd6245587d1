//! Connecting to one of several addresses: the next is begun before the last has given up (RFC 8305).

use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crate::base::error::{Error, Kind, Result};
use crate::base::route::Bind;
use crate::os::socket;
use crate::os::until::{Ready, Until};

/// The next address is begun so long after the one before.
const STEP: Duration = Duration::from_millis(250);

/// Connections that were begun.
struct Race<'a> {
    until: &'a Until,
    rest: std::slice::Iter<'a, SocketAddr>,
    bind: Option<&'a Bind>,
    under_way: Vec<(SocketAddr, OwnedFd)>,
    last: Error,
    /// The last error is an answer, and not that it could not even be begun.
    is_answer: bool,
}

/// The first connection that comes about, and its address.
///
/// # Errors
/// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub fn race(addresses: &[SocketAddr], bind: Option<&Bind>, until: &Until) -> Result<(SocketAddr, TcpStream)> {
    let last = Error::new(Kind::Network, "there is no address to connect to").during(until.wait());
    let mut race = Race { until, rest: addresses.iter(), bind, under_way: Vec::new(), last, is_answer: false };
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
            match socket::begin(*address, self.bind) {
                Ok(socket) => return self.under_way.push((*address, socket)),
                Err(e) if !self.is_answer => self.last = self.failed(*address, e),
                Err(e) => log::debug!("can't connect to {address}: {e}"),
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
                    Err(e) => (self.last, self.is_answer) = (self.failed(address, e), true),
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
        let waiting = (0..4).map(|_| socket::begin(address, None).unwrap()).collect();
        (listener, waiting, address)
    }

    #[test]
    fn row_11_an_address_that_is_silent_does_not_keep_the_next_waiting() {
        let (_listener, _waiting, silent) = silent();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        let (address, _) = race(&[silent, good], None, &until(Duration::from_secs(600))).unwrap();
        assert_eq!(address, good, "long before the wait of the first one ended");
    }

    #[test]
    fn a_refused_address_is_followed_by_the_next_and_the_last_refusal_is_told() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        assert_eq!(race(&[closed, good], None, &until(Duration::from_secs(600))).unwrap().0, good);
        let error = race(&[closed], None, &until(Duration::from_secs(600))).unwrap_err();
        assert!(error.kind() == Kind::Network && error.what().contains(&closed.to_string()), "{error}");
        assert!(race(&[], None, &until(Duration::from_secs(600))).is_err());
    }

    #[test]
    fn addresses_that_are_all_silent_end_the_wait_and_are_named() {
        let (_listener, _waiting, silent) = silent();
        let error = race(&[silent], None, &until(Duration::from_millis(50))).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (Kind::Timeout, Some(Wait::Connect)));
        assert!(error.what().contains(&silent.to_string()), "{error}");
    }

    #[test]
    fn a_connection_comes_from_where_it_should_and_watches_itself() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        let from: Bind = "127.0.0.5".parse().unwrap();
        let (_, stream) = race(&[good], Some(&from), &until(Duration::from_secs(600))).unwrap();
        assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.5");
        let mut value: libc::c_int = 0;
        let mut length = size_of::<libc::c_int>() as libc::socklen_t;
        let fd = std::os::fd::AsRawFd::as_raw_fd(&stream);
        // SAFETY: the kernel writes one int to the pointer.
        let told =
            unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, (&raw mut value).cast(), &mut length) };
        assert_eq!((told, value), (0, 1));
        for (nowhere, why) in
            [("192.0.2.9", "192.0.2.9 (bind)"), ("2001:db8::9", "2001:db8::9 (bind)"), ("nosuch0", "nosuch0 (bind)")]
        {
            let error = race(&[good], Some(&nowhere.parse().unwrap()), &until(Duration::from_secs(600))).unwrap_err();
            assert!(error.kind() == Kind::Network && error.what().contains(why), "{error}");
        }
    }
}
