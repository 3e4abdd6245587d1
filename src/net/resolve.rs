//! Looking up a host, with a deadline.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::os::mailbox::Mailbox;
use crate::os::thread;
use crate::os::until::Until;

/// More addresses of one name than this are left out.
const ADDRESSES_MAX: usize = 8;

/// The addresses of an endpoint, IPv4 first. The standard library's look-up has no deadline, so it runs on a
/// thread of its own that is left behind when the wait ends.
///
/// # Errors
/// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub fn resolve(endpoint: &Endpoint, until: &Until) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = endpoint.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, endpoint.port)]);
    }
    let answer = Arc::new(Mailbox::new(1)?);
    let (asked, name) = (Arc::clone(&answer), (endpoint.host.clone(), endpoint.port));
    thread::spawn("firepush-dns", move || {
        let found = name.to_socket_addrs().map(|found| found.take(ADDRESSES_MAX).collect::<Vec<_>>());
        let _ = asked.put(found);
    })?;
    let failed = |e| {
        let what = format!("can't look up {}: {e}", endpoint.host);
        Error::new(Kind::Network, what)
            .during(until.wait())
            .advise("check the name and the DNS settings, then try again")
    };
    let mut found = answer.take(until).map_err(|e| e.at(&endpoint.host))?.map_err(failed)?;
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}
