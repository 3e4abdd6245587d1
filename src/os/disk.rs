//! What a file system has room for, and whether it takes anything.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The size of the file system, in bytes.
pub fn capacity(path: &Path) -> io::Result<u64> {
    let info = about(path)?;
    Ok((info.f_blocks as u64).saturating_mul(info.f_frsize as u64))
}

/// An error when the file system is read-only now: flash that fails is remounted so.
///
/// # Errors
/// Of asking, and [`io::ErrorKind::ReadOnlyFilesystem`].
pub fn takes_writes(path: &Path) -> io::Result<()> {
    if about(path)?.f_flag & libc::ST_RDONLY == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EROFS)) }
}

/// An error when we have no right to write there.
///
/// # Errors
/// Of asking, and [`io::ErrorKind::PermissionDenied`].
pub fn may_write(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the path is a live C string.
    let may = unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK | libc::X_OK, libc::AT_EACCESS) };
    if may == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn about(path: &Path) -> io::Result<libc::statvfs> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the path is a live C string, and the struct is plain data that the call fills.
    unsafe {
        let mut info: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(path.as_ptr(), &mut info) == 0 { Ok(info) } else { Err(io::Error::last_os_error()) }
    }
}
