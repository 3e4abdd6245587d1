//! A device whose clock starts in 1970: a library that is preloaded into firepush.

use std::fs;
use std::process::Command;

use crate::support::files;
use tempfile::TempDir;

const SOURCE: &str = r#"
#[repr(C)]
pub struct Timespec { seconds: i64, nanoseconds: i64 }
unsafe extern "C" { fn syscall(number: i64, ...) -> i64; }
const SYS_CLOCK_GETTIME: i64 = if cfg!(target_arch = "x86_64") { 228 } else { 113 };

/// # Safety
/// As clock_gettime(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: i32, time: *mut Timespec) -> i32 {
    unsafe {
        let done = syscall(SYS_CLOCK_GETTIME, clock, time);
        if clock == 0 { (*time).seconds = 1000; }
        done as i32
    }
}
"#;

/// A folder that holds the library, `clock.so`.
pub fn of_1970() -> TempDir {
    let folder = files::folder();
    let (source, library) = (folder.path().join("clock.rs"), folder.path().join("clock.so"));
    fs::write(&source, SOURCE).expect("a source");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(compiler);
    rustc.args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", "clock", "-o"]);
    let done = rustc.arg(&library).arg(&source).output().expect("rustc starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    folder
}
