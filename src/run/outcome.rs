//! What becomes of a file after an attempt: sent, kept, or given up.

use super::deliver::{Answer, Delivery, Started, Turn};
use super::hooks::{Facts, failure};
use super::plan::{From, Item};
use super::{Event, Run};
use crate::base::error::{Error, Fault, Kind, Result};
use crate::base::jid::Jid;
use crate::spool::Shelf;
use crate::spool::entry::Entry;
use crate::spool::standing::{Seen, With};
use crate::spool::tries::{Tries, UNANSWERED};
use crate::transfer::delivery;

/// After so many transfers in a row that failed, a recipient is left alone for this run.
const FAILURES_MAX: u32 = 2;

/// Whom a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// The file, for good.
    File,
    /// The file isn't there any more.
    Gone,
    /// The recipient, who can't take any file now.
    Recipient,
    /// This transfer, or who knows what.
    Transfer,
    /// We were stopped.
    Us,
}

fn about(error: &Error) -> About {
    match error.kind() {
        Kind::Declined | Kind::BadFile => About::File,
        Kind::NoFile => About::Gone,
        Kind::Offline | Kind::NotShared | Kind::Unable | Kind::Busy | Kind::Unanswered => About::Recipient,
        Kind::Stopped => About::Us,
        _ => About::Transfer,
    }
}

impl Delivery<'_, '_> {
    pub(super) fn settle_success(
        &mut self,
        turn: Turn,
        to: &Jid,
        started: Started,
        mut delivery: delivery::Delivery,
    ) -> Result<()> {
        let (item, permit) = (turn.item, delivery.permit.take());
        let asked = self.asked.entry(to.bare());
        (asked.has_taken, asked.failures) = (true, 0);
        self.state.standing.recipients.remove(to.bare().as_str());
        self.outcome.sent += 1;
        let facts = sent_facts(&item, &delivery);
        (self.tell)(Event::Sent { id: item.id.clone(), path: item.shown(), delivery });
        let recorded = match (&started.found, &item.job) {
            (Some(_), Some(_)) => self.state.history.record(&started.transfer, self.state.clock.now()),
            _ => Ok(()),
        };
        if item.job.is_some() || started.claim.is_some() {
            self.state.must_spool()?.remove(Shelf::Queue, &item.id);
        }
        if let Err(error) = recorded {
            self.cancel_others(permit);
            return Err(error);
        }
        // Now a kill can't make it come again: the next file may become whole.
        drop(permit);
        let Some(job) = self.run.job(item.job.as_deref()) else { return Ok(()) };
        self.run.hook_after(job.settings.task.on_success.as_ref(), job, facts);
        if let Some(found) = started.found.filter(|found| self.has_everyone(job, found)) {
            self.clear_away(&job.name, &found);
        }
        Ok(())
    }

    pub(super) fn settle_failure(
        &mut self,
        turn: Turn,
        to: &Jid,
        started: Option<Started>,
        error: Error,
    ) -> Result<()> {
        if self.client.as_ref().is_some_and(|client| client.ended().is_some()) && about(&error) != About::Us {
            return self.session_ended(turn.item, error);
        }
        match about(&error) {
            About::Us => self.stopped(turn.item, &error),
            About::Gone if turn.item.job.is_none() => self.give_up(turn.item, error),
            About::Gone => {
                log::info!("{error}");
                self.state.must_spool()?.remove(Shelf::Queue, &turn.item.id);
                Ok(())
            }
            About::File if has_changed(started.as_ref()) => self.keep(turn.item, to, error, false),
            About::File => self.give_up(turn.item, error),
            About::Recipient => self.recipient_failed(turn, to, error),
            About::Transfer => {
                let asked = self.asked.entry(to.bare());
                // What goes wrong on this device is not the recipient's fault.
                asked.failures += u32::from(error.fault() != Fault::Local);
                if asked.failures >= FAILURES_MAX {
                    asked.answer = Answer::Silent;
                }
                self.keep(turn.item, to, error, true)
            }
        }
    }

    /// Everything else waits for another login; this file, as if it were its fault, a little longer.
    fn session_ended(&mut self, item: Item, error: Error) -> Result<()> {
        let (clock, pace) = (self.state.clock.clone(), self.state.pace());
        if !self.is_over {
            self.state.standing.server.failed(&error, pace, &*clock);
        }
        self.is_over = true;
        let to = item.to.0[0].clone();
        self.keep(item, &to, error, true)
    }

    fn stopped(&mut self, item: Item, error: &Error) -> Result<()> {
        self.is_over = true;
        self.outcome.reason.get_or_insert(error.clone());
        if matches!((&item.from, &item.job), (From::File(_), None)) {
            let to = item.to.0[0].clone();
            return self.keep(item, &to, error.clone(), false);
        }
        self.outcome.waiting += 1;
        Ok(())
    }

    /// The next of `a | b` is asked at once when this one can't take files; who doesn't answer could.
    fn recipient_failed(&mut self, turn: Turn, to: &Jid, error: Error) -> Result<()> {
        let silent = error.kind() == Kind::Unanswered;
        let pace = if silent { UNANSWERED } else { self.state.pace() };
        let seen = match (&self.client, error.kind()) {
            (_, Kind::Offline) => Seen::Absent,
            (Some(client), _) => client.sees(&to.bare()).unwrap_or_default(),
            (None, _) => Seen::Unknown,
        };
        let clock = self.state.clock.clone();
        let with = self.state.standing.recipients.entry(to.bare().to_string());
        if with.tries.kind != error.kind().name() {
            *with = With::default();
        }
        with.tries.failed(&error, pace, &*clock);
        with.seen = seen;
        self.asked.entry(to.bare()).answer = if silent { Answer::Silent } else { Answer::Unable };
        if !silent && turn.from + 1 < turn.item.to.0.len() {
            log::info!("{error}; trying the next of {}", turn.item.to);
            self.turn_to(Turn { from: turn.from + 1, ..turn });
            return Ok(());
        }
        self.keep(turn.item, to, error, false)
    }

    /// Notes the failure with the file; where only the recipient is to blame, the file itself need not wait.
    fn keep(&mut self, mut item: Item, to: &Jid, error: Error, is_own: bool) -> Result<()> {
        let (clock, pace) = (self.state.clock.clone(), self.state.pace());
        item.tries.failed(&error, pace, &*clock);
        if !is_own {
            item.tries.next = clock.now();
        }
        let since = if matches!(item.from, From::Spool(_)) { item.since } else { item.tries.first };
        if self.state.is_too_old(since) && item.tries.attempts > 1 {
            let age = self.state.keep.retry_for.as_secs() / 86400;
            log::warn!("{} could not be sent for {age} days (retry_for)", item.shown());
            return self.give_up(item, error);
        }
        self.put_aside(&mut item)?;
        let next = self.next_for(&item.tries, to);
        self.outcome.waiting += 1;
        (self.tell)(Event::Kept { id: item.id.clone(), path: item.shown(), to: item.to, error, next });
        Ok(())
    }

    fn next_for(&self, tries: &Tries, to: &Jid) -> std::time::Duration {
        let now = self.state.clock.now();
        let with = self.state.standing.recipients.get(to.bare().as_str()).map(|with| with.tries.left(now));
        let server = self.state.standing.server.left(now);
        tries.left(now).max(with.unwrap_or_default()).max(server)
    }

    /// Puts into the spool what is needed to try again: a note, or for `send --queue` the bytes.
    fn put_aside(&mut self, item: &mut Item) -> Result<()> {
        let spool = self.state.must_spool()?;
        if let From::File(found) = &item.from {
            let entry = self.run.note_of(item, found);
            if item.job.is_none() {
                return self.queue(item);
            }
            let known = spool.look(Shelf::Queue, &item.id).is_some_and(|known| known.transfer == entry.transfer);
            if !known && spool.held().files < self.state.keep.spool_files {
                spool.note(&item.id, &entry)?;
            }
        }
        spool.set_tries(&item.id, &item.tries)
    }

    fn give_up(&mut self, item: Item, error: Error) -> Result<()> {
        let spool = self.state.must_spool()?;
        match &item.from {
            // Who called `send --queue` still has the file, and hears why it was not sent.
            From::File(_) if item.job.is_none() => {}
            From::File(found) => {
                spool.note(&item.id, &self.run.note_of(&item, found))?;
                spool.give_up(&item.id, &error)?;
            }
            From::Spool(_) => spool.give_up(&item.id, &error)?,
        }
        let facts = [failed_facts(&item), failure(&error)].concat();
        self.outcome.failed.get_or_insert(error.clone());
        let is_kept = item.job.is_some() || matches!(item.from, From::Spool(_));
        (self.tell)(Event::Failed { id: item.id.clone(), path: item.shown(), to: item.to.clone(), error, is_kept });
        if let Some(job) = self.run.job(item.job.as_deref()) {
            self.run.hook_after(job.settings.task.on_failure.as_ref(), job, facts);
        }
        Ok(())
    }
}

/// A file that changed while it was sent is another one now, and is offered afresh.
fn has_changed(started: Option<&Started>) -> bool {
    let Some(found) = started.and_then(|started| started.found.as_ref()) else { return false };
    found.again().is_ok_and(|(_, now)| now != *found)
}

impl Run<'_> {
    pub(super) fn note_of(&self, item: &Item, found: &super::find::Found) -> Entry {
        Entry {
            transfer: item.transfer.clone(),
            job: item.job.clone(),
            to: item.to.clone(),
            name: found.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size: found.size,
            made: self.clock.now(),
            in_band: false,
            path: Some(found.path.clone()),
        }
    }
}

fn sent_facts(item: &Item, delivery: &delivery::Delivery) -> Facts {
    vec![
        ("FILE", item.shown()),
        ("NAME", delivery.name.clone()),
        ("TO", delivery.to.to_string()),
        ("TRANSFER", item.transfer.clone()),
        ("SIZE", delivery.bytes.to_string()),
        ("METHOD", delivery.method.name().into()),
        ("TIER", delivery.tier.name().into()),
    ]
}

fn failed_facts(item: &Item) -> Facts {
    vec![("FILE", item.shown()), ("TO", item.to.to_string()), ("TRANSFER", item.transfer.clone())]
}
