//! The progress line, on a terminal only.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use firepush::error::{Result, escape_controls};
use firepush::{Delivery, Job};

use crate::events::Output;

const EVERY: Duration = Duration::from_millis(200);

/// Waits for a job; on a terminal, shows how far it is.
pub fn watch(job: Job, name: &str, output: Output) -> Result<Delivery> {
    if output.json || output.quiet || !std::io::stderr().is_terminal() {
        return job.wait();
    }
    let started = Instant::now();
    let outcome = loop {
        match job.wait_for(EVERY) {
            Some(outcome) => break outcome,
            None => draw(&line(&job, name, started)),
        }
    };
    match &outcome {
        Ok(delivery) => draw(&format!("{}\n", summary(delivery))),
        Err(_) => draw(""),
    }
    outcome
}

fn draw(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "\r\x1b[K{text}");
    let _ = stderr.flush();
}

/// So many columns show how far it is.
const BAR: usize = 20;

fn line(job: &Job, name: &str, started: Instant) -> String {
    let progress = job.progress();
    let name = escape_controls(name);
    if progress.done == 0 {
        return format!("{name}: waiting for the recipient ({})", bytes(progress.total));
    }
    let (done, total) = (u128::from(progress.done), u128::from(progress.total.max(1)));
    let millis = started.elapsed().as_millis().max(1);
    let rate = u64::try_from(done * 1000 / millis).unwrap_or(u64::MAX);
    let left = progress.total.saturating_sub(progress.done) / rate.max(1);
    let bar = "#".repeat(usize::try_from(done * BAR as u128 / total).unwrap_or(BAR));
    let (percent, rate, minutes, seconds) = (done * 100 / total, bytes(rate), left / 60, left % 60);
    format!("{name} [{bar:<BAR$}] {percent:3} %  {rate}/s  {minutes}:{seconds:02} left")
}

fn summary(delivery: &Delivery) -> String {
    let (tier, method) = (delivery.tier.name(), delivery.method.name());
    let (size, tenths) = (bytes(delivery.bytes), delivery.elapsed.as_millis() / 100);
    let (name, to) = (&delivery.name, &delivery.to);
    escape_controls(&format!("{name}: {size} {tier} to {to} by {method} in {}.{} s", tenths / 10, tenths % 10))
}

fn bytes(n: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", n / unit, n % unit / (unit / 10));
    match n {
        1_000_000.. => tenths(1_000_000) + " MB",
        1000.. => tenths(1000) + " kB",
        _ => format!("{n} B"),
    }
}
