//! A client: logged in once, shared by several transfers.

use std::sync::Arc;

use crate::base::config::Config;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::secret::Secret;
use crate::base::waits::Wait;
use crate::inbox::{self, Inbox};
use crate::job::Job;
use crate::net::dial::{Dial, TcpDialer};
use crate::os::file::read_secret;
use crate::os::mailbox::Mailbox;
use crate::os::pace::Pace;
use crate::os::stop::Stop;
use crate::os::until::Patience;
use crate::proto::presence::{Presence, Show};
use crate::proto::sasl::Mechanism;
use crate::session::Session;
use crate::session::login::{Hints, login};
use crate::session::router::Offered;
use crate::spool::standing::Seen;
use crate::transfer::Context;
use crate::transfer::progress::Progress;
use crate::transfer::proxies::Proxies;
use crate::transfer::queue::Policy;
use crate::transfer::sink::Taker;
use crate::transfer::source::Source;
use crate::transfer::turn::Turnstile;
use crate::transfer::word::Told;

/// A login that several transfers share. Clones are the same client; the last one to go ends the stream.
///
/// Blocking; every wait has a deadline from [`Config::waits`] and ends with the [`Stop`] that was given.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    context: Context,
    stop: Stop,
}

/// The priority of who only sends: no messages that were kept for the account come here (rule 22).
const SENDING: i8 = -1;

impl Client {
    /// Connects, starts TLS, logs in, and binds a resource (RFC 6120).
    ///
    /// # Errors
    /// [`Kind::Config`], [`Kind::NoTls`], [`Kind::Certificate`], [`Kind::Tls`], [`Kind::Auth`],
    /// [`Kind::NoMechanism`], [`Kind::Protocol`], [`Kind::Network`], [`Kind::Server`], [`Kind::Conflict`], or
    /// [`Kind::Timeout`] with the wait that ended.
    pub fn connect(config: &Config) -> Result<Client> {
        Client::connect_with(config, &Stop::new()?, Arc::new(TcpDialer::new(config)))
    }

    /// As [`Client::connect`], with a stop that ends any wait of this client from another thread.
    ///
    /// # Errors
    /// As [`Client::connect`], and [`Kind::Stopped`].
    pub fn connect_until(config: &Config, stop: &Stop) -> Result<Client> {
        Client::connect_with(config, stop, Arc::new(TcpDialer::new(config)))
    }

    /// As [`Client::connect_until`], first by the login mechanism that worked in another process.
    pub(crate) fn connect_knowing(config: &Config, stop: &Stop, mechanism: &str) -> Result<Client> {
        let hints = Hints { mechanism: Mechanism::parse(mechanism), floor: None };
        Client::log_in(config, stop, Arc::new(TcpDialer::new(config)), &hints)
    }

    /// The login mechanism that worked.
    pub(crate) fn mechanism(&self) -> &'static str {
        self.0.context.session.hints().mechanism.map_or("", Mechanism::name)
    }

    /// As [`Client::connect_until`], over connections that `dialer` opens.
    ///
    /// # Errors
    /// As [`Client::connect_until`].
    pub fn connect_with(config: &Config, stop: &Stop, dialer: Arc<dyn Dial>) -> Result<Client> {
        Client::log_in(config, stop, dialer, &Hints::default())
    }

    /// Logs in again as this client did, spared the round trips for what it learned.
    ///
    /// # Errors
    /// As [`Client::connect_until`].
    pub fn reconnect(&self) -> Result<Client> {
        let context = &self.0.context;
        Client::log_in(&context.config, &self.0.stop, Arc::clone(&context.dialer), context.session.hints())
    }

    fn log_in(config: &Config, stop: &Stop, dialer: Arc<dyn Dial>, hints: &Hints) -> Result<Client> {
        let secret = secret(config)?;
        let patience = Patience::new(&config.waits, &stop.child()?);
        let logged_in = login(config, secret.as_ref(), &*dialer, &patience, hints)?;
        let session = Session::start(logged_in, &patience)?;
        log::info!("logged in as {}", session.me());
        let context = Context {
            session,
            dialer,
            config: Arc::new(config.clone()),
            patience,
            proxies: Arc::new(Proxies::default()),
            progress: Arc::new(Progress::default()),
            pace: Arc::new(Pace::new(config.rate)),
            turnstile: None,
            told: Arc::new(Told::default()),
        };
        Ok(Client(Arc::new(Inner { context, stop: stop.clone() })))
    }

    /// Our full address.
    pub fn jid(&self) -> &Jid {
        self.0.context.session.me()
    }

    /// Sends a file to a user on a thread of its own. A bare address is resolved to the best of its clients
    /// that are online; a full one is taken as it is (XEP-0096, XEP-0065, XEP-0047).
    ///
    /// # Errors
    /// [`Kind::Write`] when no thread can be started; what happens to the file is the outcome of the [`Job`].
    pub fn push(&self, to: &Jid, source: Source) -> Result<Job> {
        self.push_as(&self.0.context.config, to, source, None)
    }

    /// As [`Client::push`], with settings of its own for how it is sent.
    pub(crate) fn push_as(
        &self,
        config: &Arc<Config>,
        to: &Jid,
        source: Source,
        turnstile: Option<Arc<Turnstile>>,
    ) -> Result<Job> {
        let context = &self.0.context;
        context.session.want(&to.bare());
        self.appear(SENDING)?;
        let patience = Patience::new(&config.waits, &context.patience.stop().child()?);
        let (progress, config) = (Arc::new(Progress::default()), Arc::clone(config));
        Job::start(
            self.clone(),
            Context { patience, progress, config, turnstile, ..context.clone() },
            to.clone(),
            source,
        )
    }

    /// Receives files from now on, from those whom [`Config::from`] allows, into [`Config::dir`].
    ///
    /// # Errors
    /// [`Kind::Config`] when the folder is not set or nobody is allowed; [`Kind::Write`] when the folder can't
    /// be used; what ended the session.
    pub fn inbox(&self) -> Result<Inbox> {
        self.receive(inbox::policy(&self.0.context.config)?)
    }

    /// As [`Client::inbox`], but the bytes go to the program: one file after the other, unless [`Config::parallel`]
    /// is set.
    ///
    /// # Errors
    /// As [`Client::inbox`].
    pub fn inbox_of(&self, taker: Arc<dyn Taker>) -> Result<Inbox> {
        self.receive(inbox::policy_of(&self.0.context.config, taker)?)
    }

    fn receive(&self, policy: Policy) -> Result<Inbox> {
        let inbox = Inbox::open(self.clone(), self.0.context.clone(), policy)?;
        self.appear(0)?;
        Ok(inbox)
    }

    /// What transfers work with.
    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    /// Shows us online as one who only sends.
    pub(crate) fn show_online(&self) -> Result<()> {
        self.appear(SENDING)
    }

    /// Whether a client of this account is online and not away, as far as the server tells us.
    pub(crate) fn sees(&self, account: &Jid) -> Result<Seen> {
        let context = &self.0.context;
        context.session.want(account);
        self.appear(SENDING)?;
        let watch = context.session.watch(account)?;
        if context.session.online(account).is_empty() {
            watch.take(&context.patience.until(Wait::Presence))?;
        }
        let present =
            context.session.online(account).iter().any(|(_, seen)| !matches!(seen.show, Show::Away | Show::Xa));
        Ok(if present { Seen::Present } else { Seen::Absent })
    }

    /// Shows us online, once: before anything is asked of another user (rule 73).
    fn appear(&self, priority: i8) -> Result<()> {
        self.0.context.session.appear(&Presence::available(priority))
    }

    pub(crate) fn stop_receiving(&self, offers: &Arc<Mailbox<Offered>>) {
        self.0.context.session.stop_receiving(offers);
    }

    /// Whether a transfer or an inbox works with it.
    #[cfg(feature = "capi")]
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Why the stream is over, if it is.
    pub fn ended(&self) -> Option<Error> {
        self.0.context.session.cause_of_end()
    }

    /// Ends the stream in order; transfers that are under way in-band end with it.
    pub fn close(&self) {
        self.0.context.session.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.context.session.close();
    }
}

/// The password; a client certificate can stand in for it.
fn secret(config: &Config) -> Result<Option<Secret>> {
    match (&config.password, &config.password_file) {
        (Some(password), _) => Ok(Some(password.clone())),
        (None, Some(path)) => Ok(Some(Secret::new(read_secret(path)?.as_str()))),
        (None, None) if config.cert_file.is_some() => Ok(None),
        (None, None) => {
            let error = Error::new(Kind::Config, "no password is given");
            Err(error.advise("name a file that holds it with --password-file FILE"))
        }
    }
}
