//! SOCKS5 bytestreams, the initiator's end up to the first byte (XEP-0065, rules 41–46, 78).

use super::direct::Direct;
use super::outflow::Channel;
use super::peer::Peer;
use super::proxies::OFFERED_MAX;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::dial::{Purpose, Stream};
use crate::net::socks;
use crate::os::until::Until;
use crate::proto::bytestreams::{Activate, Digest, Hosts, StreamHost, Used};
use crate::proto::iq::StanzaError;

/// Offers the streamhosts; connects only after the target has, for Openfire pairs by order; activates, and waits
/// for the answer: bytes sent earlier are lost.
///
/// # Errors
/// [`Kind::NoBytestream`] when the target can't connect or the proxy refuses, [`Kind::Protocol`],
/// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
pub fn establish(peer: &Peer<'_>, proxies: &[StreamHost]) -> Result<Channel> {
    let digest = Digest::new(peer.sid, peer.context.session.me(), peer.jid);
    let direct = direct(peer, digest);
    let used = offer_streamhosts(peer, &with_direct(proxies, direct.as_ref()))?;
    let until = peer.context.patience.until(Wait::Proxy);
    if let Some(direct) = direct.filter(|direct| direct.host.jid == used) {
        return Ok(Channel::new(direct.take(&until)?));
    }
    let stream = dial_first(peer, proxies.iter().filter(|host| host.jid == used), &until)?;
    socks::connect(&*stream, &digest, &until)?;
    activate(peer, &used)?;
    Ok(Channel::new(stream))
}

/// Our own streamhost, where it is wanted and possible.
fn direct(peer: &Peer<'_>, digest: Digest) -> Option<Direct> {
    if !peer.context.config.direct {
        return None;
    }
    Direct::open(peer.context, digest).unwrap_or_else(|e| {
        log::warn!("our own address can't be offered: {e}");
        None
    })
}

fn offer_streamhosts(peer: &Peer<'_>, proxies: &[StreamHost]) -> Result<Jid> {
    let until = peer.context.patience.until(Wait::StreamhostUsed);
    let hosts = Hosts { sid: peer.sid.to_owned(), mode_tcp: true, hosts: proxies.to_vec() };
    let used = peer.ask(hosts.to_element(), &until)?.map_err(|refusal| unreached(peer, &refusal, proxies))?;
    let used = used.ok_or_else(|| Error::new(Kind::Protocol, "the answer to the streamhosts names none"));
    let used = used.and_then(|query| Used::parse(&query)).map_err(|e| e.during(Wait::StreamhostUsed))?.jid;
    if proxies.iter().any(|host| host.jid == used) {
        return Ok(used);
    }
    let what = format!("{} says that it used the streamhost {used}, which was not offered", peer.jid);
    Err(Error::new(Kind::Protocol, what).during(Wait::StreamhostUsed))
}

fn unreached(peer: &Peer<'_>, refusal: &StanzaError, proxies: &[StreamHost]) -> Error {
    let tried: Vec<_> = proxies.iter().map(|host| format!("{}:{}", host.host, host.port)).collect();
    let what = format!("{} could not connect to {} ({refusal})", peer.jid, tried.join(", "));
    if refusal.condition == "item-not-found" {
        peer.context.proxies.failed_for(peer.jid, proxies);
    }
    Error::new(Kind::NoBytestream, what).during(Wait::StreamhostUsed)
}

/// Every address of the proxy is tried by TCP; CONNECT is sent on the first that takes us (rule 41).
fn dial_first<'h>(
    peer: &Peer<'_>,
    hosts: impl Iterator<Item = &'h StreamHost>,
    until: &Until,
) -> Result<Box<dyn Stream>> {
    let mut last = Error::new(Kind::NoBytestream, "no streamhost can be used").during(until.wait());
    for host in hosts {
        let endpoint = Endpoint { host: host.host.clone(), port: host.port };
        match peer.context.dialer.dial(&endpoint, Purpose::within(&peer.context.patience, until)) {
            Ok(stream) => return Ok(stream),
            Err(e) if e.kind() == Kind::Stopped => return Err(e),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn activate(peer: &Peer<'_>, proxy: &Jid) -> Result<()> {
    let until = peer.context.patience.until(Wait::Activate);
    let activate = Activate { sid: peer.sid.to_owned(), target: peer.jid.clone() };
    let asked = peer.context.session.set(proxy, activate.to_element(), &until)?;
    asked.wait(&until).map_err(|e| e.at(proxy))?.map(|_| ()).map_err(|refusal| {
        let what = format!("the proxy {proxy} refused to activate the bytestream: {refusal}");
        let advice = "one side did not connect in time, or the server did not see the offer: send again";
        Error::new(Kind::NoBytestream, what).advise(advice).during(Wait::Activate)
    })
}

/// Our own address first where the other side is likely near, else last.
fn with_direct(proxies: &[StreamHost], direct: Option<&Direct>) -> Vec<StreamHost> {
    let mut hosts = proxies.to_vec();
    if let Some(direct) = direct {
        let at = if direct.is_near { 0 } else { hosts.len().min(OFFERED_MAX - 1) };
        hosts.insert(at, direct.host.clone());
        hosts.truncate(OFFERED_MAX);
    }
    hosts
}
