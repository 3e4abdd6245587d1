//! What std's sockets can't do: resets and small buffers.

use std::mem::{size_of, zeroed};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd};

/// Ends the connection with a reset at once, whoever else holds the descriptor.
pub fn reset(stream: &TcpStream) {
    // SAFETY: an all-zero sockaddr has the family AF_UNSPEC; pointer and length are those of one live value.
    unsafe {
        let nobody: libc::sockaddr = zeroed();
        libc::connect(stream.as_raw_fd(), &raw const nobody, size_of::<libc::sockaddr>() as libc::socklen_t);
    }
}

pub fn receive_buffer(socket: impl AsFd, bytes: usize) {
    buffer(socket, libc::SO_RCVBUF, bytes);
}

pub fn send_buffer(socket: impl AsFd, bytes: usize) {
    buffer(socket, libc::SO_SNDBUF, bytes);
}

fn buffer(socket: impl AsFd, which: libc::c_int, bytes: usize) {
    let value = libc::c_int::try_from(bytes).expect("a small number");
    // SAFETY: pointer and length are those of one live int.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            which,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "setsockopt");
}

/// Whether the other end has closed or broken the connection.
pub fn peer_is_gone(stream: &TcpStream) -> bool {
    let mut fd = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
    // SAFETY: the pointer is that of one live pollfd.
    unsafe { libc::poll(&mut fd, 1, 0) > 0 }
}

/// A port that is taken and refuses connections.
pub fn deaf() -> TcpListener {
    // SAFETY: plain system calls on a descriptor that is ours alone; pointer and length are those of one live value.
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        assert!(fd >= 0, "socket");
        let mut name: libc::sockaddr_in = zeroed();
        name.sin_family = libc::AF_INET as libc::sa_family_t;
        name.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        let bound = libc::bind(fd, (&raw const name).cast(), size_of::<libc::sockaddr_in>() as libc::socklen_t);
        assert_eq!(bound, 0, "bind");
        TcpListener::from_raw_fd(fd)
    }
}

/// Lets the kernel take no more than one connection that nobody accepts.
pub fn shrink_backlog(listener: &TcpListener) {
    // SAFETY: listen takes no pointers; on a listening socket it changes the backlog.
    let result = unsafe { libc::listen(listener.as_raw_fd(), 0) };
    assert_eq!(result, 0, "listen");
}
