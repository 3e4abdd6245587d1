//! Strings and bytes from C and to it.

use std::ffi::{CStr, CString, c_char, c_void};
use std::str::FromStr;

use super::guard::misuse;
use crate::base::error::{Error, Result};

/// A text of the program.
///
/// # Errors
/// [`crate::base::error::Kind::Usage`] for NULL and what isn't UTF-8.
///
/// # Safety
/// NULL, or a text that ends with NUL and stays as it is during the call.
pub unsafe fn text<'t>(at: *const c_char, what: &str) -> Result<&'t str> {
    if at.is_null() {
        return Err(misuse(format!("{what} is NULL")));
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(at) };
    text.to_str().map_err(|_| misuse(format!("{what} is not UTF-8")))
}

/// Something that a text of the program says.
///
/// # Errors
/// [`crate::base::error::Kind::Usage`].
///
/// # Safety
/// As of [`text`].
pub unsafe fn argument<T: FromStr<Err = Error>>(at: *const c_char, what: &str) -> Result<T> {
    // SAFETY: as the caller promises.
    let text = unsafe { self::text(at, what) }?;
    text.parse().map_err(|e: T::Err| misuse(format!("{what}: {}", e.what())))
}

/// Bytes of the program.
///
/// # Errors
/// [`crate::base::error::Kind::Usage`] for NULL, and for more than an address space holds.
///
/// # Safety
/// NULL, or `size` bytes that stay as they are during the call.
pub unsafe fn bytes<'b>(at: *const c_void, size: usize, what: &str) -> Result<&'b [u8]> {
    if size == 0 {
        return Ok(&[]);
    }
    if at.is_null() || size > isize::MAX as usize {
        return Err(misuse(format!("{what} is NULL, or the size {size} is none")));
    }
    // SAFETY: as the caller promises; the size was checked.
    Ok(unsafe { std::slice::from_raw_parts(at.cast(), size) })
}

/// Sets a number, where it is wanted.
///
/// # Safety
/// NULL, or a place for a number.
pub unsafe fn put(place: *mut u64, number: u64) {
    if !place.is_null() {
        // SAFETY: as the caller promises. What was there need not be a number yet.
        unsafe { place.write(number) };
    }
}

/// Writes a text and its NUL.
///
/// # Errors
/// [`crate::base::error::Kind::Usage`] for NULL, and when it doesn't fit.
///
/// # Safety
/// NULL, or a buffer of that size.
pub unsafe fn fill(buffer: *mut c_char, size: usize, text: &str) -> Result<()> {
    if buffer.is_null() || text.len() >= size {
        return Err(misuse(format!("the buffer is NULL, or {size} bytes are not enough")));
    }
    // SAFETY: as the caller promises; the size was checked.
    unsafe {
        buffer.copy_from_nonoverlapping(text.as_ptr().cast(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}

/// A text for C; the one character that can't be in it becomes the one that stands for such.
pub fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}
