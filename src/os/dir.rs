//! A folder held by its descriptor: what is created in it can't be led elsewhere.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// An open folder.
pub struct Dir(File);

impl Dir {
    pub fn open(path: &Path) -> io::Result<Dir> {
        let dir = File::open(path)?;
        if dir.metadata()?.is_dir() { Ok(Dir(dir)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// Creates a file that didn't exist, never through a link, readable by us alone until it is published.
    pub fn create(&self, name: &str) -> io::Result<File> {
        let name = c_name(name)?;
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        // SAFETY: the name is a live C string; a result that is not negative is a descriptor we own.
        let fd = unsafe { libc::openat(self.0.as_raw_fd(), name.as_ptr(), flags, 0o640 as libc::c_uint) };
        // SAFETY: see above.
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(unsafe { File::from_raw_fd(fd) }) }
    }

    /// Opens a file of this folder for reading, never through a link.
    pub fn open_own(&self, name: &str) -> io::Result<File> {
        let name = c_name(name)?;
        let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
        // SAFETY: the name is a live C string; a result that is not negative is a descriptor we own.
        let fd = unsafe { libc::openat(self.0.as_raw_fd(), name.as_ptr(), flags) };
        // SAFETY: see above.
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(unsafe { File::from_raw_fd(fd) }) }
    }

    /// Gives a file its final name; fails with `AlreadyExists` rather than replace anything.
    pub fn publish(&self, from: &str, to: &str) -> io::Result<()> {
        let (dir, from, to) = (self.0.as_raw_fd(), c_name(from)?, c_name(to)?);
        // SAFETY: both names are live C strings. A hard link never replaces, on every file system that has them.
        if unsafe { libc::linkat(dir, from.as_ptr(), dir, to.as_ptr(), 0) } == 0 {
            // SAFETY: as above. The file has its final name; a second name left behind would be harmless.
            unsafe { libc::unlinkat(dir, from.as_ptr(), 0) };
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        rename_no_replace(dir, &from, &to)
    }

    pub fn remove(&self, name: &str) -> io::Result<()> {
        let name = c_name(name)?;
        // SAFETY: the name is a live C string.
        let result = unsafe { libc::unlinkat(self.0.as_raw_fd(), name.as_ptr(), 0) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Makes names that were added or removed survive a power cut.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// For file systems without hard links (FAT).
fn rename_no_replace(dir: libc::c_int, from: &CString, to: &CString) -> io::Result<()> {
    const RENAME_NOREPLACE: libc::c_uint = 1;
    // SAFETY: both names are live C strings.
    let result = unsafe { libc::syscall(libc::SYS_renameat2, dir, from.as_ptr(), dir, to.as_ptr(), RENAME_NOREPLACE) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Moves a file to another name in the same file system; fails with `AlreadyExists` rather than replace anything.
pub fn move_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists || e.raw_os_error() == Some(libc::EXDEV) => Err(e),
        Err(_) => {
            let name = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput);
            rename_no_replace(libc::AT_FDCWD, &name(from)?, &name(to)?)
        }
    }
}

fn c_name(name: &str) -> io::Result<CString> {
    CString::new(name).map_err(|_| io::ErrorKind::InvalidInput.into())
}
