//! How fast bytes may go, all transfers together.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::stop::Stop;
use crate::base::error::Result;

/// So many bytes a second, shared by those who hold it.
#[derive(Debug)]
pub struct Pace {
    rate: u64,
    /// When what was let through so far will have been worth its time.
    even: Mutex<Instant>,
}

impl Pace {
    /// `rate` in bytes a second; 0 is no limit.
    pub fn new(rate: u64) -> Pace {
        Pace { rate, even: Mutex::new(Instant::now()) }
    }

    /// How much of it may go at once: what a quarter of a second is worth.
    pub fn slice(&self, bytes: usize) -> usize {
        if self.rate == 0 { bytes } else { bytes.min(usize::try_from(self.rate / 4).unwrap_or(bytes).max(1)) }
    }

    /// The largest block that doesn't take longer than a few seconds.
    pub fn block(&self) -> u64 {
        if self.rate == 0 { u64::MAX } else { self.rate.saturating_mul(4) }
    }

    /// Waits until so many bytes more are worth their time.
    ///
    /// # Errors
    /// [`crate::error::Kind::Stopped`].
    pub fn spend(&self, bytes: u64, stop: &Stop) -> Result<()> {
        let worth = match self.rate {
            0 => return Ok(()),
            rate => Duration::from_secs_f64(bytes as f64 / rate as f64),
        };
        let now = Instant::now();
        let pause = {
            let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
            *even = (*even).max(now) + worth;
            *even - now
        };
        stop.sleep(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_wait_for_their_time_and_a_stop_ends_that() {
        let pace = Pace::new(1_000_000);
        let (stop, started) = (Stop::new().unwrap(), Instant::now());
        pace.spend(10_000, &stop).unwrap();
        pace.spend(10_000, &stop).unwrap();
        assert!(started.elapsed() >= Duration::from_millis(20));
        assert_eq!((pace.slice(1 << 20), Pace::new(0).slice(1 << 20)), (250_000, 1 << 20));
        stop.stop();
        assert!(pace.spend(u64::MAX, &stop).is_err());
    }
}
