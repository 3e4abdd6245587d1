//! The border: no panic crosses it, and an error becomes a number and a line that C can ask for.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::OK;
use crate::base::error::{Error, Kind, Result};

/// A longer line is cut.
const LINE: usize = 1024;

thread_local! {
    /// In its place for good: whoever still looks at an older line sees a newer one, and never what was freed.
    static LAST: RefCell<[u8; LINE]> = const { RefCell::new([0; LINE]) };
}

/// Runs what a function does.
pub fn entry(act: impl FnOnce() -> Result<()>) -> c_int {
    entry_with(|| act().map(|()| OK))
}

/// Runs what a function does that has more to say than 0.
pub fn entry_with(act: impl FnOnce() -> Result<c_int>) -> c_int {
    guarded(act).unwrap_or_else(|error| {
        let code = error.kind().code();
        remember(&error);
        code
    })
}

/// Runs what a function does that gives no code; `otherwise` when it can't.
pub fn entry_or<T>(otherwise: T, act: impl FnOnce() -> Result<T>) -> T {
    guarded(act).unwrap_or_else(|error| {
        remember(&error);
        otherwise
    })
}

/// Runs what frees a handle.
pub fn freeing(act: impl FnOnce()) {
    entry(|| {
        act();
        Ok(())
    });
}

fn guarded<T>(act: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| Err(bug(&*panic)))
}

fn bug(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
    Error::new(Kind::Bug, format!("a panic: {text}"))
}

/// A thread that ends has no place for it any more.
fn remember(error: &Error) {
    let line = error.to_string();
    let fits = (0..LINE).rev().find(|n| line.is_char_boundary(*n)).unwrap_or(0);
    let _ = LAST.try_with(|last| {
        let mut last = last.borrow_mut();
        last[..fits].copy_from_slice(&line.as_bytes()[..fits]);
        last[fits] = 0;
    });
}

/// What a call was wrong about.
pub fn misuse(what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what).advise("see firepush.h")
}

#[unsafe(no_mangle)]
extern "C" fn firepush_last_error() -> *const c_char {
    LAST.try_with(|last| last.as_ptr().cast_const().cast()).unwrap_or(c"".as_ptr())
}
