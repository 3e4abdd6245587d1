//! What tells this device and this boot from others.

use std::fs;

/// Its host name; `device` when it has none.
pub fn host_name() -> String {
    first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "device".into())
}

/// systemd's and dbus's id of the machine; golden images share one.
pub fn machine_id() -> String {
    first_line("/etc/machine-id").unwrap_or_default()
}

/// Which boot it is, and so many seconds on a clock that isn't set: for names that stay when a file is sent again.
pub fn boot_and(seconds: u64) -> String {
    let boot = first_line("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!("boot{}-{seconds}", boot.get(..8).unwrap_or_default())
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}
