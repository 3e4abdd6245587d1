//! `firepush status`, `firepush retry`, `firepush drop`.

use std::process::ExitCode;
use std::time::Duration;

use firepush::Stop;
use firepush::error::Result;
use firepush::settings::{Configuration, Verb};
use firepush::unattended::{Run, Status, Waiting};

use crate::events::{Event, Output, pause};
use crate::logger;

/// Lists what waits and what was given up.
pub fn status(configuration: &Configuration) -> ExitCode {
    with_run(configuration, |run, output| {
        let status = run.status()?;
        let common = status.server.as_ref().map(|(what, _)| what.as_str()).unwrap_or_default();
        status.files.iter().for_each(|file| list(output, file, common));
        conclude(output, &status);
        Ok(())
    })
}

/// Makes what waits due.
pub fn retry(configuration: &Configuration, ids: &[String]) -> ExitCode {
    with_run(configuration, |run, output| {
        let count = run.retry(ids)?;
        output.emit(Event::new("retry").number("files", count as u64));
        output.say(&format!("{count} due; the next run sends them"));
        Ok(())
    })
}

/// Forgets what waits.
pub fn forget(configuration: &Configuration, ids: &[String]) -> ExitCode {
    with_run(configuration, |run, output| {
        let count = run.forget(ids)?;
        output.emit(Event::new("dropped").number("files", count as u64));
        output.say(&format!("{count} dropped"));
        Ok(())
    })
}

fn with_run(configuration: &Configuration, act: impl FnOnce(&Run<'_>, Output) -> Result<()>) -> ExitCode {
    logger::start(&configuration.settings, Verb::Status);
    let output = Output::new(&configuration.settings);
    match Stop::new().and_then(|stop| act(&Run::new(configuration, &stop), output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.fail(&error),
    }
}

/// What is said below of all is not said of each.
fn list(output: Output, file: &Waiting, common: &str) {
    let to = file.to.as_ref().map(|to| to.to_string()).unwrap_or_default();
    let event = Event::new(if file.is_failed { "failed" } else { "waiting" }).text("entry", &file.id);
    let event = event.text("path", &file.path).text("to", &to).number("size", file.size);
    let event = event.number("attempts", file.attempts.into()).number("next", file.next);
    output.emit(event.text("message", &file.what));
    let when = match (file.is_failed, file.next) {
        (true, _) => "given up".into(),
        (false, 0) => "due".into(),
        (false, next) => format!("in {}", pause(Duration::from_secs(next))),
    };
    output.say(&format!("{}  {when:>9}  {} to {to}", file.id, file.path));
    if !file.what.is_empty() && file.what != common {
        output.say(&format!("    {}", file.what));
    }
}

fn conclude(output: Output, status: &Status) {
    let failed = status.files.iter().filter(|file| file.is_failed).count();
    let waiting = status.files.len() - failed;
    let mut event = Event::new("status").number("waiting", waiting as u64).number("failed", failed as u64);
    event = event.number("dropped", status.dropped);
    if let Some((what, next)) = &status.server {
        output.say(&format!("nothing is sent for {}: {what}", pause(Duration::from_secs(*next))));
        event = event.text("message", what).number("next", *next);
    }
    output.emit(event);
    output.say(&format!("{waiting} waiting, {failed} given up, {} dropped", status.dropped));
}
