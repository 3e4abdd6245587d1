//! The way to the server: names, addresses, TLS, and what it offers for the login.

use std::sync::Arc;
use std::time::Instant;

use super::Report;
use crate::base::config::Config;
use crate::base::date::readable;
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::Wait;
use crate::net::dial::{Dial, Purpose, TcpDialer};
use crate::net::resolve::{Inquiry, Resolver};
use crate::net::trust::pins_of;
use crate::os::clock::{Clock, SystemClock};
use crate::os::stop::Stop;
use crate::os::thread;
use crate::os::until::Patience;
use crate::proto::certificate::Certificate;
use crate::session::look::{Sight, look, mechanism};
use crate::session::servers::{self, Origin, Security};

/// A certificate that ends so soon is worth a word.
const SOON: u64 = 14 * 86400;

/// A server that can be logged in to.
pub struct Reached {
    pub dialer: Arc<dyn Dial>,
    pub host: (Endpoint, Security),
}

/// What is looked at on the way.
struct Way<'a> {
    config: &'a Config,
    dialer: Arc<dyn Dial>,
    patience: Patience,
    /// What went wrong with some host; another may do.
    failures: Vec<(&'static str, Error)>,
}

/// `None` when the server can't be reached, or isn't the right one.
///
/// # Errors
/// [`Kind::Stopped`].
pub fn reach(config: &Config, has_secret: bool, stop: &Stop, report: &mut Report<'_>) -> Result<Option<Reached>> {
    let Ok(account) = config.account() else { return Ok(None) };
    let dialer: Arc<dyn Dial> = Arc::new(TcpDialer::new(config));
    let patience = Patience::new(&config.waits, stop);
    let named = servers::of(config, account, &*dialer, &patience);
    let Some((hosts, origin)) = report.take("dns", named)? else { return Ok(None) };
    if hosts.is_empty() {
        report.fail("dns", &servers::none(account));
        return Ok(None);
    }
    let names: Vec<_> = hosts.iter().map(|(host, _)| host.to_string()).collect();
    let origin = match origin {
        Origin::Configured => "is configured",
        Origin::Address => "the domain is an address",
        Origin::Records => "by the SRV records of the domain",
        Origin::Domain => "no SRV record was found: the domain itself",
    };
    report.ok("server", format!("{} ({origin})", names.join(", ")));
    let mut way = Way { config, dialer, patience, failures: Vec::new() };
    let open = way.first_open(&hosts, report)?;
    for (check, error) in &way.failures {
        match open {
            Some(_) => report.warn(check, error.what(), "another one works; each connection may wait for this one"),
            None => report.fail(check, error),
        }
    }
    let Some(host) = open else { return Ok(None) };
    let is_right = tls(config, has_secret, host, &*way.dialer, &way.patience, report)?;
    Ok(is_right.then(|| Reached { dialer: way.dialer, host: host.clone() }))
}

impl Way<'_> {
    fn first_open<'h>(
        &mut self,
        hosts: &'h [(Endpoint, Security)],
        report: &mut Report<'_>,
    ) -> Result<Option<&'h (Endpoint, Security)>> {
        for host in hosts {
            let places = self.places(&host.0, report)?;
            if self.is_open(places, report)? {
                return Ok(Some(host));
            }
        }
        Ok(None)
    }

    /// Where the host is, each address on its own.
    fn places(&mut self, host: &Endpoint, report: &mut Report<'_>) -> Result<Vec<Endpoint>> {
        let is_fixed = self.config.resolve.iter().any(|fixed| fixed.of(host).is_some());
        if is_fixed || host.host.parse::<std::net::IpAddr>().is_ok() {
            report.ok("dns", format!("{host} needs none"));
            return Ok(vec![host.clone()]);
        }
        if let Some(via) = &self.config.via {
            report.ok("dns", format!("{host} is looked up by the proxy {via}"));
            return Ok(vec![host.clone()]);
        }
        let mut places: Vec<Endpoint> = Vec::new();
        let mut silent = Vec::new();
        let inquired = Resolver::default().inquire(&host.host, &self.patience.until(Wait::Resolve));
        for Inquiry { source, outcome } in report.take("dns", inquired)?.unwrap_or_default() {
            match outcome {
                Ok(addresses) if !addresses.is_empty() => {
                    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                    report.ok("dns", format!("{} is {}, says {source}", host.host, all.join(", ")));
                    for place in all.into_iter().map(|ip| Endpoint { host: ip, port: host.port }) {
                        if !places.contains(&place) {
                            places.push(place);
                        }
                    }
                }
                Ok(_) => silent.push(format!("{source} knows no address of {}", host.host)),
                Err(error) => silent.push(error.what()),
            }
        }
        let advice = "check /etc/resolv.conf and the name; --resolve HOST:PORT:ADDRESS needs no DNS";
        for text in silent {
            let error = Error::new(Kind::Network, text).during(Wait::Resolve).advise(advice);
            match places.is_empty() {
                true => self.failures.push(("dns", error)),
                false => report.warn("dns", error.what(), "each look-up may wait for it, or believe it"),
            }
        }
        Ok(places)
    }

    /// Whether a connection comes about; all are tried at once.
    fn is_open(&mut self, places: Vec<Endpoint>, report: &mut Report<'_>) -> Result<bool> {
        let mut tries = Vec::new();
        for place in places {
            let (dialer, patience, to) = (Arc::clone(&self.dialer), self.patience.clone(), place.clone());
            let dial = move || {
                let started = Instant::now();
                dialer.dial(&to, Purpose::new(&patience, Wait::Connect)).map(|_| started.elapsed())
            };
            tries.push((place, thread::work_out("firepush-probe", dial)?));
        }
        let lost = || Err(Error::new(Kind::Bug, "the attempt ended without an outcome"));
        let mut open = false;
        for (place, attempt) in tries {
            match attempt.join().unwrap_or_else(lost) {
                Ok(time) => {
                    report.ok("tcp", format!("{place} in {} ms", time.as_millis()));
                    open = true;
                }
                Err(error) if error.kind() == Kind::Stopped => return Err(error),
                Err(error) => self.failures.push(("tcp", self.advised(error))),
            }
        }
        Ok(open)
    }

    /// What a proxy or our own end says of itself is better advice.
    fn advised(&self, error: Error) -> Error {
        if self.config.via.is_some() || self.config.bind.is_some() {
            return error;
        }
        error.advise("check the address and port, the server, and the firewalls on the way (5222; direct TLS 5223)")
    }
}

/// Whether it is the right server, and we may log in.
fn tls(
    config: &Config,
    has_secret: bool,
    host: &(Endpoint, Security),
    dialer: &dyn Dial,
    patience: &Patience,
    report: &mut Report<'_>,
) -> Result<bool> {
    let Sight { chain, outcome } = look(config, host, dialer, patience);
    let certificate = chain.first().map(|der| describe(der));
    let Some((version, offered)) = report.take("tls", outcome)? else {
        certificate.iter().for_each(|text| report.say("tls", super::Level::Warn, format!("it showed: {text}"), ""));
        return Ok(false);
    };
    let version = version.replace("TLSv1_", "TLS 1.");
    report.ok("tls", format!("{version}; {}", certificate.unwrap_or_default()));
    let signers = chain.iter().skip(1).filter_map(|der| Certificate::parse(der)).map(|signer| signer.subject);
    let signers: Vec<_> = signers.collect();
    if !signers.is_empty() {
        report.ok("tls", format!("it comes with the certificates of {}", signers.join(", ")));
    }
    let pins: Vec<_> = chain.first().map(|der| pins_of(&der.as_slice().into())).unwrap_or_default();
    if let Some(pin) = pins.last() {
        report.ok("tls", format!("pin = {pin}  (its key; needs no clock and no CA)"));
    }
    let ends = chain.first().and_then(|der| Certificate::parse(der)).map(|certificate| certificate.not_after);
    if let Some(end) = ends.filter(|end| *end < SystemClock.now() + SOON) {
        report.warn("tls", format!("the certificate ends on {}", readable(end)), "renew it at the server");
    }
    let list = offered.join(", ");
    let has_password = config.password.is_some() || config.password_file.is_some();
    let strongest = mechanism(config, has_password, &offered);
    if has_secret && strongest.is_none() {
        let what = format!("the server offers no login mechanism that may be used, only {list}");
        report.fail("login", &Error::new(Kind::NoMechanism, what).advise("see min_auth, or the server's settings"));
        return Ok(false);
    }
    let strongest = strongest.map_or(String::new(), |mechanism| format!("; up to {} may be used", mechanism.name()));
    report.ok("login", format!("the server offers {list}{strongest}"));
    Ok(true)
}

fn describe(der: &[u8]) -> String {
    let Some(certificate) = Certificate::parse(der) else { return "a certificate that can't be read".into() };
    let names = if certificate.names.is_empty() { "no name".into() } else { certificate.names.join(", ") };
    let (from, to) = (readable(certificate.not_before), readable(certificate.not_after));
    format!(
        "certificate of {:?} for {names}, signed by {:?}, valid from {from} to {to}",
        certificate.subject, certificate.issuer
    )
}
