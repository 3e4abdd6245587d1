//! The server, its proxies, and the recipients.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Level, Report};
use crate::base::config::{Config, Preference};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::task::Recipients;
use crate::client::Client;
use crate::net::dial::Dial;
use crate::os::stop::Stop;
use crate::proto::roster::Subscription;
use crate::transfer::survey::{self, Probed, Recipient};

/// `None` when the login is refused.
///
/// # Errors
/// [`Kind::Stopped`].
pub fn log_in(config: &Config, dialer: Arc<dyn Dial>, stop: &Stop, report: &mut Report<'_>) -> Result<Option<Client>> {
    let Some(client) = report.take("login", Client::connect_with(config, stop, dialer))? else { return Ok(None) };
    report.ok("login", format!("as {} by {}", client.jid(), client.mechanism()));
    if client.mechanism() == "PLAIN" {
        report.warn(
            "login",
            "the password itself goes to the server, inside TLS",
            "prefer SCRAM at the server; see min_auth",
        );
    }
    client.show_online()?;
    Ok(Some(client))
}

/// # Errors
/// What ended the session.
pub fn software(client: &Client, report: &mut Report<'_>) -> Result<()> {
    match survey::server(client.context())? {
        Some(version) => report.ok("server", format!("{} {}", version.name, version.version)),
        None => report.ok("server", "it doesn't say what it is"),
    }
    Ok(())
}

/// # Errors
/// What ended the session.
pub fn proxies(client: &Client, config: &Config, report: &mut Report<'_>) -> Result<()> {
    let context = client.context();
    let probed = survey::proxies(context)?;
    if config.method == Preference::Socks5 && !config.direct && probed.iter().all(|probed| probed.outcome.is_err()) {
        let what = "method = socks5, and no proxy can be reached";
        report.fail("proxy", &Error::new(Kind::NoBytestream, what));
    }
    if probed.is_empty() {
        let advice = "switch the server's file transfer proxy on (Openfire: xmpp.proxy.enabled); in-band works, slowly";
        report.warn("proxy", "the server names no SOCKS5 proxy", advice);
        return Ok(());
    }
    let server = context.session.addresses().map(|(server, _)| server.ip()).filter(|_| config.via.is_none());
    let place = Place { is_local: context.is_on_loopback(), is_public: server.is_some_and(is_public) };
    for Probed { host, outcome } in &probed {
        let text = format!("{} at {}:{}", host.jid, host.host, host.port);
        match (place.fault(&host.host), outcome) {
            (Some(fault), _) => {
                let advice = "set xmpp.proxy.externalip at the server to an address that everyone reaches";
                report.warn("proxy", format!("{text}: {fault}"), advice);
            }
            (None, Err(error)) => {
                let advice = "let the firewall pass it; in-band works, slowly";
                report.warn("proxy", format!("{text}: {}", error.what()), advice);
            }
            (None, Ok(())) => report.ok("proxy", text),
        }
    }
    if probed.len() > 1 {
        let hint = "each that a recipient can't reach costs it 8 s; set xmpp.proxy.externalip at the server";
        report.warn("proxy", format!("{} addresses are named", probed.len()), hint);
    }
    if probed.iter().all(|probed| matches!(probed.host.host.parse(), Ok(IpAddr::V6(_)))) {
        report.warn("proxy", "only IPv6 addresses are named", "recipients without IPv6 take files in-band only");
    }
    report.ok("proxy", "what goes through it is not encrypted; require_encryption = yes sends in-band, inside TLS");
    Ok(())
}

/// Where the server is, seen from here.
struct Place {
    is_local: bool,
    is_public: bool,
}

impl Place {
    /// What is wrong with an address of a proxy, whoever tries it.
    fn fault(&self, host: &str) -> Option<&'static str> {
        let ip: IpAddr = host.parse().ok()?;
        match ip.to_canonical() {
            ip if ip.is_loopback() && !self.is_local => Some("that is this device itself"),
            ip if self.is_public && !is_public(ip) => Some("a private address, and the server has a public one"),
            _ => None,
        }
    }
}

/// Not one of the ranges of home and company networks.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => !(v4.is_private() || v4.is_link_local() || v4.is_loopback()),
        IpAddr::V6(v6) => {
            !(v6.segments()[0] & 0xfe00 == 0xfc00 || v6.segments()[0] & 0xffc0 == 0xfe80 || v6.is_loopback())
        }
    }
}

/// Of several the first that is able gets a file: then what is wrong with the others is no failure.
///
/// # Errors
/// What ended the session.
pub fn recipients(client: &Client, group: &Recipients, report: &mut Report<'_>) -> Result<()> {
    let mut failures = Vec::new();
    for to in &group.0 {
        failures.extend(recipient(client, to, report)?);
    }
    let is_able = failures.len() < group.0.len();
    for error in failures.into_iter().map(advised) {
        match is_able {
            true => report.warn("recipient", error.what(), format!("another of {group} gets it")),
            false => report.fail("recipient", &error),
        }
    }
    Ok(())
}

/// Why it can't take a file, if it can't.
fn recipient(client: &Client, to: &Jid, report: &mut Report<'_>) -> Result<Option<Error>> {
    let Recipient { subscription, resources, chosen } = survey::recipient(client.context(), to)?;
    let (level, text, advice) = contact(subscription);
    report.say("recipient", level, format!("{to}: {text}"), advice);
    for resource in &resources {
        let name = format!("{} is online", resource.jid);
        if resource.info.is_none() {
            report.warn("recipient", name + ", and doesn't say what it can do", "");
        } else if !resource.takes_files() {
            report.ok("recipient", name + ", and takes no files");
        } else if resource.jid.resource().is_some_and(|name| name.starts_with("Spark")) {
            let text = "; this is Spark: it needs us in its roster, and it takes in-band only by default";
            report.ok("recipient", name + text);
        } else {
            report.ok("recipient", format!("{name}, and takes files by {}", resource.methods().join(" and ")));
        }
    }
    match chosen {
        Ok(jid) => {
            report.ok("recipient", format!("a file would go to {jid}"));
            Ok(None)
        }
        Err(error) if error.kind() == Kind::Stopped => Err(error),
        Err(error) => Ok(Some(error)),
    }
}

/// What our roster says of the contact.
fn contact(subscription: Option<Subscription>) -> (Level, &'static str, &'static str) {
    let group = "put both into one shared group (Openfire), or let each add the other";
    match subscription {
        None => (Level::Warn, "the server doesn't tell how this device's roster has it", "look again later"),
        Some(Subscription::Both) => (Level::Ok, "both see each other", ""),
        Some(Subscription::To) => {
            (Level::Warn, "its user has no contact for this device: Spark shows no buttons", group)
        }
        Some(Subscription::From) => (Level::Warn, "this device can't see whether it is online", group),
        Some(Subscription::None | Subscription::Remove) => (Level::Warn, "it is not in this device's roster", group),
    }
}

fn advised(error: Error) -> Error {
    if error.kind() == Kind::Offline { error.advise("let it log in, with Spark or `firepush receive`") } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_can_not_reach_are_named() {
        let fault = |is_local, is_public, host| Place { is_local, is_public }.fault(host);
        assert!(fault(false, true, "127.0.0.1").is_some_and(|fault| fault.contains("this device itself")));
        assert!(fault(false, true, "::1").is_some_and(|fault| fault.contains("this device itself")));
        for host in ["10.1.2.3", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"] {
            assert!(fault(false, true, host).is_some_and(|fault| fault.contains("private")), "{host}");
            assert_eq!(fault(false, false, host), None, "{host}, where the server is private too");
        }
        for host in ["203.0.113.7", "2001:db8::1", "proxy.example.org"] {
            assert_eq!(fault(false, true, host), None, "{host}");
        }
        assert_eq!(fault(true, false, "127.0.0.1"), None);
    }
}
