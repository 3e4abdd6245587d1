//! Which hosts serve our account, in the order in which they are tried (RFC 6120 §3.2, XEP-0368).

use crate::base::config::Config;
use crate::base::endpoint::{Endpoint, Server};
use crate::base::error::{Error, Fault, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::dial::{Dial, Purpose};
use crate::os::until::Patience;

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    StartTls,
    Direct,
}

impl Security {
    fn port(self) -> u16 {
        match self {
            Security::StartTls => 5222,
            Security::Direct => 5223,
        }
    }

    fn service(self) -> &'static str {
        match self {
            Security::StartTls => "_xmpp-client._tcp",
            Security::Direct => "_xmpps-client._tcp",
        }
    }
}

/// Where the hosts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The server is configured.
    Configured,
    /// The domain is an address, or has one that is configured.
    Address,
    /// The SRV records of the domain.
    Records,
    /// No SRV records were found: the domain itself.
    Domain,
}

/// The server that is configured; else those that the domain names, else the domain itself. With direct TLS wanted
/// only such; else those of STARTTLS come first. None when the domain says that it has no such service.
///
/// # Errors
/// [`Kind::Stopped`].
pub fn of(
    config: &Config,
    account: &Jid,
    dialer: &dyn Dial,
    patience: &Patience,
) -> Result<(Vec<(Endpoint, Security)>, Origin)> {
    let wanted = if config.direct_tls { Security::Direct } else { Security::StartTls };
    if let Some(server) = &config.server {
        return Ok((vec![endpoint(server, wanted)], Origin::Configured));
    }
    let domain = account.domain().trim_matches(['[', ']']);
    let own = (Endpoint { host: domain.to_owned(), port: wanted.port() }, wanted);
    let is_fixed = config.resolve.iter().any(|fixed| fixed.of(&own.0).is_some());
    if is_fixed || domain.parse::<std::net::IpAddr>().is_ok() {
        return Ok((vec![own], Origin::Address));
    }
    let mut named = named(wanted, domain, dialer, patience)?;
    if wanted == Security::StartTls && named.iter().all(|(host, _)| host.host.is_empty()) {
        named.extend(self::named(Security::Direct, domain, dialer, patience)?);
    }
    if named.is_empty() {
        return Ok((vec![own], Origin::Domain));
    }
    named.retain(|(host, _)| !host.host.is_empty());
    Ok((named, Origin::Records))
}

/// A server as people write it, with the usual port.
pub fn endpoint(server: &Server, security: Security) -> (Endpoint, Security) {
    let port = server.port.unwrap_or(security.port());
    (Endpoint { host: server.host.clone(), port }, security)
}

fn named(
    security: Security,
    domain: &str,
    dialer: &dyn Dial,
    patience: &Patience,
) -> Result<Vec<(Endpoint, Security)>> {
    let hosts = dialer.services(security.service(), domain, Purpose::new(patience, Wait::Connect))?;
    Ok(hosts.into_iter().map(|host| (host, security)).collect())
}

/// The domain has no such service.
pub fn none(account: &Jid) -> Error {
    let what = format!("{} says that it serves no XMPP clients (its SRV records name no host)", account.domain());
    let error = Error::new(Kind::Network, what).during(Wait::Resolve).fault_of(Fault::Server);
    error.advise("name the server with --server HOST")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::Secret;
    use crate::base::waits::Waits;
    use crate::net::dial::Stream;
    use crate::os::stop::Stop;

    /// Knows the SRV records of some domains.
    struct Records;

    impl Dial for Records {
        fn dial(&self, _: &Endpoint, _: Purpose<'_>) -> Result<Box<dyn Stream>> {
            Err(Error::new(Kind::Network, "nobody is here"))
        }

        fn services(&self, service: &str, domain: &str, _: Purpose<'_>) -> Result<Vec<Endpoint>> {
            let host = |host: &str, port| Endpoint { host: host.into(), port };
            Ok(match (service, domain) {
                ("_xmpp-client._tcp", "both.org") => vec![host("a", 5222), host("b", 5269)],
                ("_xmpps-client._tcp", "both.org" | "direct.org") => vec![host("c", 443)],
                (_, "none.org") => vec![host("", 0)],
                _ => Vec::new(),
            })
        }
    }

    fn tried(jid: &str, change: impl FnOnce(&mut Config)) -> Vec<String> {
        let jid: Jid = jid.parse().unwrap();
        let mut config = Config::new(jid.clone(), Secret::new("x"));
        change(&mut config);
        let patience = Patience::new(&Waits::default(), &Stop::new().unwrap());
        let (hosts, _) = of(&config, &jid, &Records, &patience).unwrap();
        hosts.iter().map(|(host, security)| format!("{host} {security:?}")).collect()
    }

    #[test]
    fn the_hosts_of_a_domain_are_those_that_it_names_else_itself() {
        let direct = |config: &mut Config| config.direct_tls = true;
        assert_eq!(tried("u@both.org", |_| ()), ["a:5222 StartTls", "b:5269 StartTls"]);
        assert_eq!(tried("u@both.org", direct), ["c:443 Direct"]);
        assert_eq!(tried("u@direct.org", |_| ()), ["c:443 Direct"]);
        assert_eq!(tried("u@plain.org", |_| ()), ["plain.org:5222 StartTls"]);
        assert_eq!(tried("u@plain.org", direct), ["plain.org:5223 Direct"]);
        assert!(tried("u@none.org", |_| ()).is_empty());
    }

    #[test]
    fn a_configured_server_and_an_address_are_taken_as_they_are() {
        let server = |config: &mut Config| config.server = Some("h:99".parse().unwrap());
        assert_eq!(tried("u@both.org", server), ["h:99 StartTls"]);
        assert_eq!(tried("u@192.0.2.1", |_| ()), ["192.0.2.1:5222 StartTls"]);
        assert_eq!(tried("u@[2001:db8::1]", |_| ()), ["[2001:db8::1]:5222 StartTls"]);
    }
}
