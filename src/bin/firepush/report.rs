//! What a run came to, for programs that watch the device: a status file, and metrics for Prometheus.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use firepush::Error;
use firepush::error::Result;
use firepush::settings::Settings;
use firepush::unattended::{Outcome, Status};

use crate::events::Event;
use crate::exchange::exchange;

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
    let report = Report::new(outcome, status, now, last_success(settings));
    let wanted = [(&settings.status_file, report.json()), (&settings.metrics_file, report.metrics())];
    for (path, text) in wanted.iter().filter_map(|(path, text)| Some((path.as_ref()?, text))) {
        if let Err(e) = exchange(path, text, 0o644) {
            log::warn!("can't write {}: {e}", path.display());
        }
    }
}

impl Report {
    fn new(outcome: &Result<Outcome>, status: &Status, now: u64, before: u64) -> Report {
        let told = |error: &Error| (error.kind().name().to_owned(), error.to_string());
        let (code, sent, error) = match outcome {
            Ok(outcome) => {
                let reason = outcome.failed.as_ref().or(outcome.reason.as_ref()).map(told);
                let not_due = outcome.not_due.as_ref().map(|(kind, text)| (kind.name().to_owned(), text.clone()));
                (outcome.exit_code(), outcome.sent, reason.or(not_due))
            }
            Err(error) => (error.exit_code(), 0, Some(told(error))),
        };
        let failed = status.files.iter().filter(|file| file.is_failed).count() as u64;
        Report {
            code,
            last_run: now,
            last_success: if code == 0 { now } else { before },
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

/// When a run last left nothing waiting, as the files that we wrote tell.
fn last_success(settings: &Settings) -> u64 {
    let known = |path: &Option<PathBuf>, key: &str| {
        let text = fs::read_to_string(path.as_ref()?).ok()?;
        let rest = text.split_once(key)?.1;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    let status = known(&settings.status_file, "\"last_success\":");
    let metrics = || known(&settings.metrics_file, "\nfirepush_last_success_timestamp_seconds ");
    status.or_else(metrics).unwrap_or(0)
}
