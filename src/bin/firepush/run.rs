//! `firepush run`.

use std::io::IsTerminal;
use std::process::ExitCode;

use firepush::error::{Kind, Result};
use firepush::settings::{Configuration, Verb};
use firepush::unattended::{Event as Happening, Outcome, Preview, Run};

use crate::events::{Event, Output, pause, sent_event};
use crate::person::Person;
use crate::{logger, report, signals};

/// Does the jobs and what the spool holds.
pub fn run(configuration: &Configuration, jobs: &[String]) -> ExitCode {
    logger::start(&configuration.settings, Verb::Run);
    let output = Output::new(&configuration.settings);
    let done = if configuration.settings.line.dry_run {
        preview(configuration, jobs, output)
    } else {
        deliver(configuration, jobs, output)
    };
    done.unwrap_or_else(|error| output.fail(&error))
}

fn deliver(configuration: &Configuration, jobs: &[String], output: Output) -> Result<ExitCode> {
    let stop = signals::stop()?;
    let mut person = Person::new(&configuration.settings);
    let run = Run::new(configuration, &stop).only(jobs).inspect_err(|error| person.tell_error(error))?;
    let run = if is_watched() { run.attended() } else { run };
    let mut met = None;
    let outcome = run.run(&mut |happening| {
        for_a_person(&mut person, &happening);
        if let Happening::Kept { error, .. } | Happening::Failed { error, .. } | Happening::Skipped { error, .. } =
            &happening
        {
            met = Some(error.clone());
        }
        tell(output, happening);
    });
    match &outcome {
        Ok(Outcome { reason: Some(error), .. }) | Err(error) => person.tell_error(error),
        Ok(Outcome { not_due: Some((kind, text)), .. }) => person.tell_stored(*kind, text),
        Ok(_) => {}
    }
    let is_elsewhere = outcome.as_ref().is_ok_and(|outcome| outcome.is_elsewhere);
    if report::is_wanted(&configuration.settings) && !is_elsewhere {
        report::write(&configuration.settings, &outcome, met.as_ref(), &run.status().unwrap_or_default());
    }
    let code = outcome.map(|outcome| conclude(output, &outcome, is_watched()));
    if !is_elsewhere {
        person.finish();
    }
    code
}

fn is_watched() -> bool {
    std::io::stdin().is_terminal() || std::io::stderr().is_terminal()
}

fn for_a_person(person: &mut Person, happening: &Happening) {
    match happening {
        Happening::Failed { id, path, error, .. } => {
            person.tell(format!("failed {id}"), &format!("{path}: {error}; `firepush retry {id}` brings it back"));
        }
        Happening::Dropped { .. } => {
            person.tell("dropped", "the spool was full: files were dropped (`firepush status`)")
        }
        Happening::Skipped { error, .. } => person.tell_error(error),
        _ => {}
    }
}

/// Why nothing was sent, if nothing was; to who watches, also that nothing was tried.
pub fn conclude(output: Output, outcome: &Outcome, is_watched: bool) -> ExitCode {
    let waiting = if outcome.waiting == 1 { "1 file waits".into() } else { format!("{} files wait", outcome.waiting) };
    match (&outcome.reason, &outcome.not_due) {
        (Some(reason), _) if reason.kind() == Kind::Stopped => {}
        (Some(reason), _) => output.complain(&format!("{reason}; {waiting}")),
        (None, Some((_, reason))) if is_watched => {
            output.complain(&format!("not tried now: {reason}; {waiting} (`firepush run --now` tries it)"));
        }
        (None, None) if is_watched && outcome.untried > 0 => {
            output.complain(&format!("{waiting}: `firepush status` says for what, and how long"));
        }
        _ => {}
    }
    let event = Event::new("done").number("sent", outcome.sent).number("waiting", outcome.waiting);
    output.emit(event.number("code", outcome.exit_code().into()));
    ExitCode::from(outcome.exit_code())
}

/// One event, for programs or for people.
pub fn tell(output: Output, happening: Happening) {
    match happening {
        Happening::Sent { id, path, delivery } => {
            output.emit(sent_event(&delivery).text("entry", &id).text("path", &path));
        }
        Happening::Kept { id, path, to, error, next } => {
            let event = Event::new("kept").text("entry", &id).text("path", &path).text("to", &to.to_string());
            output.emit(event.seconds("next", next).error(&error));
            output.complain(&format!("{path}: {error}; kept for retry, next in {}", pause(next)));
        }
        Happening::Failed { id, path, to, error, is_kept } => {
            let event = Event::new("failed").text("entry", &id).text("path", &path).text("to", &to.to_string());
            output.emit(event.error(&error));
            let how = if is_kept { format!("; given up, `firepush retry {id}` brings it back") } else { String::new() };
            output.complain(&format!("{path}: {error}{how}"));
        }
        Happening::Queued { id, name, size, to } => {
            let event = Event::new("queued").text("entry", &id).text("name", &name).number("size", size);
            output.emit(event.text("to", &to.to_string()));
        }
        Happening::Skipped { what, error } => {
            output.emit(Event::new("skipped").text("name", &what).error(&error));
            output.complain(&format!("{what} was skipped: {error}"));
        }
        Happening::Dropped { files } => {
            output.emit(Event::new("dropped").number("files", files));
            output.complain(&format!("the spool was full: {files} dropped"));
        }
        _ => {}
    }
}

fn preview(configuration: &Configuration, jobs: &[String], output: Output) -> Result<ExitCode> {
    let stop = signals::stop()?;
    if configuration.jobs.is_empty() {
        output.say("no job is configured: a [JOB] with files = and to = makes one");
    }
    for Preview { path, to, name, how, why_not, .. } in Run::new(configuration, &stop).only(jobs)?.preview()? {
        let to = to.map(|to| to.to_string()).unwrap_or_default();
        let event = Event::new("preview").text("path", &path).text("to", &to).text("name", &name);
        match why_not {
            None => {
                output.emit(event.text("method", how));
                output.say(&format!("{path}: would go to {to} as {name} by {how}"));
            }
            Some(why) => {
                output.emit(event.text("why_not", &why));
                let to = if to.is_empty() { to } else { format!(" to {to}") };
                output.say(&format!("{path}: would not go{to}: {why}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
