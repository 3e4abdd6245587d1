//! `firepush_spool_*`.

use std::ffi::{c_char, c_int, c_void};

use super::client::Client;
use super::guard::{entry, entry_with};
use super::handles::Name;
use super::text::{argument, bytes, put, text};
use super::{OK, PENDING, log};
use crate::base::error::{Error, Kind};
use crate::base::task::Recipients;
use crate::run::Run;

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_spool_add(client: Name<Client>, to: *const c_char, path: *const c_char) -> c_int {
    entry(|| {
        let client = client.find()?;
        // SAFETY: the header asks for texts or NULL.
        let (to, path): (Recipients, _) = unsafe { (argument(to, "the recipient")?, text(path, "the path")?) };
        let run = Run::new(&client.configured.configuration, &client.stop);
        run.keep_file(&to, path.as_ref())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_spool_add_memory(
    client: Name<Client>,
    to: *const c_char,
    name: *const c_char,
    from: *const c_void,
    size: usize,
) -> c_int {
    entry(|| {
        let client = client.find()?;
        // SAFETY: the header asks for texts and bytes, or NULL.
        let to: Recipients = unsafe { argument(to, "the recipient") }?;
        // SAFETY: as above.
        let (name, mut bytes) = unsafe { (text(name, "the name")?, bytes(from, size, "the memory")?) };
        Run::new(&client.configured.configuration, &client.stop).keep_bytes(&to, name, &mut bytes, size as u64)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_spool_run(client: Name<Client>, sent: *mut u64, waiting: *mut u64) -> c_int {
    entry_with(|| {
        let set = |done: u64, left: u64| {
            // SAFETY: the header asks for places or NULL.
            unsafe {
                put(sent, done);
                put(waiting, left);
            }
        };
        set(0, 0);
        let client = client.find()?;
        log::not_inside()?;
        client.stop.check()?;
        let configuration = &client.configured.configuration;
        configuration.check_jobs()?;
        let outcome = Run::new(configuration, &client.stop).run(&mut |_| {})?;
        set(outcome.sent, outcome.waiting);
        match outcome.failed {
            Some(error) => Err(error),
            None if outcome.waiting > 0 && client.stop.is_stopped() => {
                Err(Error::new(Kind::Stopped, "the run was aborted; what waits is tried again by the next"))
            }
            None if outcome.waiting > 0 || outcome.is_elsewhere => Ok(PENDING),
            None => Ok(OK),
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_spool_status(
    client: Name<Client>,
    waiting: *mut u64,
    failed: *mut u64,
    size: *mut u64,
) -> c_int {
    entry(|| {
        let set = |numbers: [u64; 3]| {
            for (place, number) in [waiting, failed, size].into_iter().zip(numbers) {
                // SAFETY: the header asks for places or NULL.
                unsafe { put(place, number) }
            }
        };
        set([0; 3]);
        let client = client.find()?;
        let status = Run::new(&client.configured.configuration, &client.stop).status()?;
        let given_up = status.files.iter().filter(|file| file.is_failed).count();
        set([(status.files.len() - given_up) as u64, given_up as u64, status.spool_bytes]);
        Ok(())
    })
}
