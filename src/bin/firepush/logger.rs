//! Log lines: on standard error, or in the device's syslog.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use firepush::error::escape_controls;
use firepush::settings::{LogTo, Settings, Verb};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::syslog::Syslog;

/// Lines of this target are the stream itself.
const WIRE: &str = "firepush::wire";

struct Logger {
    level: LevelFilter,
    wire: bool,
    syslog: Option<Syslog>,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level || (self.wire && metadata.target() == WIRE)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.write(record.level(), &escape_controls(&record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

impl Logger {
    fn write(&self, level: Level, text: &str) {
        let taken = self.syslog.as_ref().is_some_and(|syslog| syslog.say(level, text).is_ok());
        if !taken {
            let level = level.as_str().to_ascii_lowercase();
            let _ = writeln!(std::io::stderr(), "firepush: {level}: {text}");
        }
    }
}

/// Warnings by default, in the syslog also what happens; `-q` errors, `-v` what happens, `-vv` why, `-vvv` every
/// stanza.
pub fn start(settings: &Settings, verb: Verb) {
    let syslog = if wants_syslog(settings, verb) { Syslog::open().ok() } else { None };
    let level = match (settings.quiet, settings.verbose, &syslog) {
        (true, ..) => LevelFilter::Error,
        (false, 0, None) => LevelFilter::Warn,
        (false, 0 | 1, _) => LevelFilter::Info,
        (false, 2, _) => LevelFilter::Debug,
        (false, ..) => LevelFilter::Trace,
    };
    let wire = settings.line.wire;
    let logger = LOGGER.get_or_init(|| Logger { level, wire, syslog });
    if log::set_logger(logger).is_ok() {
        log::set_max_level(if wire { LevelFilter::Trace } else { level });
    }
}

/// A run that nobody watches speaks to the syslog, so that cron sends no mail for what cures itself.
fn wants_syslog(settings: &Settings, verb: Verb) -> bool {
    match settings.log {
        LogTo::Stderr => false,
        LogTo::Syslog => true,
        LogTo::Auto => verb == Verb::Run && !std::io::stderr().is_terminal(),
    }
}

/// Whether lines go to the syslog: then standard error is for a person.
pub fn is_syslog() -> bool {
    LOGGER.get().is_some_and(|logger| logger.syslog.is_some())
}

/// A complaint: in the syslog a line of the log, else the last word on standard error.
pub fn complain(text: &str) {
    let text = escape_controls(text);
    match LOGGER.get() {
        Some(logger) if logger.syslog.is_some() => logger.write(Level::Warn, &text),
        _ => {
            let _ = writeln!(std::io::stderr(), "firepush: {text}");
        }
    }
}
