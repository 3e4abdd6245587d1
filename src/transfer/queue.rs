//! The line of offers: who is allowed goes in, a few at once, the others wait in order (rules 61, 68).

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Context;
use super::progress::Progress;
use super::receive::{Receipt, busy, forbidden, receive};
use super::sink::Place;
use crate::base::config::Allow;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::os::mailbox::Mailbox;
use crate::os::stop::Stop;
use crate::os::thread::{self, Thread};
use crate::os::until::{Ready, Until};
use crate::proto::iq::StanzaError;
use crate::session::router::{Offered, Receiving};

/// So many offers may arrive faster than they are looked at.
const OFFERS_MAX: usize = 64;

/// So many offers may wait for their turn.
const WAITING_MAX: usize = 64;

/// What happens to offers, in the order in which it happens.
#[derive(Debug)]
pub enum Happening {
    Offered { known: Known, size: Option<u64> },
    Received { known: Known, receipt: Receipt },
    Failed { known: Known, error: Error },
}

/// What an offer says of itself.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: String,
    pub transfer: Option<String>,
    pub from: Jid,
    pub name: String,
}

impl Known {
    fn of(offered: &Offered) -> Known {
        let Offered { offer, from, .. } = offered;
        let transfer = offer.transfer().map(str::to_owned);
        Known { id: offer.sid.clone(), transfer, from: from.clone(), name: offer.name.clone() }
    }
}

/// A line that is open.
pub struct Open {
    /// What it was opened with at the session, which it is closed with.
    pub offers: Arc<Mailbox<Offered>>,
    pub happenings: Arc<Mailbox<Happening>>,
    pub thread: Thread,
    /// Every file that was wanted is here.
    pub is_complete: Arc<AtomicBool>,
}

/// Who may send, and how much at once.
pub struct Policy {
    pub allowed: Vec<Allow>,
    pub place: Place,
    pub parallel: usize,
    /// No more files than this are received.
    pub count: Option<u64>,
}

/// Takes offers from now on; what happens to them arrives in the mailbox, until the session ends.
///
/// # Errors
/// [`Kind::Write`] when no thread can be started, [`Kind::Read`] when no descriptor is left.
pub fn open(context: Context, policy: Policy) -> Result<Open> {
    let offers = Arc::new(Mailbox::new(OFFERS_MAX)?);
    let happenings = Arc::new(Mailbox::new(usize::MAX)?);
    let allowed = policy.allowed.clone();
    let may_subscribe = Box::new(move |from: &Jid| allowed.iter().any(|allow| allow.allows(from)));
    context.session.receive(Receiving { offers: Arc::clone(&offers), may_subscribe });
    let is_complete = Arc::new(AtomicBool::new(false));
    let (to_session, told) = (Arc::clone(&offers), Arc::clone(&happenings));
    let line = Line {
        context,
        policy: Arc::new(policy),
        offers,
        ended: Arc::new(Mailbox::new(usize::MAX)?),
        happenings,
        waiting: VecDeque::new(),
        active: 0,
        received: 0,
        is_complete: Arc::clone(&is_complete),
    };
    let thread = Thread::start("firepush-inbox", move || line.run())?;
    Ok(Open { offers: to_session, happenings: told, thread, is_complete })
}

struct Line {
    context: Context,
    policy: Arc<Policy>,
    offers: Arc<Mailbox<Offered>>,
    /// Transfers that ended, and whether with a whole file.
    ended: Arc<Mailbox<bool>>,
    happenings: Arc<Mailbox<Happening>>,
    waiting: VecDeque<(Offered, Until)>,
    active: usize,
    received: u64,
    is_complete: Arc<AtomicBool>,
}

/// Nobody waits for a line that is gone, however it went.
struct Closing(Arc<Mailbox<Happening>>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close(Error::new(Kind::Bug, "the thread that receives files ended"));
    }
}

/// A place in the line that is given back, and a file that is told of, however its transfer ends.
struct Slot {
    known: Known,
    happenings: Arc<Mailbox<Happening>>,
    ended: Arc<Mailbox<bool>>,
    received: Option<Result<Receipt>>,
}

impl Slot {
    fn settle(mut self, receive: impl FnOnce() -> Result<Receipt>) {
        self.received = Some(receive());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let broken = || Err(Error::new(Kind::Bug, "the transfer ended without an outcome"));
        let received = self.received.take().unwrap_or_else(broken);
        let (whole, known) = (received.is_ok(), self.known.clone());
        let _ = self.happenings.put(match received {
            Ok(receipt) => Happening::Received { known, receipt },
            Err(error) => Happening::Failed { known, error },
        });
        let _ = self.ended.put(whole);
    }
}

impl Line {
    /// Takes offers until the session or the count ends; lets what is under way come to its end and be told; then
    /// says that nothing more comes, and why.
    fn run(mut self) {
        let _closing = Closing(Arc::clone(&self.happenings));
        let cause = self.serve().err();
        self.is_complete.store(cause.is_none(), Ordering::SeqCst);
        let cause = cause.unwrap_or_else(|| Error::new(Kind::Stopped, "every file was received"));
        self.context.session.stop_receiving(&self.offers);
        self.turn_away_all();
        self.await_active();
        self.happenings.close(cause);
    }

    fn serve(&mut self) -> Result<()> {
        loop {
            while let Some(whole) = self.ended.try_take()? {
                self.end_one(whole);
            }
            if self.policy.count.is_some_and(|count| self.received >= count) {
                return Ok(());
            }
            while let Some(offered) = self.offers.try_take()? {
                self.admit(offered);
            }
            self.start_next();
            self.turn_away_expired();
            self.wait_for_news()?;
        }
    }

    fn end_one(&mut self, whole: bool) {
        self.active -= 1;
        self.received += u64::from(whole);
    }

    /// Each ends by its own waits, and at once when all is stopped.
    fn await_active(&mut self) {
        let Ok(unstopped) = Stop::new() else { return };
        let patience = self.context.patience.with_stop(&unstopped);
        while self.active > 0 {
            if let Ok(Some(whole)) = self.ended.take_within(&patience.until(Wait::Idle)) {
                self.end_one(whole);
            }
        }
    }

    /// Only the allow-list gets in.
    fn admit(&mut self, offered: Offered) {
        if !self.policy.allowed.iter().any(|allow| allow.allows(&offered.from)) {
            log::info!("declined {:?} of {}, who is not in the allow-list", offered.offer.name, offered.from);
            return self.refuse(offered, forbidden());
        }
        if self.waiting.len() >= WAITING_MAX {
            return self.refuse(offered, busy());
        }
        let _ = self.happenings.put(Happening::Offered { known: Known::of(&offered), size: offered.offer.size });
        self.waiting.push_back((offered, self.context.patience.until(Wait::Queue)));
    }

    /// A refusal that can't be sent needs no other care: then the session is over, and says so itself.
    fn refuse(&self, offered: Offered, refusal: StanzaError) {
        if let Err(e) = self.context.answer(&offered.request.refuse(refusal)) {
            log::debug!("a refusal was not sent: {e}");
        }
    }

    fn start_next(&mut self) {
        while self.has_room() {
            let Some((offered, _)) = self.waiting.pop_front() else { return };
            self.active += 1;
            if let Err(error) = self.start(offered) {
                log::error!("an offer can't be looked at: {error}");
            }
        }
    }

    fn has_room(&self) -> bool {
        let wanted = self.policy.count.map_or(u64::MAX, |count| count.saturating_sub(self.received));
        self.active < self.policy.parallel && (self.active as u64) < wanted
    }

    /// Receives on a thread of its own. When there is none, the place is given back and the sender waits in vain:
    /// its own deadline helps it.
    fn start(&self, offered: Offered) -> Result<()> {
        let context = Context { progress: Arc::new(Progress::default()), ..self.context.clone() };
        let policy = Arc::clone(&self.policy);
        let (happenings, ended) = (Arc::clone(&self.happenings), Arc::clone(&self.ended));
        let slot = Slot { known: Known::of(&offered), happenings, ended, received: None };
        thread::spawn("firepush-receive", move || slot.settle(|| receive(&context, offered, &policy.place)))?;
        Ok(())
    }

    /// Who waited too long is told to come again.
    fn turn_away_expired(&mut self) {
        while self.waiting.front().is_some_and(|(_, until)| until.left().is_zero()) {
            let Some((offered, _)) = self.waiting.pop_front() else { return };
            self.refuse(offered, busy());
        }
    }

    fn turn_away_all(&mut self) {
        self.offers.close(Error::new(Kind::Stopped, "no more files are received"));
        while let Ok(Some(offered)) = self.offers.try_take() {
            self.refuse(offered, busy());
        }
        while let Some((offered, _)) = self.waiting.pop_front() {
            self.refuse(offered, busy());
        }
    }

    fn wait_for_news(&self) -> Result<()> {
        let longest = self.context.patience.until(Wait::Idle);
        let until = self.waiting.front().map_or(longest, |(_, until)| until.clone());
        let news = [(self.offers.as_fd(), Ready::Read), (self.ended.as_fd(), Ready::Read)];
        match until.any_ready(&news) {
            Err(e) if e.kind() != Kind::Timeout => Err(e),
            _ => Ok(()),
        }
    }
}
