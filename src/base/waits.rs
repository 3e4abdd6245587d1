//! Every wait by its name, with its default: no other wait exists.

use std::time::Duration;

use super::kind::Fault;
use super::units;

macro_rules! waits {
    ($($wait:ident $name:literal $default:literal $fault:ident $doing:literal;)+) => {
        /// A wait that has a deadline. Its setting is `wait_NAME`; a bare number is seconds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Wait { $(#[doc = concat!("While ", $doing, "; default ", $default, ".")] $wait,)+ }

        impl Wait {
            /// Every wait, in the order in which a transfer meets them.
            pub const ALL: &'static [Wait] = &[$(Wait::$wait),+];

            /// The name, as in the setting `wait_NAME`.
            pub fn name(self) -> &'static str {
                match self { $(Wait::$wait => $name,)+ }
            }

            /// The name of its setting.
            pub fn setting(self) -> &'static str {
                match self { $(Wait::$wait => concat!("wait_", $name),)+ }
            }

            /// The default, as one would write it.
            pub fn default_text(self) -> &'static str {
                match self { $(Wait::$wait => $default,)+ }
            }

            /// Who lets us wait, most likely.
            pub fn fault(self) -> Fault {
                match self { $(Wait::$wait => Fault::$fault,)+ }
            }

            /// What is being done meanwhile, for "while …".
            pub fn doing(self) -> &'static str {
                match self { $(Wait::$wait => $doing,)+ }
            }
        }
    };
}

waits! {
    Resolve "resolve" "15" Network "looking up an address";
    Connect "connect" "20" Network "connecting to the server";
    Tls "tls" "20" Server "starting TLS with the server";
    Resend "resend" "1500ms" Server "waiting for a sign of life after TLS";
    Login "login" "30" Server "logging in";
    Bind "bind" "20" Server "binding the resource";
    Discover "discover" "5" Server "looking for the recipient and the server's proxies";
    Presence "presence" "1" Server "waiting for presence that comes late";
    Probe "probe" "3" Network "testing the proxy's addresses";
    Answer "answer" "300" Peer "waiting for the recipient to accept the file";
    OfferKnown "offer_known" "570" Server "the server's proxy knows the offer";
    StreamhostUsed "streamhost_used" "40" Peer "waiting for the recipient to connect to the proxy";
    Proxy "proxy" "15" Network "connecting to the proxy";
    Activate "activate" "15" Server "activating the bytestream at the proxy";
    Stall "stall" "30" Network "sending the bytes through the proxy";
    Open "open" "20" Peer "opening the in-band bytestream";
    SecondOpen "second_open" "5" Peer "trying the in-band bytestream after the proxy failed";
    IbbAck "ibb_ack" "60" Peer "waiting for the acknowledgement of a block";
    Drain "drain" "200ms" Peer "letting the recipient read the last block";
    Close "close" "5" Server "closing";
    Queue "queue" "60" Peer "waiting in line behind other transfers";
    Initiation "initiation" "60" Peer "waiting for the sender to open the bytestream";
    Target "target" "8" Network "connecting to the streamhosts of the sender";
    Fallback "fallback" "20" Peer "waiting for the sender's second method";
    Data "data" "60" Peer "receiving the bytes";
    Idle "idle" "120" Server "the stream is quiet";
    Ping "ping" "30" Server "waiting for the server to answer a ping";
    Write "write" "30" Server "writing to the server";
    Program "program" "60" Configuration "running a program";
}

/// How long each wait may last. `Waits::default()` holds the documented defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits([Duration; Wait::ALL.len()]);

impl Default for Waits {
    fn default() -> Self {
        let mut waits = [Duration::ZERO; Wait::ALL.len()];
        for (slot, wait) in waits.iter_mut().zip(Wait::ALL) {
            *slot = units::duration(wait.default_text()).unwrap_or_default();
        }
        Waits(waits)
    }
}

impl Waits {
    /// The limit of one wait.
    pub fn limit(&self, wait: Wait) -> Duration {
        self.0[wait as usize]
    }

    /// Sets the limit of one wait.
    pub fn set(&mut self, wait: Wait, limit: Duration) {
        self.0[wait as usize] = limit;
    }

    /// Lets no wait last longer than `limit`, but for [`Wait::Answer`], which waits for a person.
    pub fn cap(&mut self, limit: Duration) {
        for wait in Wait::ALL.iter().filter(|w| **w != Wait::Answer) {
            self.set(*wait, self.limit(*wait).min(limit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_read() {
        assert!(Wait::ALL.iter().all(|wait| !Waits::default().limit(*wait).is_zero()));
    }

    #[test]
    fn a_cap_spares_the_answer() {
        let mut waits = Waits::default();
        waits.cap(Duration::from_secs(3));
        assert_eq!(waits.limit(Wait::Connect), Duration::from_secs(3));
        assert_eq!(waits.limit(Wait::Answer), Duration::from_secs(300));
    }

    #[test]
    fn rule_46_streamhost_used_is_awaited_for_four_hosts() {
        assert!(Waits::default().limit(Wait::StreamhostUsed) >= Duration::from_secs(4 * 8));
    }

    #[test]
    fn rules_14_32_39_45_47_48_57_62_and_72_the_defaults_fit_what_others_wait_for() {
        let seconds = |wait| Waits::default().limit(wait).as_secs_f32();
        assert!(seconds(Wait::Idle) <= 120.0, "Openfire asks after 180 s of silence");
        assert_eq!(seconds(Wait::Answer), 300.0);
        assert!(seconds(Wait::Discover) <= 5.0, "a service that is silent must not hold up the rest");
        assert!(seconds(Wait::Proxy) + seconds(Wait::Activate) <= 30.0, "Openfire's proxy pairs for 60 s");
        assert_eq!((seconds(Wait::Stall), seconds(Wait::IbbAck)), (30.0, 60.0));
        assert!(seconds(Wait::SecondOpen) <= 5.0 && seconds(Wait::Fallback) >= 20.0);
        assert!(seconds(Wait::Target) <= 8.0, "Smack waits 10 s");
        assert_eq!(seconds(Wait::Resend), 1.5);
    }
}
