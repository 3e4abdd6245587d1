//! `firepush_version`, and what the numbers of errors mean: all from the one table.

use std::ffi::{c_char, c_int};

use super::{DONE, OK, PENDING};
use crate::base::error::{Kind, Retry};

const NEVER: c_int = 0;
const CURE: c_int = 1;
const LATER: c_int = 2;

fn kind_of(code: c_int) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.code() == code)
}

#[unsafe(no_mangle)]
extern "C" fn firepush_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[unsafe(no_mangle)]
extern "C" fn firepush_error_text(code: c_int) -> *const c_char {
    let text = match (code, kind_of(code)) {
        (OK, _) => c"no error",
        (PENDING, _) => c"there is no outcome yet",
        (DONE, _) => c"all is done",
        (_, Some(kind)) => kind.about_c(),
        (_, None) => c"unknown error",
    };
    text.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn firepush_error_advice(code: c_int) -> *const c_char {
    kind_of(code).map_or(c"", Kind::advice_c).as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn firepush_error_retry(code: c_int) -> c_int {
    match kind_of(code).map(Kind::retry) {
        Some(Retry::Later) => LATER,
        Some(Retry::Cure) => CURE,
        Some(Retry::Never) | None => NEVER,
    }
}
