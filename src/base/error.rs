//! The error of every fallible function.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use super::kind::{Fault, Kind, Retry};
use super::waits::Wait;

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, while doing what, whose fault it is, and what to do next.
///
/// It displays as one line. It is cheap to clone: several transfers can end for one cause.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    what: String,
    during: Option<Wait>,
    fault: Option<Fault>,
    advice: Option<&'static str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error that says in `what` what was expected and what came.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        let what = what.into();
        Error(Arc::new(Inner { kind, what, during: None, fault: None, advice: None, source: None }))
    }

    /// The wait `wait` ended after `limit` without what it waited for.
    pub(crate) fn timed_out(wait: Wait, limit: Duration) -> Self {
        let kind = if wait == Wait::Answer { Kind::Unanswered } else { Kind::Timeout };
        let what = format!("no answer within {} ({})", Seconds(limit), wait.setting());
        Error::new(kind, what).during(wait).fault_of(wait.fault())
    }

    /// Says in front where it happened: an address, a user.
    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        self.change(|inner| inner.what = format!("{place}: {}", inner.what))
    }

    /// Names what was being done; the innermost name stays.
    pub(crate) fn during(self, wait: Wait) -> Self {
        self.change(|inner| inner.during = inner.during.or(Some(wait)))
    }

    /// Forgets during what it happened: it ends waits of several kinds.
    pub(crate) fn anywhere(self) -> Self {
        self.change(|inner| inner.during = None)
    }

    /// Overrides whose fault it is.
    pub(crate) fn fault_of(self, fault: Fault) -> Self {
        self.change(|inner| inner.fault = Some(fault))
    }

    /// Overrides the advice of the table with a better one.
    pub(crate) fn advise(self, advice: &'static str) -> Self {
        self.change(|inner| inner.advice = Some(advice))
    }

    /// Keeps the cause.
    pub(crate) fn because(self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.source = Some(Arc::new(cause)))
    }

    fn change(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }

    /// The kind, from which exit code, retry class and the rest follow.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.0.kind.retry()
    }

    /// The exit code that the binary ends with for this error.
    pub fn exit_code(&self) -> u8 {
        self.0.kind.exit_code()
    }

    /// Whose fault it most likely is.
    pub fn fault(&self) -> Fault {
        self.0.fault.unwrap_or(self.0.kind.fault())
    }

    /// What to do next, in one phrase.
    pub fn advice(&self) -> &'static str {
        self.0.advice.unwrap_or(self.0.kind.advice())
    }

    /// The wait during which it happened, e.g. [`Wait::Activate`].
    pub fn wait(&self) -> Option<Wait> {
        self.0.during
    }

    /// What happened, without place, fault and advice.
    pub fn what(&self) -> String {
        escape_controls(&self.0.what)
    }

    /// The recipient said no: declined or cancelled.
    pub fn is_refused(&self) -> bool {
        matches!(self.0.kind, Kind::Declined | Kind::Cancelled)
    }

    /// The login failed; trying again may lock the account.
    pub fn is_auth(&self) -> bool {
        matches!(self.0.kind, Kind::Auth | Kind::NoMechanism)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        if let Some(wait) = self.0.during {
            write!(f, ", while {}", wait.doing())?;
        }
        write!(f, " ({}); {}", self.fault().text(), self.advice())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self}", self.0.kind)?;
        if let Some(source) = &self.0.source {
            write!(f, "; {source:?}")?;
        }
        f.write_str(")")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|s| s.as_ref() as &(dyn StdError + 'static))
    }
}

/// A duration as people write it: `300 s`, `0.05 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        match millis {
            0 => write!(f, "{seconds} s"),
            _ => write!(f, "{seconds}.{} s", format!("{millis:03}").trim_end_matches('0')),
        }
    }
}

/// Text from a server, a peer or a file name, safe for a terminal and for one line of a log.
pub fn escape_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_bidi_control(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_69_one_line_says_what_where_whose_fault_and_what_next() {
        let error = Error::timed_out(Wait::Activate, Duration::from_secs(15)).during(Wait::Login);
        assert_eq!(
            error.to_string(),
            "no answer within 15 s (wait_activate), while activating the bytestream at the proxy (the server); try again later"
        );
        assert_eq!(error.wait(), Some(Wait::Activate), "the innermost name stays");
    }

    #[test]
    fn an_offer_that_nobody_answered_is_its_own_kind() {
        assert_eq!(Error::timed_out(Wait::Answer, Duration::from_millis(50)).kind(), Kind::Unanswered);
    }

    #[test]
    fn terminal_escapes_of_a_server_never_reach_the_terminal() {
        let error = Error::new(Kind::Server, "said \"\x1b[2J\r\n\u{202e}é\"");
        assert!(error.to_string().starts_with(r#"said "\u{1b}[2J\u{d}\u{a}\u{202e}é" ("#));
    }

    #[test]
    fn the_cause_is_kept() {
        let error = Error::new(Kind::Network, "cut").because(std::io::Error::other("reset"));
        assert_eq!(error.source().map(|s| s.to_string()).as_deref(), Some("reset"));
    }
}
