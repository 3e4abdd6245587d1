//! Who is online, as far as the server tells us.

use std::sync::Arc;

use crate::base::error::Error;
use crate::base::jid::Jid;
use crate::base::table::Table;
use crate::os::mailbox::Mailbox;
use crate::proto::presence::{Presence, Show};

/// More resources than this are remembered only for recipients.
const REMEMBERED_MAX: usize = 1024;

/// How one resource is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub show: Show,
    pub priority: i8,
}

/// The resources that are online, and who waits for some.
#[derive(Default)]
pub struct Presences {
    online: Table<Jid, Seen>,
    /// Accounts whose resources are remembered in any case.
    wanted: Vec<Jid>,
    watched: Vec<(Jid, Arc<Mailbox<()>>)>,
}

impl Presences {
    pub fn seen(&mut self, full: &Jid, presence: &Presence) {
        let bare = full.bare();
        let full_up = self.online.len() >= REMEMBERED_MAX && !self.online.has(full);
        if full_up && !self.wanted.contains(&bare) {
            return;
        }
        let watchers = self.watched.iter().filter(|(jid, _)| *jid == bare);
        watchers.for_each(|(_, watcher)| {
            let _ = watcher.put(());
        });
        self.online.insert(full.clone(), Seen { show: presence.show, priority: presence.priority });
    }

    /// Remembers the resources of this account, however many others are online.
    pub fn want(&mut self, bare: &Jid) {
        if !self.wanted.contains(bare) {
            self.wanted.push(bare.clone());
        }
    }

    pub fn gone(&mut self, full: &Jid) {
        self.online.remove(full);
    }

    /// The resources of an account that are online.
    pub fn of(&self, bare: &Jid) -> Vec<(Jid, Seen)> {
        let resources = self.online.iter().filter(|(full, _)| full.bare() == *bare);
        resources.map(|(full, seen)| (full.clone(), *seen)).collect()
    }

    /// Lets the mailbox know whenever a resource of the account comes online.
    pub fn watch(&mut self, bare: &Jid, watcher: &Arc<Mailbox<()>>) {
        self.watched.push((bare.clone(), Arc::clone(watcher)));
    }

    pub fn unwatch(&mut self, watcher: &Arc<Mailbox<()>>) {
        self.watched.retain(|(_, other)| !Arc::ptr_eq(other, watcher));
    }

    pub fn close(&mut self, cause: &Error) {
        self.online.clear();
        self.watched.iter().for_each(|(_, watcher)| watcher.close(cause.clone()));
    }
}
