//! Log lines on standard error.

use std::io::Write;

use firepush::error::escape_controls;
use firepush::settings::Settings;
use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let level = record.level().as_str().to_ascii_lowercase();
            let text = escape_controls(&record.args().to_string());
            let _ = writeln!(std::io::stderr(), "firepush: {level}: {text}");
        }
    }

    fn flush(&self) {}
}

/// Warnings by default; `-q` none, `-v` what happens, `-vv` why, `-vvv` every stanza.
pub fn start(settings: &Settings) {
    let level = match (settings.quiet, settings.verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, 2) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
