//! Starting a program and waiting for it. `std::process` would do, but costs a device 14 kB more.

use std::ffi::{CString, OsStr, c_char, c_int};
use std::fs::File;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr::null_mut;

use crate::base::task::Program;

/// A program in a process group of its own. All of the group is killed when this is dropped before the end was taken.
pub struct Child {
    id: libc::pid_t,
    is_taken: bool,
}

/// Starts a program with more in its environment (`NAME=value`). Its input is empty, its output goes to `stdout`.
///
/// # Errors
/// What the system says.
pub fn spawn(program: &Program, more: Vec<String>, stdout: &impl AsRawFd) -> io::Result<Child> {
    let mut words = vec![program.path.as_os_str().as_bytes().to_vec()];
    words.extend(program.arguments.iter().map(|argument| argument.as_bytes().to_vec()));
    let (argv, envp) = (List::new(words)?, List::new(environment(more))?);
    // SAFETY: both lists end with a null, what they point to lives longer than the call, and the first has an element.
    let id = unsafe { start(&argv.pointers, &envp.pointers, stdout.as_raw_fd()) }?;
    Ok(Child { id, is_taken: false })
}

/// Ours without what is named as something in `more`, and that.
fn environment(more: Vec<String>) -> Vec<Vec<u8>> {
    let is_more = |name: &OsStr| {
        more.iter().any(|fact| fact.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    };
    let mut all = Vec::new();
    for (name, value) in std::env::vars_os() {
        if !is_more(&name) {
            all.push([name.as_bytes(), b"=", value.as_bytes()].concat());
        }
    }
    all.extend(more.into_iter().map(String::into_bytes));
    all
}

/// Strings as C wants them: pointers with a null behind them.
struct List {
    pointers: Vec<*mut c_char>,
    /// What they point to.
    _strings: Vec<CString>,
}

impl List {
    fn new(strings: Vec<Vec<u8>>) -> io::Result<List> {
        let mut list = List { pointers: Vec::new(), _strings: Vec::new() };
        for string in strings {
            let string = CString::new(string)?;
            list.pointers.push(string.as_ptr().cast_mut());
            list._strings.push(string);
        }
        list.pointers.push(null_mut());
        Ok(list)
    }
}

/// # Safety
/// The lists are as `posix_spawn` wants them, with a program in front of `argv`.
unsafe fn start(argv: &[*mut c_char], envp: &[*mut c_char], stdout: c_int) -> io::Result<libc::pid_t> {
    // SAFETY: what is used was initialised by the calls before, and is destroyed once, whatever they gave.
    unsafe {
        // glibc before 2.24 starts a child first, which then ends with 127.
        if cfg!(target_env = "gnu") && libc::access(argv[0], libc::X_OK) != 0 {
            return Err(io::Error::last_os_error());
        }
        let (mut actions, mut attributes, mut id) = (zeroed(), zeroed(), 0);
        checked(libc::posix_spawn_file_actions_init(&mut actions))?;
        let done = checked(libc::posix_spawnattr_init(&mut attributes)).and_then(|()| {
            let done = prepare(&mut actions, &mut attributes, stdout).and_then(|()| {
                checked(libc::posix_spawn(&mut id, argv[0], &actions, &attributes, argv.as_ptr(), envp.as_ptr()))
            });
            libc::posix_spawnattr_destroy(&mut attributes);
            done
        });
        libc::posix_spawn_file_actions_destroy(&mut actions);
        done.map(|()| id)
    }
}

/// # Safety
/// Both are initialised.
unsafe fn prepare(
    actions: &mut libc::posix_spawn_file_actions_t,
    attributes: &mut libc::posix_spawnattr_t,
    stdout: c_int,
) -> io::Result<()> {
    // SAFETY: the sets are initialised by sigemptyset.
    unsafe {
        // Ours may hold back TERM, INT and HUP; a daemon that the program starts again would never hear them.
        let (mut none, mut defaults) = (zeroed(), zeroed());
        libc::sigemptyset(&mut none);
        checked(libc::posix_spawnattr_setsigmask(attributes, &none))?;
        // Rust ignores SIGPIPE; a program that was started with it ignored would go on for ever.
        libc::sigemptyset(&mut defaults);
        libc::sigaddset(&mut defaults, libc::SIGPIPE);
        checked(libc::posix_spawnattr_setsigdefault(attributes, &defaults))?;
        checked(libc::posix_spawnattr_setpgroup(attributes, 0))?;
        let flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETPGROUP;
        checked(libc::posix_spawnattr_setflags(attributes, flags as libc::c_short))?;
        // The output first: its descriptor may be 0.
        checked(libc::posix_spawn_file_actions_adddup2(actions, stdout, libc::STDOUT_FILENO))?;
        let null = c"/dev/null".as_ptr();
        checked(libc::posix_spawn_file_actions_addopen(actions, libc::STDIN_FILENO, null, libc::O_RDONLY, 0))
    }
}

/// These give the error instead of setting `errno`.
fn checked(error: c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

impl Child {
    pub fn id(&self) -> libc::pid_t {
        self.id
    }

    /// Waits for its end and takes it.
    ///
    /// # Errors
    /// What the system says: it was taken already.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.is_taken = true;
        let mut status = 0;
        // SAFETY: the status is written to a place of ours.
        while unsafe { libc::waitpid(self.id, &mut status, 0) } < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(ExitStatus::from_raw(status))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_taken {
            // With glibc before 2.24 it may not have its group yet.
            // SAFETY: the child was not waited for yet, so its id and its group are still its own.
            unsafe {
                libc::kill(-self.id, libc::SIGKILL);
                libc::kill(self.id, libc::SIGKILL);
            }
            let _ = self.end();
        }
    }
}

/// Waits without taking the status, so that the id stays that of the child.
pub fn await_end(id: libc::pid_t) {
    // SAFETY: the struct is plain data that the call fills.
    unsafe {
        let mut info: libc::siginfo_t = zeroed();
        while libc::waitid(libc::P_PID, id as libc::id_t, &mut info, libc::WEXITED | libc::WNOWAIT) != 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
}

/// A pipe: an end to read from without waiting, and an end for a program.
///
/// # Errors
/// What the system says: no descriptor is left.
pub fn pipe() -> io::Result<(File, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: two descriptors fit in, and are ours when it succeeds.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        libc::fcntl(ends[0], libc::F_SETFL, libc::O_NONBLOCK);
        Ok((File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_takes_the_place_of_what_is_named_so() {
        let all = environment(vec!["PATH=ours".into(), "PATHS=more".into()]);
        let paths = all.iter().filter(|fact| fact.starts_with(b"PATH=")).collect::<Vec<_>>();
        assert_eq!(paths, [b"PATH=ours"]);
        assert_eq!(all.len(), std::env::vars_os().count() + 1);
    }

    #[test]
    fn a_program_that_can_not_be_started_says_why() {
        let started = |path: &str, argument: &str| {
            let program = Program { path: path.into(), arguments: vec![argument.into()] };
            spawn(&program, vec![], &io::stderr()).map(|_| ()).unwrap_err().kind()
        };
        assert_eq!(started("/proc/self/no-such-program", ""), io::ErrorKind::NotFound);
        assert_eq!(started("/proc/self/status", ""), io::ErrorKind::PermissionDenied);
        assert_eq!(started("/bin/sh", "a\0b"), io::ErrorKind::InvalidInput);
    }
}
