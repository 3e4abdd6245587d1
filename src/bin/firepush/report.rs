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
    /// The same of an earlier run, as it was written.
    error_before: String,
}

/// Whether somebody wants to know.
pub fn is_wanted(settings: &Settings) -> bool {
    settings.status_file.is_some() || settings.metrics_file.is_some()
}

/// Writes what is wanted; what goes wrong with it is a warning, for the files have been sent.
pub fn write(settings: &Settings, outcome: &Result<Outcome>, met: Option<&Error>, status: &Status) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let report = Report::new(outcome, met, status, now, &Before::read(settings));
    let wanted = [(&settings.status_file, report.json()), (&settings.metrics_file, report.metrics())];
    for (path, text) in wanted.iter().filter_map(|(path, text)| Some((path.as_ref()?, text))) {
        if let Err(e) = exchange(path, text, 0o644) {
            log::warn!("can't write {}: {e}", path.display());
        }
    }
}

impl Report {
    fn new(outcome: &Result<Outcome>, met: Option<&Error>, status: &Status, now: u64, before: &Before) -> Report {
        let told = |error: &Error| (error.kind().name().to_owned(), error.to_string());
        let (code, sent, error) = match outcome {
            Ok(outcome) => {
                let reason = outcome.failed.as_ref().or(outcome.reason.as_ref()).map(told);
                let not_due = outcome.not_due.as_ref().map(|(kind, text)| (kind.name().to_owned(), text.clone()));
                (outcome.exit_code(), outcome.sent, reason.or(met.map(told)).or(not_due))
            }
            Err(error) => (error.exit_code(), 0, Some(told(error))),
        };
        let failed = status.files.iter().filter(|file| file.is_failed).count() as u64;
        Report {
            code,
            last_run: now,
            last_success: if code == 0 { now } else { before.success },
            sent,
            waiting: status.files.len() as u64 - failed,
            failed,
            spool_bytes: status.spool_bytes,
            dropped: status.dropped,
            error,
            error_before: before.error.clone(),
        }
    }

    fn json(&self) -> String {
        let event = Event::new("status").text("version", env!("CARGO_PKG_VERSION"));
        let event = event.number("last_run", self.last_run).number("last_success", self.last_success);
        let event = event.number("code", self.code.into()).number("sent", self.sent);
        let event = event.number("waiting", self.waiting).number("failed", self.failed);
        let event = event.number("spool_bytes", self.spool_bytes).number("dropped", self.dropped);
        match &self.error {
            Some((kind, text)) => event.text("kind", kind).text("last_error", text).line(),
            None => event.line().replace("}\n", &format!("{}}}\n", self.error_before)),
        }
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

/// What the files that we wrote tell of earlier runs.
struct Before {
    success: u64,
    error: String,
}

impl Before {
    fn read(settings: &Settings) -> Before {
        let text = |path: &Option<PathBuf>| path.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let (status, metrics) = (text(&settings.status_file).unwrap_or_default(), text(&settings.metrics_file));
        let success = number(&status, "\"last_success\":");
        let success = success.or(number(&metrics.unwrap_or_default(), "\nfirepush_last_success_timestamp_seconds "));
        let error = status.find(",\"kind\":").map(|at| status[at..].trim_end().trim_end_matches('}').to_owned());
        Before { success: success.unwrap_or(0), error: error.unwrap_or_default() }
    }
}

fn number(text: &str, key: &str) -> Option<u64> {
    text.split_once(key)?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
