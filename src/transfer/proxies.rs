//! The server's SOCKS5 proxies: found, filtered, ordered, tested (rules 39, 40).

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::Context;
use crate::base::endpoint::Endpoint;
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::dial::{Dial, Purpose};
use crate::os::thread;
use crate::os::until::{Patience, Until};
use crate::proto::bytestreams::{self, StreamHost};
use crate::proto::disco::{self, Info, Items};
use crate::session::pending::Pending;
use crate::xml::element::Element;

/// More streamhosts are not offered: each costs the recipient up to 8 s.
pub const OFFERED_MAX: usize = 4;

/// More services of a server than this are not asked whether they are proxies.
const SERVICES_MAX: usize = 24;

/// More failures than this are forgotten, the oldest first.
const FAILED_MAX: usize = 64;

/// More addresses than this are not tried.
pub const PROBED_MAX: usize = 16;

/// What is known of proxies in this session.
#[derive(Default)]
pub struct Proxies {
    found: Mutex<Option<Vec<StreamHost>>>,
    /// Who could not connect to which address: that side won't try again for two hours.
    failed: Mutex<Vec<(Jid, StreamHost)>>,
}

impl Proxies {
    fn known(&self) -> Option<Vec<StreamHost>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// That there is none is not remembered: an answer may have been late.
    fn keep(&self, hosts: &[StreamHost]) {
        if !hosts.is_empty() {
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(hosts.to_vec());
        }
    }

    /// A streamhost that failed is not offered to the same recipient again in this session (rule 49).
    pub fn failed_for(&self, recipient: &Jid, hosts: &[StreamHost]) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.extend(hosts.iter().map(|host| (recipient.clone(), host.clone())));
        let surplus = failed.len().saturating_sub(FAILED_MAX);
        failed.drain(..surplus);
    }

    pub fn not_failed_for(&self, recipient: &Jid, mut hosts: Vec<StreamHost>) -> Vec<StreamHost> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|host| !failed.iter().any(|(who, what)| who == recipient && what == host));
        hosts
    }
}

/// The search for proxies, step by step, so that it overlaps with the search for the recipient.
pub enum Listing {
    Known(Vec<StreamHost>),
    Named(Jid),
    Asked(Pending, Until),
}

/// Services that were asked whether they are proxies, and for their addresses.
pub enum Queried {
    Known(Vec<StreamHost>),
    Asked(Vec<Service>, Until),
}

/// One service of the server.
pub struct Service {
    jid: Jid,
    /// What it is; nothing to ask of a proxy that the configuration names.
    info: Option<Pending>,
    hosts: Pending,
}

/// Asks the server for its services.
///
/// # Errors
/// What ended the session, [`Kind::Stopped`], or a timeout.
pub fn list(context: &Context) -> Result<Listing> {
    if let Some(hosts) = context.proxies.known() {
        return Ok(Listing::Known(hosts));
    }
    if let Some(proxy) = &context.config.proxy {
        return Ok(Listing::Named(proxy.clone()));
    }
    let until = context.patience.until(Wait::Discover);
    let server = context.session.me().server();
    Ok(Listing::Asked(context.session.get(&server, disco::items_query(), &until)?, until))
}

impl Listing {
    /// Asks each service what it is and, in the same flight, for its addresses: what is no proxy refuses that.
    ///
    /// # Errors
    /// As [`list`].
    pub fn query(self, context: &Context) -> Result<Queried> {
        let services = match self {
            Listing::Known(hosts) => return Ok(Queried::Known(hosts)),
            Listing::Named(proxy) => vec![(proxy, false)],
            Listing::Asked(items, until) => services(&items, &until)?,
        };
        let until = context.patience.until(Wait::Discover);
        let mut flight = context.session.flight(&until);
        let mut asked = Vec::new();
        for (jid, unsure) in services {
            let info = if unsure { Some(flight.get(&jid, disco::info_query())?) } else { None };
            let hosts = flight.get(&jid, bytestreams::proxy_query())?;
            asked.push(Service { jid, info, hosts });
        }
        if !asked.is_empty() {
            flight.send()?;
        }
        Ok(Queried::Asked(asked, until))
    }
}

fn services(items: &Pending, until: &Until) -> Result<Vec<(Jid, bool)>> {
    let items = child(items, until)?.and_then(|query| Items::parse(&query).ok());
    let items = items.map(|items| items.0).unwrap_or_default();
    Ok(items.into_iter().map(|item| (item.jid, true)).take(SERVICES_MAX).collect())
}

/// The child of a result; a refusal or silence is none, for one service must not spoil the rest (rule 39).
fn child(pending: &Pending, until: &Until) -> Result<Option<Element>> {
    Ok(pending.wait_briefly(until)?.and_then(|answer| answer.ok().flatten()))
}

impl Queried {
    /// Waits for the addresses, as the proxies name them.
    ///
    /// # Errors
    /// As [`list`].
    pub fn named(self) -> Result<Vec<StreamHost>> {
        let (services, until) = match self {
            Queried::Known(hosts) => return Ok(hosts),
            Queried::Asked(services, until) => (services, until),
        };
        let mut hosts = Vec::new();
        for service in services {
            hosts.extend(service.hosts(&until)?);
        }
        Ok(hosts)
    }

    /// Waits for the addresses, and tests which can be reached: one is kept of each proxy.
    ///
    /// # Errors
    /// As [`list`].
    pub fn hosts(self, context: &Context) -> Result<Vec<StreamHost>> {
        if let Queried::Known(hosts) = self {
            return Ok(hosts);
        }
        let hosts = usable(self.named()?, context.is_on_loopback());
        let hosts = reachable(hosts, context)?;
        context.proxies.keep(&hosts);
        Ok(hosts)
    }
}

impl Service {
    /// A proxy is known by its identity, not by its name or a feature: every client has that (rule 39).
    fn hosts(&self, until: &Until) -> Result<Vec<StreamHost>> {
        if let Some(info) = &self.info {
            let info = child(info, until)?.and_then(|query| Info::parse(&query).ok());
            if !info.is_some_and(|info| info.is_proxy()) {
                return Ok(Vec::new());
            }
        }
        let hosts = child(&self.hosts, until)?.and_then(|query| bytestreams::proxy_hosts(&query).ok());
        let hosts = hosts.unwrap_or_default();
        let shown: Vec<_> = hosts.iter().map(|host| format!("{}:{}", host.host, host.port)).collect();
        log::debug!("proxy {}: {}", self.jid, shown.join(", "));
        Ok(hosts)
    }
}

/// Addresses that someone else can reach, each once, IPv4 first (rule 40).
pub fn usable(hosts: Vec<StreamHost>, loopback_too: bool) -> Vec<StreamHost> {
    let is_v6 = |host: &StreamHost| matches!(host.host.parse(), Ok(IpAddr::V6(_)));
    let (v6, others): (Vec<_>, Vec<_>) = hosts.into_iter().partition(is_v6);
    let mut usable: Vec<StreamHost> = Vec::new();
    for host in others.into_iter().chain(v6) {
        let is_known = usable.iter().any(|known| (&known.host, known.port) == (&host.host, host.port));
        if !is_known && is_usable(&host.host, loopback_too) {
            usable.push(host);
        }
    }
    usable
}

fn is_usable(host: &str, loopback_too: bool) -> bool {
    let fits = |ip: IpAddr| {
        let ip = ip.to_canonical();
        let local = matches!(ip, IpAddr::V4(v4) if v4.is_link_local() || v4.is_broadcast())
            || matches!(ip, IpAddr::V6(v6) if is_link_local(v6));
        !(ip.is_unspecified() || ip.is_multicast() || local) && (loopback_too || !ip.is_loopback())
    };
    match host.parse::<IpAddr>() {
        Ok(ip) => fits(ip),
        Err(_) => is_name(host) && (loopback_too || !host.eq_ignore_ascii_case("localhost")),
    }
}

fn is_link_local(v6: Ipv6Addr) -> bool {
    v6.segments()[0] & 0xffc0 == 0xfe80
}

/// A DNS name; not an address with a zone, nor anything else.
fn is_name(host: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    // What ends in a digit is an address in one of the old notations: 0x7f000001, 127.1.
    host.len() <= 253 && host.bytes().all(letters) && last.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
}

/// Of each proxy the first address that takes a TCP connection from us; all are tried at once. A bare connect
/// does no harm there.
fn reachable(hosts: Vec<StreamHost>, context: &Context) -> Result<Vec<StreamHost>> {
    let mut probes = Vec::new();
    for host in hosts.into_iter().take(PROBED_MAX) {
        let (dialer, patience) = (Arc::clone(&context.dialer), context.patience.clone());
        let probe = thread::work_out("firepush-probe", move || probe(host, &*dialer, &patience))?;
        probes.push(probe);
    }
    let mut kept: Vec<StreamHost> = Vec::new();
    for host in probes.into_iter().filter_map(|probe| probe.join().flatten()) {
        if kept.len() < OFFERED_MAX && kept.iter().all(|other| other.jid != host.jid) {
            kept.push(host);
        }
    }
    context.patience.stop().check().map(|()| kept)
}

fn probe(host: StreamHost, dialer: &dyn Dial, patience: &Patience) -> Option<StreamHost> {
    let endpoint = Endpoint { host: host.host.clone(), port: host.port };
    match dialer.dial(&endpoint, Purpose::new(patience, Wait::Probe)) {
        Ok(_) => Some(host),
        Err(e) => {
            log::info!("proxy {} can't be reached at {endpoint}: {e}", host.jid);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(jid: &str, host: &str, port: u16) -> StreamHost {
        StreamHost { jid: jid.parse().unwrap(), host: host.into(), port }
    }

    #[test]
    fn rule_49_a_streamhost_that_failed_is_not_offered_to_the_same_recipient_again() {
        let (spark, other): (Jid, Jid) = ("ops@x/Spark".parse().unwrap(), "desk@x/Spark".parse().unwrap());
        let (bad, good) = (host("p.x", "192.0.2.7", 7777), host("q.x", "192.0.2.8", 7777));
        let proxies = Proxies::default();
        proxies.failed_for(&spark, std::slice::from_ref(&bad));
        let all = vec![bad, good.clone()];
        assert_eq!(proxies.not_failed_for(&spark, all.clone()), [good]);
        assert_eq!(proxies.not_failed_for(&other, all.clone()), all);
    }

    #[test]
    fn rule_40_addresses_that_nobody_else_reaches_are_dropped_and_ipv4_comes_first() {
        let all = [
            "0.0.0.0",
            "::",
            "fe80::1",
            "fe80::1%eth0",
            "192.0.2.1%eth0",
            "169.254.1.1",
            "127.0.0.1",
            "::1",
            "localhost",
            "::ffff:127.0.0.1",
            "224.0.0.1",
            "",
            "a b",
            "2001:db8::1",
            "192.0.2.7",
            "192.0.2.7",
            "proxy.example.org",
            "300.1.1.1",
            "0x7f000001",
            "127.1",
            "::ffff:0.0.0.0",
            "::ffff:169.254.1.1",
        ];
        let hosts: Vec<_> = all.iter().map(|h| host("proxy.example.org", h, 7777)).collect();
        let names = |hosts: Vec<StreamHost>| hosts.into_iter().map(|h| h.host).collect::<Vec<_>>();
        assert_eq!(names(usable(hosts.clone(), false)), ["192.0.2.7", "proxy.example.org", "2001:db8::1"]);
        assert_eq!(
            names(usable(hosts, true)),
            ["127.0.0.1", "localhost", "192.0.2.7", "proxy.example.org", "::1", "::ffff:127.0.0.1", "2001:db8::1"]
        );
    }
}
