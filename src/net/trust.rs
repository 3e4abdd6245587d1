//! Whom we trust to be the server: CA files, pins, and what is said when we don't.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use crate::base::error::{Error, Kind, Result};
use crate::base::pin::Pin;
use crate::os::file::read_regular;

/// The pins that a certificate can be named by: its own, and its key's where it can be read.
pub fn pins_of(certificate: &CertificateDer<'_>) -> Vec<Pin> {
    let key = ParsedCertificate::try_from(certificate).map(|c| Pin::of(&c.subject_public_key_info()));
    [Some(Pin::of(certificate)), key.ok()].into_iter().flatten().collect()
}

/// Accepts a server by pin, by chain, or by both.
pub struct Verifier {
    roots: Option<RootCertStore>,
    pins: Vec<Pin>,
    provider: Arc<CryptoProvider>,
    seen: Option<Seen>,
}

/// The certificates that a server showed, its own first: for who looks, whether they are trusted or not.
pub type Seen = Arc<Mutex<Vec<CertificateDer<'static>>>>;

impl Verifier {
    /// A pin alone stands in for chain, name and dates; with a CA file both must hold; with neither, the
    /// certificate authorities of the web.
    ///
    /// # Errors
    /// [`Kind::Config`] when the CA file can't be used.
    pub fn new(ca_file: Option<&Path>, pins: &[Pin], provider: Arc<CryptoProvider>) -> Result<Verifier> {
        let roots = match ca_file {
            Some(path) => Some(load(path)?),
            None if pins.is_empty() => Some(of_the_web()?),
            None => None,
        };
        Ok(Verifier { roots, pins: pins.to_vec(), provider, seen: None })
    }

    /// Shows what it is shown.
    pub fn showing(self, seen: Option<Seen>) -> Verifier {
        Verifier { seen, ..self }
    }

    fn check_pins(&self, certificate: &CertificateDer<'_>) -> std::result::Result<(), rustls::Error> {
        let found = pins_of(certificate);
        if self.pins.is_empty() || found.iter().any(|pin| self.pins.contains(pin)) {
            return Ok(());
        }
        let error = CertificateError::Other(OtherError(Arc::new(Unpinned(found))));
        Err(rustls::Error::InvalidCertificate(error))
    }
}

#[cfg(feature = "roots")]
fn of_the_web() -> Result<RootCertStore> {
    Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

#[cfg(not(feature = "roots"))]
fn of_the_web() -> Result<RootCertStore> {
    let what = "nothing says whom to trust: this firepush was built without the authorities of the web";
    Err(Error::new(Kind::Config, what).advise("name the server's certificates with --ca-file or --pin"))
}

/// A file of certificates is at most this long, in bytes: all of the web's authorities fit.
pub const PEM_MAX: usize = 1 << 20;

fn load(path: &Path) -> Result<RootCertStore> {
    let shown = path.display();
    let bad = |why: String| Error::new(Kind::Config, format!("the CA file {shown} {why}"));
    let mut roots = RootCertStore::empty();
    let pem = read_regular(path, PEM_MAX, "CA file")?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| bad(format!("is not PEM: {e}")))?;
        roots.add(certificate).map_err(|e| bad(format!("holds a certificate that can't be used: {e}")))?;
    }
    if roots.is_empty() { Err(bad("holds no certificate in PEM".into())) } else { Ok(roots) }
}

/// The certificate matches none of the pins; these would.
#[derive(Debug)]
pub struct Unpinned(Vec<Pin>);

impl fmt::Display for Unpinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found: Vec<_> = self.0.iter().map(Pin::to_string).collect();
        write!(f, "it matches no given pin; certificate and key are {}", found.join(" and "))
    }
}

impl std::error::Error for Unpinned {}

// rustls asks for it; to derive it would link in the names of all that TLS knows.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Some(seen) = &self.seen {
            let all = std::iter::once(end_entity).chain(intermediates).map(|shown| shown.clone().into_owned());
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = all.collect();
        }
        self.check_pins(end_entity)?;
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
            verify_server_name(&certificate, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
