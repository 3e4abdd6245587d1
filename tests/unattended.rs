//! A device that nobody watches: `firepush run` and what belongs to it, against real servers.

#[path = "support/command.rs"]
mod command;
#[path = "support/mod.rs"]
mod support;

#[path = "unattended/bed.rs"]
mod bed;
#[path = "unattended/disk.rs"]
mod disk;
#[path = "unattended/faults.rs"]
mod faults;
#[path = "unattended/five.rs"]
mod five;
#[path = "unattended/jobs.rs"]
mod jobs;
#[path = "unattended/kills.rs"]
mod kills;
#[path = "unattended/logging.rs"]
mod logging;
#[path = "unattended/readme.rs"]
mod readme;
#[path = "unattended/schedule.rs"]
mod schedule;
#[path = "unattended/secrets.rs"]
mod secrets;
#[path = "unattended/shim.rs"]
mod shim;
#[path = "unattended/signals.rs"]
mod signals;
#[path = "unattended/spool.rs"]
mod spool;
#[path = "unattended/steps.rs"]
mod steps;
#[path = "unattended/together.rs"]
mod together;
#[path = "unattended/waiting.rs"]
mod waiting;
#[path = "unattended/writes.rs"]
mod writes;

/// Whether every cell is wanted: `make check-full`.
fn full() -> bool {
    std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1")
}
