//! `firepush doctor`.

use std::io::IsTerminal;
use std::process::ExitCode;

use firepush::error::escape_controls;
use firepush::examination::{Doctor, Finding, Level};
use firepush::settings::{Configuration, Verb};

use crate::events::{Event, Output, write_out};
use crate::{logger, signals};

/// Says what is wrong, line by line.
pub fn run(configuration: &Configuration) -> ExitCode {
    logger::start(&configuration.settings, Verb::Doctor);
    let output = Output::new(&configuration.settings);
    let mut counts = [0u64; 3];
    let mut tell = |finding: &Finding| {
        counts[finding.level as usize] += 1;
        output.emit(event(finding));
        if !(output.json || output.quiet && finding.level == Level::Ok) {
            write_out(&(line(finding) + "\n"));
        }
    };
    let outcome = signals::stop().and_then(|stop| Doctor::new(configuration, &stop).examine(&mut tell));
    let code = outcome.as_ref().map_or_else(|error| error.exit_code(), |()| 0);
    let [ok, warn, fail] = counts;
    output.emit(
        Event::new("done").number("ok", ok).number("warn", warn).number("fail", fail).number("code", code.into()),
    );
    output.say(&format!("{ok} ok, {warn} warn, {fail} fail"));
    ExitCode::from(code)
}

fn event(finding: &Finding) -> Event {
    let event = Event::new("check").text("check", finding.check).text("level", finding.level.name());
    let event = event.text("text", &finding.text).text("advice", &finding.advice);
    match &finding.error {
        Some(error) => event.text("kind", error.kind().name()).number("code", error.exit_code().into()),
        None => event,
    }
}

fn line(finding: &Finding) -> String {
    let (name, text) = (finding.level.name(), escape_controls(&finding.text));
    let shown = match (std::io::stdout().is_terminal(), finding.level) {
        (false, _) => format!("{name:4}"),
        (true, Level::Ok) => format!("\x1b[32m{name:4}\x1b[0m"),
        (true, Level::Warn) => format!("\x1b[33m{name:4}\x1b[0m"),
        (true, Level::Fail) => format!("\x1b[31m{name:4}\x1b[0m"),
    };
    let advice = escape_controls(&finding.advice);
    let advice = if advice.is_empty() { advice } else { format!("\n                → {advice}") };
    format!("{shown}  {:9} {text}{advice}", finding.check)
}
