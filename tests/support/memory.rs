//! How much memory a process takes.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Measures so often, in KiB.
pub fn median<const RUNS: usize>(mut measure: impl FnMut() -> u64) -> u64 {
    let mut peaks = [(); RUNS].map(|()| measure());
    peaks.sort_unstable();
    println!("{peaks:?} KiB");
    peaks[RUNS / 2]
}

/// Runs it without address randomisation; the peak of its resident memory in KiB.
pub fn peak_of(mut command: Command) -> u64 {
    // SAFETY: both are plain system calls, which may be made between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
            libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
            Ok(())
        });
    }
    let mut child = command.spawn().expect("the release binary starts");
    let peak = peak_at_exit(libc::pid_t::try_from(child.id()).expect("a process id"));
    assert!(child.wait().expect("it ends").success(), "the send failed");
    peak
}

/// Stops the process in its exit, where its memory is still there to be looked at. (What getrusage tells includes
/// the memory of the process that it was forked from.)
fn peak_at_exit(pid: libc::pid_t) -> u64 {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is that of a live int; the process is our child.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid, "waitpid");
        assert!(libc::WIFSTOPPED(status), "it ended without a stop");
        if status >> 16 == libc::PTRACE_EVENT_EXIT {
            let peak = high_water_mark(pid);
            // SAFETY: as below.
            unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, 0, 0) };
            return peak;
        }
        let signal = libc::WSTOPSIG(status);
        let pass = if signal == libc::SIGTRAP { 0 } else { signal };
        // SAFETY: the process is stopped and traced by this thread.
        unsafe {
            libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, libc::PTRACE_O_TRACEEXIT);
            libc::ptrace(libc::PTRACE_CONT, pid, 0, pass);
        }
    }
}

fn high_water_mark(pid: libc::pid_t) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is stopped");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory is still there");
    line.trim_end_matches("kB").trim().parse().expect("a number")
}
