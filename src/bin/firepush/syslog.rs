//! Lines for the device's syslog (RFC 3164).

use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, PoisonError};

use log::Level;

/// The facility: a system daemon.
const DAEMON: u8 = 3 << 3;

/// Longer lines are cut: RFC 3164 §4.1 has 1024 bytes in all.
const LINE_MAX: usize = 960;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A way to the syslog.
pub struct Syslog(Mutex<UnixDatagram>);

impl Syslog {
    /// The one of this device; none is running where there is no `/dev/log`.
    pub fn open() -> io::Result<Syslog> {
        Ok(Syslog(Mutex::new(connect()?)))
    }

    /// Says a line; one that a busy syslog doesn't take is lost, for nothing here waits for it.
    pub fn say(&self, level: Level, text: &str) -> io::Result<()> {
        let severity = match level {
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 6,
            Level::Debug | Level::Trace => 7,
        };
        let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LINE_MAX).last();
        let (id, text) = (std::process::id(), &text[..end.unwrap_or(0)]);
        let line = format!("<{}>{} firepush[{id}]: {text}", DAEMON | severity, local_time());
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match socket.send(line.as_bytes()) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
            // It was started anew meanwhile.
            Err(_) => {
                *socket = connect()?;
                socket.send(line.as_bytes()).map(|_| ())
            }
            Ok(_) => Ok(()),
        }
    }
}

fn connect() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect("/dev/log")?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// `Jan  2 15:04:05`, as the device's users count it (RFC 3164 §4.1.2).
fn local_time() -> String {
    // SAFETY: `now` and `parts` live through the calls; all zeros is a valid `tm`.
    let parts = unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut parts: libc::tm = std::mem::zeroed();
        libc::localtime_r(&now, &mut parts);
        parts
    };
    let month = usize::try_from(parts.tm_mon).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&MONTHS[0]);
    format!("{month} {:>2} {:02}:{:02}:{:02}", parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec)
}
