//! What a job does before its files are looked for.

use super::state::State;
use super::{Event, Run};
use crate::base::error::{Kind, Result};

impl Run<'_> {
    /// Runs the programs of the jobs. Says which jobs are skipped, for their programs failed.
    ///
    /// # Errors
    /// [`Kind::Stopped`], [`Kind::Config`].
    pub(super) fn prepare(&self, state: &mut State, tell: &mut dyn FnMut(Event)) -> Result<Vec<String>> {
        let mut skipped = Vec::new();
        for job in &self.jobs {
            let task = &job.settings.task;
            let before = task.before.as_ref().map_or(Ok(()), |program| self.hook(program, job, Vec::new()));
            let done = before.and_then(|()| match &task.output_of {
                Some(program) => self.take_output(state, job, program, tell),
                None => Ok(()),
            });
            match done {
                Err(error) if matches!(error.kind(), Kind::Stopped | Kind::Config) => return Err(error),
                Err(error) => {
                    tell(Event::Skipped { what: format!("the job [{}]", job.name), error });
                    skipped.push(job.name.clone());
                }
                Ok(()) => {}
            }
        }
        Ok(skipped)
    }
}
