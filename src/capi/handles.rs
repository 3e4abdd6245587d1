//! The table of what C holds names of. A name is a number that was never given before, dressed as a pointer: freed twice
//! or made up, it is found to be no handle, and nothing is ever read through it.

use std::any::Any;
use std::collections::BTreeMap;
use std::process;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::guard::{entry_or, misuse};
use super::log;
use crate::base::error::Result;

/// A handle as C has it.
#[repr(transparent)]
pub struct Name<T: Kept>(*mut T);

/// What there are handles of.
pub trait Kept: Send + Sync + 'static {
    /// Its name in `firepush.h`, without `firepush_`.
    const WHAT: &'static str;
    /// It has threads or connections, which a fork leaves with the parent.
    const IS_LIVE: bool;
}

#[derive(Default)]
pub struct Table {
    entries: BTreeMap<usize, Entry>,
    last: usize,
}

struct Entry {
    what: Arc<dyn Any + Send + Sync>,
    /// The only process that may use it; 0: any.
    process: u32,
}

/// Names are so far apart, like addresses, so that one that was counted up by mistake is none.
const STEP: usize = 16;

static TABLE: Mutex<Table> = Mutex::new(Table { entries: BTreeMap::new(), last: 0 });

pub fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where C wants a new handle: written only, for C needs not have written there before.
pub struct Place<T: Kept>(NonNull<Name<T>>);

impl<T: Kept> Name<T> {
    const NULL: Name<T> = Name(ptr::null_mut());

    /// What it is the name of.
    ///
    /// # Errors
    /// [`crate::base::error::Kind::Usage`].
    pub fn find(&self) -> Result<Arc<T>> {
        if self.0.is_null() {
            return Err(misuse(format!("the {} is NULL", T::WHAT)));
        }
        let (what, process) = match table().entries.get(&self.0.addr()) {
            Some(Entry { what, process }) => (Arc::clone(what), *process),
            None => return Err(misuse(format!("this {} was freed, or never made", T::WHAT))),
        };
        if process != 0 && process != process::id() {
            return Err(misuse(format!("this {} belongs to the process that forked this one", T::WHAT)));
        }
        what.downcast().map_err(|_| misuse(format!("this is no {}, but another handle", T::WHAT)))
    }

    /// Ends the name; `None` when it was none, or when freeing it might wait and must not.
    pub fn take(self) -> Option<Arc<T>> {
        if T::IS_LIVE {
            log::not_inside().ok()?;
        }
        let found = self.find().ok()?;
        let mut table = table();
        let taken = table.entries.remove(&self.0.addr());
        if table.entries.is_empty() {
            table.entries = BTreeMap::new();
        }
        // Its last owner may go now, which takes time.
        drop(table);
        taken.map(|_| found)
    }
}

impl<T: Kept> Place<T> {
    /// Sets it to NULL first of all.
    ///
    /// # Errors
    /// [`crate::base::error::Kind::Usage`] for NULL.
    ///
    /// # Safety
    /// NULL, or a place for a pointer that stays one until this is kept or dropped.
    pub unsafe fn new(place: *mut Name<T>) -> Result<Place<T>> {
        let place = NonNull::new(place).ok_or_else(|| misuse(format!("the place for the {} is NULL", T::WHAT)))?;
        // SAFETY: as the caller promises.
        unsafe { place.write(Name::NULL) };
        Ok(Place(place))
    }

    /// Keeps it under a new name.
    ///
    /// # Errors
    /// What the system lacks.
    pub fn keep(self, what: T) -> Result<()> {
        super::fork::prepare()?;
        let process = if T::IS_LIVE { process::id() } else { 0 };
        let mut table = table();
        let name = table.next();
        table.entries.insert(name, Entry { what: Arc::new(what), process });
        // SAFETY: as whoever made this promised.
        unsafe { self.0.write(Name(ptr::without_provenance_mut(name))) };
        Ok(())
    }
}

impl Table {
    fn next(&mut self) -> usize {
        loop {
            self.last = self.last.wrapping_add(STEP);
            if self.last != 0 && !self.entries.contains_key(&self.last) {
                return self.last;
            }
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn firepush_handles() -> usize {
    let is_ours = |entry: &&Entry| entry.process == 0 || entry.process == process::id();
    entry_or(0, || Ok(table().entries.values().filter(is_ours).count()))
}
