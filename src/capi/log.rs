//! `firepush_set_log`: lines for the program.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

use super::callback::{Gate, Userdata};
use super::guard::{entry, misuse};
use super::text::c_string;
use crate::base::error::{Result, escape_controls};

type LogFn = unsafe extern "C" fn(userdata: *mut c_void, level: c_int, line: *const c_char);

/// Who gets the lines now.
pub type Receiver = Option<Arc<Lines>>;

pub struct Lines {
    call: LogFn,
    userdata: Userdata,
    gate: Gate,
    /// In a child that was forked, the gate may be held by a thread that isn't there.
    process: u32,
}

static RECEIVER: Mutex<Receiver> = Mutex::new(None);

thread_local! {
    /// What is logged because of a line that is being handed over is left out.
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// Whoever hands a line over may hold up all others, so it may not wait for any of them.
///
/// # Errors
/// [`crate::base::error::Kind::Usage`] inside the callback.
pub fn not_inside() -> Result<()> {
    if IS_LOGGING.get() { Err(misuse("a log callback may not wait for anything, nor free it")) } else { Ok(()) }
}

pub fn receiver() -> MutexGuard<'static, Receiver> {
    RECEIVER.lock().unwrap_or_else(PoisonError::into_inner)
}

struct ToProgram;

impl Log for ToProgram {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("firepush")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || IS_LOGGING.replace(true) {
            return;
        }
        let lines = receiver().clone();
        if let Some(lines) = lines.filter(|lines| lines.process == process::id()) {
            let line = c_string(&escape_controls(&record.args().to_string()));
            // SAFETY: the program promised a function that takes these; the line lives until it returns.
            let call = || unsafe { (lines.call)(lines.userdata.0, record.level() as c_int, line.as_ptr()) };
            lines.gate.pass(call);
        }
        IS_LOGGING.set(false);
    }

    fn flush(&self) {}
}

#[unsafe(no_mangle)]
extern "C" fn firepush_set_log(level: c_int, callback: Option<LogFn>, userdata: *mut c_void) -> c_int {
    entry(|| {
        let lines = callback.map(|call| Lines {
            call,
            userdata: Userdata(userdata),
            gate: Gate::default(),
            process: process::id(),
        });
        let filter = if lines.is_some() { filter(level)? } else { LevelFilter::Off };
        install();
        super::fork::prepare()?;
        let before = {
            let mut receiver = receiver();
            log::set_max_level(filter);
            std::mem::replace(&mut *receiver, lines.map(Arc::new))
        };
        if let Some(before) = before.filter(|before| before.process == process::id()) {
            before.gate.close();
        }
        Ok(())
    })
}

fn filter(level: c_int) -> Result<LevelFilter> {
    match level {
        1 => Ok(LevelFilter::Error),
        2 => Ok(LevelFilter::Warn),
        3 => Ok(LevelFilter::Info),
        4 => Ok(LevelFilter::Debug),
        5 => Ok(LevelFilter::Trace),
        _ => Err(misuse(format!("the log level {level} is none of FIREPUSH_LOG_ERROR to FIREPUSH_LOG_TRACE"))),
    }
}

/// A Rust program that links this as a library may have a logger of its own, which then stays.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = log::set_logger(&ToProgram);
    });
}
