//! `send --queue`: files of nobody's job.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::deliver::Delivery;
use super::find::Found;
use super::plan::{From, Item};
use super::state::State;
use super::{Event, Outcome, Run};
use crate::base::config::Empty;
use crate::base::error::{Error, Kind, Result};
use crate::base::task::Recipients;
use crate::os::random;
use crate::spool::entry::Entry;
use crate::spool::tries::Tries;
use crate::spool::{Spool, id_of};
use crate::transfer::name::safe;

impl Run<'_> {
    /// Sends files; what can't be sent now goes into the spool, bytes and all.
    ///
    /// # Errors
    /// As [`Run::run`].
    pub fn send_or_keep(&self, files: &[PathBuf], tell: &mut dyn FnMut(Event)) -> Result<Outcome> {
        self.with_delivery(tell, |delivery| {
            let mut items = Vec::new();
            for path in files {
                match Found::open(path) {
                    Ok((_, found)) if found.size == 0 && self.configuration.settings.config.empty == Empty::Skip => {
                        log::info!("{} is empty and was skipped; --empty send sends it", path.display());
                    }
                    Ok((_, found)) => items.extend(self.items_of(&found)?),
                    Err(error) => delivery.refuse(path, error),
                }
            }
            delivery.add(items);
            delivery.work()?;
            delivery.not_begun().iter().try_for_each(|item| {
                delivery.outcome.waiting += 1;
                delivery.queue(item)
            })
        })
    }

    /// Keeps a file for the next run.
    ///
    /// # Errors
    /// [`Kind::Write`], [`Kind::Read`], [`Kind::NoFile`], [`Kind::BadFile`].
    pub fn keep_file(&self, to: &Recipients, path: &Path) -> Result<()> {
        let (file, found) = Found::open(path)?;
        let name = self.name_of(None, &found)?;
        self.keep_bytes(to, &name, file, found.size).map_err(|e| e.at(path.display()))
    }

    /// Keeps bytes for the next run.
    ///
    /// # Errors
    /// [`Kind::Write`], [`Kind::Read`]; [`Kind::BadFile`] when there are fewer.
    pub fn keep_bytes(&self, to: &Recipients, name: &str, mut from: impl Read, size: u64) -> Result<()> {
        let kept = self.with_delivery(&mut |_| {}, |delivery| {
            let id = fresh_id()?;
            let spool = delivery.state.must_spool()?;
            let mut intake = spool.intake(size)?;
            let taken = intake.copy(&mut from, size)?;
            if taken < size {
                return Err(Error::new(Kind::BadFile, format!("only {taken} of {size} bytes of {name} are there")));
            }
            let (to, name, made) = (to.clone(), safe(name), self.clock.now());
            let in_band = self.configuration.settings.task.only_in_band();
            let entry = Entry { transfer: id.clone(), job: None, to, name, size, made, in_band, path: None };
            intake.publish(&id, entry).map(|_| ())
        });
        kept.map(|_| ())
    }

    /// Keeps what was remembered up to date, whatever happens.
    pub(super) fn with_delivery(
        &self,
        tell: &mut dyn FnMut(Event),
        act: impl FnOnce(&mut Delivery<'_, '_>) -> Result<()>,
    ) -> Result<Outcome> {
        let settings = &self.configuration.settings;
        let mut state = State::read(Some(Spool::open(&settings.keep)?), settings, &self.clock)?;
        state.must_spool()?.clean(&super::state::folder(settings));
        let mut delivery = Delivery::new(self, &mut state, tell);
        let done = act(&mut delivery);
        let outcome = delivery.finish();
        self.count_dropped(&mut state, tell);
        // What is kept is kept, though it may be tried too early.
        if let Err(e) = state.standing.save() {
            log::warn!("{e}");
        }
        done.map(|()| outcome)
    }

    fn items_of(&self, found: &Found) -> Result<Vec<Item>> {
        let item = |to: &Recipients| {
            let id = fresh_id()?;
            Ok(Item {
                transfer: id.clone(),
                id,
                job: None,
                to: to.clone(),
                from: From::File(found.clone()),
                tries: Tries::default(),
                since: self.clock.now(),
            })
        };
        self.configuration.settings.to.iter().map(item).collect()
    }
}

/// An id that nothing else has.
///
/// # Errors
/// [`Kind::Bug`].
pub fn fresh_id() -> Result<String> {
    Ok(id_of(&[random::token(24)?.as_bytes()]))
}

impl Delivery<'_, '_> {
    /// A file that can't be sent at all, now or later.
    fn refuse(&mut self, path: &std::path::Path, error: Error) {
        self.outcome.failed.get_or_insert(error.clone());
        (self.tell)(Event::Skipped { what: Run::shown(path), error });
    }

    /// Copies a file into the spool: who sent it may remove it then.
    ///
    /// # Errors
    /// [`Kind::Write`], [`Kind::Read`].
    pub(super) fn queue(&mut self, item: &Item) -> Result<()> {
        let From::File(found) = &item.from else { return Ok(()) };
        let spool = self.state.must_spool()?;
        let (mut file, now) = Found::open(&found.path)?;
        let mut intake = spool.intake(now.size)?;
        if intake.copy(&mut file, now.size).map_err(|e| e.at(found.path.display()))? < now.size {
            let what = format!("{} became shorter while it was copied", found.path.display());
            return Err(Error::new(Kind::BadFile, what));
        }
        let name = self.run.name_of(None, &now)?;
        let entry = Entry {
            name,
            path: None,
            size: now.size,
            in_band: self.run.configuration.settings.task.only_in_band(),
            ..self.run.note_of(item, found)
        };
        let size = entry.size;
        // First: what fails now has kept nothing.
        spool.set_tries(&item.id, &item.tries)?;
        let claim = intake.publish(&item.id, entry)?;
        let (id, name, to) = (item.id.clone(), claim.entry.name.clone(), item.to.clone());
        (self.tell)(Event::Queued { id, name, size, to });
        Ok(())
    }
}

impl Run<'_> {
    /// What was dropped for want of room is counted and told.
    pub(super) fn count_dropped(&self, state: &mut State, tell: &mut dyn FnMut(Event)) {
        let files = state.spool().map_or(0, Spool::take_dropped);
        if files > 0 {
            state.standing.dropped += files;
            tell(Event::Dropped { files });
        }
    }
}
