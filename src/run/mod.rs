//! The unattended run: finds what is to be sent, keeps what can't be sent now, and tries it again.

mod after;
mod deliver;
mod find;
#[cfg(feature = "gzip")]
mod gzip;
mod hooks;
mod keep;
mod login;
mod open;
mod order;
mod outcome;
mod outputs;
mod plan;
mod prepare;
mod start;
mod state;
mod status;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use open::file_name;
pub use status::{Status, Waiting};
pub use stream::{Stream, standard_input};

use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::task::Recipients;
use crate::configuration::{Configuration, Job};
use crate::os::clock::{Clock, SystemClock};
use crate::os::stop::Stop;
use crate::spool::Spool;
use crate::transfer::delivery::Delivery;
use plan::Plan;
use state::State;

/// One run over the jobs of a configuration and over what the spool holds.
pub struct Run<'c> {
    configuration: &'c Configuration,
    jobs: Vec<&'c Job>,
    all_jobs: bool,
    clock: Arc<dyn Clock>,
    stop: Stop,
    /// Whatever the schedule says.
    now: bool,
    /// No splay: a person waits.
    attended: bool,
}

/// What happened to a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// It was sent.
    Sent {
        /// The id of its entry.
        id: String,
        /// Where it lies, or the name of what the spool held.
        path: String,
        /// What the transfer came to.
        delivery: Delivery,
    },
    /// It could not be sent now, and waits.
    Kept {
        /// The id of its entry.
        id: String,
        /// Where it lies, or the name of what the spool holds.
        path: String,
        /// Who should get it.
        to: Recipients,
        /// Why it could not be sent.
        error: Error,
        /// How long until it is tried again, at the soonest.
        next: Duration,
    },
    /// It is given up.
    Failed {
        /// The id of its entry.
        id: String,
        /// Where it lies, or the name of what the spool holds.
        path: String,
        /// Who should have got it.
        to: Recipients,
        /// Why.
        error: Error,
        /// It lies in `failed/`, from where it can be brought back.
        is_kept: bool,
    },
    /// What a program printed was taken into the spool.
    Queued {
        /// The id of its entry.
        id: String,
        /// The name that is offered.
        name: String,
        /// How many bytes.
        size: u64,
        /// Who should get it.
        to: Recipients,
    },
    /// A job was not done, or a file could not be looked at.
    Skipped {
        /// The job, or the file.
        what: String,
        /// Why.
        error: Error,
    },
    /// Files were given up for want of room.
    Dropped {
        /// How many.
        files: u64,
    },
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// Another run has the spool: this one did nothing.
    pub is_elsewhere: bool,
    /// How many files were sent.
    pub sent: u64,
    /// How many wait.
    pub waiting: u64,
    /// Why they wait, if there is one reason.
    pub reason: Option<Error>,
    /// Why nothing was tried: what went wrong with the server or the login the last time, and isn't due again.
    pub not_due: Option<(Kind, String)>,
    /// How many files were not tried, for they were not due.
    pub untried: u64,
    /// What was given up in this run.
    pub failed: Option<Error>,
}

impl Outcome {
    /// 0 when everything is done; 75 while anything waits; the code of what was given up in this run.
    pub fn exit_code(&self) -> u8 {
        match (&self.failed, self.waiting) {
            (Some(error), _) => error.exit_code(),
            (None, 0) => 0,
            (None, _) => Kind::Timeout.exit_code(),
        }
    }
}

/// What would be done with a file.
#[derive(Debug)]
pub struct Preview {
    /// Where it lies, or the name of what the spool holds.
    pub path: String,
    /// Who should get it; nobody when it is left for everyone.
    pub to: Option<Recipients>,
    /// Under which name it would be offered.
    pub name: String,
    /// How it would be carried.
    pub how: &'static str,
    /// Why it would not be sent now.
    pub why_not: Option<String>,
}

impl<'c> Run<'c> {
    /// A run over all jobs.
    pub fn new(configuration: &'c Configuration, stop: &Stop) -> Run<'c> {
        let jobs = configuration.jobs.iter().collect();
        let now = configuration.settings.line.now;
        let (clock, stop) = (Arc::new(SystemClock), stop.clone());
        Run { configuration, jobs, all_jobs: true, clock, stop, now, attended: false }
    }

    /// Only these jobs, and of the spool only what belongs to them.
    ///
    /// # Errors
    /// [`Kind::Usage`] when there is no such job.
    pub fn only(mut self, names: &[String]) -> Result<Run<'c>> {
        if names.is_empty() {
            return Ok(self);
        }
        let known: Vec<_> = self.jobs.iter().map(|job| job.name.as_str()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let all = if known.is_empty() {
                "none is configured".into()
            } else {
                format!("the jobs are {}", known.join(", "))
            };
            return Err(Error::new(Kind::Usage, format!("there is no job {name:?}: {all}")));
        }
        self.jobs.retain(|job| names.contains(&job.name));
        self.all_jobs = false;
        Ok(self)
    }

    /// With another clock than the device's own.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Run<'c> {
        self.clock = clock;
        self
    }

    /// Without splay: a person waits for it.
    #[must_use]
    pub fn attended(mut self) -> Run<'c> {
        self.attended = true;
        self
    }

    /// Does it. `tell` hears what happens, as it happens.
    ///
    /// # Errors
    /// What stops all of it: [`Kind::Config`], [`Kind::Clock`], [`Kind::Write`] when nothing could be remembered.
    pub fn run(&self, tell: &mut dyn FnMut(Event)) -> Result<Outcome> {
        let spool = Spool::open(&self.configuration.settings.keep)?;
        let elsewhere = |what: &str| {
            log::info!("another run is {what} in {}", spool.path().display());
            Ok(Outcome { is_elsewhere: true, ..Outcome::default() })
        };
        // A memory of 16 MB doesn't hold many that wait.
        let waits_alone = self.now || self.attended;
        let waiting = if waits_alone { None } else { spool.lock_waiting()? };
        if waiting.is_none() && !waits_alone {
            return elsewhere("about to begin");
        }
        self.await_clock()?;
        self.spread()?;
        drop(waiting);
        let Some(_lock) = spool.lock()? else { return elsewhere("at work") };
        spool.clean(&state::folder(&self.configuration.settings));
        let mut state = State::read(Some(spool), &self.configuration.settings, &self.clock)?;
        if self.now {
            state.standing.forgive();
        }
        let skipped = self.prepare(&mut state, tell)?;
        let mut plan = Plan::make(&state, &self.jobs, self.all_jobs)?;
        plan.leave_files_of(&skipped);
        let mut outcome = self.carry_out(&mut state, plan, tell)?;
        outcome.waiting += skipped.len() as u64;
        Ok(outcome)
    }

    /// What it would do, without doing or writing any of it; programs are not run.
    ///
    /// # Errors
    /// As [`Run::run`].
    pub fn preview(&self) -> Result<Vec<Preview>> {
        let spool = Spool::existing(&self.configuration.settings.keep)?;
        let state = State::read(spool, &self.configuration.settings, &self.clock)?;
        let plan = Plan::make(&state, &self.jobs, self.all_jobs)?;
        Ok(self.previews(&state, plan))
    }

    fn job(&self, name: Option<&str>) -> Option<&'c Job> {
        self.configuration.jobs.iter().find(|job| Some(job.name.as_str()) == name)
    }

    fn account(&self) -> Result<&'c Jid> {
        self.configuration.settings.config.account()
    }

    /// A path for people, and for the events.
    fn shown(path: &std::path::Path) -> String {
        PathBuf::from(path).to_string_lossy().into_owned()
    }
}
