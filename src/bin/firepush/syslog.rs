//! Lines for the device's syslog (RFC 3164).

use std::ffi::CStr;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, PoisonError};

use log::Level;

/// The facility: a system daemon.
const DAEMON: u8 = 3 << 3;

/// Longer lines are cut: RFC 3164 §4.1 has 1024 bytes in all.
const LINE_MAX: usize = 960;

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

/// `Jan  2 15:04:05`, as the device's users count it.
fn local_time() -> String {
    let mut text = [0; 32];
    // SAFETY: `now` and `parts` live through the calls; the text is larger than what the format makes, and `strftime`
    // ends it with a NUL. Names of months are English, for no locale was set.
    unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut parts: libc::tm = std::mem::zeroed();
        libc::localtime_r(&now, &mut parts);
        libc::strftime(text.as_mut_ptr(), text.len(), c"%b %e %H:%M:%S".as_ptr(), &parts);
        CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned()
    }
}
