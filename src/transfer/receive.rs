//! Receiving one offered file: accept, carry, publish.

use super::Context;
use super::delivery::Method;
use super::ibb;
use super::ibb::ONE_BLOCK;
use super::proxies;
use super::sink::{Folder, Sink, Stored};
use super::target::Target;
use crate::base::config::Preference;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::proto::iq::{ErrorType, Iq, StanzaError};
use crate::proto::ns;
use crate::proto::offer::{Accept, Offer};
use crate::session::Letterbox;
use crate::session::router::{Letter, Offered, Request};

/// A file that was received.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub stored: Stored,
    pub method: Method,
}

/// Receives what was offered into the folder.
///
/// # Errors
/// [`Kind::Write`], [`Kind::Incomplete`], [`Kind::Protocol`], [`Kind::NoBytestream`], or the timeout of a wait.
pub fn receive(context: &Context, offered: Offered, folder: &Folder) -> Result<Receipt> {
    let Offered { request, offer, from } = offered;
    let method = match acceptable(context, &offer) {
        Ok(method) => method,
        Err((refusal, error)) => return refuse(context, request, refusal, error),
    };
    let transfer = format!("{from}\0{}", offer.sid);
    let sink = match folder.create(&transfer, &offer.name, offer.size, context.config.max_size) {
        Ok(sink) => sink,
        Err(error) => return refuse(context, request, forbidden(), error),
    };
    context.progress.start(offer.size.unwrap_or(0));
    let letters = match context.session.transfer(&from, &offer.sid) {
        Ok(letters) => letters,
        Err(error) => return refuse(context, request, StanzaError::new(ErrorType::Cancel, "conflict"), error),
    };
    tell(context, &request.result(Some(Accept::to_element(method))))?;
    Reception { context, from: &from, sid: &offer.sid, letters: &letters }.run(sink)
}

/// What declines an offer so that every sender understands it.
pub fn forbidden() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, "forbidden")
}

fn refuse<T>(context: &Context, request: Request, refusal: StanzaError, error: Error) -> Result<T> {
    tell(context, &request.refuse(refusal))?;
    Err(error)
}

fn tell(context: &Context, iq: &Iq) -> Result<()> {
    context.session.tell(&iq.to_element())
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

/// An accepted offer.
struct Reception<'c> {
    context: &'c Context,
    from: &'c Jid,
    sid: &'c str,
    letters: &'c Letterbox,
}

impl Reception<'_> {
    /// Waits for the sender to begin; when no streamhost works, it may begin again in-band.
    fn run(&self, mut sink: Sink) -> Result<Receipt> {
        let mut wait = Wait::Initiation;
        let mut failed: Option<Error> = None;
        let method = loop {
            match self.letters.take(&self.context.patience.until(wait)) {
                Ok(Letter::Streamhosts(request, hosts)) => match self.by_socks5(request, hosts, &mut sink)? {
                    Some(error) => failed = Some(error),
                    None => break Method::Socks5,
                },
                Ok(Letter::Open(request, open)) => {
                    self.by_ibb(request, &open, &mut sink)?;
                    break Method::Ibb;
                }
                Ok(Letter::Data(request, _) | Letter::BadData(request) | Letter::Close(request)) => {
                    tell(self.context, &request.refuse(StanzaError::new(ErrorType::Cancel, "item-not-found")))?;
                }
                Ok(Letter::Gone) => {
                    let what = format!("{} went offline", self.from);
                    return Err(failed.unwrap_or_else(|| Error::new(Kind::Incomplete, what).during(wait)));
                }
                Err(e) if e.kind() == Kind::Timeout => return Err(failed.unwrap_or(e)),
                Err(e) => return Err(e),
            }
            wait = Wait::Fallback;
        };
        let stored = sink.finish().map_err(|e| e.during(Wait::Data))?;
        Ok(Receipt { stored, method })
    }

    /// `Some` is why no streamhost works.
    fn by_socks5(
        &self,
        request: Request,
        hosts: crate::proto::bytestreams::Hosts,
        sink: &mut Sink,
    ) -> Result<Option<Error>> {
        let bytestream = Target { context: self.context, peer: self.from, sid: self.sid };
        match bytestream.join(request, hosts) {
            Ok(stream) => bytestream.receive(&*stream, sink).map(|()| None),
            Err(e) if e.kind() == Kind::Stopped || self.context.session.cause_of_end().is_some() => Err(e),
            Err(e) => Ok(Some(e)),
        }
    }

    fn by_ibb(&self, request: Request, open: &crate::proto::ibb::Open, sink: &mut Sink) -> Result<()> {
        let stream = ibb::Receiving { context: self.context, peer: self.from, sid: self.sid, letters: self.letters };
        stream.receive(request, open, sink)
    }
}
