//! Whether some process has a file open for writing.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use super::thread;
use crate::base::error::{Error, Kind, Result};

/// Does something while nobody has the file open for writing: who opens it meanwhile waits until it is done, where
/// the file system knows leases. `None` when somebody has it open, or that can't be found out.
pub fn while_nobody_writes<T: Send + 'static>(
    file: File,
    act: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>> {
    // On a thread of its own: who opens the file meanwhile makes the kernel send SIGIO, to this thread alone, which
    // blocks it and ends.
    let watched = thread::work_out("firepush-lease", move || match lease(&file) {
        Lease::Held => Some(act()),
        Lease::Written => None,
        Lease::Unknown => (writers_by_proc(&file) == Some(false)).then(act),
    })?;
    watched.join().ok_or_else(|| Error::new(Kind::Bug, "looking for writers of a file failed"))
}

enum Lease {
    Held,
    Written,
    Unknown,
}

/// Takes a read lease (fcntl(2)), which is refused while the file is open for writing. It goes with the descriptor.
fn lease(file: &File) -> Lease {
    #[repr(C)]
    struct Owner {
        kind: libc::c_int,
        id: libc::pid_t,
    }
    const F_SETOWN_EX: libc::c_int = 15;
    const F_OWNER_TID: libc::c_int = 0;
    let fd = file.as_raw_fd();
    // SAFETY: gettid has no arguments; the struct lives through the call and is laid out as `struct f_owner_ex`.
    let taken = unsafe {
        let owner = Owner { kind: F_OWNER_TID, id: libc::syscall(libc::SYS_gettid) as libc::pid_t };
        libc::fcntl(fd, F_SETOWN_EX, &owner) == 0 && libc::fcntl(fd, libc::F_SETLEASE, libc::F_RDLCK) == 0
    };
    match io::Error::last_os_error().raw_os_error() {
        _ if taken => Lease::Held,
        Some(libc::EAGAIN) => Lease::Written,
        _ => Lease::Unknown,
    }
}

/// `None` when a process can't be looked into: it could be the one.
fn writers_by_proc(file: &File) -> Option<bool> {
    let wanted = file.metadata().ok()?;
    let mut all_seen = true;
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let path = process.path();
        if !process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let descriptors = match fs::read_dir(path.join("fd")) {
            Ok(descriptors) => descriptors,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(_) => {
                all_seen = false;
                continue;
            }
        };
        for descriptor in descriptors.flatten() {
            let same =
                fs::metadata(descriptor.path()).is_ok_and(|m| (m.dev(), m.ino()) == (wanted.dev(), wanted.ino()));
            let info = path.join("fdinfo").join(descriptor.file_name());
            if same && fs::read_to_string(info).is_ok_and(|info| is_for_writing(&info)) {
                return Some(true);
            }
        }
    }
    all_seen.then_some(false)
}

/// `flags:` in octal, the last two bits of which are the mode.
fn is_for_writing(info: &str) -> bool {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_none_or(|flags| flags & 3 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn some_file() -> PathBuf {
        let path = std::env::temp_dir().join(format!("firepush-writers-{}", super::super::random::token(12).unwrap()));
        fs::write(&path, "x").unwrap();
        path
    }

    #[test]
    fn a_file_that_is_open_for_writing_is_noticed_and_one_that_is_only_read_is_not() {
        let path = some_file();
        let reader = File::open(&path).unwrap();
        assert_eq!(while_nobody_writes(File::open(&path).unwrap(), || 1).unwrap(), Some(1));
        let writer = fs::OpenOptions::new().append(true).open(&path).unwrap();
        assert_eq!(while_nobody_writes(File::open(&path).unwrap(), || 1).unwrap(), None);
        assert_eq!(writers_by_proc(&reader), Some(true));
        drop(writer);
        assert_eq!(while_nobody_writes(File::open(&path).unwrap(), || 1).unwrap(), Some(1));
        assert_ne!(writers_by_proc(&reader), Some(true));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn who_opens_the_file_meanwhile_waits_and_ends_nobody() {
        let path = some_file();
        let opened = path.clone();
        let done = while_nobody_writes(File::open(&path).unwrap(), move || {
            let opener = std::thread::spawn(move || fs::OpenOptions::new().append(true).open(opened).map(|_| ()));
            std::thread::yield_now();
            opener
        });
        done.unwrap().unwrap().join().unwrap().unwrap();
        fs::remove_file(path).unwrap();
    }
}
