//! What a run came to, for programs that watch the device: a status file, and metrics for Prometheus.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use firepush::Error;
use firepush::error::Result;
use firepush::settings::Settings;
use firepush::unattended::{Outcome, Status};

use crate::events::Event;

/// The figures of a run.
struct Report {
    code: u8,
    /// Seconds since 1970.
    last_run: u64,
    last_success: u64,
    sent: u64,
    waiting: u64,
    failed: u64,
    spool_bytes: u64,
    dropped: u64,
    /// Why something waits or was given up; of the last run for which there was a reason.
    error: Option<(String, String)>,
}

/// Whether somebody wants to know.
pub fn is_wanted(settings: &Settings) -> bool {
    settings.status_file.is_some() || settings.metrics_file.is_some()
}

/// Writes what is wanted; what goes wrong with it is a warning, for the files have been sent.
pub fn write(settings: &Settings, outcome: &Result<Outcome>, status: &Status) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let before = settings.status_file.as_ref().map(|path| fs::read_to_string(path).unwrap_or_default());
    let report = Report::new(outcome, status, now, &before.unwrap_or_default());
    let wanted = [(&settings.status_file, report.json()), (&settings.metrics_file, report.metrics())];
    for (path, text) in wanted.iter().filter_map(|(path, text)| Some((path.as_ref()?, text))) {
        if let Err(e) = exchange(path, text) {
            log::warn!("can't write {}: {e}", path.display());
        }
    }
}

impl Report {
    fn new(outcome: &Result<Outcome>, status: &Status, now: u64, before: &str) -> Report {
        let (code, sent, error) = match outcome {
            Ok(outcome) => (outcome.exit_code(), outcome.sent, outcome.failed.as_ref().or(outcome.reason.as_ref())),
            Err(error) => (error.exit_code(), 0, Some(error)),
        };
        let failed = status.files.iter().filter(|file| file.is_failed).count() as u64;
        let error = error.map(|error: &Error| (error.kind().name().to_owned(), error.to_string()));
        Report {
            code,
            last_run: now,
            last_success: if code == 0 { now } else { number(before, "last_success").unwrap_or(0) },
            sent,
            waiting: status.files.len() as u64 - failed,
            failed,
            spool_bytes: status.spool_bytes,
            dropped: status.dropped,
            error,
        }
    }

    fn json(&self) -> String {
        let event = Event::new("status").text("version", env!("CARGO_PKG_VERSION"));
        let event = event.number("last_run", self.last_run).number("last_success", self.last_success);
        let event = event.number("code", self.code.into()).number("sent", self.sent);
        let event = event.number("waiting", self.waiting).number("failed", self.failed);
        let event = event.number("spool_bytes", self.spool_bytes).number("dropped", self.dropped);
        let event = match &self.error {
            Some((kind, text)) => event.text("kind", kind).text("last_error", text),
            None => event,
        };
        event.line()
    }

    fn metrics(&self) -> String {
        let all = [
            ("last_run_timestamp_seconds", "gauge", "When the last run ended.", self.last_run),
            ("last_success_timestamp_seconds", "gauge", "When a run last left nothing waiting.", self.last_success),
            ("exit_code", "gauge", "The exit code of the last run.", self.code.into()),
            ("sent_files", "gauge", "Files that the last run sent.", self.sent),
            ("waiting_files", "gauge", "Files that wait.", self.waiting),
            ("failed_files", "gauge", "Files that were given up and can be brought back.", self.failed),
            ("spool_bytes", "gauge", "Bytes in the spool.", self.spool_bytes),
            ("dropped_files_total", "counter", "Files dropped for want of room.", self.dropped),
        ];
        let one = |(name, kind, help, value)| {
            format!("# HELP firepush_{name} {help}\n# TYPE firepush_{name} {kind}\nfirepush_{name} {value}\n")
        };
        all.map(one).concat()
    }
}

/// A number of a line that we wrote.
fn number(text: &str, key: &str) -> Option<u64> {
    let rest = text.split_once(&format!("\"{key}\":"))?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Whoever reads it finds the old or the new one.
fn exchange(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = File::create(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    let done = written.and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done
}
