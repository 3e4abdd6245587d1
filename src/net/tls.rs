//! TLS settings, and TLS errors in words.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection};

use super::identity::{provider, with_identity};
use super::trust::{Seen, Unpinned, Verifier};
use crate::base::config::Config;
use crate::base::error::{Error, Fault, Kind, Result};
use crate::base::host::ascii;

/// What TLS needs: whom to trust, and the domain that the certificate must be for.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    domain: String,
}

impl Tls {
    /// The certificate is checked for the JID's domain, never for the TCP host (rules 4 and 79).
    ///
    /// # Errors
    /// [`Kind::Config`] when the CA file can't be used or the domain is no name for a certificate.
    pub fn new(account: &Config, domain: &str) -> Result<Tls> {
        Tls::showing(account, domain, None)
    }

    /// As [`Tls::new`]; what the server shows is kept, whether it is trusted or not.
    ///
    /// # Errors
    /// As [`Tls::new`].
    pub fn showing(account: &Config, domain: &str, seen: Option<Seen>) -> Result<Tls> {
        let provider = Arc::new(provider());
        let verifier = Verifier::new(account.ca_file.as_deref(), &account.pins, Arc::clone(&provider))?.showing(seen);
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let versions = versions.map_err(|e| Error::new(Kind::Bug, e.to_string()))?;
        let dangerous = versions.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = with_identity(dangerous, account)?;
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Tls { config: Arc::new(config), name: server_name(domain)?, domain: domain.to_owned() })
    }

    /// A connection; one that begins with TLS says for what (XEP-0368 §2).
    pub fn start(&self, is_direct: bool) -> Result<ClientConnection> {
        let protocols = if is_direct { vec![b"xmpp-client".to_vec()] } else { Vec::new() };
        let mut connection = ClientConnection::new_with_alpn(Arc::clone(&self.config), self.name.clone(), protocols)
            .map_err(|e| Error::new(Kind::Tls, e.to_string()))?;
        connection.set_buffer_limit(None);
        Ok(connection)
    }

    /// The error of a failed handshake or a broken record, with what to do about it.
    pub fn explain(&self, error: rustls::Error) -> Error {
        let told = match &error {
            rustls::Error::InvalidCertificate(reason) => self.explain_certificate(reason),
            rustls::Error::NoCertificatesPresented => {
                Error::new(Kind::Certificate, format!("the server of {} sent no certificate", self.domain))
            }
            rustls::Error::AlertReceived(alert) => Error::new(Kind::Tls, format!("the server ended TLS: {alert:?}")),
            other => Error::new(Kind::Tls, format!("TLS failed: {other}")),
        };
        told.because(error)
    }

    fn explain_certificate(&self, reason: &CertificateError) -> Error {
        use CertificateError as C;
        let what = |text: &str| format!("the certificate of {} {text}", self.domain);
        let (text, advice) = match reason {
            C::Expired | C::ExpiredContext { .. } => {
                (what("has expired"), "renew it at the server, or check this device's clock")
            }
            C::NotValidYet | C::NotValidYetContext { .. } => {
                (what("is not valid yet"), "check this device's clock (it may not be set), or the certificate")
            }
            C::UnknownIssuer => (
                what("is not signed by a trusted CA"),
                "name its CA with --ca-file, or the certificate itself with --pin sha256:HEX",
            ),
            C::BadSignature => (
                what("is signed by another CA than the trusted one of the same name"),
                "name the CA as it is now with --ca-file, or the certificate itself with --pin sha256:HEX",
            ),
            C::NotValidForName | C::NotValidForNameContext { .. } => (self.wrong_name(), self.wrong_name_advice()),
            C::Other(other) => self.explain_other(other),
            other => (what(&format!("can't be used: {other}")), "renew it at the server, or use --pin sha256:HEX"),
        };
        Error::new(Kind::Certificate, text).advise(advice).fault_of(Fault::Server)
    }

    fn explain_other(&self, other: &rustls::OtherError) -> (String, &'static str) {
        match other.0.downcast_ref::<Unpinned>() {
            Some(unpinned) => (
                format!("the certificate of {} is not the pinned one: {unpinned}", self.domain),
                "if the server's certificate was renewed on purpose, pin the new one",
            ),
            None => (
                format!("the certificate of {} can't be used: {other}", self.domain),
                "a self-signed CA certificate can't be checked by --ca-file: use --pin sha256:HEX",
            ),
        }
    }

    fn wrong_name(&self) -> String {
        format!("the certificate is not for {}", self.domain)
    }

    fn wrong_name_advice(&self) -> &'static str {
        match self.name {
            ServerName::IpAddress(_) => {
                "the server must write the address as an IP address into its certificate (Openfire doesn't): use --pin sha256:HEX"
            }
            _ => "check the domain in --jid and the certificate, or use --pin sha256:HEX",
        }
    }
}

/// A domain, or an IP address; `[v6]` loses its brackets for the check (rule 79).
fn server_name(domain: &str) -> Result<ServerName<'static>> {
    let address = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')).unwrap_or(domain);
    if let Ok(ip) = address.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(ip.into()));
    }
    let name = ascii(domain)?.into_owned();
    ServerName::try_from(name).map_err(|_| {
        let what = format!("the domain {domain:?} is no name that a certificate can carry");
        Error::new(Kind::Config, what).advise("use a domain of ASCII letters, digits, '-' and '.'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_79_an_address_is_checked_as_an_address() {
        for (domain, is_ip) in [("192.0.2.10", true), ("[2001:db8::1]", true), ("example.org", false)] {
            assert_eq!(matches!(server_name(domain), Ok(ServerName::IpAddress(_))), is_ip, "{domain}");
        }
        assert_eq!(server_name("ex ample.org").unwrap_err().kind(), Kind::Config);
    }
}
