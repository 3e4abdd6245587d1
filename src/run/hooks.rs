//! The programs of the engineer: before a job, after a file.

use super::Run;
use crate::base::error::{Error, Result};
use crate::base::task::Program;
use crate::base::waits::Wait;
use crate::configuration::Job;
use crate::os::program;
use crate::os::until::Patience;

/// What a program finds in its environment, each with `FIREPUSH_` in front.
pub type Facts = Vec<(&'static str, String)>;

impl Run<'_> {
    /// Runs a program of a job; what it prints goes to our standard error.
    ///
    /// # Errors
    /// [`crate::error::Kind::Program`], [`crate::error::Kind::Stopped`].
    pub(super) fn hook(&self, program: &Program, job: &Job, mut facts: Facts) -> Result<()> {
        facts.push(("JOB", job.name.clone()));
        let patience = Patience::new(&job.settings.config.waits, &self.stop);
        program::run(program, &facts, &patience.until(Wait::Program), None)
    }

    /// After a file: how it went is settled, whatever the program does.
    pub(super) fn hook_after(&self, program: Option<&Program>, job: &Job, facts: Facts) {
        let Some(program) = program else { return };
        if let Err(e) = self.hook(program, job, facts) {
            log::warn!("{e}");
        }
    }
}

/// What a program is told of a failure.
pub fn failure(error: &Error) -> Facts {
    vec![("ERROR", error.to_string()), ("KIND", error.kind().name().into()), ("CODE", error.exit_code().to_string())]
}
