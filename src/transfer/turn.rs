//! One at a time at the end: while the outcome of a file isn't remembered, no other file becomes whole. Whoever kills
//! us between two files so makes at most one of them come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::error::Result;
use crate::os::event::Event;
use crate::os::until::{Ready, Until};

/// Where transfers wait before their last bytes.
pub struct Turnstile {
    taken: AtomicBool,
    free: Event,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Permit")
    }
}

/// The right to send the last bytes of a file, until it is given back.
pub struct Permit(Arc<Turnstile>);

impl Turnstile {
    /// # Errors
    /// [`crate::error::Kind::Read`] when no descriptor is left.
    pub fn new() -> Result<Arc<Turnstile>> {
        let turnstile = Turnstile { taken: AtomicBool::new(false), free: Event::new_or_error()? };
        turnstile.free.set();
        Ok(Arc::new(turnstile))
    }

    /// # Errors
    /// [`crate::error::Kind::Stopped`], or the timeout of the wait.
    pub fn pass(self: &Arc<Self>, until: &Until) -> Result<Permit> {
        while self.taken.swap(true, Ordering::SeqCst) {
            until.ready(&self.free, Ready::Read)?;
        }
        self.free.clear();
        Ok(Permit(Arc::clone(self)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::SeqCst);
        self.0.free.set();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::waits::{Wait, Waits};
    use crate::os::stop::Stop;
    use crate::os::until::Patience;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    #[test]
    fn only_one_is_through_at_a_time_and_all_get_through() {
        let (turnstile, inside, most) = (Turnstile::new().unwrap(), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let patience = Patience::new(&Waits::default(), &Stop::new().unwrap());
                    for _ in 0..200 {
                        let permit = turnstile.pass(&patience.until(Wait::Queue)).unwrap();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        let patience = Patience::new(&Waits::default(), &Stop::new().unwrap());
        let _held = turnstile.pass(&patience.until(Wait::Queue)).unwrap();
        assert!(turnstile.pass(&patience.until_after(Wait::Queue, Duration::from_millis(20))).is_err());
    }
}
