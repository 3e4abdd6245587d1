//! A look at a server up to where one would log in, for who wants to know what is wrong.

use std::sync::{Arc, Mutex, PoisonError};

use super::login::{Hints, Login};
use super::servers::Security;
use crate::base::config::{Config, MinAuth};
use crate::base::endpoint::Endpoint;
use crate::base::error::{Kind, Result};
use crate::base::waits::Wait;
use crate::net::dial::Dial;
use crate::net::tls::Tls;
use crate::os::until::Patience;
use crate::proto::sasl::Mechanism;
use crate::proto::stream::{self, Features};

/// What was seen.
pub struct Sight {
    /// The certificates in DER that the server showed, its own first; trusted or not.
    pub chain: Vec<Vec<u8>>,
    /// The version of TLS, and the mechanisms that it offers; or what went wrong.
    pub outcome: Result<(String, Vec<String>)>,
}

/// Connects to a host, starts TLS, and reads what the server offers. Nothing secret is sent.
pub fn look(config: &Config, host: &(Endpoint, Security), dialer: &dyn Dial, patience: &Patience) -> Sight {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let outcome = (|| {
        let domain = config.account()?.domain();
        let tls = Tls::showing(config, domain, Some(Arc::clone(&seen)))?;
        let hints = Hints::default();
        let mut talk = Login::new(config, None, &tls, patience, &hints)?.reach(std::slice::from_ref(host), dialer)?;
        let until = patience.until(Wait::Login);
        talk.write(&stream::header(domain), &until)?;
        // Openfire 4.7 loses what comes with the end of the handshake (rule 72).
        match talk.header(domain, &until.at_most(patience.limit(Wait::Resend))) {
            Err(e) if e.kind() == Kind::Timeout && !talk.heard => {
                talk.write(&stream::header(domain), &until)?;
                talk.header(domain, &until)?;
            }
            header => header?,
        }
        let features = Features::parse(&talk.stanza(&until)?)?;
        Ok((talk.tls_version().unwrap_or_default(), features.mechanisms))
    })();
    let chain = seen.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|shown| shown.to_vec()).collect();
    Sight { chain, outcome }
}

/// The strongest mechanism that is offered and may be used; whether one that is bound to the channel is possible, only
/// the login itself can tell.
pub fn mechanism(config: &Config, has_password: bool, offered: &[String]) -> Option<Mechanism> {
    let floor = match config.min_auth {
        MinAuth::Plain => Mechanism::Plain,
        MinAuth::ScramSha1 => Mechanism::ScramSha1,
        MinAuth::ScramSha256 => Mechanism::ScramSha256,
        MinAuth::ScramPlus => Mechanism::ScramSha1Plus,
    };
    let possible = |mechanism: &Mechanism| match mechanism {
        Mechanism::External => config.cert_file.is_some(),
        _ => has_password,
    };
    let possible: Vec<_> = Mechanism::ALL.iter().copied().filter(possible).collect();
    Mechanism::strongest(offered, &possible).filter(|mechanism| *mechanism >= floor)
}
