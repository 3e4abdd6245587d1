//! What needs no transfer: files that are gone, damaged, in trouble, or only to be cleared away.

use super::deliver::Delivery;
use super::plan::Plan;
use super::{Event, Run};
use crate::base::error::{Error, Kind, Result};
use crate::spool::Shelf;

impl Delivery<'_, '_> {
    /// # Errors
    /// [`Kind::Read`], [`Kind::Write`].
    pub(super) fn put_in_order(&mut self, plan: &Plan) -> Result<()> {
        let spool = self.state.must_spool()?;
        for id in &plan.stale {
            log::info!("{id} is forgotten: its file is gone, has changed, or was sent");
            spool.remove(Shelf::Queue, id);
            spool.remove(Shelf::Failed, id);
        }
        plan.orphans.iter().for_each(|id| spool.forget_tries(id));
        for id in &plan.damaged {
            if let Err(error) = spool.claim(id) {
                (self.tell)(Event::Skipped { what: id.clone(), error });
                self.outcome.waiting += 1;
                continue;
            }
            if let Some(error) = spool.has(Shelf::Failed, id).then(|| damaged(id)) {
                self.outcome.failed.get_or_insert(error);
            }
        }
        for (path, error) in &plan.troubles {
            let what = Run::shown(path);
            (self.tell)(Event::Skipped { what, error: error.clone() });
            self.outcome.waiting += 1;
        }
        for (path, why) in &plan.left {
            log::info!("{} is left: {why}", path.display());
        }
        for (job, found) in &plan.finished {
            self.clear_away(job, found);
        }
        Ok(())
    }
}

fn damaged(id: &str) -> Error {
    Error::new(Kind::BadFile, format!("the entry {id} of the spool is damaged"))
}
