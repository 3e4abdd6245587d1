//! What is to be sent to whom, what waits, and why.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::find::{Found, find};
use super::state::State;
use crate::base::config::Empty;
use crate::base::error::{Error, Kind};
use crate::base::table::Table;
use crate::base::task::{After, OpenFiles, Recipients};
use crate::configuration::Job;
use crate::os::clock::built;
use crate::os::writers::while_nobody_writes;
use crate::spool::entry::Entry;
use crate::spool::tries::Tries;
use crate::spool::{Shelf, id_of};

/// A file for one recipient, or for the first of several that is able.
#[derive(Clone, Debug)]
pub struct Item {
    /// The id of its entry in the spool, whether there is one or not.
    pub id: String,
    pub transfer: String,
    pub job: Option<String>,
    pub to: Recipients,
    pub from: From,
    pub tries: Tries,
    /// When it came into the spool, or was changed last.
    pub since: u64,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub enum From {
    /// In a file that stays where it is.
    File(Found),
    /// In the spool.
    Spool(Entry),
}

/// Everything that a run could do.
#[derive(Default)]
pub struct Plan {
    pub items: Vec<Item>,
    /// Entries that are given up: id and what it is.
    pub given_up: Vec<(String, Option<Entry>)>,
    /// Files that everyone has got, and that wait only to be deleted or moved.
    pub finished: Vec<(String, Found)>,
    /// Files that are not sent now, and why.
    pub left: Vec<(PathBuf, String)>,
    pub troubles: Vec<(PathBuf, Error)>,
    /// The transfers of all files that are there.
    pub seen: Vec<String>,
    /// Notes of files that are gone or were sent.
    pub stale: Vec<String>,
    /// Notes of files that are left, or that can't be looked at now; sorted when all are there.
    undecided: Vec<String>,
    /// What was given up, by its transfer: rotation may have moved the file.
    declined: Table<String, (String, Entry)>,
    /// What was tried, but is no more: a crash left that.
    pub orphans: Vec<String>,
    /// Entries that can't be read; or they have just been sent.
    pub damaged: Vec<String>,
}

/// The id of a file's transfer: it changes when the file does. What stays is known wherever rotation moves it; what is
/// deleted or moved is known by its path too, for another file may look the same.
pub fn transfer_of(job: &Job, to: &Recipients, found: &Found, print: &str) -> String {
    let to = to.to_string();
    let path = if job.settings.task.after == After::Keep { &[] } else { found.path.as_os_str().as_encoded_bytes() };
    id_of(&[b"file", job.name.as_bytes(), to.as_bytes(), print.as_bytes(), path])
}

/// What the history knows a transfer by that is not wanted any more: it was not sent.
pub fn dropped(transfer: &str) -> String {
    id_of(&[b"dropped", transfer.as_bytes()])
}

impl Plan {
    /// Looks at the files of the jobs and at the spool. Changes nothing.
    ///
    /// # Errors
    /// [`Kind::Read`] when the spool can't be listed.
    pub fn make(state: &State, jobs: &[&Job], all_jobs: bool) -> Result<Plan, Error> {
        let mut plan = Plan { declined: declined(state)?, ..Plan::default() };
        let mut ids = Vec::new();
        for job in jobs {
            plan.add_files(state, job, &mut ids);
        }
        ids.sort();
        plan.undecided.sort();
        plan.add_kept(state, jobs, all_jobs, &ids)?;
        Ok(plan)
    }

    fn add_files(&mut self, state: &State, job: &Job, ids: &mut Vec<String>) {
        let finds = find(&job.settings.task.files, job.settings.task.order);
        self.troubles.extend(finds.troubles);
        self.left.extend(finds.left);
        for found in finds.files {
            let note = |to: &Recipients| {
                id_of(&[
                    b"note",
                    job.name.as_bytes(),
                    to.to_string().as_bytes(),
                    found.path.as_os_str().as_encoded_bytes(),
                ])
            };
            if let Some(why) = left(state, job, &found) {
                self.undecided.extend(job.settings.to.iter().map(note));
                self.left.push((found.path, why));
                continue;
            }
            match found.again().and_then(|(file, _)| found.print(&file)) {
                Ok(print) => ids.extend(self.add_file(state, job, &found, &print, note)),
                Err(error) if error.kind() == Kind::NoFile => {}
                Err(error) => {
                    self.undecided.extend(job.settings.to.iter().map(note));
                    self.troubles.push((found.path, error));
                }
            }
        }
    }

    /// Nothing becomes of the files of these jobs; what is remembered of them stays.
    pub fn leave_files_of(&mut self, jobs: &[String]) {
        self.items.retain(|item| matches!(item.from, From::Spool(_)) || !item.job.iter().any(|job| jobs.contains(job)));
        self.finished.retain(|(job, _)| !jobs.contains(job));
    }

    /// The ids of those who have not got it yet.
    fn add_file(
        &mut self,
        state: &State,
        job: &Job,
        found: &Found,
        print: &str,
        note: impl Fn(&Recipients) -> String,
    ) -> Vec<String> {
        let mut missing = Vec::new();
        let mut is_dropped = false;
        for to in &job.settings.to {
            let transfer = transfer_of(job, to, found, print);
            self.seen.extend([transfer.clone(), dropped(&transfer)]);
            is_dropped |= state.history.has(&dropped(&transfer));
            if state.history.has(&transfer) || state.history.has(&dropped(&transfer)) {
                continue;
            }
            let id = note(to);
            missing.push(id.clone());
            match self.declined.get(&transfer).cloned() {
                Some((id, entry)) => self.give_up(id, entry),
                None => {
                    let tries = state.spool().map(|spool| spool.tries(&id)).unwrap_or_default();
                    let (job, to, from) = (Some(job.name.clone()), to.clone(), From::File(found.clone()));
                    self.items.push(Item { id, transfer, job, to, from, tries, since: found.changed_at() });
                }
            }
        }
        if missing.is_empty() && !is_dropped && job.settings.task.after != After::Keep {
            self.finished.push((job.name.clone(), found.clone()));
        }
        missing
    }

    /// Whether what was given up of a file matters no more: the file is another one now, or has long been gone.
    fn is_forgotten(&self, state: &State, id: &str, path: &Path, entry: &Entry) -> bool {
        let is_young = entry.made.saturating_add(ABSENT_MAX) > state.clock.now();
        !has(&self.undecided, id) && (path.exists() || !is_young)
    }

    fn give_up(&mut self, id: String, entry: Entry) {
        if self.given_up.iter().all(|(known, _)| *known != id) {
            self.given_up.push((id, Some(entry)));
        }
    }

    /// What the spool holds: first, for it has waited longest. Notes of files that are gone or were sent are stale.
    fn add_kept(&mut self, state: &State, jobs: &[&Job], all_jobs: bool, ids: &[String]) -> Result<(), Error> {
        let Some(spool) = state.spool() else { return Ok(()) };
        let ours = |job: &Option<String>| all_jobs || jobs.iter().any(|ours| Some(&ours.name) == job.as_ref());
        let mut kept = Vec::new();
        for id in spool.ids(Shelf::Queue)? {
            match spool.look(Shelf::Queue, &id) {
                Some(entry) if !ours(&entry.job) => {}
                Some(entry) if entry.path.is_some() && !has(ids, &id) && !has(&self.undecided, &id) => {
                    self.stale.push(id);
                }
                Some(entry) if entry.path.is_some() => {}
                // A note that a power cut emptied: its file is there, and the next failure writes it again.
                None if has(ids, &id) || has(&self.undecided, &id) => self.stale.push(id),
                Some(entry) => kept.push(Item {
                    transfer: entry.transfer.clone(),
                    job: entry.job.clone(),
                    to: entry.to.clone(),
                    tries: spool.tries(&id),
                    since: entry.made,
                    from: From::Spool(entry),
                    id,
                }),
                None => self.damaged.push(id),
            }
        }
        kept.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        kept.append(&mut self.items);
        self.items = kept;
        for id in spool.ids(Shelf::Failed)? {
            let known = self.given_up.iter().any(|(given_up, _)| *given_up == id);
            match spool.look(Shelf::Failed, &id) {
                _ if known => {}
                Some(entry) if !ours(&entry.job) => {}
                Some(entry)
                    if entry.path.as_deref().is_some_and(|path| self.is_forgotten(state, &id, path, &entry)) =>
                {
                    self.stale.push(id);
                }
                entry => self.given_up.push((id, entry)),
            }
        }
        let is_left = |id: &String| {
            !has(ids, id) && !has(&self.undecided, id) && !spool.has(Shelf::Queue, id) && !spool.has(Shelf::Failed, id)
        };
        self.orphans = spool.tried()?.into_iter().filter(|id| all_jobs && is_left(id)).collect();
        Ok(())
    }
}

/// A file that isn't there may be on a medium that is away: what was given up of it is remembered for so many seconds.
const ABSENT_MAX: u64 = 90 * 86400;

fn has(sorted: &[String], id: &str) -> bool {
    sorted.binary_search_by(|other| other.as_str().cmp(id)).is_ok()
}

fn declined(state: &State) -> Result<Table<String, (String, Entry)>, Error> {
    let Some(spool) = state.spool() else { return Ok(Table::default()) };
    let ids = spool.ids(Shelf::Failed)?.into_iter();
    let entries = ids.filter_map(|id| spool.look(Shelf::Failed, &id).map(|entry| (id, entry)));
    Ok(entries.map(|(id, entry)| (entry.transfer.clone(), (id, entry))).collect())
}

/// Why a file is not sent in this run, whoever should get it.
pub fn left(state: &State, job: &Job, found: &Found) -> Option<String> {
    let task = &job.settings.task;
    let age = Duration::from_secs(state.clock.now().saturating_sub(found.changed_at()));
    if found.size == 0 && job.settings.config.empty == Empty::Skip {
        return Some("it is empty (empty = skip)".into());
    }
    if job.settings.config.max_size != 0 && found.size > job.settings.config.max_size {
        return Some(format!("it is larger than {} bytes (max_size)", job.settings.config.max_size));
    }
    // A time to come was made by a clock that was wrong, and must not make the file wait for it.
    if age < task.min_age && found.changed_at() <= state.clock.now() {
        return Some("it was changed just now (min_age)".into());
    }
    if !task.max_age.is_zero() && age > task.max_age && found.changed_at() >= built() {
        return Some("it is too old (max_age)".into());
    }
    if task.open_files() == OpenFiles::Wait && !is_closed(found) {
        return Some("some process has it open for writing (open_files = wait)".into());
    }
    None
}

fn is_closed(found: &Found) -> bool {
    let closed = found.again().and_then(|(file, _)| while_nobody_writes(file, || ()));
    matches!(closed, Ok(Some(())))
}

impl Item {
    /// The file's own name, for people and templates.
    pub fn shown(&self) -> String {
        match &self.from {
            From::File(found) => found.path.display().to_string(),
            From::Spool(entry) => entry.name.clone(),
        }
    }
}
