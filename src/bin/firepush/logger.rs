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
    /// Nobody reads standard error but cron, which mails it.
    unattended: bool,
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
    let unattended = syslog.is_some() && is_unwatched(settings, verb);
    let logger = LOGGER.get_or_init(|| Logger { level, wire, syslog, unattended });
    if log::set_logger(logger).is_ok() {
        log::set_max_level(if wire { LevelFilter::Trace } else { level });
    }
}

/// A run that nobody watches speaks to the syslog, so that cron sends no mail for what cures itself.
fn wants_syslog(settings: &Settings, verb: Verb) -> bool {
    match settings.log {
        LogTo::Stderr => false,
        LogTo::Syslog => true,
        LogTo::Auto => is_unwatched(settings, verb),
    }
}

fn is_unwatched(settings: &Settings, verb: Verb) -> bool {
    verb == Verb::Run && !settings.line.dry_run && !std::io::stderr().is_terminal()
}

/// Whether the syslog has all, and standard error is for what a person must know.
pub fn is_unattended() -> bool {
    LOGGER.get().is_some_and(|logger| logger.unattended)
}

/// A complaint: the last word on standard error; of a run that nobody watches, a line of the syslog instead.
pub fn complain(text: &str) {
    let text = escape_controls(text);
    if let Some(syslog) = LOGGER.get().and_then(|logger| logger.syslog.as_ref()) {
        let told = syslog.say(Level::Warn, &text).is_ok();
        if told && is_unattended() {
            return;
        }
    }
    let _ = writeln!(std::io::stderr(), "firepush: {text}");
}
