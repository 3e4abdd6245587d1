//! Where each stanza goes: to the request that awaits it, to its transfer, or to an answer of our own.

use std::sync::Arc;

use super::answers::{about_us, answer, bad_request};
use super::pending::Answer;
use super::presences::Presences;
use crate::base::error::{Error, Kind};
use crate::base::jid::Jid;
use crate::base::table::Table;
use crate::os::mailbox::Mailbox;
use crate::proto::bytestreams::Hosts;
use crate::proto::ibb;
use crate::proto::iq::{ErrorType, Iq, IqType, StanzaError};
use crate::proto::ns;
use crate::proto::offer::Offer;
use crate::proto::presence::{Presence, PresenceType};
use crate::xml::element::Element;

/// Something that arrived for one transfer. What carries a request wants exactly one answer.
pub enum Letter {
    Streamhosts(Request, Hosts),
    Open(Request, ibb::Open),
    Data(Request, ibb::Data),
    /// Data that can't be read.
    BadData(Request),
    Close(Request),
}

/// An offer of a file, and from whom.
pub struct Offered {
    pub request: Request,
    pub offer: Offer,
    pub from: Jid,
}

/// A request that one of our threads answers: exactly once, for answering takes it.
#[must_use]
pub struct Request(Iq);

impl Request {
    pub fn result(self, child: Option<Element>) -> Iq {
        self.0.result(child)
    }

    pub fn refuse(self, error: StanzaError) -> Iq {
        self.0.refuse(error)
    }
}

/// Which transfer: the full JID of the other side, and the sid.
type Key = (Jid, String);

/// Who is asked, where the reply goes, and which item of a roster is wanted.
pub struct Asked {
    pub of: Jid,
    pub reply: Arc<Mailbox<Answer>>,
    pub keep: Option<Jid>,
    pub kept: Vec<Element>,
}

/// Who receives files, if anybody does.
pub struct Receiving {
    pub offers: Arc<Mailbox<Offered>>,
    pub may_subscribe: Box<dyn Fn(&Jid) -> bool + Send>,
}

/// All that is awaited.
pub struct Router {
    me: Jid,
    pub asked: Table<String, Asked>,
    pub transfers: Table<Key, Arc<Mailbox<Letter>>>,
    /// Transfers that have not said their last word.
    pub open_transfers: usize,
    pub receiving: Option<Receiving>,
    pub presences: Presences,
    closed: Option<Error>,
    ignored: u64,
}

impl Router {
    pub fn new(me: Jid) -> Self {
        Router {
            me,
            asked: Table::default(),
            transfers: Table::default(),
            open_transfers: 0,
            receiving: None,
            presences: Presences::default(),
            closed: None,
            ignored: 0,
        }
    }

    /// Takes a stanza; gives what is to be answered at once.
    pub fn route(&mut self, stanza: Element) -> Option<Element> {
        match stanza.name() {
            "iq" => self.route_iq(&stanza),
            "presence" => self.route_presence(&stanza),
            _ => None,
        }
    }

    /// Takes one item of a roster: only the one that is wanted is kept.
    pub fn route_item(&mut self, head: &Element, item: Element) {
        let from = head.get("from").and_then(|from| from.parse().ok());
        let Some(id) = head.get("id").filter(|_| head.get("type") == Some("result")) else { return };
        let Some(asked) = self.asked.get_mut(id) else { return };
        let wanted = item.get("jid").and_then(|jid| jid.parse::<Jid>().ok());
        if wanted.is_some() && wanted == asked.keep && answers_for(&self.me, &asked.of, from.as_ref()) {
            asked.kept.push(item);
        }
    }

    fn route_iq(&mut self, stanza: &Element) -> Option<Element> {
        match Iq::parse(stanza) {
            Ok(iq) if iq.kind.is_request() => self.route_request(iq).map(|reply| reply.to_element()),
            Ok(iq) => {
                self.route_reply(iq);
                None
            }
            Err(e) => {
                log::debug!("an iq that can't be read was ignored: {e}");
                None
            }
        }
    }

    /// A reply counts only if both id and sender match (rule 18; CVE-2013-6483).
    fn route_reply(&mut self, iq: Iq) {
        let expected = self.asked.get(&iq.id).is_some_and(|asked| answers_for(&self.me, &asked.of, iq.from.as_ref()));
        let Some(asked) = expected.then(|| self.asked.remove(&iq.id)).flatten() else {
            self.ignored += 1;
            log::debug!("a reply that nobody awaits was ignored ({} so far)", self.ignored);
            return;
        };
        let answer = match (iq.kind, iq.error) {
            (IqType::Error, error) => {
                Err(error.unwrap_or_else(|| StanzaError::new(ErrorType::Cancel, "undefined-condition")))
            }
            _ => Ok(iq.child.map(|child| child.children_from(asked.kept))),
        };
        let _ = asked.reply.put(answer);
    }

    fn route_request(&mut self, iq: Iq) -> Option<Iq> {
        let Some(child) = &iq.child else { return Some(answer(&iq)) };
        match (child.name(), child.ns(), iq.kind) {
            ("si", ns::SI, IqType::Set) => self.route_offer(iq),
            ("query", ns::BYTESTREAMS, IqType::Set) | ("open" | "data" | "close", ns::IBB, IqType::Set) => {
                self.route_transfer(iq)
            }
            ("query", ns::DISCO_INFO, IqType::Get) => Some(iq.result(Some(about_us(child, self.receiving.is_some())))),
            ("query", ns::ROSTER, IqType::Set) if answers_for(&self.me, &self.me.bare(), iq.from.as_ref()) => {
                Some(iq.result(None))
            }
            _ => Some(answer(&iq)),
        }
    }

    fn route_offer(&mut self, iq: Iq) -> Option<Iq> {
        let (Some(receiving), Some(from), Some(si)) = (&self.receiving, iq.from.clone(), &iq.child) else {
            return Some(answer(&iq));
        };
        match Offer::parse(si) {
            Ok(offer) => {
                let offered = Offered { request: Request(iq), offer, from };
                let busy = |o: Offered| o.request.refuse(StanzaError::new(ErrorType::Wait, "resource-constraint"));
                receiving.offers.put(offered).map_err(busy).err()
            }
            Err(e) => {
                log::info!("an offer of {from} can't be read: {e}");
                Some(iq.refuse(bad_request()))
            }
        }
    }

    fn route_transfer(&mut self, mut iq: Iq) -> Option<Iq> {
        let sid = iq.child.as_ref().and_then(|child| child.get("sid")).map(str::to_owned);
        let transfer = iq.from.clone().zip(sid).and_then(|key| self.transfers.get(&key));
        let Some(transfer) = transfer else { return Some(answer(&iq)) };
        let child = iq.child.take()?;
        let letter = match letter(Request(iq), &child) {
            Ok(letter) => letter,
            Err(refusal) => return Some(*refusal),
        };
        let refused = transfer.put(letter).err()?;
        transfer.close(Error::new(Kind::Protocol, "the sender doesn't wait for our acknowledgements"));
        Some(refused.into_request().refuse(StanzaError::new(ErrorType::Wait, "resource-constraint")))
    }

    fn route_presence(&mut self, stanza: &Element) -> Option<Element> {
        let presence = Presence::parse(stanza).ok()?;
        let from = presence.from.clone()?;
        match presence.kind {
            PresenceType::Available => self.presences.seen(&from, &presence),
            PresenceType::Unavailable => {
                self.presences.gone(&from);
                let gone = Error::new(Kind::Incomplete, format!("{from} went offline"));
                let of_peer = self.transfers.iter().filter(|((peer, _), _)| *peer == from);
                of_peer.for_each(|(_, transfer)| transfer.close(gone.clone()));
            }
            PresenceType::Subscribe => {
                let receiving = self.receiving.as_ref()?;
                let answer = Presence::new(PresenceType::Subscribed).directed(&from.bare());
                return (receiving.may_subscribe)(&from).then(|| answer.to_element());
            }
            _ => log::debug!("presence {:?} of {from}", presence.kind),
        }
        None
    }

    /// Tells everyone who waits that nothing more comes, and why.
    pub fn close(&mut self, cause: &Error) {
        let cause = self.closed.get_or_insert_with(|| cause.clone());
        std::mem::take(&mut self.asked).iter().for_each(|(_, asked)| asked.reply.close(cause.clone()));
        self.transfers.iter().for_each(|(_, transfer)| transfer.close(cause.clone()));
        self.presences.close(cause);
        if let Some(receiving) = &self.receiving {
            receiving.offers.close(cause.clone());
        }
    }

    /// Why nothing more comes, if so.
    pub fn closed(&self) -> Option<&Error> {
        self.closed.as_ref()
    }
}

/// What the request says to its transfer, or what it is answered with at once: a block size that is too
/// large is refused so that the sender can try a smaller one.
fn letter(request: Request, child: &Element) -> std::result::Result<Letter, Box<Iq>> {
    match child.name() {
        "query" => match Hosts::parse(child) {
            Ok(hosts) => Ok(Letter::Streamhosts(request, hosts)),
            Err(_) => Err(Box::new(request.refuse(bad_request()))),
        },
        "open" => match ibb::Open::parse(child) {
            Ok(open) => Ok(Letter::Open(request, open)),
            Err(refusal) => Err(Box::new(request.refuse(refusal))),
        },
        "data" => match ibb::Data::parse(child) {
            Ok(data) => Ok(Letter::Data(request, data)),
            Err(_) => Ok(Letter::BadData(request)),
        },
        _ => Ok(Letter::Close(request)),
    }
}

impl Letter {
    pub fn into_request(self) -> Request {
        match self {
            Letter::Streamhosts(request, _)
            | Letter::Open(request, _)
            | Letter::Data(request, _)
            | Letter::BadData(request)
            | Letter::Close(request) => request,
        }
    }
}

/// Whether `from` may answer for `of`. For our own account and for our server it may be absent, or any of our
/// own addresses (Openfire answers some with the bare one).
fn answers_for(me: &Jid, of: &Jid, from: Option<&Jid>) -> bool {
    let Some(from) = from else { return *of == me.bare() || of == me || *of == me.server() };
    let ours = *of == me.bare() || of == me;
    from == of || (ours && (*from == me.bare() || from == me || *from == me.server()))
}
