//! A session that several transfers share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::conversation::written;
use super::flight::Flight;
use super::letterbox::{Letterbox, Watch};
use super::login::{Hints, LoggedIn};
use super::pending::Pending;
use super::presences::Seen;
use super::reader;
use super::router::{Asked, Offered, Receiving, Router};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::link::Link;
use crate::os::event::Event;
use crate::os::mailbox::Mailbox;
use crate::os::socket;
use crate::os::stop::Stop;
use crate::os::thread::Thread;
use crate::os::until::{Patience, Ready, Until};
use crate::proto::presence::Presence;
use crate::proto::stream;
use crate::xml::element::Element;

/// A transfer that isn't acknowledged block by block is ended after this many.
const INBOX_BLOCKS: usize = 16;

/// Logged in, with a thread that reads.
pub struct Session {
    pub(super) link: Link,
    pub(super) me: Jid,
    pub(super) patience: Patience,
    router: Mutex<Router>,
    hints: Hints,
    appeared: AtomicBool,
    said_goodbye: AtomicBool,
    ended: Event,
    /// No transfer is under way.
    idle: Event,
    reader: OnceLock<Thread>,
}

/// Nobody waits for a reader that is gone, however it went.
struct Ending<'s>(&'s Arc<Session>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.0.cause_of_end().is_none() {
            self.0.end(&Error::new(Kind::Bug, "the thread that reads the stream ended"));
        }
    }
}

impl Session {
    /// Starts the reader thread of a stream that is logged in. The session's waits end with `patience`'s stop.
    ///
    /// # Errors
    /// [`Kind::Write`] when no thread can be started.
    pub fn start(logged_in: LoggedIn, patience: &Patience) -> Result<Arc<Session>> {
        let LoggedIn { link, feed, me, hints } = logged_in;
        let session = Arc::new(Session {
            link,
            patience: patience.child()?,
            router: Mutex::new(Router::new(me.clone())),
            me,
            hints,
            appeared: AtomicBool::new(false),
            said_goodbye: AtomicBool::new(false),
            ended: Event::new_or_error()?,
            idle: Event::new_or_error()?,
            reader: OnceLock::new(),
        });
        let reading = Arc::clone(&session);
        let reader = Thread::start("firepush-read", move || {
            let ending = Ending(&reading);
            reader::run(ending.0, feed);
        })?;
        let _ = session.reader.set(reader);
        Ok(session)
    }

    /// Our full address, as the server bound it.
    pub fn me(&self) -> &Jid {
        &self.me
    }

    /// Whether the server runs on this machine: then its proxy's loopback address is as good.
    pub fn is_on_loopback(&self) -> bool {
        socket::is_local(&self.link)
    }

    /// The addresses of the server and of us, where the stream is a TCP connection.
    pub fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        socket::addresses(&self.link)
    }

    pub fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Begins a flight: stanzas that leave in one write, within the given wait.
    pub fn flight<'s>(self: &'s Arc<Self>, until: &'s Until) -> Flight<'s> {
        Flight { session: self, until, text: String::new() }
    }

    /// Asks one thing; the reply is awaited later.
    ///
    /// # Errors
    /// What ended the session, [`Kind::Stopped`], or a timeout.
    pub fn get(self: &Arc<Self>, to: &Jid, child: Element, until: &Until) -> Result<Pending> {
        let mut flight = self.flight(until);
        let pending = flight.get(to, child)?;
        flight.send().map(|()| pending)
    }

    /// Tells one thing that is answered; the reply is awaited later.
    ///
    /// # Errors
    /// As [`Session::get`].
    pub fn set(self: &Arc<Self>, to: &Jid, child: Element, until: &Until) -> Result<Pending> {
        let mut flight = self.flight(until);
        let pending = flight.set(to, child)?;
        flight.send().map(|()| pending)
    }

    /// Sends what needs no reply: an answer, a presence.
    ///
    /// # Errors
    /// As [`Session::get`].
    pub fn tell(&self, stanza: &Element, until: &Until) -> Result<()> {
        self.write(&written(stanza), until)
    }

    /// Shows us online: the first time it is called.
    ///
    /// # Errors
    /// As [`Session::get`].
    pub fn appear(&self, presence: &Presence) -> Result<()> {
        if self.appeared.swap(true, Ordering::SeqCst) {
            Ok(())
        } else {
            self.tell(&presence.to_element(), &self.patience.until(Wait::Write))
        }
    }

    /// As [`Session::tell`], without waiting: for good manners on the way out.
    pub fn tell_in_passing(&self, stanza: &Element) {
        let _ = self.link.post(written(stanza).as_bytes());
    }

    pub(super) fn write(&self, text: &str, until: &Until) -> Result<()> {
        if let Some(cause) = self.lock().closed() {
            return Err(cause.clone().during(until.wait()));
        }
        self.link.send(text.as_bytes(), until)
    }

    /// Where everything arrives that the other side sends for one transfer, until this is dropped.
    ///
    /// # Errors
    /// What ended the session.
    pub fn transfer(self: &Arc<Self>, peer: &Jid, sid: &str) -> Result<Letterbox> {
        let letters = Arc::new(Mailbox::new(INBOX_BLOCKS)?);
        let key = (peer.clone(), sid.to_owned());
        let mut router = self.lock();
        if let Some(cause) = router.closed() {
            return Err(cause.clone());
        }
        if router.transfers.has(&key) {
            return Err(Error::new(Kind::Protocol, format!("{peer} uses the sid {sid:?} twice at once")));
        }
        router.transfers.insert(key.clone(), Arc::clone(&letters));
        router.open_transfers += 1;
        self.idle.clear();
        drop(router);
        Ok(Letterbox { session: Arc::clone(self), key, letters })
    }

    /// From now on offers are delivered instead of refused. Who got them before gets no more.
    pub fn receive(&self, receiving: Receiving) {
        let mut router = self.lock();
        if let Some(cause) = router.closed() {
            receiving.offers.close(cause.clone());
        }
        if let Some(before) = router.receiving.replace(receiving) {
            before.offers.close(Error::new(Kind::Stopped, "another inbox of this client receives now"));
        }
    }

    /// From now on offers are refused again, unless somebody else has taken over.
    pub fn stop_receiving(&self, offers: &Arc<Mailbox<Offered>>) {
        offers.close(Error::new(Kind::Stopped, "no more files are received"));
        let mut router = self.lock();
        if router.receiving.as_ref().is_some_and(|receiving| Arc::ptr_eq(&receiving.offers, offers)) {
            router.receiving = None;
        }
    }

    /// Remembers the resources of this account, however many others are online.
    pub fn want(&self, bare: &Jid) {
        self.lock().presences.want(bare);
    }

    /// The resources of an account that are online, but for ourselves.
    pub fn online(&self, bare: &Jid) -> Vec<(Jid, Seen)> {
        let mut online = self.lock().presences.of(bare);
        online.retain(|(full, _)| *full != self.me);
        online
    }

    /// Lets us know whenever a resource of the account comes online, until this is dropped.
    ///
    /// # Errors
    /// [`Kind::Read`] when no descriptor is left.
    pub fn watch(self: &Arc<Self>, bare: &Jid) -> Result<Watch> {
        let came = Arc::new(Mailbox::new(1)?);
        self.lock().presences.watch(bare, &came);
        Ok(Watch { session: Arc::clone(self), came })
    }

    pub(super) fn expect(&self, id: String, asked: Asked) -> Result<()> {
        let mut router = self.lock();
        if let Some(cause) = router.closed() {
            return Err(cause.clone());
        }
        router.asked.insert(id, asked);
        Ok(())
    }

    /// Until we have long said nothing.
    pub(super) fn quiet(&self) -> Until {
        let silent = self.link.last_written().elapsed();
        self.patience.until_after(Wait::Idle, self.patience.limit(Wait::Idle).saturating_sub(silent))
    }

    pub(super) fn forget(&self, id: &str) {
        self.lock().asked.remove(id);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Router> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the session is over, if it is.
    pub fn cause_of_end(&self) -> Option<Error> {
        self.lock().closed().cloned()
    }

    /// Ends the stream in order and waits briefly for the server to do so too (rule 16), then for the reader: the
    /// program may fork or end next.
    pub fn close(&self) {
        self.say_goodbye();
        // A stop ends the reader, which then says so here: the last words must be out before the process ends.
        if let Ok(unstopped) = Stop::new() {
            let patience = self.patience.with_stop(&unstopped);
            let _ = patience.until(Wait::Close).ready(&self.ended, Ready::Read);
            self.patience.stop().stop();
            self.reader.get().iter().for_each(|reader| reader.join(&patience.until(Wait::Close)));
        }
        self.patience.stop().stop();
    }

    /// Says once that nothing more comes.
    pub(super) fn say_goodbye(&self) {
        if !self.said_goodbye.swap(true, Ordering::SeqCst) {
            let _ = self.link.post(stream::CLOSE.as_bytes());
        }
    }

    /// Who is stopped tells the other side so, in-band, before the stream ends.
    pub(super) fn let_transfers_end(&self) {
        if let Ok(unstopped) = Stop::new() {
            let until = self.patience.with_stop(&unstopped).until(Wait::Close);
            let open = || self.lock().open_transfers > 0;
            while open() && until.ready(&self.idle, Ready::Read).is_ok() {}
        }
    }

    /// The last words of a transfer are said.
    pub(super) fn transfer_ended(&self) {
        let mut router = self.lock();
        router.open_transfers -= 1;
        if router.open_transfers == 0 {
            self.idle.set();
        }
    }

    /// Tells everyone who waits that the stream is over.
    pub(super) fn end(&self, cause: &Error) {
        self.say_goodbye();
        self.link.finish();
        self.lock().close(cause);
        self.ended.set();
    }
}
