//! When something is tried again: how often it failed, since when, why, and when it is due.

use std::time::Duration;

use super::fields::{Fields, Line};
use crate::base::error::{Error, Kind};
use crate::os::clock::Clock;

/// What failed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// When it failed first, in seconds since 1970.
    pub first: u64,
    /// How often.
    pub attempts: u32,
    /// When it is due again.
    pub next: u64,
    /// The kind of the last failure, by its name.
    pub kind: String,
    /// The last failure in one line.
    pub what: String,
}

/// How the pauses grow.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub first: Duration,
    pub cap: Duration,
    /// Any time up to the pause, so that a fleet doesn't come back together; else the whole pause.
    pub jitter: bool,
}

/// After a refused login: servers lock accounts (rule 10).
pub const LOGIN: Pace = Pace { first: Duration::from_secs(3600), cap: Duration::from_secs(86400), jitter: false };

/// After an offer that nobody answered: Spark keeps a dead panel for each.
pub const UNANSWERED: Pace =
    Pace { first: Duration::from_secs(1800), cap: Duration::from_secs(4 * 3600), jitter: false };

impl Pace {
    /// The pause after so many failures.
    pub fn pause(&self, attempts: u32, clock: &dyn Clock) -> Duration {
        let doubled = 1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(doubled.max(1)).min(self.cap.max(self.first));
        if self.jitter { clock.some_of(whole) } else { whole }
    }
}

impl Tries {
    /// One more failure.
    pub fn failed(&mut self, error: &Error, pace: Pace, clock: &dyn Clock) {
        let now = clock.now();
        if self.attempts == 0 {
            self.first = now;
        }
        self.attempts = self.attempts.saturating_add(1);
        self.next = now.saturating_add(pace.pause(self.attempts, clock).as_secs());
        self.kind = error.kind().name().to_owned();
        self.what = error.to_string();
    }

    /// Whether it may be tried now. A time further off than any pause is one that a wrong clock made.
    pub fn is_due(&self, now: u64) -> bool {
        self.next <= now || self.next > now.saturating_add(LOGIN.cap.as_secs())
    }

    /// The kind and the line of the last failure.
    pub fn last(&self) -> Option<(Kind, String)> {
        let kind = Kind::ALL.iter().find(|kind| kind.name() == self.kind)?;
        Some((*kind, self.what.clone()))
    }

    /// How long until it is due.
    pub fn left(&self, now: u64) -> Duration {
        if self.is_due(now) { Duration::ZERO } else { Duration::from_secs(self.next - now) }
    }

    pub fn write(&self, line: Line) -> Line {
        let line = line.number("first", self.first).number("attempts", self.attempts.into()).number("next", self.next);
        line.with("kind", &self.kind).with("what", &self.what)
    }

    /// What can't be read counts as never tried.
    pub fn read(fields: &Fields) -> Option<Tries> {
        Some(Tries {
            first: fields.number("first")?,
            attempts: u32::try_from(fields.number("attempts")?).ok()?,
            next: fields.number("next")?,
            kind: fields.text("kind")?,
            what: fields.text("what")?,
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::base::error::Result;
    use crate::os::stop::Stop;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A clock that shows what it is told, and whose chance is always the whole.
    pub struct Told(pub AtomicU64);

    impl Clock for Told {
        fn now(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }

        fn pause(&self, time: Duration, _: &Stop) -> Result<()> {
            self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
            Ok(())
        }

        fn some_of(&self, time: Duration) -> Duration {
            time
        }
    }

    fn failed(times: u32, pace: Pace) -> Vec<u64> {
        let clock = Told(AtomicU64::new(2_000_000_000));
        let mut tries = Tries::default();
        let one = |_| {
            tries.failed(&Error::new(Kind::Network, "cut"), pace, &clock);
            let left = tries.left(clock.now()).as_secs();
            assert!(!tries.is_due(clock.now()) && tries.is_due(clock.now() + left));
            left
        };
        (0..times).map(one).collect()
    }

    #[test]
    fn pauses_double_up_to_their_cap() {
        let usual = Pace { first: Duration::from_secs(30), cap: Duration::from_secs(3600), jitter: true };
        assert_eq!(failed(9, usual), [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(failed(6, LOGIN), [3600, 7200, 14400, 28800, 57600, 86400]);
        assert_eq!(failed(5, UNANSWERED), [1800, 3600, 7200, 14400, 14400]);
        assert_eq!(failed(40, usual).pop(), Some(3600));
    }

    #[test]
    fn rule_10_a_refused_login_waits_an_hour_and_then_twice_as_long() {
        assert_eq!(failed(2, LOGIN), [3600, 7200]);
    }

    #[test]
    fn a_clock_that_jumps_back_doesn_t_make_a_file_wait_for_years() {
        let tries = Tries { attempts: 1, next: 2_000_000_000, ..Tries::default() };
        assert!(tries.is_due(1_000_000_000) && !tries.is_due(2_000_000_000 - 60));
        assert_eq!(tries.left(1_000_000_000), Duration::ZERO);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let tries = Tries { first: 1, attempts: 2, next: 3, kind: "network".into(), what: "a = b\n%".into() };
        assert_eq!(Tries::read(&Fields::parse(&tries.write(Line::default()).finish()).unwrap()), Some(tries));
        assert_eq!(Tries::read(&Fields::parse("first=1 attempts=x").unwrap()), None);
    }
}
