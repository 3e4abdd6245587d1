//! Our own streamhost, for a recipient in the same network (rule 50): off unless asked for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::Context;
use crate::base::error::{Kind, Result};
use crate::base::waits::Wait;
use crate::net::dial::Stream;
use crate::net::listen::{Listener, welcome};
use crate::os::mailbox::Mailbox;
use crate::os::stop::Stop;
use crate::os::thread;
use crate::os::until::{Patience, Until};
use crate::proto::bytestreams::{Digest, StreamHost};

/// How long one stranger may keep others from connecting.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// A port that the recipient of one stream may connect to, until this is dropped.
pub struct Direct {
    pub host: StreamHost,
    /// The recipient's server is likely near: then our address comes first.
    pub is_near: bool,
    connected: Arc<Mailbox<Box<dyn Stream>>>,
    stop: Stop,
}

impl Direct {
    /// Listens at the address that we reach the server from.
    ///
    /// # Errors
    /// [`Kind::Network`] when there is no such address or port, [`Kind::Write`] when no thread can be started.
    pub fn open(context: &Context, digest: Digest) -> Result<Option<Direct>> {
        let Some((server, own)) = context.session.addresses() else { return Ok(None) };
        let listener = Listener::open(own.ip())?;
        let host = StreamHost { jid: context.session.me().clone(), host: own.ip().to_string(), port: listener.port()? };
        let connected = Arc::new(Mailbox::new(1)?);
        let patience = context.patience.child()?;
        let stop = patience.stop().clone();
        let taken = Arc::clone(&connected);
        thread::spawn("firepush-direct", move || listen(&listener, &digest, &patience, &taken))?;
        Ok(Some(Direct { host, is_near: is_near(server, own), connected, stop }))
    }

    /// The connection of the recipient, who says that it is there.
    ///
    /// # Errors
    /// [`Kind::Stopped`], or the timeout of the wait.
    pub fn take(&self, until: &Until) -> Result<Box<dyn Stream>> {
        self.connected.take(until)
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Takes the first connection that knows the digest.
fn listen(listener: &Listener, digest: &Digest, patience: &Patience, connected: &Mailbox<Box<dyn Stream>>) {
    let until = patience.until(Wait::StreamhostUsed);
    loop {
        let stream = match listener.accept(&until) {
            Ok(stream) => stream,
            Err(e) => return connected.close(e),
        };
        match welcome(&*stream, digest, &until.at_most(HANDSHAKE)) {
            Ok(()) => return drop(connected.put(stream)),
            Err(e) if e.kind() == Kind::Stopped => return connected.close(e),
            Err(e) => log::info!("a connection to our streamhost failed: {e}"),
        }
    }
}

/// The same /24 or /64, or this machine.
fn is_near(server: SocketAddr, own: SocketAddr) -> bool {
    match (server.ip().to_canonical(), own.ip().to_canonical()) {
        (IpAddr::V4(server), IpAddr::V4(own)) => server.octets()[..3] == own.octets()[..3],
        (IpAddr::V6(server), IpAddr::V6(own)) => server.octets()[..8] == own.octets()[..8],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_50_our_address_comes_first_only_in_a_shared_subnet() {
        for (server, own, near) in [
            ("192.168.1.1:5222", "192.168.1.77:4", true),
            ("192.168.2.1:5222", "192.168.1.77:4", false),
            ("127.0.0.1:5222", "127.0.0.1:4", true),
            ("[2001:db8::1]:5222", "[2001:db8::2]:4", true),
            ("[2001:db8:0:1::1]:5222", "[2001:db8::2]:4", false),
            ("[::ffff:192.168.1.1]:5222", "192.168.1.2:4", true),
        ] {
            assert_eq!(is_near(server.parse().unwrap(), own.parse().unwrap()), near, "{server} {own}");
        }
    }
}
