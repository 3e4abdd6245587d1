//! Which client of the recipient gets the file (rules 19–22, 73).

use std::sync::Arc;

use super::Context;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::os::until::Until;
use crate::proto::disco::{self, Info, Items};
use crate::proto::iq::StanzaError;
use crate::proto::presence::Show;
use crate::proto::roster::{self, Subscription};
use crate::proto::{ns, ping};
use crate::session::Session;
use crate::session::pending::Pending;
use crate::session::presences::Seen;

/// More resources than this are not asked what they can do.
const CANDIDATES_MAX: usize = 8;

/// The search for a recipient, with its questions on the way.
pub struct Search<'c> {
    context: &'c Context,
    to: Jid,
    asked: Option<Asked>,
    until: Until,
}

/// What is asked about an account.
struct Asked {
    roster: Pending,
    items: Pending,
    /// Its answer comes after every presence that the server pushes for local users.
    ping: Pending,
}

/// A client that may be the one, and what it can do once it answers.
pub struct Candidate {
    jid: Jid,
    seen: Option<Seen>,
    info: Pending,
}

/// The search when it is known who is online.
pub enum Found {
    /// As it was given: nothing is asked.
    Given(Jid),
    /// Clients that are being asked what they can do.
    Asked(Answering),
}

/// An account whose clients are being asked what they can do.
pub struct Answering {
    to: Jid,
    candidates: Vec<Candidate>,
    /// Says whether its user can have us as a contact.
    roster: Pending,
}

impl<'c> Search<'c> {
    /// Asks; a full JID is taken as it is.
    ///
    /// # Errors
    /// What ended the session, [`Kind::Stopped`], or a timeout.
    pub fn start(context: &'c Context, to: &Jid) -> Result<Self> {
        let until = context.patience.until(Wait::Discover);
        let asked = if to.is_bare() { Some(ask(&context.session, to, &until)?) } else { None };
        Ok(Search { context, to: to.clone(), asked, until })
    }

    /// Waits until it is known who is online, and asks each what it can do.
    ///
    /// # Errors
    /// [`Kind::Offline`], [`Kind::NotShared`], and as [`Search::start`].
    pub fn found(mut self) -> Result<Found> {
        let Some(asked) = self.asked.take() else { return Ok(Found::Given(self.to)) };
        self.until.restart();
        let candidates = online(self.context, &self.to, &asked, &self.until)?;
        let mut candidates = match candidates.as_slice() {
            [] => self.unseen(&asked)?,
            _ => candidates,
        };
        candidates.sort_by_cached_key(|(jid, seen)| rank(jid, *seen));
        let until = self.context.patience.until(Wait::Discover);
        let mut flight = self.context.session.flight(&until);
        let mut answering = Answering { to: self.to, candidates: Vec::new(), roster: asked.roster };
        for (jid, seen) in candidates.into_iter().take(CANDIDATES_MAX) {
            let info = flight.get(&jid, disco::info_query())?;
            answering.candidates.push(Candidate { jid, seen, info });
        }
        flight.send()?;
        Ok(Found::Asked(answering))
    }

    /// Nobody is seen online. Where we may see the account, it is offline; where only it sees us, Spark's usual
    /// resource is worth a question; else nobody can tell.
    fn unseen(&self, asked: &Asked) -> Result<Vec<(Jid, Option<Seen>)>> {
        match subscription(&asked.roster, &self.until)? {
            Subscription::To | Subscription::Both => Err(offline(&self.to)),
            Subscription::From => Ok(vec![(self.to.with_resource("Spark")?, None)]),
            Subscription::None | Subscription::Remove => Err(not_shared(&self.to)),
        }
    }
}

fn ask(session: &Arc<Session>, to: &Jid, until: &Until) -> Result<Asked> {
    let mut flight = session.flight(until);
    let asked = Asked {
        roster: flight.roster_item(to)?,
        items: flight.get(to, disco::items_query())?,
        ping: flight.get(&session.me().server(), ping::request())?,
    };
    flight.send()?;
    Ok(asked)
}

/// The resources that the server pushed presence of, else those it lists (Openfire), else those whose presence
/// comes a little later.
fn online(context: &Context, to: &Jid, asked: &Asked, until: &Until) -> Result<Vec<(Jid, Option<Seen>)>> {
    let session = &context.session;
    let watch = session.watch(to)?;
    let seen = || session.online(to).into_iter().map(|(jid, seen)| (jid, Some(seen))).collect::<Vec<_>>();
    let _ = asked.ping.wait(until).map_err(|e| e.at(session.me().domain()))?;
    if seen().is_empty() {
        let listed = listed(to, asked, until)?;
        if !listed.is_empty() {
            return Ok(listed);
        }
        watch.take(&context.patience.until(Wait::Presence))?;
    }
    Ok(seen())
}

fn listed(to: &Jid, asked: &Asked, until: &Until) -> Result<Vec<(Jid, Option<Seen>)>> {
    let query = asked.items.wait_briefly(until)?.and_then(|answer| answer.ok().flatten());
    let items = query.and_then(|query| Items::parse(&query).ok());
    let items = items.map(|items| items.0).unwrap_or_default();
    let resources = items.into_iter().map(|item| item.jid).filter(|jid| !jid.is_bare() && jid.bare() == to.bare());
    Ok(resources.map(|jid| (jid, None)).collect())
}

/// How our roster has the account; one that isn't in it has no subscription.
pub fn subscription(roster: &Pending, until: &Until) -> Result<Subscription> {
    let query = roster.wait(until).map_err(|e| e.at("our own roster"))?.ok().flatten();
    let item = query.as_ref().and_then(|query| query.find("item", ns::ROSTER));
    Ok(item.and_then(|item| roster::Item::parse(item).ok()).map_or(Subscription::None, |item| item.subscription))
}

impl Found {
    /// The client that gets the file: able; then not busy, highest priority, least away, first by resource.
    ///
    /// # Errors
    /// [`Kind::Unable`], [`Kind::Offline`], [`Kind::NotShared`], and as [`Search::start`].
    pub fn best(self, context: &Context) -> Result<Jid> {
        match self {
            Found::Given(jid) => Ok(jid),
            Found::Asked(answering) => answering.best(context, &context.patience.until(Wait::Discover)),
        }
    }
}

impl Answering {
    fn best(self, context: &Context, until: &Until) -> Result<Jid> {
        let mut able = Vec::new();
        let mut answers = 0;
        for Candidate { jid, seen, info } in self.candidates {
            match info.wait_briefly(until)? {
                Some(Ok(query)) => {
                    answers += 1;
                    let info = query.and_then(|query| Info::parse(&query).ok()).unwrap_or_default();
                    if takes_files(&info) {
                        able.push((jid, seen, info));
                    }
                }
                Some(Err(refusal)) if !is_gone(&refusal) => answers += 1,
                _ => {}
            }
        }
        let seen = presences(context, &self.to, &able)?;
        able.sort_by_cached_key(|(jid, then, _)| rank(jid, how(&seen, jid).or(*then)));
        match able.into_iter().next() {
            Some((best, _, info)) if is_spark(&best, &info) => match subscription(&self.roster, until)? {
                Subscription::From | Subscription::Both => Ok(best),
                _ => Err(not_a_contact(&best)),
            },
            Some((best, ..)) => Ok(best),
            None if answers > 0 => Err(unable(&self.to)),
            // Who is silent is not offline: then this is the timeout.
            None => until.check().map_err(|e| e.at(&self.to)).and(Err(offline(&self.to))),
        }
    }
}

/// How each is online, as far as one must know to choose: Openfire lists resources before it pushes presence.
fn presences(context: &Context, to: &Jid, able: &[(Jid, Option<Seen>, Info)]) -> Result<Vec<(Jid, Seen)>> {
    let watch = context.session.watch(to)?;
    let late = context.patience.until(Wait::Presence);
    loop {
        let seen = context.session.online(to);
        let known = able.len() < 2 || able.iter().all(|(jid, ..)| how(&seen, jid).is_some());
        if known || !watch.take(&late)? {
            return Ok(seen);
        }
    }
}

fn how(online: &[(Jid, Seen)], jid: &Jid) -> Option<Seen> {
    online.iter().find(|(other, _)| other == jid).map(|(_, seen)| *seen)
}

/// The server answers so for a resource that is not there.
pub fn is_gone(refusal: &StanzaError) -> bool {
    matches!(refusal.condition.as_str(), "service-unavailable" | "recipient-unavailable" | "item-not-found")
}

fn is_spark(jid: &Jid, info: &Info) -> bool {
    let names = info.identities.iter().filter_map(|identity| identity.name.as_deref());
    names.chain(jid.resource()).any(|name| name.starts_with("Spark"))
}

pub fn takes_files(info: &Info) -> bool {
    info.has(ns::SI) && info.has(ns::SI_FILE) && (info.has(ns::BYTESTREAMS) || info.has(ns::IBB))
}

/// Smaller is better.
fn rank(jid: &Jid, seen: Option<Seen>) -> (bool, i16, u8, String) {
    let (show, priority) = seen.map_or((Show::Online, 0), |seen| (seen.show, seen.priority));
    let away = match show {
        Show::Chat => 0,
        Show::Online => 1,
        Show::Away => 2,
        Show::Xa => 3,
        Show::Dnd => 4,
    };
    let resource = jid.resource().unwrap_or_default().to_owned();
    (show == Show::Dnd, -i16::from(priority), away, resource)
}

/// The recipient has no resource online.
pub fn offline(to: &Jid) -> Error {
    Error::new(Kind::Offline, format!("{} is offline (the server knows no resource of it)", to.bare()))
        .during(Wait::Discover)
}

/// The recipient's client can't take files.
pub fn unable(to: &Jid) -> Error {
    Error::new(Kind::Unable, format!("{to} is online with no client that takes files")).during(Wait::Discover)
}

fn not_shared(to: &Jid) -> Error {
    let what = format!("{to} is unknown, or doesn't share its presence with this account (servers don't tell which)");
    Error::new(Kind::NotShared, what).during(Wait::Discover)
}

/// Spark shows its user an offer without buttons when the sender is no contact, and never answers.
fn not_a_contact(spark: &Jid) -> Error {
    let what = format!("{spark} is a Spark whose user can't have this account as a contact, and would show no buttons");
    let advice = "put this account into that user's roster too (on Openfire: one shared group with both in it)";
    Error::new(Kind::NotShared, what).advise(advice).during(Wait::Discover)
}
