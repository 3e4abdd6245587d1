//! The server's side of TLS, with a certificate for each domain that the client pins.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

use crate::ca::{self, Flaw};

/// What a server of a domain needs, and the pin by which the client knows it.
#[derive(Clone)]
pub struct Identity {
    pub pin: String,
    /// SHA-256 of the certificate.
    pub hash: Vec<u8>,
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// Made once for each domain.
pub fn identity(domain: &str) -> Identity {
    static MADE: LazyLock<Mutex<HashMap<String, Identity>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().expect("no panic");
    made.entry(domain.to_owned()).or_insert_with(|| make(domain)).clone()
}

fn make(domain: &str) -> Identity {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = ca::issue(folder.path(), domain, Flaw::None);
    let leaf = CertificateDer::from_pem_file(&certificate.pem).expect("a certificate");
    let hash = ring::digest::digest(&ring::digest::SHA256, &leaf).as_ref().to_vec();
    let key = Arc::new(PrivateKeyDer::from_pem_file(&certificate.pem).expect("a key"));
    Identity { pin: certificate.pin, hash, chain: vec![leaf], key }
}

impl Identity {
    pub fn server(&self, version: &str) -> Arc<ServerConfig> {
        let versions = if version == "1.2" { [&TLS12] } else { [&TLS13] };
        let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_protocol_versions(&versions).expect("a version").with_no_client_auth();
        let mut config = builder.with_single_cert(self.chain.clone(), self.key.clone_key()).expect("a pair");
        config.alpn_protocols = vec![b"xmpp-client".to_vec()];
        Arc::new(config)
    }
}
