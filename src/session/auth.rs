//! SASL on the stream: the first `<auth>` goes with the header, the features decide about a second (RFC 6120 §6).

use std::time::Duration;

use super::conversation::{Conversation, written};
use super::login::Hints;
use crate::base::config::{Config, MinAuth};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::secret::Secret;
use crate::base::waits::Wait;
use crate::os::random;
use crate::os::until::{Patience, Until};
use crate::proto::sasl::{self, BindingType, ChannelBinding, Exchange, Mechanism, Reply};
use crate::proto::stream::{self, Features};
use crate::xml::element::Element;

/// What we log in with, and how.
pub struct Authentication<'a> {
    pub config: &'a Config,
    pub account: &'a Jid,
    /// May be missing when there is a certificate.
    pub secret: Option<&'a Secret>,
    pub patience: &'a Patience,
    /// The longer of TCP connect and TLS handshake.
    pub round_trip: Duration,
    pub hints: &'a Hints,
}

/// One SASL exchange under way.
struct Attempt<'s> {
    mechanism: Mechanism,
    exchange: Exchange<'s>,
    /// The first was refused for its mechanism: this one's refusal is final.
    is_second: bool,
}

impl Attempt<'_> {
    /// One that is bound to the channel was listed: refusing it then is a downgrade.
    fn may_be_followed(&self) -> bool {
        !self.is_second && !self.mechanism.is_bound()
    }
}

impl<'a> Authentication<'a> {
    /// Logs in on a stream that has just become secure; the next one is to be opened.
    ///
    /// # Errors
    /// [`Kind::Auth`], [`Kind::NoMechanism`], [`Kind::Protocol`], [`Kind::Network`], [`Kind::Stopped`], or a
    /// timeout.
    pub fn run(&self, talk: &mut Conversation) -> Result<Mechanism> {
        let until = self.patience.until(Wait::Login);
        let guess = self.guess().map(|mechanism| self.attempt(mechanism, None)).transpose()?;
        let auth = guess.as_ref().map_or("", |(_, auth)| auth.as_str());
        talk.write(&(stream::header(self.account.domain()) + auth), &until)?;
        let lost = self.await_header(talk, &until)?;
        let features = Features::parse(&talk.stanza(&until)?).map_err(|e| e.during(Wait::Login))?;
        match guess {
            None => self.by_features(talk, &features, &until),
            Some((attempt, _)) if !lost => self.prove(talk, attempt, None, &features, &until),
            Some((attempt, _)) => self.after_loss(talk, attempt, &features, &until),
        }
    }

    /// What worked before, else SCRAM-SHA-1; nothing when the features are worth waiting for: a certificate may
    /// do, or SCRAM-SHA-1 is not good enough. Never PLAIN unasked.
    fn guess(&self) -> Option<Mechanism> {
        let known = self.hints.mechanism.filter(|mechanism| !mechanism.is_bound());
        let guess = known.or(Some(Mechanism::ScramSha1).filter(|_| self.config.cert_file.is_none()))?;
        Some(guess).filter(|guess| *guess >= self.floor())
    }

    /// What min_auth says, and no weaker than what worked before: a server that knew better is not to be believed
    /// when it offers PLAIN alone.
    fn floor(&self) -> Mechanism {
        let set = match self.config.min_auth {
            MinAuth::Plain => Mechanism::Plain,
            MinAuth::ScramSha1 => Mechanism::ScramSha1,
            MinAuth::ScramSha256 => Mechanism::ScramSha256,
            MinAuth::ScramPlus => Mechanism::ScramSha1Plus,
        };
        set.max(self.hints.floor.map_or(Mechanism::Plain, |known| known.min(Mechanism::ScramSha1)))
    }

    /// Openfire 4.7 loses what comes together with the end of a TLS 1.3 handshake: when nothing at all answers,
    /// the header alone is sent once more (rule 72). Says whether that was done.
    fn await_header(&self, talk: &mut Conversation, until: &Until) -> Result<bool> {
        let domain = self.account.domain();
        match talk.header(domain, &until.at_most(self.sign_of_life())) {
            Err(e) if e.kind() == Kind::Timeout && talk.heard => talk.header(domain, until).map(|()| false),
            Err(e) if e.kind() == Kind::Timeout => {
                until.check()?;
                log::info!("no sign of life after TLS; sending the stream header again");
                talk.write(&stream::header(domain), until)?;
                talk.header(domain, until).map(|()| true)
            }
            done => done.map(|()| false),
        }
    }

    /// 1.5 s and three round trips.
    fn sign_of_life(&self) -> Duration {
        self.patience.limit(Wait::Resend).max(3 * self.round_trip)
    }

    /// A server that was only slow answers the first `<auth>` now; one that lost it wants another.
    fn after_loss(
        &self,
        talk: &mut Conversation,
        attempt: Attempt<'a>,
        features: &Features,
        until: &Until,
    ) -> Result<Mechanism> {
        match talk.stanza(&until.at_most(self.sign_of_life())) {
            Ok(answer) => self.prove(talk, attempt, Some(answer), features, until),
            Err(e) if e.kind() == Kind::Timeout => self.by_features(talk, features, until),
            Err(e) => Err(e),
        }
    }

    fn by_features(&self, talk: &mut Conversation, features: &Features, until: &Until) -> Result<Mechanism> {
        let attempt = self.choose(talk, features, None, until)?;
        self.prove(talk, attempt, None, features, until)
    }

    /// Answers challenges until the server is content and has proved itself; a mechanism that isn't offered is
    /// followed by the strongest that is. `answer` has been read already.
    fn prove(
        &self,
        talk: &mut Conversation,
        mut attempt: Attempt<'a>,
        mut answer: Option<Element>,
        features: &Features,
        until: &Until,
    ) -> Result<Mechanism> {
        loop {
            let stanza = answer.take().map_or_else(|| talk.stanza(until), Ok)?;
            match Reply::parse(&stanza).map_err(|e| e.during(Wait::Login))? {
                Reply::Challenge(challenge) => {
                    let response = attempt.exchange.answer(&challenge).map_err(|e| e.during(Wait::Login))?;
                    talk.write(&written(&sasl::response(&response)), until)?;
                }
                Reply::Success(proof) => {
                    attempt.exchange.finish(proof.as_deref()).map_err(|e| e.during(Wait::Login))?;
                    return talk.restart(until).map(|()| attempt.mechanism);
                }
                Reply::Failure { condition, .. } if condition == "invalid-mechanism" && attempt.may_be_followed() => {
                    attempt = self.choose(talk, features, Some(attempt.mechanism), until)?;
                }
                Reply::Failure { condition, text } => {
                    return Err(sasl::refusal(&condition, text.as_deref()).during(Wait::Login));
                }
            }
        }
    }

    /// An exchange with what begins it.
    fn attempt(&self, mechanism: Mechanism, binding: Option<ChannelBinding>) -> Result<(Attempt<'a>, String)> {
        let user = self.account.local().unwrap_or_default();
        let password = self.secret.map_or("", Secret::reveal);
        let (exchange, initial) = Exchange::start(mechanism, user, password, &random::token(24)?, binding);
        Ok((Attempt { mechanism, exchange, is_second: false }, written(&sasl::auth(mechanism, &initial))))
    }

    /// Tries the strongest mechanism that is offered, possible here, allowed, and wasn't refused.
    fn choose(
        &self,
        talk: &Conversation,
        features: &Features,
        refused: Option<Mechanism>,
        until: &Until,
    ) -> Result<Attempt<'a>> {
        let binding = binding(talk, &features.channel_bindings);
        let possible = |mechanism: &Mechanism| match mechanism {
            Mechanism::External => self.config.cert_file.is_some(),
            mechanism => self.secret.is_some() && (!mechanism.is_bound() || binding.is_some()),
        };
        let possible: Vec<_> =
            Mechanism::ALL.iter().copied().filter(|m| Some(*m) != refused).filter(possible).collect();
        let strongest = Mechanism::strongest(&features.mechanisms, &possible);
        let Some(mechanism) = strongest.filter(|mechanism| *mechanism >= self.floor()) else {
            return Err(nothing_in_common(&features.mechanisms, strongest));
        };
        log::info!("logging in by {}", mechanism.name());
        let (attempt, auth) = self.attempt(mechanism, binding.filter(|_| mechanism.is_bound()))?;
        talk.write(&auth, until)?;
        Ok(Attempt { is_second: refused.is_some(), ..attempt })
    }
}

/// Nothing that is offered may be used; `weaker` could be, were it not below the floor.
fn nothing_in_common(offered: &[String], weaker: Option<Mechanism>) -> Error {
    let what = format!("the server offers no login mechanism that may be used, only {}", offered.join(", "));
    let error = Error::new(Kind::NoMechanism, what).during(Wait::Login);
    match weaker {
        Some(_) => error.advise("allow a weaker one with --min-auth, if you trust the server"),
        None => error,
    }
}

/// The best channel binding that the server lists and this channel has (rule 75).
fn binding(talk: &Conversation, listed: &[String]) -> Option<ChannelBinding> {
    let known = BindingType::ALL.into_iter().filter(|kind| listed.iter().any(|name| name == kind.name()));
    known.filter_map(|kind| talk.channel_binding(kind)).next()
}
