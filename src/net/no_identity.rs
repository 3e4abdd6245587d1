//! In place of `identity`, where the feature `external` is left out.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{ClientConfig, ConfigBuilder};

use crate::base::config::Config;
use crate::base::error::{Error, Kind, Result};

/// ring's cryptography, without private keys.
pub fn provider() -> CryptoProvider {
    CryptoProvider { key_provider: &NoKeys, ..default_provider() }
}

/// # Errors
/// [`Kind::Config`] when there is a certificate.
pub fn with_identity(config: ConfigBuilder<ClientConfig, WantsClientCert>, account: &Config) -> Result<ClientConfig> {
    if account.cert_file.is_none() && account.key_file.is_none() {
        return Ok(config.with_no_client_auth());
    }
    let what = "a certificate of our own is set, but this firepush was built without external";
    Err(Error::new(Kind::Config, what).advise("use a password, or another build"))
}

#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _key: PrivateKeyDer<'static>,
    ) -> std::result::Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("there are no private keys".into()))
    }
}
