//! Opening what is to be sent and read, and moving it into a socket.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::base::error::{Error, Kind, Result};
use crate::base::secret::Secret;

/// A password is at most this long.
const SECRET_MAX: usize = 4096;

/// Opens a regular file for reading. A FIFO doesn't block, a device or folder is refused.
///
/// # Errors
/// [`Kind::NoFile`], [`Kind::BadFile`], [`Kind::Read`].
pub fn open_regular(path: &Path) -> Result<File> {
    open_as(path, 0)
}

/// As [`open_regular`], but a link in the place of the file is no file.
///
/// # Errors
/// As [`open_regular`].
pub fn open_unlinked(path: &Path) -> Result<File> {
    open_as(path, libc::O_NOFOLLOW)
}

fn open_as(path: &Path, more: libc::c_int) -> Result<File> {
    let shown = path.display();
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | more).open(path);
    let file = file.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::new(Kind::NoFile, format!("{shown} doesn't exist")).because(e),
        _ if e.raw_os_error() == Some(libc::ELOOP) => Error::new(Kind::NoFile, format!("{shown} is a link")).because(e),
        _ => Error::new(Kind::Read, format!("can't open {shown}: {e}")).because(e),
    })?;
    let meta = file.metadata().map_err(|e| Error::new(Kind::Read, format!("can't look at {shown}: {e}")))?;
    if meta.is_file() {
        return Ok(file);
    }
    let what = if meta.is_dir() { "a folder" } else { "not a regular file" };
    Err(Error::new(Kind::BadFile, format!("{shown} is {what}")))
}

/// Reads a small regular file, such as one of certificates.
///
/// # Errors
/// [`Kind::Config`].
pub fn read_regular(path: &Path, most: usize, what: &str) -> Result<Vec<u8>> {
    let bad = |why: String| Error::new(Kind::Config, format!("the {what} {} {why}", path.display()));
    let mut file = open_regular(path).map_err(|e| Error::new(Kind::Config, format!("the {what}: {}", e.what())))?;
    let mut bytes = Vec::new();
    read_most(&mut file, most + 1, &mut bytes).map_err(|e| bad(format!("can't be read: {e}")))?;
    if bytes.len() > most { Err(bad(format!("is longer than {most} bytes"))) } else { Ok(bytes) }
}

/// The rest of what is open, but at most so many bytes.
pub fn read_most(file: &mut impl Read, most: usize, bytes: &mut Vec<u8>) -> io::Result<usize> {
    file.take(most as u64).read_to_end(bytes)
}

/// Gives what is left, piece by piece; says how many bytes it was. [`io::copy`] has code for every way to copy.
pub fn each_piece(from: &mut impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let (mut buffer, mut count) = ([0; 16 * 1024], 0);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(count),
            Ok(n) => {
                take(&buffer[..n])?;
                count += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Reads a password file, as [`read_private`] does. One trailing line end is dropped.
///
/// # Errors
/// [`Kind::Config`] that says what to run.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>> {
    let bytes = read_private(path, SECRET_MAX, "password file")?;
    let bad = |why| Error::new(Kind::Config, format!("the password file {} {why}", path.display()));
    parse_secret(&bytes).map_err(bad)
}

/// Reads a password from what is open already: what opened it has seen to it that nobody else can. One trailing
/// line end is dropped.
///
/// # Errors
/// [`Kind::Config`].
pub fn read_password(file: &mut impl Read) -> Result<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_MAX + 1));
    let bad = |why: &str| Error::new(Kind::Config, format!("the password {why}"));
    read_most(file, SECRET_MAX + 1, &mut bytes).map_err(|e| bad(&format!("can't be read: {e}")))?;
    if bytes.len() > SECRET_MAX {
        return Err(bad(&format!("is longer than {SECRET_MAX} bytes")));
    }
    parse_secret(&bytes).map(|secret| Secret::new(secret.as_str())).map_err(bad)
}

/// Reads a file that only its owner may read: regular, not a symbolic link, owned by us or root, closed to group
/// and others.
///
/// # Errors
/// [`Kind::Config`] that says what to run.
pub fn read_private(path: &Path, most: usize, what: &str) -> Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    let bad = |why: String| Error::new(Kind::Config, format!("the {what} {shown} {why}"));
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file = opened.map_err(|e| match e.raw_os_error() {
        Some(libc::ELOOP) => bad("is a symbolic link; name the file itself".into()),
        _ => bad(format!("can't be opened: {e}")),
    })?;
    check_private(&file, &shown.to_string()).map_err(bad)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    read_most(&mut file, most + 1, &mut bytes).map_err(|e| bad(format!("can't be read: {e}")))?;
    if bytes.len() > most { Err(bad(format!("is longer than {most} bytes"))) } else { Ok(bytes) }
}

fn check_private(file: &File, shown: &str) -> std::result::Result<(), String> {
    let meta = file.metadata().map_err(|e| format!("can't be looked at: {e}"))?;
    if !meta.is_file() {
        return Err("is not a regular file".into());
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("can be read by others; run: chmod 600 {shown}"));
    }
    if !is_ours(&meta) {
        return Err(format!("belongs to another user; run: chown {} {shown}", user()));
    }
    Ok(())
}

/// Whether it belongs to us or to root.
pub fn is_ours(meta: &Metadata) -> bool {
    meta.uid() == 0 || meta.uid() == user()
}

fn user() -> libc::uid_t {
    // SAFETY: geteuid has no arguments and can't fail.
    unsafe { libc::geteuid() }
}

fn parse_secret(bytes: &[u8]) -> std::result::Result<Zeroizing<String>, &'static str> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| "is not UTF-8 text")?;
    match text {
        "" => Err("is empty"),
        _ if text.contains('\0') => Err("holds a NUL byte"),
        _ if text.contains('\n') => Err("holds more than one line"),
        _ => Ok(Zeroizing::new(text.to_owned())),
    }
}

/// Moves up to `count` bytes of `file` from `offset` into a socket, inside the kernel; advances `offset`.
pub fn sendfile(socket: impl AsFd, file: &File, offset: &mut u64, count: usize) -> io::Result<usize> {
    let mut at = libc::off64_t::try_from(*offset).map_err(io::Error::other)?;
    let (out, input) = (socket.as_fd().as_raw_fd(), file.as_raw_fd());
    // SAFETY: `at` lives through the call, which reads and advances it.
    let n = unsafe { libc::sendfile64(out, input, &mut at, count) };
    let n = usize::try_from(n).map_err(|_| io::Error::last_os_error())?;
    *offset += n as u64;
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_loses_one_line_end_and_nothing_else() {
        for (bytes, expected) in [
            (&b"pa ss \n"[..], Ok("pa ss ")),
            (b"x\r\n", Ok("x")),
            ("pä".as_bytes(), Ok("pä")),
            (b"", Err("is empty")),
            (b"\n", Err("is empty")),
            (b"a\0b", Err("holds a NUL byte")),
            (b"a\nb\n", Err("holds more than one line")),
            (b"\xff", Err("is not UTF-8 text")),
        ] {
            assert_eq!(parse_secret(bytes).as_ref().map(|s| s.as_str()), expected.as_ref().map(|s| *s));
        }
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused() {
        assert_eq!(open_regular(Path::new("/")).unwrap_err().kind(), Kind::BadFile);
        assert_eq!(open_regular(Path::new("/dev/null")).unwrap_err().kind(), Kind::BadFile);
        assert_eq!(open_regular(Path::new("/nowhere")).unwrap_err().kind(), Kind::NoFile);
    }
}
