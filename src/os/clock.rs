//! The time of day, pauses and chance: given to who needs them, so that tests need not wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};

use super::stop::Stop;
use crate::base::error::Result;

/// What depends on when and by chance.
pub trait Clock: Send + Sync {
    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// Lets the time pass.
    ///
    /// # Errors
    /// [`crate::error::Kind::Stopped`] as soon as the stop is triggered.
    fn pause(&self, time: Duration, stop: &Stop) -> Result<()>;

    /// Some time between none and the whole, all equally likely (full jitter).
    fn some_of(&self, time: Duration) -> Duration;
}

/// The clock of this device.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }

    fn pause(&self, time: Duration, stop: &Stop) -> Result<()> {
        stop.sleep(time)
    }

    fn some_of(&self, time: Duration) -> Duration {
        let mut bytes = [0; 4];
        match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => time.mul_f64(f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)),
            Err(_) => time,
        }
    }
}

/// No clock that is set shows an earlier time: this version did not exist then.
pub fn built() -> u64 {
    /// 2026-11-01; packagers who set `SOURCE_DATE_EPOCH` move it.
    const WRITTEN: u64 = 1_793_491_200;
    option_env!("SOURCE_DATE_EPOCH").and_then(|text| text.parse().ok()).unwrap_or(WRITTEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_takes_some_part_of_the_whole() {
        let whole = Duration::from_secs(100);
        let parts: Vec<_> = (0..50).map(|_| SystemClock.some_of(whole)).collect();
        assert!(parts.iter().all(|part| *part <= whole));
        assert!(parts.iter().any(|part| part.as_secs() < 50) && parts.iter().any(|part| part.as_secs() >= 50));
    }
}
