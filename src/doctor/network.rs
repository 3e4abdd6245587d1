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
use crate::net::resolve::Resolver;
use crate::net::trust::pins_of;
use crate::os::clock::{Clock, SystemClock};
use crate::os::stop::Stop;
use crate::os::thread;
use crate::os::until::Patience;
use crate::proto::certificate::Certificate;
use crate::session::look::{Sight, look, mechanism};
use crate::session::servers::{self, Security};

/// A certificate that ends so soon is worth a word.
const SOON: u64 = 14 * 86400;

/// A server that can be logged in to.
pub struct Reached {
    pub dialer: Arc<dyn Dial>,
}

/// `None` when the server can't be reached, or isn't the right one.
///
/// # Errors
/// [`Kind::Stopped`].
pub fn reach(config: &Config, has_secret: bool, stop: &Stop, report: &mut Report<'_>) -> Result<Option<Reached>> {
    let Ok(account) = config.account() else { return Ok(None) };
    let dialer: Arc<dyn Dial> = Arc::new(TcpDialer::new(config));
    let patience = Patience::new(&config.waits, stop);
    let Some(hosts) = report.take("dns", servers::of(config, account, &*dialer, &patience))? else { return Ok(None) };
    if hosts.is_empty() {
        report.fail("dns", &servers::none(account));
        return Ok(None);
    }
    let names: Vec<_> = hosts.iter().map(|(host, _)| host.to_string()).collect();
    let is_own = hosts.iter().all(|(host, _)| host.host == account.domain());
    let named = match (&config.server, is_own) {
        (Some(_), _) => "is configured",
        (None, true) => "no SRV records were found: the domain itself",
        (None, false) => "by the SRV records of the domain",
    };
    report.ok("server", format!("{} ({named})", names.join(", ")));
    let mut open = None;
    for host in &hosts {
        if addresses(config, &host.0, &patience, report)? && connections(config, &host.0, &dialer, &patience, report)? {
            open = Some(host);
            break;
        }
    }
    let Some(host) = open else { return Ok(None) };
    Ok(tls(config, has_secret, host, &*dialer, &patience, report)?.then_some(Reached { dialer }))
}

/// Whether the name leads to an address.
fn addresses(config: &Config, host: &Endpoint, patience: &Patience, report: &mut Report<'_>) -> Result<bool> {
    if host.host.parse::<std::net::IpAddr>().is_ok() || config.resolve.iter().any(|fixed| fixed.of(host).is_some()) {
        report.ok("dns", format!("{host} needs none"));
        return Ok(true);
    }
    if let Some(via) = &config.via {
        report.ok("dns", format!("{host} is looked up by the proxy {via}"));
        return Ok(true);
    }
    let mut found = false;
    let resolver = Resolver::default();
    let mut silent = Vec::new();
    for inquiry in resolver.inquire(&host.host, &patience.until(Wait::Resolve))? {
        match inquiry.outcome {
            Ok(addresses) if !addresses.is_empty() => {
                let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                report.ok("dns", format!("{} is {}, says {}", host.host, all.join(", "), inquiry.source));
                found = true;
            }
            Ok(_) => silent.push(format!("{} knows no address of {}", inquiry.source, host.host)),
            Err(error) => silent.push(error.what()),
        }
    }
    if found {
        silent
            .iter()
            .for_each(|text| report.warn("dns", text, "each look-up waits for it: take it out of /etc/resolv.conf"));
        return Ok(true);
    }
    let what = if silent.is_empty() { format!("nobody knows {}", host.host) } else { silent.join("; ") };
    let error = Error::new(Kind::Network, what).during(Wait::Resolve);
    report.fail("dns", &error.advise("check /etc/resolv.conf and the name; --resolve HOST:PORT:ADDRESS needs no DNS"));
    Ok(false)
}

/// Whether a connection comes about; each address is tried on its own.
fn connections(
    config: &Config,
    host: &Endpoint,
    dialer: &Arc<dyn Dial>,
    patience: &Patience,
    report: &mut Report<'_>,
) -> Result<bool> {
    let fixed = config.via.is_some() || config.resolve.iter().any(|fixed| fixed.of(host).is_some());
    let addresses =
        if fixed { Vec::new() } else { Resolver::default().addresses(host, &patience.until(Wait::Resolve))? };
    let mut places: Vec<_> =
        addresses.iter().map(|at| Endpoint { host: at.ip().to_string(), port: at.port() }).collect();
    if fixed {
        places.push(host.clone());
    }
    let mut tries = Vec::new();
    for place in places {
        let (dialer, patience, to) = (Arc::clone(dialer), patience.clone(), place.clone());
        let dial = move || {
            let started = Instant::now();
            dialer.dial(&to, Purpose::new(&patience, Wait::Connect)).map(|_| started.elapsed())
        };
        tries.push((place, thread::spawn("firepush-probe", dial)?));
    }
    let lost = || Err(Error::new(Kind::Bug, "the attempt ended without an outcome"));
    let mut failures = Vec::new();
    let mut open = false;
    for (place, attempt) in tries {
        match attempt.join().unwrap_or_else(|_| lost()) {
            Ok(time) => {
                report.ok("tcp", format!("{place} in {} ms", time.as_millis()));
                open = true;
            }
            Err(error) => failures.push(error),
        }
    }
    for error in failures {
        if error.kind() == Kind::Stopped {
            return Err(error);
        } else if open {
            report.warn("tcp", error.what(), "another address works; each connection may wait for this one");
        } else {
            let advice = "check the address and port, the server, and the firewalls on the way (5222; direct TLS 5223)";
            report.fail("tcp", &error.advise(advice));
        }
    }
    Ok(open)
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
    if has_secret && mechanism(config, has_secret, &offered).is_none() {
        let what = format!("the server offers no login mechanism that may be used, only {list}");
        report.fail("login", &Error::new(Kind::NoMechanism, what).advise("see min_auth, or the server's settings"));
        return Ok(false);
    }
    report.ok("login", format!("the server offers {list}"));
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
