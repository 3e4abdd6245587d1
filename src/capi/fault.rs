//! Panics on demand, for the tests of this project (feature `capi-fault`).

use std::ffi::{c_char, c_int};
use std::io::{self, Read};
use std::sync::Arc;

use super::client::Client;
use super::guard::entry;
use super::handles::{Name, Place};
use super::inbox::Inbox;
use super::job::Job;
use super::push::push;
use crate::transfer::sink::{Bytes, Taker};
use crate::transfer::source::Source;

/// Panics in the entry itself.
#[unsafe(no_mangle)]
extern "C" fn firepush_fault_entry() -> c_int {
    entry(|| panic!("a fault on demand"))
}

/// Panics in the thread of a transfer, when its first bytes are on their way.
#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_fault_push(client: Name<Client>, to: *const c_char, job: *mut Name<Job>) -> c_int {
    // SAFETY: as of every push.
    unsafe { push(client, to, job, || Ok((Source::reader("fault.bin", 1 << 20, Panicking { given: 0 }), None))) }
}

struct Panicking {
    given: usize,
}

impl Read for Panicking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(self.given < 1 << 18, "a fault on demand");
        self.given += buffer.len();
        Ok(buffer.len())
    }
}

/// An inbox that panics in the thread of a transfer, at the first bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_fault_receive(client: Name<Client>, inbox: *mut Name<Inbox>) -> c_int {
    entry(|| {
        // SAFETY: as of every inbox.
        let place = unsafe { Place::new(inbox) }?;
        place.keep(Inbox::of(client.find()?.connected()?.inbox_of(Arc::new(Refusing))?))
    })
}

struct Refusing;

impl Taker for Refusing {
    fn take(&self, _: &Bytes<'_>) -> io::Result<()> {
        panic!("a fault on demand")
    }
}
