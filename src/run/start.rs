//! Before a run: the clock, and each device's own moment.

use std::time::Duration;

use super::Run;
use crate::base::error::{Error, Kind, Result};
use crate::os::clock::built;
use crate::os::device;

/// How often a clock that isn't set is looked at.
const LOOK: Duration = Duration::from_secs(2);

impl Run<'_> {
    /// Certificates can't be checked, nor the schedule kept, by a clock that isn't set. A pin needs none.
    ///
    /// # Errors
    /// [`Kind::Clock`], [`Kind::Stopped`].
    pub(super) fn await_clock(&self) -> Result<()> {
        let config = &self.configuration.settings.config;
        if !config.pins.is_empty() && config.ca_file.is_none() {
            return Ok(());
        }
        let limit = self.configuration.settings.keep.wait_for_clock;
        let mut waited = Duration::ZERO;
        while self.clock.now() < built() {
            if waited >= limit {
                let what = format!("the clock is not set: it shows {}", crate::base::date::readable(self.clock.now()));
                return Err(Error::new(Kind::Clock, what));
            }
            if waited.is_zero() {
                log::info!("the clock is not set yet; waiting up to {} s for it", limit.as_secs());
            }
            let pause = LOOK.min(limit - waited);
            self.clock.pause(pause, &self.stop)?;
            waited += pause;
        }
        Ok(())
    }

    /// Waits for this device's own part of `splay`, the same in every run.
    ///
    /// # Errors
    /// [`Kind::Stopped`].
    pub(super) fn spread(&self) -> Result<()> {
        let splay = self.configuration.settings.keep.splay;
        if splay.is_zero() || self.now || self.attended {
            return Ok(());
        }
        let account = self.account()?.bare();
        let own = part_of(splay, &[account.as_str(), &device::host_name(), &device::machine_id()]);
        log::info!("waiting {} s of the splay of {} s", own.as_secs(), splay.as_secs());
        self.clock.pause(own, &self.stop)
    }
}

/// Golden images share a machine id, and some fleets a host name: the account is always another.
fn part_of(splay: Duration, identity: &[&str]) -> Duration {
    let digest = sha1_smol::Sha1::from(identity.join("\0")).digest().bytes();
    let share = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    splay.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_of_one_image_spread_over_the_splay_and_keep_their_place() {
        let splay = Duration::from_secs(600);
        let place = |n: u32| part_of(splay, &[&format!("dev{n}@example.org"), "gw", "same"]);
        let places: Vec<_> = (0..200).map(place).collect();
        assert_eq!(places[7], place(7));
        for tenth in 0..10u64 {
            let within = |place: &&Duration| (tenth * 60..(tenth + 1) * 60).contains(&place.as_secs());
            let count = places.iter().filter(within).count();
            assert!((8..=36).contains(&count), "{count} of 200 in tenth {tenth}");
        }
    }
}
