//! What waits, when it is tried again, and why it was not sent; and what an administrator does about it.

use super::Run;
use super::plan::{From, Item, Plan, dropped};
use super::state::{State, folder};
use crate::base::error::{Error, Kind, Result};
use crate::base::task::Recipients;
use crate::spool::history::History;
use crate::spool::standing::Standing;
use crate::spool::tries::Tries;
use crate::spool::{Shelf, Spool, is_id};

/// A file that waits, or that was given up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Waiting {
    /// The id by which it is named on the command line.
    pub id: String,
    /// Where it lies, or the name of what the spool holds.
    pub path: String,
    /// Who should get it.
    pub to: Option<Recipients>,
    /// How many bytes.
    pub size: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// Seconds until it is tried again, at the soonest.
    pub next: u64,
    /// Why it was not sent; empty when it was not tried yet.
    pub what: String,
    /// It was given up.
    pub is_failed: bool,
}

/// How it stands with everything.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// What waits, then what was given up.
    pub files: Vec<Waiting>,
    /// Why nothing can be sent at the moment, if so: the server, or the login; and for how many seconds.
    pub server: Option<(String, u64)>,
    /// Bytes in the spool.
    pub spool_bytes: u64,
    /// Files that were dropped for want of room, ever.
    pub dropped: u64,
}

/// How long an item waits, and for what; `None` when it is due.
pub fn waits(state: &State, item: &Item) -> Option<(u64, String)> {
    let now = state.clock.now();
    let standing = &state.standing;
    let with = item.to.0.iter().filter_map(|jid| standing.recipients.get(jid.bare().as_str())).map(|with| &with.tries);
    // Of `a | b` the one that is due first counts; who was never asked is due.
    let recipients = with.clone().min_by_key(|tries| tries.left(now)).filter(|_| with.count() == item.to.0.len());
    let all = [Some(&standing.login), Some(&standing.server), recipients, Some(&item.tries)];
    let longest = all.into_iter().flatten().max_by_key(|tries| tries.left(now))?;
    (!longest.is_due(now)).then(|| (longest.left(now).as_secs(), longest.what.clone()))
}

impl Run<'_> {
    /// Looks; changes nothing.
    ///
    /// # Errors
    /// [`Kind::Read`], [`Kind::Config`].
    pub fn status(&self) -> Result<Status> {
        let spool = Spool::existing(&self.configuration.settings.keep)?;
        let state = State::read(spool, &self.configuration.settings, &self.clock)?;
        let plan = Plan::make(&state, &self.jobs, self.all_jobs)?;
        let mut files: Vec<_> = plan.items.iter().map(|item| waiting(&state, item)).collect();
        let given_up = plan.given_up.iter().map(|(id, entry)| {
            let tries = state.spool().map(|spool| spool.tries(id)).unwrap_or_default();
            let path = entry.as_ref().and_then(|entry| entry.path.as_deref()).map(Run::shown);
            Waiting {
                id: id.clone(),
                path: path.or(entry.as_ref().map(|entry| entry.name.clone())).unwrap_or_else(|| "damaged".into()),
                to: entry.as_ref().map(|entry| entry.to.clone()),
                size: entry.as_ref().map_or(0, |entry| entry.size),
                attempts: tries.attempts,
                next: 0,
                what: tries.what,
                is_failed: true,
            }
        });
        files.extend(given_up);
        let now = self.clock.now();
        let blocked = [&state.standing.login, &state.standing.server].into_iter().find(|tries| !tries.is_due(now));
        let server = blocked.map(|tries| (tries.what.clone(), tries.left(now).as_secs()));
        let spool_bytes = state.spool().map_or(0, |spool| spool.held().bytes);
        Ok(Status { files, server, spool_bytes, dropped: state.standing.dropped })
    }

    /// Makes what waits due, and brings back what was given up: all of it, or what is named. Says how many.
    ///
    /// # Errors
    /// [`Kind::Usage`] for an id that there is none of, [`Kind::Write`].
    pub fn retry(&self, ids: &[String]) -> Result<usize> {
        let Some(spool) = Spool::existing(&self.configuration.settings.keep)? else { return none_of(ids) };
        let known = self.status()?.files;
        let ids = if ids == ["all"] { &[] } else { ids };
        check(ids, &known)?;
        let wanted = |file: &&Waiting| ids.is_empty() || ids.contains(&file.id);
        let mut count = 0;
        for file in known.iter().filter(wanted) {
            if file.is_failed {
                if file.to.is_none() && ids.is_empty() {
                    continue;
                }
                if file.to.is_none() {
                    let what = format!(
                        "{} is damaged and can't be brought back; firepush drop {} forgets it",
                        file.id, file.id
                    );
                    return Err(Error::new(Kind::BadFile, what));
                }
                spool.shift(&file.id, Shelf::Failed, Shelf::Queue)?;
            }
            if file.attempts > 0 || file.is_failed {
                spool.set_tries(&file.id, &Tries { next: 0, first: 0, attempts: 0, ..spool.tries(&file.id) })?;
            }
            count += 1;
        }
        let mut standing = Standing::read(&folder(&self.configuration.settings));
        standing.forgive();
        standing.save()?;
        Ok(count)
    }

    /// Forgets what is named: it is not sent. A file of a job stays where it is.
    ///
    /// # Errors
    /// [`Kind::Usage`] for an id that there is none of, [`Kind::Write`].
    pub fn forget(&self, ids: &[String]) -> Result<usize> {
        let settings = &self.configuration.settings;
        let Some(spool) = Spool::existing(&settings.keep)? else { return none_of(ids) };
        let state = State::read(Some(Spool::open(&settings.keep)?), settings, &self.clock)?;
        let plan = Plan::make(&state, &self.jobs, self.all_jobs)?;
        let all = ids == ["all"];
        if !all {
            check(ids, &self.status()?.files)?;
        }
        let mut history = History::read(&folder(settings))?;
        let mut count = 0;
        let wanted = |id: &String| all || ids.contains(id);
        for item in plan.items.iter().filter(|item| wanted(&item.id)) {
            if matches!(item.from, From::File(_)) {
                history.record(&dropped(&item.transfer), self.clock.now())?;
            }
            spool.remove(Shelf::Queue, &item.id);
            count += 1;
        }
        for (id, entry) in plan.given_up.iter().filter(|(id, _)| wanted(id)) {
            if let Some(entry) = entry.as_ref().filter(|entry| entry.path.is_some()) {
                history.record(&dropped(&entry.transfer), self.clock.now())?;
            }
            spool.remove(Shelf::Failed, id);
            count += 1;
        }
        Ok(count)
    }
}

fn waiting(state: &State, item: &Item) -> Waiting {
    let (next, why) = waits(state, item).unwrap_or_default();
    Waiting {
        id: item.id.clone(),
        path: item.shown(),
        to: Some(item.to.clone()),
        size: match &item.from {
            From::File(found) => found.size,
            From::Spool(entry) => entry.size,
        },
        attempts: item.tries.attempts,
        next,
        what: if item.tries.what.is_empty() { why } else { item.tries.what.clone() },
        is_failed: false,
    }
}

fn check(ids: &[String], known: &[Waiting]) -> Result<()> {
    match ids.iter().find(|id| !known.iter().any(|file| file.id == **id)) {
        None => Ok(()),
        Some(id) if is_id(id) => Err(Error::new(Kind::Usage, format!("nothing that waits has the id {id}"))),
        Some(id) => Err(Error::new(Kind::Usage, format!("{id:?} is no id; `firepush status` lists them"))),
    }
}

fn none_of(ids: &[String]) -> Result<usize> {
    match ids.iter().find(|id| *id != "all") {
        Some(id) => Err(Error::new(Kind::Usage, format!("nothing that waits has the id {id}: there is no spool"))),
        None => Ok(0),
    }
}
