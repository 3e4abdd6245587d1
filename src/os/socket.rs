//! TCP sockets that never block, and what Linux tells about their bytes.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use super::until::{Ready, Until};
use crate::base::error::{Kind, Result};
use crate::base::route::Bind;

/// Connects within `until`; the socket doesn't block and sends small segments at once.
///
/// # Errors
/// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub fn connect(address: SocketAddr, until: &Until) -> Result<TcpStream> {
    let failed = |e| until.failed(Kind::Network, &format!("can't connect to {address}"), e);
    let socket = begin(address, None).map_err(failed)?;
    until.ready(&socket, Ready::Write).map_err(|e| e.at(address))?;
    connected(socket).map_err(failed)
}

/// The connection that was begun, once the socket is writable: or why there is none.
pub fn connected(socket: OwnedFd) -> io::Result<TcpStream> {
    let stream = TcpStream::from(socket);
    match stream.take_error()? {
        Some(e) => Err(e),
        None => stream.set_nodelay(true).map(|()| stream),
    }
}

/// Begins to connect, from our own address or interface where that is wanted. A connection that nobody answers any
/// more ends by itself, even while it is idle.
pub fn begin(address: SocketAddr, from: Option<&Bind>) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket takes no pointers; a result that is not negative is a descriptor we own.
    let fd = unsafe { libc::socket(family, kind, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: see above.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    watch(&socket);
    from.map_or(Ok(()), |from| bind(&socket, from, address))?;
    let (name, length) = socket_name(address);
    // SAFETY: the pointer is that of a sockaddr_storage which is larger than `length`.
    let result = unsafe { libc::connect(fd, (&raw const name).cast(), length) };
    if result < 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINPROGRESS) {
            return Err(error);
        }
    }
    Ok(socket)
}

/// Silence of so many seconds is broken by a probe, then every [`PROBE_EVERY`]; after [`PROBES`] the other end is gone.
const PROBE_AFTER: libc::c_int = 60;
const PROBE_EVERY: libc::c_int = 15;
const PROBES: libc::c_int = 4;

/// Bytes that nobody acknowledges for so many milliseconds end the connection (RFC 5482).
const UNACKNOWLEDGED_MAX: libc::c_int = 120_000;

/// What a kernel doesn't know of this it goes without: our own deadlines hold in any case.
fn watch(socket: &OwnedFd) {
    for (level, name, value) in [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, PROBE_AFTER),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, PROBE_EVERY),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, PROBES),
        (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, UNACKNOWLEDGED_MAX),
    ] {
        if let Err(e) = set_option(socket, level, name, &value.to_ne_bytes()) {
            log::debug!("a socket option ({name}) is not known here: {e}");
        }
    }
}

/// An address of the other family can't be used for this connection.
fn bind(socket: &OwnedFd, from: &Bind, to: SocketAddr) -> io::Result<()> {
    let failed =
        |e: io::Error, from: &dyn std::fmt::Display| io::Error::new(e.kind(), format!("from {from} (bind): {e}"));
    match from {
        Bind::Interface(name) => {
            set_option(socket, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, name.as_bytes()).map_err(|e| failed(e, name))
        }
        Bind::Address(ip) if ip.is_ipv4() != to.is_ipv4() => {
            Err(failed(io::Error::from(io::ErrorKind::AddrNotAvailable), ip))
        }
        Bind::Address(ip) => {
            let (name, length) = socket_name(SocketAddr::new(*ip, 0));
            // SAFETY: the pointer is that of a sockaddr_storage which is larger than `length`.
            let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const name).cast(), length) };
            if result < 0 { Err(failed(io::Error::last_os_error(), ip)) } else { Ok(()) }
        }
    }
}

fn set_option(socket: &OwnedFd, level: libc::c_int, name: libc::c_int, value: &[u8]) -> io::Result<()> {
    // SAFETY: pointer and length are those of one live slice.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, value.as_ptr().cast(), value.len() as libc::socklen_t)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn socket_name(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: sockaddr_storage is plain data; all zeros is a value of it, and it is large and aligned
    // enough for every sockaddr.
    let mut name: libc::sockaddr_storage = unsafe { zeroed() };
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: see above.
            let sin = unsafe { &mut *(&raw mut name).cast::<libc::sockaddr_in>() };
            sin.sin_family = libc::AF_INET as libc::sa_family_t;
            sin.sin_port = v4.port().to_be();
            sin.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            (name, size_of::<libc::sockaddr_in>() as libc::socklen_t)
        }
        SocketAddr::V6(v6) => {
            // SAFETY: see above.
            let sin6 = unsafe { &mut *(&raw mut name).cast::<libc::sockaddr_in6>() };
            sin6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            sin6.sin6_port = v6.port().to_be();
            sin6.sin6_addr.s6_addr = v6.ip().octets();
            sin6.sin6_scope_id = v6.scope_id();
            (name, size_of::<libc::sockaddr_in6>() as libc::socklen_t)
        }
    }
}

/// Writes without ever raising SIGPIPE in the program that uses the library.
pub fn send(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: pointer and length are those of one live slice.
    let n = unsafe { libc::send(fd.as_fd().as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// How many of the bytes written to this socket the other end's kernel has not acknowledged (SIOCOUTQ).
pub fn unacknowledged(fd: impl AsFd) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ (= TIOCOUTQ) writes one int to the pointer.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCOUTQ, &mut bytes) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(u64::try_from(bytes).unwrap_or(0)) }
}

/// How many payload bytes the other end's kernel acknowledged in all, also after a reset
/// (`tcpi_bytes_acked`, Linux 4.1 and later).
pub fn acknowledged(fd: impl AsFd) -> Option<u64> {
    const AT: usize = 120;
    let mut info = [0u8; 256];
    let mut length = info.len() as libc::socklen_t;
    let raw = fd.as_fd().as_raw_fd();
    // SAFETY: the kernel writes at most `length` bytes to the buffer and says how many.
    let result =
        unsafe { libc::getsockopt(raw, libc::IPPROTO_TCP, libc::TCP_INFO, info.as_mut_ptr().cast(), &mut length) };
    let known = result == 0 && length as usize >= AT + 8;
    let bytes = <[u8; 8]>::try_from(&info[AT..AT + 8]).ok()?;
    known.then(|| u64::from_ne_bytes(bytes))
}

/// The address of the other end of a TCP connection, and of ours.
pub fn addresses(fd: impl AsFd) -> Option<(SocketAddr, SocketAddr)> {
    let stream = TcpStream::from(fd.as_fd().try_clone_to_owned().ok()?);
    Some((stream.peer_addr().ok()?, stream.local_addr().ok()?))
}

/// Whether the other end is this machine: a loopback address, or no network at all.
pub fn is_local(fd: impl AsFd) -> bool {
    // SAFETY: sockaddr_storage is plain data; all zeros is a value of it.
    let mut name: libc::sockaddr_storage = unsafe { zeroed() };
    let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `name`.
    let result = unsafe { libc::getpeername(fd.as_fd().as_raw_fd(), (&raw mut name).cast(), &mut length) };
    match libc::c_int::from(name.ss_family) {
        _ if result < 0 => false,
        libc::AF_INET => {
            // SAFETY: the family says that it is a sockaddr_in, which sockaddr_storage has room and alignment for.
            let v4 = unsafe { &*(&raw const name).cast::<libc::sockaddr_in>() };
            Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()).is_loopback()
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for sockaddr_in6.
            let v6 = unsafe { &*(&raw const name).cast::<libc::sockaddr_in6>() };
            Ipv6Addr::from(v6.sin6_addr.s6_addr).to_canonical().is_loopback()
        }
        family => family == libc::AF_UNIX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::waits::{Wait, Waits};
    use crate::os::stop::Stop;
    use crate::os::until::Patience;
    use std::io::Read;
    use std::net::TcpListener;

    fn until() -> Until {
        Patience::new(&Waits::default(), &Stop::new().unwrap()).until(Wait::Connect)
    }

    #[test]
    fn linux_tells_which_bytes_arrived() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(loopback) else { continue };
            let client = connect(listener.local_addr().unwrap(), &until()).unwrap();
            let (mut server, _) = listener.accept().unwrap();
            assert_eq!(send(&client, b"12345").unwrap(), 5);
            server.read_exact(&mut [0; 5]).unwrap();
            while unacknowledged(&client).unwrap() > 0 {}
            assert!(acknowledged(&client).unwrap() >= 5);
            assert!(is_local(&client));
        }
    }

    #[test]
    fn a_refused_connection_names_the_address() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = connect(address, &until()).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (Kind::Network, Some(Wait::Connect)));
        assert!(error.what().contains(&address.to_string()));
    }
}
