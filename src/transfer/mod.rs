//! One file to one recipient, or from one sender: resolve, discover, offer, carry, outcome. A thread each.

pub mod delivery;
pub mod direct;
pub mod folder;
pub mod ibb;
pub mod name;
mod outflow;
pub mod peer;
pub mod progress;
pub mod proxies;
pub mod queue;
pub mod receive;
pub mod recipient;
pub mod send;
pub mod sink;
pub mod socks5;
pub mod source;
pub mod survey;
pub mod target;
#[cfg(test)]
mod tests;
pub mod turn;
pub mod word;

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::config::Config;
use crate::base::error::Result;
use crate::base::waits::Wait;
use crate::net::dial::Dial;
use crate::os::pace::Pace;
use crate::os::until::Patience;
use crate::session::Session;
use progress::Progress;
use proxies::Proxies;
use turn::{Permit, Turnstile};
use word::Told;

impl Context {
    /// The right to send the last bytes of a file; nothing where nobody counts.
    ///
    /// # Errors
    /// A stop, or the timeout of the wait.
    pub fn last_bytes(&self) -> Result<Option<Permit>> {
        let until = self.patience.until(Wait::Queue);
        self.turnstile.as_ref().map(|turnstile| turnstile.pass(&until)).transpose()
    }

    /// Whether the server runs on this machine: then its proxy's loopback address is as good. Behind the proxy of a
    /// network only its name tells.
    pub fn is_on_loopback(&self) -> bool {
        match (&self.config.via, &self.config.server) {
            (None, _) => self.session.is_on_loopback(),
            (Some(_), Some(server)) => server.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            (Some(_), None) => false,
        }
    }
}

/// What a transfer works with.
#[derive(Clone)]
pub struct Context {
    pub session: Arc<Session>,
    pub dialer: Arc<dyn Dial>,
    pub config: Arc<Config>,
    /// The waits, ended by this transfer's own stop too.
    pub patience: Patience,
    /// The proxies that were found in this session.
    pub proxies: Arc<Proxies>,
    pub progress: Arc<Progress>,
    /// How fast all of them together may go.
    pub pace: Arc<Pace>,
    /// Where they wait before their last bytes, when their outcomes are remembered one by one.
    pub turnstile: Option<Arc<Turnstile>>,
    /// Whom we have already told something.
    pub told: Arc<Told>,
}
