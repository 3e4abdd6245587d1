//! Our own certificate, for SASL EXTERNAL.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring::default_provider;
use rustls::crypto::ring::sign::{RsaSigningKey, any_ecdsa_type};
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, ConfigBuilder};

use super::trust::PEM_MAX;
use crate::base::config::Config;
use crate::base::error::{Error, Kind, Result};
use crate::os::file::{read_private, read_regular};

/// A private key in PEM is at most this long.
const KEY_MAX: usize = 64 * 1024;

const WANTED: &str = "its key is neither RSA of 2048 to 4096 bits nor ECDSA with P-256 or P-384";

/// ring's cryptography, with the keys that we can have.
pub fn provider() -> CryptoProvider {
    CryptoProvider { key_provider: &Keys, ..default_provider() }
}

/// Shows our certificate to the servers that ask for one, if we have one.
///
/// # Errors
/// [`Kind::Config`] when certificate or key can't be used.
pub fn with_identity(config: ConfigBuilder<ClientConfig, WantsClientCert>, account: &Config) -> Result<ClientConfig> {
    let (chain, key) = match (&account.cert_file, &account.key_file) {
        (None, None) => return Ok(config.with_no_client_auth()),
        (Some(chain), Some(key)) => (chain, key),
        _ => return Err(Error::new(Kind::Config, "--cert-file and --key-file belong together")),
    };
    let bad = |path: &Path, why: String| Error::new(Kind::Config, format!("{} {why}", path.display()));
    let pem = read_private(key, KEY_MAX, "key file")?;
    let secret = PrivateKeyDer::from_pem_slice(&pem).map_err(|e| bad(key, format!("holds no private key: {e}")))?;
    let pem = read_regular(chain, PEM_MAX, "certificate file")?;
    let certificates: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|e| bad(chain, format!("is not PEM: {e}")))?;
    if certificates.is_empty() {
        return Err(bad(chain, "holds no certificate".into()));
    }
    config.with_client_auth_cert(certificates, secret).map_err(|error| {
        let why = match error {
            rustls::Error::General(why) => why,
            other => other.to_string(),
        };
        Error::new(Kind::Config, format!("our own certificate can't be used: {why}"))
    })
}

/// RSA and ECDSA. Hardly a server takes a client's certificate with Ed25519, and signing with it is 9 kB of code.
#[derive(Debug)]
struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(&self, key: PrivateKeyDer<'static>) -> std::result::Result<Arc<dyn SigningKey>, rustls::Error> {
        match RsaSigningKey::new(&key) {
            Ok(rsa) => Ok(Arc::new(rsa)),
            Err(_) => any_ecdsa_type(&key).map_err(|_| rustls::Error::General(WANTED.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    /// With a certificate of our own whose key is of this kind.
    fn used(kind: &'static rcgen::SignatureAlgorithm) -> Result<()> {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        let made = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
        let [cert_file, key_file] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        fs::write(&cert_file, made.pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        fs::set_permissions(&key_file, Permissions::from_mode(0o600)).unwrap();
        let pins = vec![crate::base::pin::Pin::of(b"")];
        let account = Config { cert_file: Some(cert_file), key_file: Some(key_file), pins, ..Config::default() };
        crate::net::tls::Tls::new(&account, "example.org").map(|_| ())
    }

    #[test]
    fn a_key_of_another_kind_than_servers_take_is_refused_in_words() {
        used(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        used(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let error = used(&rcgen::PKCS_ED25519).unwrap_err();
        assert_eq!(
            (error.kind(), error.what()),
            (Kind::Config, format!("our own certificate can't be used: {WANTED}"))
        );
    }
}
