//! Who is online, as far as the server tells us.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::error::Error;
use crate::base::jid::Jid;
use crate::os::mailbox::Mailbox;
use crate::proto::presence::{Presence, Show};

/// More resources than this are remembered only for recipients that are being looked for.
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
    online: HashMap<Jid, Seen>,
    watched: Vec<(Jid, Arc<Mailbox<()>>)>,
}

impl Presences {
    pub fn seen(&mut self, full: &Jid, presence: &Presence) {
        let bare = full.bare();
        let mut watchers = self.watched.iter().filter(|(jid, _)| *jid == bare).peekable();
        if watchers.peek().is_none() && self.online.len() >= REMEMBERED_MAX && !self.online.contains_key(full) {
            return;
        }
        watchers.for_each(|(_, watcher)| {
            let _ = watcher.put(());
        });
        self.online.insert(full.clone(), Seen { show: presence.show, priority: presence.priority });
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
