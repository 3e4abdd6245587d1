//! Running a program of the engineer's: no shell, a deadline, nothing left behind.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;

use super::event::Event;
use super::spawn::{self, Child};
use super::thread;
use super::until::{Ready, Until};
use crate::base::error::{Error, Kind, Result};
use crate::base::task::Program;

/// What takes what a program prints.
pub type Output<'o> = &'o mut dyn FnMut(&[u8]) -> Result<()>;

/// Runs a program with facts in its environment. What it prints goes to `output`, else to our standard error.
///
/// # Errors
/// [`Kind::Program`] when it can't be started, fails, or takes too long: it and all that it started are ended then;
/// [`Kind::Stopped`]; what `output` fails with.
pub fn run(program: &Program, facts: &[(&str, String)], until: &Until, output: Option<Output<'_>>) -> Result<()> {
    let shown = program.path.display();
    let failed = |what: String| Error::new(Kind::Program, format!("{shown} {what}"));
    let not_started = |e| failed(format!("can't be started: {e}"));
    let facts = facts.iter().map(|(name, value)| format!("FIREPUSH_{name}={value}")).collect();
    let (child, output) = match output {
        // Not our standard output: programs must not write between the events there.
        None => (spawn::spawn(program, facts, &io::stderr()).map_err(not_started)?, None),
        Some(output) => {
            let (pipe, end) = spawn::pipe().map_err(not_started)?;
            (spawn::spawn(program, facts, &end).map_err(not_started)?, Some((pipe, output)))
        }
    };
    let mut running = Running::watch(child)?;
    running.copy(until, output).map_err(|e| match e.kind() {
        Kind::Timeout => failed("took too long and was ended (wait_program)".into()),
        _ => e,
    })?;
    match running.child.end().map_err(|e| failed(format!("was lost: {e}")))? {
        status if status.success() => Ok(()),
        status => Err(failed(match (status.code(), status.signal()) {
            (Some(code), _) => format!("ended with {code}"),
            (None, signal) => format!("was ended by signal {}", signal.unwrap_or(0)),
        })),
    }
}

/// A program that is ended with all its children when this is dropped.
struct Running {
    child: Child,
    ended: Arc<Event>,
}

impl Running {
    fn watch(child: Child) -> Result<Running> {
        let ended = Arc::new(Event::new_or_error()?);
        let (told, id) = (Arc::clone(&ended), child.id());
        let running = Running { child, ended };
        thread::spawn("firepush-program", move || {
            spawn::await_end(id);
            told.set();
        })?;
        Ok(running)
    }

    /// Takes what it prints until it ended; what a child of it prints later is not waited for.
    fn copy(&self, until: &Until, output: Option<(File, Output<'_>)>) -> Result<()> {
        let Some((mut pipe, output)) = output else {
            return until.ready(&*self.ended, Ready::Read);
        };
        let mut buffer = [0; 8192];
        let mut open = true;
        loop {
            let ended = match open {
                true => until.any_ready(&[(pipe.as_fd(), Ready::Read), (self.ended.as_fd(), Ready::Read)])? == 1,
                false => until.ready(&*self.ended, Ready::Read).map(|()| true)?,
            };
            match pipe.read(&mut buffer) {
                Ok(0) => open = false,
                Ok(n) => output(&buffer[..n])?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && ended => return Ok(()),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(e) => return Err(until.failed(Kind::Program, "reading from a program failed", e)),
            }
            if !open && ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::waits::{Wait, Waits};
    use crate::os::stop::Stop;
    use crate::os::until::Patience;
    use std::time::Duration;

    fn capped(printed: &mut Vec<u8>, most: usize) -> impl FnMut(&[u8]) -> Result<()> + '_ {
        move |bytes| {
            printed.extend_from_slice(bytes);
            if printed.len() > most { Err(Error::new(Kind::Write, format!("more than {most} bytes"))) } else { Ok(()) }
        }
    }

    fn shell(script: &str, limit: Duration) -> (Result<()>, String) {
        let program = Program { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        let until = Patience::new(&Waits::default(), &Stop::new().unwrap()).until_after(Wait::Program, limit);
        let mut printed = Vec::new();
        let done = run(&program, &[("JOB", "logs".into())], &until, Some(&mut capped(&mut printed, 100_000)));
        (done, String::from_utf8(printed).unwrap())
    }

    #[test]
    fn a_program_hears_the_signals_that_we_hold_back() {
        // SAFETY: the set is initialised by sigemptyset; the mask is that of the thread of this test alone.
        unsafe {
            let mut held = std::mem::zeroed();
            libc::sigemptyset(&mut held);
            libc::sigaddset(&mut held, libc::SIGTERM);
            libc::pthread_sigmask(libc::SIG_BLOCK, &held, std::ptr::null_mut());
        }
        let program =
            Program { path: "/bin/grep".into(), arguments: vec!["SigBlk".into(), "/proc/self/status".into()] };
        let until = Patience::new(&Waits::default(), &Stop::new().unwrap()).until(Wait::Program);
        let mut printed = Vec::new();
        run(&program, &[], &until, Some(&mut capped(&mut printed, 100))).unwrap();
        assert_eq!(String::from_utf8(printed).unwrap(), "SigBlk:\t0000000000000000\n");
    }

    #[test]
    fn what_a_program_prints_is_taken_whole() {
        let (done, printed) =
            shell("echo $FIREPUSH_JOB; head -c 90000 /dev/zero | tr '\\0' x", Duration::from_secs(60));
        done.unwrap();
        assert!(printed.starts_with("logs\nxxx") && printed.len() == 90_005);
    }

    #[test]
    fn a_program_begins_with_an_empty_input_and_can_be_ended_by_a_pipe() {
        let (done, printed) = shell("readlink /proc/self/fd/0; kill -PIPE $$; echo ignored", Duration::from_secs(60));
        assert!(done.unwrap_err().what().contains("signal 13"));
        assert_eq!(printed, "/dev/null\n");
    }

    #[test]
    fn a_program_that_fails_is_told_by_its_code_or_signal() {
        let (done, _) = shell("exit 3", Duration::from_secs(60));
        assert!(done.unwrap_err().what().contains("ended with 3"));
        let (done, _) = shell("kill -9 $$", Duration::from_secs(60));
        assert!(done.unwrap_err().what().contains("signal 9"));
        let (done, _) = shell("head -c 100001 /dev/zero", Duration::from_secs(60));
        assert!(done.unwrap_err().what().contains("100000 bytes"));
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let (done, printed) = shell("sleep 1000 & echo $!; wait", Duration::from_millis(300));
        let error = done.unwrap_err();
        assert!(error.kind() == Kind::Program && error.what().contains("too long"), "{error}");
        let child: i32 = printed.trim().parse().unwrap();
        // SAFETY: signal 0 only asks whether the process is there.
        while unsafe { libc::kill(child, 0) } == 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_child_that_stays_behind_is_not_waited_for() {
        let (done, printed) = shell("sleep 1000 & echo $!", Duration::from_secs(60));
        done.unwrap();
        // SAFETY: the process was started by this test.
        unsafe { libc::kill(printed.trim().parse().unwrap(), libc::SIGKILL) };
    }
}
