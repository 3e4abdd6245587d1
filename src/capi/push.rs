//! `firepush_push_*`: what is sent.

use std::ffi::{c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::callback::{Gate, Userdata};
use super::client::Client;
use super::guard::{entry, misuse};
use super::handles::{Name, Place};
use super::job::Job;
use super::log;
use super::text::{argument, bytes, text};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::transfer::source::Source;

type ReadFn = unsafe extern "C" fn(userdata: *mut c_void, buffer: *mut c_void, size: usize) -> isize;

/// Starts the transfer of what `open` gives.
///
/// # Safety
/// `to`: a text or NULL; `job`: a place or NULL.
pub unsafe fn push(
    client: Name<Client>,
    to: *const c_char,
    job: *mut Name<Job>,
    open: impl FnOnce() -> Result<(Source, Option<Arc<Gate>>)>,
) -> c_int {
    entry(|| {
        // SAFETY: as the caller promises.
        let place = unsafe { Place::new(job) }?;
        log::not_inside()?;
        let client = client.find()?;
        // SAFETY: as the caller promises.
        let to: Jid = unsafe { argument(to, "the recipient") }?;
        let (source, gate) = open()?;
        place.keep(Job::new(client.connected()?.push(&to, source)?, gate))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_push_path(
    client: Name<Client>,
    to: *const c_char,
    path: *const c_char,
    job: *mut Name<Job>,
) -> c_int {
    // SAFETY: the header asks for texts and a place, or NULL.
    unsafe { push(client, to, job, || Ok((Source::path(text(path, "the path")?)?, None))) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_push_fd(
    client: Name<Client>,
    to: *const c_char,
    name: *const c_char,
    fd: c_int,
    job: *mut Name<Job>,
) -> c_int {
    // SAFETY: the header asks for texts and a place, or NULL.
    unsafe { push(client, to, job, || Ok((Source::file(duplicate(fd)?, text(name, "the name")?)?, None))) }
}

fn duplicate(fd: c_int) -> Result<File> {
    let bad = |why: &str| Error::new(Kind::BadFile, format!("the descriptor {fd} {why}"));
    if fd < 0 {
        return Err(bad("is none"));
    }
    // SAFETY: it is only used to ask the system for a duplicate, which refuses what isn't open.
    let duplicate = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned();
    duplicate.map(File::from).map_err(|e| bad(&format!("can't be duplicated: {e}")).because(e))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_push_memory(
    client: Name<Client>,
    to: *const c_char,
    name: *const c_char,
    from: *const c_void,
    size: usize,
    job: *mut Name<Job>,
) -> c_int {
    let open = || {
        // SAFETY: the header asks for texts and bytes, or NULL.
        let (name, bytes) = unsafe { (text(name, "the name")?, bytes(from, size, "the memory")?) };
        Ok((Source::reader(name, size as u64, Cursor::new(copy(bytes)?)), None))
    };
    // SAFETY: as above.
    unsafe { push(client, to, job, open) }
}

/// Want of memory is an error here, not the end of the program.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copy = Vec::new();
    let room = copy.try_reserve_exact(bytes.len());
    room.map_err(|e| Error::new(Kind::Write, format!("no memory for {} bytes", bytes.len())).because(e))?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_push_read(
    client: Name<Client>,
    to: *const c_char,
    name: *const c_char,
    size: u64,
    read: Option<ReadFn>,
    userdata: *mut c_void,
    job: *mut Name<Job>,
) -> c_int {
    let open = || {
        // SAFETY: the header asks for a text or NULL.
        let name = unsafe { text(name, "the name") }?;
        let call = read.ok_or_else(|| misuse("the callback is NULL"))?;
        let gate = Arc::new(Gate::default());
        let reader = Reader { call, userdata: Userdata(userdata), gate: Arc::clone(&gate) };
        Ok((Source::reader(name, size, reader), Some(gate)))
    };
    // SAFETY: the header asks for texts and a place, or NULL.
    unsafe { push(client, to, job, open) }
}

/// Bytes that the program gives.
struct Reader {
    call: ReadFn,
    userdata: Userdata,
    gate: Arc<Gate>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the program promised a function that takes these, and fills at most `size` bytes.
        let call = || unsafe { (self.call)(self.userdata.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        let given = self.gate.pass(call).ok_or_else(|| io::Error::other("the job was freed"))?;
        match usize::try_from(given) {
            Ok(n) if n <= buffer.len() => Ok(n),
            Ok(n) => Err(io::Error::other(format!("the callback says that it gave {n} of {} bytes", buffer.len()))),
            Err(_) => Err(io::Error::other(format!("the callback failed with {given}"))),
        }
    }
}
