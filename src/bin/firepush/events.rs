//! What the commands say: a line for people, or with `--json` an object for programs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(any(feature = "jobs", feature = "receive"))]
use firepush::error::escape_controls;
use firepush::settings::Settings;
use firepush::{Delivery, Error, Jid, Method};

use crate::logger;

/// Where and how the commands speak.
#[derive(Clone, Copy, Default)]
pub struct Output {
    pub json: bool,
    pub quiet: bool,
}

/// Something could not be written to standard output.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether something could not be written to standard output, and was wanted there.
pub fn is_output_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Writes to standard output; who reads only the beginning (`| head`) wanted no more.
pub fn write_out(text: &str) {
    let mut output = std::io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => LOST.store(true, Ordering::Relaxed),
        _ => {}
    }
}

/// A time for people: `45 s`, `4 min`, `3 h`, `2 d`.
#[cfg(feature = "jobs")]
pub fn pause(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds.div_ceil(60)),
        seconds @ 7200..=172_799 => format!("{} h", seconds.div_ceil(3600)),
        seconds => format!("{} d", seconds.div_ceil(86400)),
    }
}

/// What a delivery came to.
pub fn sent_event(delivery: &Delivery) -> Event {
    let event = Event::new("sent").text("id", &delivery.id);
    let event = delivery.transfer.iter().fold(event, |event, transfer| event.text("transfer", transfer));
    event
        .text("name", &delivery.name)
        .number("size", delivery.bytes)
        .jid("to", &delivery.to)
        .method(delivery.method)
        .text("tier", delivery.tier.name())
        .seconds("seconds", delivery.elapsed)
}

impl Output {
    pub fn new(settings: &Settings) -> Self {
        Output { json: settings.json, quiet: settings.quiet }
    }

    /// One line on standard error; gives the exit code.
    pub fn fail(self, error: &Error) -> ExitCode {
        self.complain(&error.to_string());
        ExitCode::from(error.exit_code())
    }

    /// One line on standard error.
    pub fn complain(self, what: &str) {
        logger::complain(what);
    }

    /// One line on standard output, for people.
    #[cfg(any(feature = "jobs", feature = "receive"))]
    pub fn say(self, what: &str) {
        if !self.json && !self.quiet {
            write_out(&(escape_controls(what) + "\n"));
        }
    }

    /// One object on standard output, for programs.
    pub fn emit(self, event: Event) {
        if self.json {
            write_out(&event.line());
        }
    }
}

/// A JSON object that is being written.
pub struct Event(String);

impl Event {
    pub fn new(name: &str) -> Self {
        Event("{\"event\":".to_owned()).raw_text(name)
    }

    /// The whole object, and the end of its line.
    pub fn line(self) -> String {
        self.0 + "}\n"
    }

    pub fn text(mut self, key: &str, value: &str) -> Self {
        let _ = write!(self.0, ",\"{key}\":");
        self.raw_text(value)
    }

    pub fn number(mut self, key: &str, value: u64) -> Self {
        let _ = write!(self.0, ",\"{key}\":{value}");
        self
    }

    pub fn seconds(mut self, key: &str, value: Duration) -> Self {
        let _ = write!(self.0, ",\"{key}\":{}.{:03}", value.as_secs(), value.subsec_millis());
        self
    }

    pub fn method(mut self, method: Method) -> Self {
        self = self.text("method", method.name());
        let _ = write!(self.0, ",\"encrypted\":{}", method.is_encrypted());
        self
    }

    pub fn jid(self, key: &str, jid: &Jid) -> Self {
        self.text(key, jid.as_str())
    }

    pub fn error(self, error: &Error) -> Self {
        let coded = self.text("kind", error.kind().name()).number("code", error.exit_code().into());
        coded.text("message", &error.to_string())
    }

    fn raw_text(mut self, value: &str) -> Self {
        self.0.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                c if c.is_control() || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(c) => {
                    let _ = write!(self.0, "\\u{:04x}", c as u32);
                }
                c => self.0.push(c),
            }
        }
        self.0.push('"');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_sends_can_not_break_out_of_the_json() {
        let event = Event::new("x").text("name", "a\"b\\c\n\u{1b}\u{202e}é").number("n", 7);
        assert_eq!(event.line(), r#"{"event":"x","name":"a\"b\\c\u000a\u001b\u202eé","n":7}"#.to_owned() + "\n");
    }
}
