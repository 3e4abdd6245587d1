//! The output of a program as a file of its own.

use super::state::State;
use super::{Event, Run};
use crate::base::config::Empty;
use crate::base::error::{Error, Kind, Result};
use crate::base::task::{Program, Recipients, WhenFull};
use crate::base::waits::Wait;
use crate::configuration::Job;
use crate::os::program;
use crate::os::until::Patience;
use crate::spool::entry::Entry;
use crate::spool::intake::Intake;
use crate::spool::{Claim, Spool, id_of};

/// Up to here it stays in memory until it is known to have changed: flash wears out.
const IN_MEMORY: usize = 512 * 1024;

/// What a program printed: in memory, and from [`IN_MEMORY`] on in the spool.
struct Printed<'s> {
    spool: &'s Spool,
    head: Vec<u8>,
    rest: Option<Intake<'s>>,
    hash: sha1_smol::Sha1,
    room: u64,
}

impl Printed<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.room = self.room.checked_sub(bytes.len() as u64).ok_or_else(|| {
            let what = format!("it printed more than the {} bytes that the spool holds", self.spool.limit());
            Error::new(Kind::Program, what)
        })?;
        if self.rest.is_none() && self.head.len() + bytes.len() <= IN_MEMORY {
            self.head.extend_from_slice(bytes);
            return Ok(());
        }
        if self.rest.is_none() {
            let mut intake = self.spool.intake(0)?;
            intake.write(&std::mem::take(&mut self.head))?;
            self.rest = Some(intake);
        }
        self.rest.as_mut().map_or(Ok(()), |intake| intake.write(bytes))
    }
}

impl Run<'_> {
    /// Takes what the program prints into the spool, when it isn't what it printed the last time.
    ///
    /// # Errors
    /// [`Kind::Program`], [`Kind::Write`], [`Kind::Stopped`].
    pub(super) fn take_output(
        &self,
        state: &mut State,
        job: &Job,
        program: &Program,
        tell: &mut dyn FnMut(Event),
    ) -> Result<()> {
        let until = Patience::new(&job.settings.config.waits, &self.stop).until(Wait::Program);
        let spool = state.must_spool()?;
        let (hash, room) = (sha1_smol::Sha1::new(), spool.limit());
        let mut printed = Printed { spool, head: Vec::new(), rest: None, hash, room };
        let facts = [("JOB", job.name.clone())];
        program::run(program, &facts, &until, Some(&mut |bytes| printed.take(bytes)))?;
        let hash = printed.hash.digest().to_string();
        let (last, count) = state.standing.outputs.get(&job.name).cloned().unwrap_or_default();
        if hash == last
            || (printed.head.is_empty() && printed.rest.is_none() && job.settings.config.empty == Empty::Skip)
        {
            log::info!("[{}] {} printed nothing new", job.name, program.path.display());
            return Ok(());
        }
        let content: [&[u8]; 3] = [last.as_bytes(), hash.as_bytes(), &count.to_be_bytes()];
        let queued = self.queue_output(state, job, program, printed, &content);
        self.count_dropped(state, tell);
        match queued {
            Err(e) if e.kind() == Kind::Write && state.keep.when_full == WhenFull::Newest => {
                log::warn!("[{}] what {} printed was dropped: {e}", job.name, program.path.display());
                state.standing.dropped += 1;
                tell(Event::Dropped { files: 1 });
            }
            queued => queued?.into_iter().for_each(tell),
        }
        state.standing.outputs.insert(job.name.clone(), (hash, count + 1));
        state.standing.save()
    }

    /// An entry for each recipient. A crash before it is remembered makes the same entries once more.
    fn queue_output(
        &self,
        state: &State,
        job: &Job,
        program: &Program,
        printed: Printed<'_>,
        content: &[&[u8]],
    ) -> Result<Vec<Event>> {
        let spool = state.must_spool()?;
        let Printed { head, mut rest, .. } = printed;
        let mut queued = Vec::new();
        let mut claims: Vec<Claim> = Vec::new();
        for to in &job.settings.to {
            let intake = match (rest.take(), claims.first()) {
                (Some(intake), _) => intake,
                (None, None) => filled(spool.intake(head.len() as u64)?, &head)?,
                (None, Some(claim)) => spool.again(claim)?,
            };
            let entry = self.output_entry(state, job, program, to, content)?;
            let id = entry.transfer.clone();
            let claim = intake.publish(&id, entry)?;
            let (name, size) = (claim.entry.name.clone(), claim.entry.size);
            queued.push(Event::Queued { id, name, size, to: to.clone() });
            claims.push(claim);
        }
        Ok(queued)
    }

    fn output_entry(
        &self,
        state: &State,
        job: &Job,
        program: &Program,
        to: &Recipients,
        content: &[&[u8]],
    ) -> Result<Entry> {
        let made = state.clock.now();
        let own = program.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let receivers = to.to_string();
        let transfer = id_of(&[&[b"output", job.name.as_bytes(), receivers.as_bytes()], content].concat());
        Ok(Entry {
            transfer,
            job: Some(job.name.clone()),
            to: to.clone(),
            name: self.name_for(job, &own, made)?,
            size: 0,
            made,
            in_band: job.settings.task.only_in_band(),
            path: None,
        })
    }
}

fn filled<'s>(mut intake: Intake<'s>, bytes: &[u8]) -> Result<Intake<'s>> {
    intake.write(bytes).map(|()| intake)
}
