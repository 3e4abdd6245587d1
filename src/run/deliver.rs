//! Carrying a plan out: one login, a few files at a time, one open offer a recipient until it has accepted one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::find::Found;
use super::plan::{Item, Plan};
use super::state::State;
use super::{Event, Outcome, Run};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::base::table::Table;
use crate::base::waits::Wait;
use crate::client::Client;
use crate::job::{self, Job};
use crate::os::until::Patience;
use crate::spool::Claim;
use crate::transfer::turn::{Permit, Turnstile};

/// What was asked of a recipient in this run.
#[derive(Default)]
pub struct Asked {
    open: usize,
    /// It has taken a file: then several may be on the way to it.
    pub has_taken: bool,
    /// So many transfers in a row failed.
    pub failures: u32,
    pub answer: Answer,
}

/// Whether a recipient is asked again in this run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    #[default]
    Open,
    /// It can't take files now: the next of `a | b` may.
    Unable,
    /// It could, but doesn't.
    Silent,
}

/// An item, and which of its recipients are still to be asked.
pub struct Turn {
    pub item: Item,
    pub from: usize,
}

/// A file on its way.
struct Active {
    turn: Turn,
    to: Jid,
    job: Job,
    started: Started,
}

/// What was opened for a file on its way.
pub struct Started {
    /// The file as it was when its size was fixed; none: it lies in the spool.
    pub found: Option<Found>,
    pub transfer: String,
    /// Ours until it is settled.
    pub claim: Option<Claim>,
}

/// A run that is under way.
pub struct Delivery<'r, 'c> {
    pub run: &'r Run<'c>,
    pub state: &'r mut State,
    pub tell: &'r mut dyn FnMut(Event),
    pub client: Option<Client>,
    pub outcome: Outcome,
    pub asked: Table<Jid, Asked>,
    /// No further file is begun.
    pub is_over: bool,
    waiting: VecDeque<Turn>,
    active: Vec<Active>,
    began: Instant,
    /// What is sent is remembered before another file becomes whole.
    turnstile: Option<Arc<Turnstile>>,
    /// Kept when nothing can be remembered any more.
    held: Option<Arc<Permit>>,
}

impl Run<'_> {
    /// Sends what is due, and keeps the rest.
    pub(super) fn carry_out(&self, state: &mut State, plan: Plan, tell: &mut dyn FnMut(Event)) -> Result<Outcome> {
        let mut delivery = Delivery::new(self, state, tell);
        delivery.put_in_order(&plan)?;
        delivery.add(plan.items);
        let done = delivery.work();
        let outcome = delivery.finish();
        self.count_dropped(state, tell);
        let saved = state.standing.save();
        done.and(saved)?;
        // Who looked at the files of some jobs only doesn't know which of the others are still there.
        if self.all_jobs {
            state.history.tidy(&plan.seen, self.clock.now())?;
        }
        Ok(outcome)
    }
}

impl<'r, 'c> Delivery<'r, 'c> {
    pub fn new(run: &'r Run<'c>, state: &'r mut State, tell: &'r mut dyn FnMut(Event)) -> Delivery<'r, 'c> {
        Delivery {
            run,
            state,
            tell,
            client: None,
            outcome: Outcome::default(),
            asked: Table::default(),
            is_over: false,
            waiting: VecDeque::new(),
            active: Vec::new(),
            began: Instant::now(),
            turnstile: None,
            held: None,
        }
    }

    /// Those that are due; the others only wait.
    pub fn add(&mut self, items: Vec<Item>) {
        let now = self.state.clock.now();
        for item in items {
            if self.run.now || item.tries.is_due(now) {
                self.waiting.push_back(Turn { item, from: 0 });
            } else {
                log::info!("{} waits: {}", item.shown(), item.tries.what);
                self.outcome.waiting += 1;
                self.outcome.untried += 1;
            }
        }
    }

    /// Until nothing can be begun any more and nothing is on its way: what stops the whole run lets that come to its
    /// end.
    ///
    /// # Errors
    /// The first of what stops the whole run: [`Kind::Config`], [`Kind::Write`], [`Kind::Bug`].
    pub fn work(&mut self) -> Result<()> {
        let mut first = Ok(());
        loop {
            first = first.and(self.begin_what_may());
            self.is_over |= first.is_err();
            if self.active.is_empty() {
                return first;
            }
            let settled = self.await_one();
            first = first.and(settled);
        }
    }

    fn begin_what_may(&mut self) -> Result<()> {
        let most = self.run.configuration.settings.config.parallel.unwrap_or(2).max(1);
        while self.active.len() < most && !self.must_end() {
            let Some((at, which)) = self.next() else { return Ok(()) };
            let Some(mut turn) = self.waiting.remove(at) else { return Ok(()) };
            turn.from = which;
            self.begin(turn)?;
        }
        Ok(())
    }

    fn must_end(&self) -> bool {
        let run_for = self.state.keep.run_for;
        self.is_over || self.run.stop.is_stopped() || (!run_for.is_zero() && self.began.elapsed() >= run_for)
    }

    /// The first that may go, and to which of its recipients.
    fn next(&self) -> Option<(usize, usize)> {
        self.waiting.iter().enumerate().find_map(|(at, turn)| self.recipient(turn).map(|which| (at, which)))
    }

    fn recipient(&self, turn: &Turn) -> Option<usize> {
        let now = self.state.clock.now();
        for (which, jid) in turn.item.to.0.iter().enumerate().skip(turn.from) {
            let asked = self.asked.get(&jid.bare());
            match asked.map(|asked| asked.answer).unwrap_or_default() {
                Answer::Unable => continue,
                Answer::Silent => return None,
                Answer::Open => {}
            }
            match self.state.standing.recipients.get(jid.bare().as_str()) {
                Some(with) if !self.run.now && !with.tries.is_due(now) => match with.tries.kind.as_str() {
                    "unanswered" => return None,
                    _ => continue,
                },
                _ => {}
            }
            let may = asked.is_none_or(|asked| asked.open == 0 || asked.has_taken);
            return may.then_some(which);
        }
        None
    }

    /// Logs in for the first one; opens the file, and offers it.
    fn begin(&mut self, mut turn: Turn) -> Result<()> {
        if self.client.is_none() {
            self.state.check_writable()?;
        }
        let Some(client) = self.logged_in()? else {
            self.waiting.push_front(turn);
            return Ok(());
        };
        let to = turn.item.to.0[turn.from].clone();
        let (source, config, started) = match self.open(&turn.item) {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(()),
            Err(error) => return self.settle_failure(turn, &to, None, error),
        };
        turn.item.transfer.clone_from(&started.transfer);
        if let Some(found) = started.found.clone().filter(|_| turn.item.job.is_some()) {
            turn.item.from = super::plan::From::File(found);
            self.state.history.prepare()?;
        }
        let turnstile = match &self.turnstile {
            Some(turnstile) => Arc::clone(turnstile),
            None => Arc::clone(self.turnstile.insert(Turnstile::new()?)),
        };
        let job = client.push_as(&config, &to, source, Some(turnstile))?;
        self.asked.entry(to.bare()).open += 1;
        self.active.push(Active { turn, to, job, started });
        Ok(())
    }

    fn await_one(&mut self) -> Result<()> {
        let waits = &self.run.configuration.settings.config.waits;
        let patience = Patience::new(waits, &crate::os::stop::Stop::new()?);
        loop {
            let ended = self.active.iter().enumerate().find_map(|(at, active)| Some((at, active.job.poll()?)));
            if let Some((at, result)) = ended {
                let Active { turn, to, started, .. } = self.active.remove(at);
                if let Some(asked) = self.asked.get_mut(&to.bare()) {
                    asked.open -= 1;
                }
                return match result {
                    Ok(delivery) => self.settle_success(turn, &to, started, delivery),
                    Err(error) => self.settle_failure(turn, &to, Some(started), error),
                };
            }
            let jobs: Vec<_> = self.active.iter().map(|active| &active.job).collect();
            job::any_ready(&jobs, &patience.until(Wait::Idle))?;
        }
    }

    /// What can't be remembered must not become whole.
    pub fn cancel_others(&mut self, permit: Option<Arc<Permit>>) {
        self.held = permit;
        self.active.iter().for_each(|active| active.job.cancel());
    }

    /// Asks the next of `a | b`, at once.
    pub fn turn_to(&mut self, turn: Turn) {
        self.waiting.push_front(turn);
    }

    /// Ends the stream; what was not begun waits.
    pub fn finish(mut self) -> Outcome {
        if let Some(client) = self.client.take() {
            client.close();
        }
        for turn in std::mem::take(&mut self.waiting) {
            log::info!("{} waits", turn.item.shown());
            self.outcome.waiting += 1;
            self.outcome.untried += 1;
        }
        self.outcome
    }

    /// What was not begun, for who wants to keep it otherwise.
    pub fn not_begun(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.waiting).into_iter().map(|turn| turn.item).collect()
    }

    /// Begins anew after what went before: who was silent may answer now, and a login is made again when it is due.
    pub fn renew(&mut self) {
        self.is_over = false;
        self.asked.clear();
        if self.client.as_ref().is_some_and(|client| client.ended().is_some()) {
            self.client = None;
        }
    }

    fn logged_in(&mut self) -> Result<Option<Client>> {
        if self.client.is_none() {
            self.client = self.log_in()?;
        }
        Ok(self.client.clone())
    }
}

/// A configuration that several transfers share.
pub type Shared = Arc<crate::base::config::Config>;
