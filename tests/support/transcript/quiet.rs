//! Whether the clients are at rest: all of their threads sleep, and none ran between two looks.
//!
//! Their names begin with `firepush-`; a thread that has just been started still has the name of the one that did it,
//! so none escapes. Clients of plays that run at the same time count too: that costs a little waiting, no more.

use std::fs;
use std::time::Instant;

use super::{Played, WATCHDOG};

/// How the names of the client's threads begin.
pub const NAME: &str = "firepush-";

/// One thread: its id, whether it sleeps, how often it was switched off a processor.
type Look = (String, bool, Vec<String>);

pub fn wait_until_quiet() -> Played<()> {
    let started = Instant::now();
    while started.elapsed() < WATCHDOG {
        let first = look();
        if first.iter().all(|(_, asleep, _)| *asleep) && first == look() {
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err("the client does not come to rest".into())
}

fn look() -> Vec<Look> {
    let threads = fs::read_dir("/proc/self/task").expect("procfs").flatten();
    threads.filter_map(|thread| look_at(&thread.file_name().to_string_lossy())).collect()
}

/// Nothing of a thread that is none of the client's, or has ended.
fn look_at(id: &str) -> Option<Look> {
    let status = fs::read_to_string(format!("/proc/self/task/{id}/status")).ok()?;
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let is_ended = |state: &str| state.starts_with(['Z', 'X']);
    let state = value("State:").filter(|state| !is_ended(state))?;
    value("Name:").filter(|name| name.starts_with(NAME))?;
    let switches = status.lines().filter(|line| line.contains("ctxt_switches:")).map(str::to_owned);
    Some((id.to_owned(), state.starts_with('S'), switches.collect()))
}
