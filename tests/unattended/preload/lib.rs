//! Preloaded into firepush by `shim.rs`: counts what changes the files below one folder, and lets one of these calls
//! fail, or be the last thing that the process does. What it is told stands in its environment.
//!
//! ```text
//! FIREPUSH_SHIM_DIR    the folder
//! FIREPUSH_SHIM_LOG    where each call is noted: name, bytes, path
//! FIREPUSH_SHIM_N      the number of the call that is meant
//! FIREPUSH_SHIM_DEED   kill-before, kill-after; fail: this call; full: it and all that need room after it;
//!                      short: as full, but half of the first one is written
//! FIREPUSH_SHIM_ERRNO  with what it fails
//! ```

use std::env;
use std::ffi::{CStr, OsString, c_char, c_int, c_uint, c_void};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const RTLD_NEXT: *mut c_void = -1isize as *mut c_void;
const AT_FDCWD: c_int = -100;
const O_CREAT: c_int = 0o100;
const SIGKILL: c_int = 9;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn getpid() -> c_int;
    fn pause() -> c_int;
    fn __errno_location() -> *mut c_int;
}

#[repr(C)]
pub struct Piece {
    start: *const c_void,
    length: usize,
}

struct Plan {
    folder: PathBuf,
    /// The same without links, as the system names open files.
    real: PathBuf,
    log: OsString,
    number: u64,
    deed: String,
    errno: c_int,
}

static CALLS: AtomicU64 = AtomicU64::new(0);

/// `None` for a process that nobody watches.
fn plan() -> Option<&'static Plan> {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let plan = PLAN.get_or_init(|| {
        let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(0);
        let folder = PathBuf::from(env::var_os("FIREPUSH_SHIM_DIR")?);
        Some(Plan {
            real: folder.canonicalize().unwrap_or_default(),
            folder,
            log: env::var_os("FIREPUSH_SHIM_LOG")?,
            number: number("FIREPUSH_SHIM_N"),
            deed: env::var("FIREPUSH_SHIM_DEED").unwrap_or_default(),
            errno: number("FIREPUSH_SHIM_ERRNO") as c_int,
        })
    });
    plan.as_ref()
}

/// The real call of that name.
fn real<F: Copy>(name: &CStr) -> F {
    unsafe {
        let found = dlsym(RTLD_NEXT, name.as_ptr());
        assert!(!found.is_null() && size_of::<F>() == size_of::<*mut c_void>());
        std::mem::transmute_copy(&found)
    }
}

fn path_of(fd: c_int) -> PathBuf {
    let path = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default();
    let below = plan().and_then(|plan| Some(plan.folder.join(path.strip_prefix(&plan.real).ok()?)));
    below.unwrap_or(path)
}

/// The path that a call means.
fn path_at(folder: c_int, path: *const c_char) -> PathBuf {
    let path = PathBuf::from(OsString::from(std::ffi::OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes())));
    if path.is_absolute() || folder == AT_FDCWD { path } else { path_of(folder).join(path) }
}

fn die() -> ! {
    unsafe {
        kill(getpid(), SIGKILL);
        loop {
            pause();
        }
    }
}

/// What a call is: its name, what it is about, how many bytes, and whether it needs room on the disk.
struct Call {
    name: &'static str,
    path: PathBuf,
    bytes: usize,
    grows: bool,
}

/// Notes a call and makes it, or not. `make` is told how many bytes it may write.
fn watch(call: Call, make: impl Fn(usize) -> isize) -> isize {
    let Some(plan) = plan().filter(|plan| call.path.starts_with(&plan.folder)) else { return make(call.bytes) };
    let number = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    let line = format!("{} {} {}\n", call.name, call.bytes, call.path.display());
    let log = OpenOptions::new().append(true).create(true).open(&plan.log);
    log.and_then(|mut log| log.write_all(line.as_bytes())).expect("the log of the shim");
    let fail = || unsafe {
        *__errno_location() = plan.errno;
        -1
    };
    let (is_meant, is_behind) = (number == plan.number, number >= plan.number && call.grows);
    match plan.deed.as_str() {
        "kill-before" if is_meant => die(),
        "kill-after" if is_meant => {
            make(call.bytes);
            die()
        }
        "fail" if is_meant => fail(),
        "short" if is_meant && call.bytes > 1 => make(call.bytes / 2),
        "full" | "short" if is_behind => fail(),
        _ => make(call.bytes),
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn write(fd: c_int, bytes: *const c_void, length: usize) -> isize {
    let make = real::<extern "C" fn(c_int, *const c_void, usize) -> isize>(c"write");
    let call = Call { name: "write", path: path_of(fd), bytes: length, grows: true };
    watch(call, |length| make(fd, bytes, length))
}

#[unsafe(no_mangle)]
pub extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, length: usize, at: i64) -> isize {
    let make = real::<extern "C" fn(c_int, *const c_void, usize, i64) -> isize>(c"pwrite64");
    let call = Call { name: "write", path: path_of(fd), bytes: length, grows: true };
    watch(call, |length| make(fd, bytes, length, at))
}

/// # Safety
/// As writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, pieces: *const Piece, count: c_int) -> isize {
    let make = real::<extern "C" fn(c_int, *const Piece, c_int) -> isize>(c"writev");
    let bytes = unsafe { std::slice::from_raw_parts(pieces, count as usize) }.iter().map(|piece| piece.length).sum();
    let call = Call { name: "write", path: path_of(fd), bytes, grows: true };
    watch(call, |_| make(fd, pieces, count))
}

fn open_at(name: &CStr, folder: Option<c_int>, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let make = || match folder {
        Some(folder) => {
            real::<extern "C" fn(c_int, *const c_char, c_int, ...) -> c_int>(name)(folder, path, flags, mode) as isize
        }
        None => real::<extern "C" fn(*const c_char, c_int, ...) -> c_int>(name)(path, flags, mode) as isize,
    };
    if flags & O_CREAT == 0 {
        return make() as c_int;
    }
    let path = path_at(folder.unwrap_or(AT_FDCWD), path);
    let grows = !path.exists();
    watch(Call { name: "create", path, bytes: 0, grows }, |_| make()) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    open_at(c"open", None, path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    open_at(c"open64", None, path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    open_at(c"openat", Some(folder), path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    open_at(c"openat64", Some(folder), path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn mkdir(path: *const c_char, mode: c_uint) -> c_int {
    let make = real::<extern "C" fn(*const c_char, c_uint) -> c_int>(c"mkdir");
    let call = Call { name: "mkdir", path: path_at(AT_FDCWD, path), bytes: 0, grows: true };
    watch(call, |_| make(path, mode) as isize) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let make = real::<extern "C" fn(*const c_char, *const c_char) -> c_int>(c"rename");
    let call = Call { name: "rename", path: path_at(AT_FDCWD, to), bytes: 0, grows: false };
    watch(call, |_| make(from, to) as isize) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn linkat(from: c_int, old: *const c_char, to: c_int, new: *const c_char, flags: c_int) -> c_int {
    type Real = extern "C" fn(c_int, *const c_char, c_int, *const c_char, c_int) -> c_int;
    let make = real::<Real>(c"linkat");
    let call = Call { name: "link", path: path_at(to, new), bytes: 0, grows: true };
    watch(call, |_| make(from, old, to, new, flags) as isize) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn link(old: *const c_char, new: *const c_char) -> c_int {
    let make = real::<extern "C" fn(*const c_char, *const c_char) -> c_int>(c"link");
    let call = Call { name: "link", path: path_at(AT_FDCWD, new), bytes: 0, grows: true };
    watch(call, |_| make(old, new) as isize) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn unlink(path: *const c_char) -> c_int {
    let make = real::<extern "C" fn(*const c_char) -> c_int>(c"unlink");
    let call = Call { name: "unlink", path: path_at(AT_FDCWD, path), bytes: 0, grows: false };
    watch(call, |_| make(path) as isize) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    let make = real::<extern "C" fn(c_int, *const c_char, c_int) -> c_int>(c"unlinkat");
    let call = Call { name: "unlink", path: path_at(folder, path), bytes: 0, grows: false };
    watch(call, |_| make(folder, path, flags) as isize) as c_int
}

fn settled(name: &'static str, real_name: &CStr, fd: c_int) -> c_int {
    let make = real::<extern "C" fn(c_int) -> c_int>(real_name);
    watch(Call { name, path: path_of(fd), bytes: 0, grows: false }, |_| make(fd) as isize) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    settled("fsync", c"fsync", fd)
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    settled("fsync", c"fdatasync", fd)
}
