//! `firepush_receive*` and `firepush_inbox_*`.

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::callback::{Gate, Userdata};
use super::client::Client;
use super::delivery::Delivery;
use super::guard::{entry, entry_with, freeing, misuse};
use super::handles::{Kept, Name, Place};
use super::job::{deadline, left};
use super::text::c_string;
use super::{DONE, OK, PENDING, log};
use crate::base::error::Result;
use crate::transfer::sink::{Bytes, Taker};

type WriteFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    id: *const c_char,
    name: *const c_char,
    offset: u64,
    bytes: *const c_void,
    size: usize,
) -> c_int;

/// Files that arrive.
pub struct Inbox {
    inbox: crate::inbox::Inbox,
    /// What the program takes bytes through.
    gate: Option<Arc<Gate>>,
}

impl Kept for Inbox {
    const WHAT: &'static str = "inbox";
    const IS_LIVE: bool = true;
}

impl Inbox {
    pub fn of(inbox: crate::inbox::Inbox) -> Inbox {
        Inbox { inbox, gate: None }
    }

    fn end(&self) {
        self.inbox.end();
        self.gate.iter().for_each(|gate| gate.close());
        if !self.is_in_callback() {
            self.inbox.join();
        }
    }

    fn is_in_callback(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.is_inside())
    }

    fn next(&self, deadline: Option<Instant>) -> Result<Option<Delivery>> {
        if self.is_in_callback() {
            return Err(misuse("an inbox can't be waited for in its own callback"));
        }
        loop {
            let left = left(deadline);
            match self.inbox.next(left)?.map(Delivery::received) {
                Some(Some(delivery)) => return Ok(Some(delivery)),
                None if deadline.is_some() && left.is_zero() => return Ok(None),
                Some(None) | None => {}
            }
        }
    }
}

/// Bytes that the program takes.
struct Writer {
    call: WriteFn,
    userdata: Userdata,
    gate: Arc<Gate>,
}

impl Taker for Writer {
    fn take(&self, bytes: &Bytes<'_>) -> io::Result<()> {
        let (id, name) = (c_string(bytes.id), c_string(bytes.name));
        let (offset, at, size) = (bytes.offset, bytes.bytes.as_ptr(), bytes.bytes.len());
        // SAFETY: the program promised a function that takes these; all of it lives until it returns.
        let call = || unsafe { (self.call)(self.userdata.0, id.as_ptr(), name.as_ptr(), offset, at.cast(), size) };
        match self.gate.pass(call) {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::other(format!("the callback refused it with {code}"))),
            None => Err(io::Error::other("the inbox was freed")),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_receive(client: Name<Client>, inbox: *mut Name<Inbox>) -> c_int {
    entry(|| {
        // SAFETY: the header asks for a place or NULL.
        let place = unsafe { Place::new(inbox) }?;
        log::not_inside()?;
        let client = client.find()?;
        place.keep(Inbox::of(client.connected()?.inbox()?))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_receive_write(
    client: Name<Client>,
    write: Option<WriteFn>,
    userdata: *mut c_void,
    inbox: *mut Name<Inbox>,
) -> c_int {
    entry(|| {
        // SAFETY: the header asks for a place or NULL.
        let place = unsafe { Place::new(inbox) }?;
        log::not_inside()?;
        let client = client.find()?;
        let call = write.ok_or_else(|| misuse("the callback is NULL"))?;
        let gate = Arc::new(Gate::default());
        let writer = Writer { call, userdata: Userdata(userdata), gate: Arc::clone(&gate) };
        let inbox = client.connected()?.inbox_of(Arc::new(writer))?;
        place.keep(Inbox { inbox, gate: Some(gate) })
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_inbox_next(inbox: Name<Inbox>, ms: c_int, delivery: *mut Name<Delivery>) -> c_int {
    entry_with(|| {
        // SAFETY: the header asks for a place or NULL.
        let place = unsafe { Place::new(delivery) }?;
        log::not_inside()?;
        let inbox = inbox.find()?;
        match inbox.next(deadline(ms)) {
            Ok(Some(delivery)) => place.keep(delivery).map(|()| OK),
            Ok(None) => Ok(PENDING),
            Err(_) if inbox.inbox.is_complete() => Ok(DONE),
            Err(error) => Err(error),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_inbox_free(inbox: Name<Inbox>) {
    freeing(|| inbox.take().iter().for_each(|inbox| inbox.end()));
}
