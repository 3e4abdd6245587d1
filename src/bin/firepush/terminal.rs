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
    let done = progress.done as f64 / (progress.total as f64).max(1.0);
    let rate = progress.done as f64 / started.elapsed().as_secs_f64().max(0.001);
    let left = (progress.total.saturating_sub(progress.done)) as f64 / rate.max(1.0);
    let name = escape_controls(name);
    if progress.done == 0 {
        return format!("{name}: waiting for the recipient ({})", bytes(progress.total as f64));
    }
    let bar = "#".repeat((done * BAR as f64) as usize);
    let (percent, rate, minutes, seconds) = (done * 100.0, bytes(rate), left as u64 / 60, left as u64 % 60);
    format!("{name} [{bar:<BAR$}] {percent:3.0} %  {rate}/s  {minutes}:{seconds:02} left")
}

fn summary(delivery: &Delivery) -> String {
    let (tier, method) = (delivery.tier.name(), delivery.method.name());
    let text = format!(
        "{}: {} {tier} to {} by {method} in {:.1} s",
        delivery.name,
        bytes(delivery.bytes as f64),
        delivery.to,
        delivery.elapsed.as_secs_f64()
    );
    escape_controls(&text)
}

fn bytes(n: f64) -> String {
    match n {
        n if n >= 1e6 => format!("{:.1} MB", n / 1e6),
        n if n >= 1e3 => format!("{:.1} kB", n / 1e3),
        n => format!("{n:.0} B"),
    }
}
