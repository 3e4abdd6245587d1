//! Receiving one offered file: accept, carry, publish.

use super::Context;
use super::delivery::Method;
use super::ibb;
use super::ibb::ONE_BLOCK;
use super::peer::{Peer, unexpected};
use super::proxies;
use super::sink::{Expected, Place, Sink, Stored};
use super::target;
use crate::base::config::Preference;
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::Wait;
use crate::proto::bytestreams::Hosts;
use crate::proto::iq::{ErrorType, StanzaError};
use crate::proto::ns;
use crate::proto::offer::{Accept, Offer};
use crate::session::router::{Letter, Offered, Request};

/// A file that was received.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub stored: Stored,
    pub method: Method,
}

/// Receives what was offered.
///
/// # Errors
/// [`Kind::Write`], [`Kind::Incomplete`], [`Kind::Protocol`], [`Kind::NoBytestream`], or the timeout of a wait.
pub fn receive(context: &Context, offered: Offered, place: &Place) -> Result<Receipt> {
    let Offered { request, offer, from } = offered;
    let method = match acceptable(context, &offer) {
        Ok(method) => method,
        Err((refusal, error)) => return refuse(context, request, refusal, error),
    };
    let peer = match Peer::open(context, &from, &offer.sid) {
        Ok(peer) => peer,
        Err(error) => return refuse(context, request, StanzaError::new(ErrorType::Cancel, "conflict"), error),
    };
    let expected = Expected {
        transfer: format!("{from}\0{}", offer.sid),
        id: offer.sid.clone(),
        name: offer.name.clone(),
        size: offer.size,
        limit: context.config.max_size,
    };
    let sink = match place.create(expected) {
        Ok(sink) => sink,
        Err(error) => return refuse(context, request, busy(), error),
    };
    context.progress.start(offer.size.unwrap_or(0));
    context.answer(&request.result(Some(Accept::to_element(method))))?;
    run(&peer, sink)
}

/// What declines an offer so that every sender understands it.
pub fn forbidden() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, "forbidden")
}

/// What asks a sender to come again.
pub fn busy() -> StanzaError {
    StanzaError::new(ErrorType::Wait, "resource-constraint")
}

fn refuse<T>(context: &Context, request: Request, refusal: StanzaError, error: Error) -> Result<T> {
    context.answer(&request.refuse(refusal))?;
    Err(error)
}

/// The method that we take, or what the sender and we are told (rules 60, 61).
fn acceptable(context: &Context, offer: &Offer) -> std::result::Result<Method, (StanzaError, Error)> {
    let bad = |specific| StanzaError::new(ErrorType::Cancel, "bad-request").with_specific(specific, ns::SI);
    if offer.profile != ns::SI_FILE {
        let what = format!("something was offered that is no file: {}", offer.profile);
        return Err((bad("bad-profile"), Error::new(Kind::Protocol, what)));
    }
    let limit = context.config.max_size;
    if limit != 0 && offer.size.is_some_and(|size| size > limit) {
        let what = format!("{} is larger than the {limit} bytes allowed", offer.name);
        return Err((forbidden(), Error::new(Kind::BadFile, what)));
    }
    choose(context, offer).ok_or_else(|| {
        let what = format!("{} was offered by no method that we may take", offer.name);
        (bad("no-valid-streams"), Error::new(Kind::Protocol, what))
    })
}

fn choose(context: &Context, offer: &Offer) -> Option<Method> {
    let offered = |method| Some(method).filter(|method| offer.methods.contains(method));
    let (socks5, ibb) = (offered(Method::Socks5), offered(Method::Ibb));
    match context.config.method {
        Preference::Ibb => ibb,
        Preference::Socks5 => socks5.or(ibb),
        Preference::Auto if ibb.is_some() && offer.size.is_some_and(|size| size <= ONE_BLOCK) => ibb,
        Preference::Auto if socks5.is_some() && ibb.is_some() && !tcp_is_plausible(context) => ibb,
        Preference::Auto => socks5.or(ibb),
    }
}

/// Whether we can reach a proxy of our own server: then the sender's streamhosts are worth a try (rule 60).
fn tcp_is_plausible(context: &Context) -> bool {
    let found = proxies::list(context).and_then(|listed| listed.query(context)?.hosts(context));
    found.is_ok_and(|hosts| !hosts.is_empty())
}

/// Waits for the sender to begin; when no streamhost works, it may begin again in-band.
fn run(peer: &Peer<'_>, mut sink: Sink) -> Result<Receipt> {
    let mut until = peer.context.patience.until(Wait::Initiation);
    let mut failed: Option<Error> = None;
    let method = loop {
        match peer.next(&until) {
            Ok(Letter::Streamhosts(request, hosts)) if failed.is_none() => {
                match by_socks5(peer, request, hosts, &mut sink)? {
                    None => break Method::Socks5,
                    Some(error) => failed = Some(error),
                }
                until = peer.context.patience.until(Wait::Fallback);
            }
            Ok(Letter::Open(request, open)) => {
                ibb::receive(peer, request, &open, &mut sink)?;
                break Method::Ibb;
            }
            Ok(Letter::Close(request)) => {
                peer.answer(&request.result(None))?;
                return Err(
                    Error::new(Kind::Cancelled, "the sender cancelled before its first byte").during(until.wait())
                );
            }
            Ok(other) => peer.answer(&other.into_request().refuse(unexpected()))?,
            Err(e) => return Err(failed.unwrap_or(e)),
        }
    };
    let stored = sink.finish().map_err(|e| e.during(Wait::Data))?;
    Ok(Receipt { stored, method })
}

/// `Some` is why no streamhost works.
fn by_socks5(peer: &Peer<'_>, request: Request, hosts: Hosts, sink: &mut Sink) -> Result<Option<Error>> {
    match target::join(peer, request, hosts) {
        Ok(stream) => target::receive(peer.context, &*stream, sink).map(|()| None),
        Err(e) if e.kind() == Kind::Stopped || peer.context.session.cause_of_end().is_some() => Err(e),
        Err(e) => Ok(Some(e)),
    }
}
