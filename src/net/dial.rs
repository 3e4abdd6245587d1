//! The one place that opens connections.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::race::race;
use super::resolve::Resolver;
use super::via;
use crate::base::config::Config;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Kind, Result};
use crate::base::route::{Bind, Fixed, Via};
use crate::base::waits::Wait;
use crate::os::socket;
use crate::os::stop::Stop;
use crate::os::until::{Patience, Ready, Until};

/// A connection whose calls never block: where they would, they return `WouldBlock`, and the caller waits
/// for the descriptor.
pub trait Stream: AsFd + Send + Sync {
    /// Reads what is there; 0 is the end.
    ///
    /// # Errors
    /// As [`std::io::Read::read`].
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what fits, without raising SIGPIPE.
    ///
    /// # Errors
    /// As [`std::io::Write::write`].
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Tells the other end that no more bytes come.
    ///
    /// # Errors
    /// As [`TcpStream::shutdown`].
    fn finish(&self) -> io::Result<()>;

    /// The TCP socket, if bytes written into it directly are the same as bytes given to [`Stream::write`]: the
    /// kernel can then move a file by itself, and tells what was acknowledged.
    fn tcp(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// Opens connections. The crate's own one uses TCP; another one can stand in for it, e.g. the socket API of
/// a modem, a network namespace, or memory.
pub trait Dial: Send + Sync {
    /// Opens a connection to the endpoint, for the XMPP stream or for a bytestream.
    ///
    /// # Errors
    /// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
    fn dial(&self, to: &Endpoint, purpose: Purpose<'_>) -> Result<Box<dyn Stream>>;

    /// The hosts that serve a domain, by its SRV records of `service` (RFC 2782), in the order in which they are to
    /// be tried; none when it has none, or nobody can tell. A host without a name says that there is no such service.
    ///
    /// # Errors
    /// [`crate::error::Kind::Stopped`].
    fn services(&self, _service: &str, _domain: &str, _purpose: Purpose<'_>) -> Result<Vec<Endpoint>> {
        Ok(Vec::new())
    }
}

/// What a connection is for, and how long it may take to open.
pub struct Purpose<'a> {
    patience: &'a Patience,
    wait: Wait,
    bound: Option<&'a Until>,
}

impl<'a> Purpose<'a> {
    pub(crate) fn new(patience: &'a Patience, wait: Wait) -> Self {
        Purpose { patience, wait, bound: None }
    }

    /// Opening is one step of a wait that is already going on.
    pub(crate) fn within(patience: &'a Patience, until: &'a Until) -> Self {
        Purpose { patience, wait: until.wait(), bound: Some(until) }
    }

    /// [`Wait::Connect`] for the XMPP stream, [`Wait::Probe`], [`Wait::Proxy`] or [`Wait::Target`] for a
    /// bytestream.
    pub fn wait(&self) -> Wait {
        self.wait
    }

    /// How long opening may take, from now.
    pub fn left(&self) -> Duration {
        self.until(self.wait).left()
    }

    /// What ends the attempt early.
    pub fn stop(&self) -> &Stop {
        self.patience.stop()
    }

    fn until(&self, wait: Wait) -> Until {
        let until = self.patience.until(wait);
        match self.bound {
            Some(bound) => until.at_most(bound.left()),
            None if self.wait == Wait::Connect => until,
            None => until.at_most(self.patience.limit(self.wait)),
        }
    }
}

/// Connects by TCP, by the route that is configured.
#[derive(Default)]
pub(crate) struct TcpDialer {
    resolver: Resolver,
    resolve: Vec<Fixed>,
    bind: Option<Bind>,
    via: Option<Via>,
    /// The address that took the last connection to an endpoint: the first to be tried by the next.
    worked: Mutex<Vec<(Endpoint, SocketAddr)>>,
    /// When nobody answered a question for services last.
    silent: Mutex<Option<Instant>>,
}

/// So long the name servers are not asked for services again.
const SILENT: Duration = Duration::from_secs(30);

impl Dial for TcpDialer {
    fn dial(&self, to: &Endpoint, purpose: Purpose<'_>) -> Result<Box<dyn Stream>> {
        let Some(via) = &self.via else { return Ok(Box::new(self.connect(to, &purpose)?)) };
        let stream = self.connect(&via.server, &purpose).map_err(|e| e.at(format!("the proxy {via}")))?;
        let fixed = self.fixed(to).map(|address| Endpoint { host: address.ip().to_string(), port: to.port });
        via::open(&stream, via, fixed.as_ref().unwrap_or(to), &purpose.until(purpose.wait))?;
        Ok(Box::new(stream))
    }

    fn services(&self, service: &str, domain: &str, purpose: Purpose<'_>) -> Result<Vec<Endpoint>> {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if silent.is_some_and(|since| since.elapsed() < SILENT) {
            return Ok(Vec::new());
        }
        match self.resolver.services(service, domain, &purpose.until(Wait::Resolve)) {
            Ok(hosts) => Ok(hosts.into_iter().map(|srv| Endpoint { host: srv.target, port: srv.port }).collect()),
            Err(e) if e.kind() == Kind::Stopped => Err(e),
            Err(e) => {
                log::debug!("no {service} of {domain}: {e}");
                *silent = Some(Instant::now());
                Ok(Vec::new())
            }
        }
    }
}

impl TcpDialer {
    pub fn new(config: &Config) -> TcpDialer {
        let (resolve, bind, via) = (config.resolve.clone(), config.bind.clone(), config.via.clone());
        TcpDialer { resolve, bind, via, ..TcpDialer::default() }
    }

    fn fixed(&self, to: &Endpoint) -> Option<SocketAddr> {
        self.resolve.iter().find_map(|fixed| fixed.of(to))
    }

    fn connect(&self, to: &Endpoint, purpose: &Purpose<'_>) -> Result<TcpStream> {
        let mut addresses = match self.fixed(to) {
            Some(address) => vec![address],
            None => self.resolver.addresses(to, &purpose.until(Wait::Resolve))?,
        };
        let worked = self.lock().iter().find(|(endpoint, _)| endpoint == to).map(|(_, address)| *address);
        addresses.sort_by_key(|address| Some(*address) != worked);
        let (address, stream) = race(&addresses, self.bind.as_ref(), &purpose.until(purpose.wait))?;
        // Streamhosts come and go.
        if purpose.wait == Wait::Connect {
            let mut worked = self.lock();
            worked.retain(|(endpoint, _)| endpoint != to);
            worked.push((to.clone(), address));
        }
        Ok(stream)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Endpoint, SocketAddr)>> {
        self.worked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for TcpStream {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self;
        io::Read::read(&mut stream, buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        socket::send(self, bytes)
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn tcp(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

/// Reads at least one byte, or 0 at the end.
///
/// # Errors
/// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub(crate) fn read_some(stream: &dyn Stream, buffer: &mut [u8], until: &Until) -> Result<usize> {
    loop {
        match stream.read(buffer) {
            Ok(n) => return Ok(n),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => until.ready(stream, Ready::Read)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => until.check()?,
            Err(e) => return Err(until.failed(Kind::Network, "the connection broke", e)),
        }
    }
}

/// Writes all bytes.
///
/// # Errors
/// As [`read_some`].
pub(crate) fn write_all(stream: &dyn Stream, mut bytes: &[u8], until: &Until) -> Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(until.failed(Kind::Network, "the connection broke", io::ErrorKind::WriteZero.into())),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => until.ready(stream, Ready::Write)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => until.check()?,
            Err(e) => return Err(until.failed(Kind::Network, "the connection broke", e)),
        }
    }
    Ok(())
}
