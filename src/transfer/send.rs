//! Sending one file: resolve, discover, offer, carry, outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Context;
use super::delivery::{Delivery, Method, Tier};
use super::ibb;
use super::name;
use super::peer::Peer;
use super::proxies;
use super::recipient::{Search, offline, unable};
use super::socks5;
use super::source::Source;
use super::turn::Permit;
use super::word;
use crate::base::config::{Config, Preference};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::os::random;
use crate::proto::bytestreams::StreamHost;
use crate::proto::disco;
use crate::proto::iq::{ErrorType, StanzaError};
use crate::proto::ns;
use crate::proto::offer::{self, Accept, Offer};

/// Openfire forgets an offer after ten minutes (rule 32).
const OFFER_LIFE: Duration = Duration::from_secs(595);

/// Sends the bytes of `source` to `to`.
///
/// # Errors
/// Of every kind but those of the command line: see [`Kind`].
pub fn send(context: &Context, to: &Jid, source: Source) -> Result<Delivery> {
    let started = Instant::now();
    let (recipient, hosts) = prepare(context, to, &source).inspect_err(|e| {
        if e.kind() == Kind::Offline {
            word::leave_message(context, to, source.name());
        }
    })?;
    word::announce(context, &recipient);
    let methods = methods(&context.config, &source, &hosts)?;
    let (name, drain) = (name::safe(source.name()), context.patience.limit(Wait::Drain));
    let mut push = Push { context, recipient: &recipient, hosts, name, source, drain, last: None };
    let (id, method) = push.run(&methods)?;
    let tier = if method == Method::Ibb { Tier::Acked } else { Tier::Forwarded };
    let Push { name, source, last, .. } = push;
    let (bytes, transfer) = (source.size(), source.transfer().map(str::to_owned));
    let (elapsed, permit) = (started.elapsed(), last.map(Arc::new));
    Ok(Delivery { id, transfer, name, tier, method, bytes, to: recipient, elapsed, permit })
}

/// Finds the recipient's client and the proxies, each step of both on the way at once. The proxies must be
/// known before the offer: after an accept there is no time left (rule 29).
fn prepare(context: &Context, to: &Jid, source: &Source) -> Result<(Jid, Vec<StreamHost>)> {
    let wanted = context.config.method != Preference::Ibb && source.size() > 0;
    let services = if wanted { Some(proxies::list(context)?) } else { None };
    let search = Search::start(context, to)?;
    let services = services.map(|services| services.query(context)).transpose()?;
    let found = search.found()?;
    let hosts = services.map(|services| services.hosts(context)).transpose()?;
    let recipient = found.best(context)?;
    let hosts = context.proxies.not_failed_for(&recipient, hosts.unwrap_or_default());
    Ok((recipient, hosts))
}

/// What is offered: never bytestreams without a streamhost, always in-band (rules 27, 38).
fn methods(config: &Config, source: &Source, hosts: &[StreamHost]) -> Result<Vec<Method>> {
    let nowhere = hosts.is_empty() && !config.direct;
    match config.method {
        _ if source.size() == 0 => Ok(vec![Method::Ibb]),
        Preference::Ibb => Ok(vec![Method::Ibb]),
        Preference::Auto if nowhere => Ok(vec![Method::Ibb]),
        Preference::Socks5 if nowhere => {
            let what = "the server names no SOCKS5 proxy that can be reached from here";
            Err(Error::new(Kind::NoBytestream, what).during(Wait::Discover))
        }
        Preference::Auto | Preference::Socks5 => Ok(vec![Method::Socks5, Method::Ibb]),
    }
}

/// One file on its way to one client.
struct Push<'c> {
    context: &'c Context,
    recipient: &'c Jid,
    hosts: Vec<StreamHost>,
    name: String,
    source: Source,
    /// Before the end of an in-band stream: Smack may need it.
    drain: Duration,
    /// Where outcomes are remembered one by one, the right to send the last bytes.
    last: Option<Permit>,
}

/// What one offer came to before a byte was sent.
enum Attempt {
    Done(Method),
    /// No way for the bytes; another offer may find one.
    NoWay(Error),
}

impl Push<'_> {
    /// One offer; a second one, in-band only, when that is allowed, for the operator sees a second popup.
    fn run(&mut self, methods: &[Method]) -> Result<(String, Method)> {
        let sid = random::token(16)?;
        let error = match self.attempt(&sid, methods)? {
            Attempt::Done(method) => return Ok((sid, method)),
            Attempt::NoWay(error) => error,
        };
        // The same offer would get the same answer, and the operator another popup.
        if !self.context.config.reoffer || methods == [Method::Ibb] {
            return Err(error);
        }
        log::info!("offering once more, in-band only: {error}");
        let sid = random::token(16)?;
        match self.attempt(&sid, &[Method::Ibb])? {
            Attempt::Done(method) => Ok((sid, method)),
            Attempt::NoWay(error) => Err(error),
        }
    }

    fn attempt(&mut self, sid: &str, methods: &[Method]) -> Result<Attempt> {
        let peer = Peer::open(self.context, self.recipient, sid)?;
        let known = self.context.patience.until(Wait::OfferKnown);
        let accepted = match self.offer(&peer, methods).inspect_err(|e| withdrawn(&peer, e))? {
            Ok(accepted) => accepted,
            Err(refusal) => return self.refused(&refusal),
        };
        if accepted.typed || self.source.size() == 0 {
            self.drain = Duration::ZERO;
        }
        match self.choose(&accepted, known.left().is_zero()) {
            None => Ok(Attempt::NoWay(too_late(self.recipient))),
            Some(Method::Socks5) => self.by_socks5(&peer, accepted.methods.contains(&Method::Ibb)),
            Some(Method::Ibb) => self.by_ibb(&peer, Wait::Open),
        }
    }

    /// XEP-0095 §3, XEP-0096 §2: who accepts names the methods that it takes, of those that were offered.
    fn offer(&self, peer: &Peer<'_>, methods: &[Method]) -> Result<std::result::Result<Accept, StanzaError>> {
        let offer = Offer {
            sid: peer.sid.to_owned(),
            profile: ns::SI_FILE.to_owned(),
            name: self.name.clone(),
            size: Some(self.source.size()),
            date: None,
            desc: self.source.transfer().map(offer::describe),
            mime: None,
            methods: methods.to_vec(),
        };
        let until = self.context.patience.until(Wait::Answer).at_most(OFFER_LIFE);
        let si = match peer.ask(offer.to_element(), &until)? {
            Ok(si) => si.ok_or_else(|| Error::new(Kind::Protocol, "the accept is empty")),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let accept = si.and_then(|si| Accept::parse(&si)).map_err(|e| e.during(Wait::Answer))?;
        if accept.unknown || accept.methods.iter().any(|method| !methods.contains(method)) {
            let what = format!("{} accepted by a method that was not offered", self.recipient);
            return Err(Error::new(Kind::Protocol, what).during(Wait::Answer));
        }
        Ok(Ok(accept))
    }

    /// Two values leave the choice to us: in-band at once, for the proxy costs old Smack's patience (rule 35). It
    /// has forgotten an offer that was accepted late (rule 32): then nothing is left to one who wants it alone.
    fn choose(&self, accepted: &Accept, late: bool) -> Option<Method> {
        match (accepted.methods.as_slice(), self.context.config.method) {
            ([Method::Socks5], _) if late => None,
            ([method], _) => Some(*method),
            (_, Preference::Socks5) if !late => Some(Method::Socks5),
            _ => Some(Method::Ibb),
        }
    }

    /// Through the proxy; when that can't be established and in-band was accepted too, once in-band on the same
    /// sid: Smack 3 takes it, later ones are silent (rule 48).
    fn by_socks5(&mut self, peer: &Peer<'_>, ibb_too: bool) -> Result<Attempt> {
        let error = match socks5::establish(peer, &self.hosts) {
            Ok(channel) => {
                let carried = channel.carry(self.context, &mut self.source, &mut self.last);
                carried.map_err(|e| self.stood(e))?;
                return Ok(Attempt::Done(Method::Socks5));
            }
            Err(e) => self.survived(e).inspect_err(|e| withdrawn(peer, e))?,
        };
        if !ibb_too {
            return Ok(Attempt::NoWay(error));
        }
        log::info!("trying in-band on the same stream: {error}");
        match self.by_ibb(peer, Wait::SecondOpen)? {
            Attempt::NoWay(_) => Ok(Attempt::NoWay(error)),
            done => Ok(done),
        }
    }

    fn by_ibb(&mut self, peer: &Peer<'_>, wait: Wait) -> Result<Attempt> {
        match ibb::open(peer, self.source.size(), wait) {
            Ok(block_size) => {
                let carried = ibb::carry(peer, &mut self.source, block_size, self.drain, &mut self.last);
                carried.map_err(|e| self.stood(e)).map(|()| Attempt::Done(Method::Ibb))
            }
            Err(e) => self.survived(e).inspect_err(|e| withdrawn(peer, e)).map(Attempt::NoWay),
        }
    }

    /// Where the transfer stood when the path to the other side failed.
    fn stood(&self, error: Error) -> Error {
        let so_far = self.context.progress.now();
        match error.kind() {
            Kind::Timeout | Kind::Network | Kind::Incomplete => {
                error.at(format!("after {} of {} bytes", so_far.done, so_far.total))
            }
            _ => error,
        }
    }

    /// An error that ends one way for the bytes but not the transfer.
    fn survived(&self, error: Error) -> Result<Error> {
        let final_kind = matches!(error.kind(), Kind::Stopped | Kind::Cancelled | Kind::Unable | Kind::Incomplete);
        if final_kind || self.context.session.cause_of_end().is_some() { Err(error) } else { Ok(error) }
    }

    /// What a refusal of the offer means (rule 33).
    fn refused(&self, refusal: &StanzaError) -> Result<Attempt> {
        let to = self.recipient;
        let error = |kind, what: String| Error::new(kind, format!("{what} ({refusal})")).during(Wait::Answer);
        match refusal.condition.as_str() {
            "forbidden" | "not-acceptable" | "not-authorized" => {
                Err(error(Kind::Declined, format!("{to} declined {}", self.name)))
            }
            "bad-request" => {
                let what = format!("{to} takes none of the offered methods");
                Ok(Attempt::NoWay(error(Kind::Unable, what).advise("try --method auto, or --reoffer")))
            }
            "not-allowed" => {
                let what = format!("the server or {to} does not allow the offer of {}", self.name);
                Err(error(Kind::Server, what)
                    .advise("ask the administrator of the server whether file transfer is allowed"))
            }
            "resource-constraint" => Err(error(Kind::Busy, format!("{to} takes no further file now"))),
            "service-unavailable" | "recipient-unavailable" | "item-not-found" => Err(self.gone_or_unable(refusal)),
            "feature-not-implemented" => Err(unable(to)),
            "remote-server-not-found" | "remote-server-timeout" | "internal-server-error" => {
                Err(error(Kind::Server, format!("the server could not deliver the offer to {to}")))
            }
            _ if refusal.kind == ErrorType::Wait => Err(error(Kind::Busy, format!("{to} can't take the file now"))),
            _ => Err(error(Kind::Protocol, format!("{to} refused the offer"))),
        }
    }

    /// Servers refuse for who is offline as clients refuse what they don't know: a question that every client
    /// answers tells them apart.
    fn gone_or_unable(&self, refusal: &StanzaError) -> Error {
        log::debug!("the offer was refused: {refusal}");
        let until = self.context.patience.until(Wait::Discover);
        let asked = self.context.session.get(self.recipient, disco::info_query(), &until);
        match asked.and_then(|asked| asked.wait(&until)) {
            Ok(Ok(_)) => unable(self.recipient),
            Ok(Err(_)) => offline(self.recipient),
            Err(e) if e.kind() == Kind::Timeout => offline(self.recipient),
            Err(e) => e,
        }
    }
}

/// Nothing says that an offer is taken back. A close of the stream that doesn't exist yet tells firepush, which would
/// wait for its first byte; others refuse it.
fn withdrawn(peer: &Peer<'_>, error: &Error) {
    if error.kind() == Kind::Stopped {
        peer.close_in_passing();
    }
}

fn too_late(recipient: &Jid) -> Error {
    let what = format!("{recipient} accepted so late that the server's proxy has forgotten the offer");
    Error::new(Kind::NoBytestream, what).during(Wait::Answer).advise("send it again")
}

#[cfg(test)]
mod tests {
    use super::OFFER_LIFE;
    use std::time::Duration;

    #[test]
    fn rule_32_an_offer_ends_before_openfire_forgets_it() {
        assert!(OFFER_LIFE <= Duration::from_secs(595));
    }
}
