//! Logging in, by the flights that every server takes (RFC 6120 §§4–7; rules 71 and 72 of docs/QUIRKS.md).

use std::error::Error as _;
use std::time::{Duration, Instant};

use super::auth::Authentication;
use super::conversation::{Conversation, written};
use super::servers::{self, Security};
use crate::base::config::Config;
use crate::base::endpoint::{Endpoint, Server};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::secret::Secret;
use crate::base::waits::Wait;
use crate::net::dial::{Dial, Purpose};
use crate::net::link::Link;
use crate::net::tls::Tls;
use crate::os::random;
use crate::os::until::{Patience, Until};
use crate::proto::bind;
use crate::proto::iq::{Iq, StanzaError};
use crate::proto::sasl::Mechanism;
use crate::proto::stream::{self, Elsewhere, TlsAnswer};
use crate::xml::element::Element;
use crate::xml::feed::Feed;

/// What one login taught us that spares the next one round trips. A wrong hint costs a round trip, no more.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    pub mechanism: Option<Mechanism>,
    /// What this process saw work: nothing weaker will do from now on.
    pub floor: Option<Mechanism>,
}

/// A stream on which we are logged in.
pub struct LoggedIn {
    pub link: Link,
    pub feed: Feed,
    pub me: Jid,
    pub hints: Hints,
}

/// More hosts of a domain are not tried; they share the wait for one.
const HOSTS_MAX: usize = 8;

/// A server may send us on so often, and no more.
const HOPS_MAX: usize = 3;

/// One login, step by step.
pub(super) struct Login<'a> {
    config: &'a Config,
    account: &'a Jid,
    secret: Option<&'a Secret>,
    hints: &'a Hints,
    tls: &'a Tls,
    patience: &'a Patience,
    /// The longer of TCP connect and TLS handshake.
    round_trip: Duration,
    /// How TLS began, once the other end has proved to be the server of our domain.
    proven: Option<Security>,
}

/// Logs in and binds a resource.
///
/// # Errors
/// [`Kind::NoTls`], [`Kind::Certificate`], [`Kind::Tls`], [`Kind::Auth`], [`Kind::NoMechanism`],
/// [`Kind::Protocol`], [`Kind::Network`], [`Kind::Server`], [`Kind::Conflict`], [`Kind::Stopped`], or a timeout.
pub fn login(
    config: &Config,
    secret: Option<&Secret>,
    dialer: &dyn Dial,
    patience: &Patience,
    hints: &Hints,
) -> Result<LoggedIn> {
    let account = config.account()?;
    let tls = Tls::new(config, account.domain())?;
    let mut login = Login::new(config, secret, &tls, patience, hints)?;
    let (mut hosts, _) = servers::of(config, login.account, dialer, patience)?;
    for _ in 0..=HOPS_MAX {
        let error = match login.at(&hosts, dialer) {
            Err(error) => error,
            logged_in => return logged_in,
        };
        hosts = vec![login.elsewhere(error)?];
        log::info!("the server sends us to {}", hosts[0].0);
    }
    let what = format!("the server sends us from host to host, more than {HOPS_MAX} times (see-other-host)");
    Err(Error::new(Kind::Server, what).during(Wait::Login))
}

impl<'a> Login<'a> {
    /// # Errors
    /// [`Kind::Config`] when no account is given.
    pub(super) fn new(
        config: &'a Config,
        secret: Option<&'a Secret>,
        tls: &'a Tls,
        patience: &'a Patience,
        hints: &'a Hints,
    ) -> Result<Self> {
        let account = config.account()?;
        Ok(Login { config, account, secret, hints, tls, patience, round_trip: Duration::ZERO, proven: None })
    }

    fn at(&mut self, hosts: &[(Endpoint, Security)], dialer: &dyn Dial) -> Result<LoggedIn> {
        let mut talk = self.reach(hosts, dialer)?;
        let Login { config, account, secret, patience, round_trip, hints, .. } = *self;
        let authentication = Authentication { config, account, secret, patience, round_trip, hints };
        let mechanism = authentication.run(&mut talk)?;
        let me = self.bind(&mut talk)?;
        if mechanism == Mechanism::External {
            same_account(account, &me)?;
        }
        let (link, feed) = talk.into_parts();
        Ok(LoggedIn { link, feed, me, hints: Hints { mechanism: Some(mechanism), floor: Some(mechanism) } })
    }

    /// Up to where the other end has proved to be the server of our domain.
    pub(super) fn reach(&mut self, hosts: &[(Endpoint, Security)], dialer: &dyn Dial) -> Result<Conversation> {
        self.proven = None;
        let (talk, security) = self.connect(hosts, dialer)?;
        let talk = if security == Security::Direct { talk } else { self.starttls(talk)? };
        let talk = self.secure(talk, security)?;
        self.proven = Some(security);
        Ok(talk)
    }

    /// Where the server sends us: only inside TLS, for before that anybody could. The other host must prove to be the
    /// server of our domain as well.
    fn elsewhere(&self, error: Error) -> Result<(Endpoint, Security)> {
        let named = error.source().and_then(|cause| cause.downcast_ref::<Elsewhere>());
        let host = named.and_then(|named| named.0.parse::<Server>().ok());
        match (host, self.proven) {
            (Some(host), Some(security)) => Ok(servers::endpoint(&host, security)),
            (Some(_), None) => {
                Err(error.advise("what comes before TLS can be forged; if it is right, use --server HOST"))
            }
            (None, _) => Err(error),
        }
    }

    /// To the first host that takes a connection.
    fn connect(&mut self, hosts: &[(Endpoint, Security)], dialer: &dyn Dial) -> Result<(Conversation, Security)> {
        let mut last = None;
        let whole = self.patience.until(Wait::Connect);
        let hosts = &hosts[..hosts.len().min(HOSTS_MAX)];
        for (at, (host, security)) in hosts.iter().enumerate() {
            let started = Instant::now();
            let share = whole.at_most(whole.left() / u32::try_from(hosts.len() - at).unwrap_or(1));
            let purpose = match hosts.len() {
                1 => Purpose::new(self.patience, Wait::Connect),
                _ => Purpose::within(self.patience, &share),
            };
            match dialer.dial(host, purpose) {
                Ok(stream) => {
                    self.round_trip = started.elapsed();
                    return Ok((Conversation::new(Link::plain(stream)?), *security));
                }
                Err(e) if e.kind() == Kind::Stopped => return Err(e),
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or_else(|| servers::none(self.account)))
    }

    /// Header and `<starttls/>` in one flight; nothing may stand behind `<proceed/>` (RFC 6120 §5.4).
    fn starttls(&self, mut talk: Conversation) -> Result<Conversation> {
        let until = self.patience.until(Wait::Tls);
        let domain = self.account.domain();
        talk.write(&(stream::header(domain) + &written(&stream::starttls())), &until)?;
        let features = talk.greeting(domain, &until)?;
        if !features.starttls {
            return Err(Error::new(Kind::NoTls, "the server offers no TLS; no password was sent").during(Wait::Tls));
        }
        match TlsAnswer::parse(&talk.stanza(&until)?).map_err(|e| e.during(Wait::Tls))? {
            TlsAnswer::Proceed => Ok(talk),
            TlsAnswer::Failure => Err(Error::new(Kind::Tls, "the server refused to start TLS").during(Wait::Tls)),
        }
    }

    fn secure(&mut self, talk: Conversation, security: Security) -> Result<Conversation> {
        let started = Instant::now();
        let talk = talk.secure(self.tls, security == Security::Direct, &self.patience.until(Wait::Tls))?;
        self.round_trip = self.round_trip.max(started.elapsed());
        Ok(talk)
    }

    /// Header and `<bind>` in one flight. Its result is read before anything else is sent: Openfire binds
    /// asynchronously (rule 71), and answers to another address than ours (rule 11).
    fn bind(&self, talk: &mut Conversation) -> Result<Jid> {
        let until = self.patience.until(Wait::Bind);
        let domain = self.account.domain();
        let resource = match self.account.resource() {
            Some(resource) => resource.to_owned(),
            None => format!("firepush-{}", random::token(10)?),
        };
        let id = random::token(12)?;
        let request = Iq::set_before_bind(id.as_str(), bind::request(Some(&resource)));
        talk.write(&(stream::header(domain) + &written(&request.to_element())), &until)?;
        let features = talk.greeting(domain, &until)?;
        let result = await_iq(talk, &id, &until)?.map_err(|e| bind_refused(&e))?;
        let me = bind::parse(&result).map_err(|e| e.during(Wait::Bind))?;
        if features.session_required {
            self.old_session(talk)?;
        }
        Ok(me)
    }

    /// RFC 3921's session, which Openfire before 4.0 requires (rule 12).
    fn old_session(&self, talk: &mut Conversation) -> Result<()> {
        let until = self.patience.until(Wait::Bind);
        let id = random::token(12)?;
        let request = Iq::set(&self.account.server(), id.as_str(), bind::session());
        talk.write(&written(&request.to_element()), &until)?;
        await_iq(talk, &id, &until)?.map(|_| ()).map_err(|e| bind_refused(&e))
    }
}

/// A certificate names the account that it logs in to, which may be another than the one that was asked for.
fn same_account(wanted: &Jid, bound: &Jid) -> Result<()> {
    if wanted.bare() == bound.bare() {
        return Ok(());
    }
    let what = format!("the certificate is that of {}, not of {}", bound.bare(), wanted.bare());
    let error = Error::new(Kind::Auth, what).during(Wait::Bind);
    Err(error.advise("name the account of the certificate with --jid, or the right certificate with --cert-file"))
}

/// Reads up to the reply with this id: before the bind nothing else matters, and its `to` is odd.
fn await_iq(talk: &mut Conversation, id: &str, until: &Until) -> Result<std::result::Result<Element, StanzaError>> {
    loop {
        let stanza = talk.stanza(until)?;
        if stanza.name() != "iq" || stanza.get("id") != Some(id) {
            continue;
        }
        let iq = Iq::parse(&stanza).map_err(|e| e.during(until.wait()))?;
        return Ok(match (iq.error, iq.child) {
            (Some(error), _) => Err(error),
            (None, child) => Ok(child.unwrap_or_else(|| Element::new("", ""))),
        });
    }
}

fn bind_refused(error: &StanzaError) -> Error {
    let kind = if error.condition == "conflict" { Kind::Conflict } else { Kind::Server };
    Error::new(kind, format!("the server refused the resource: {error}")).during(Wait::Bind)
}
