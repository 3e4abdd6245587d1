//! A scripted Openfire: a client that is wrong on the real one is wrong here. What it does, it does by
//! openfire-interop.md sections 1, 2 and 8; what goes wrong, the test says.
#![allow(dead_code)] // each test program uses its part of it

pub mod element;
mod features;
mod framing;
mod login;
pub mod manners;
mod notes;
pub mod options;
mod proxy;
pub mod puppet;
mod routing;
pub mod scram;
pub mod sender;
mod services;
mod session;
mod shared;
pub mod socket;
mod wire;

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::thread;

use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

use crate::support::ca::{self, Certificate};
use crate::support::files::random_hex;
use crate::support::server::Account;
use notes::Notes;
use options::Options;
use proxy::Proxy;
use puppet::{Manners, Puppet};
use sender::Sender;
use shared::Shared;

pub const DOMAIN: &str = "example.test";
const USERS: [&str; 4] = ["device", "ops", "desk", "stranger"];

pub struct Openfire {
    pub shared: Arc<Shared>,
    pub certificate: Certificate,
    starttls: SocketAddr,
    direct_tls: SocketAddr,
    folder: TempDir,
}

impl Openfire {
    pub fn start(options: Options) -> Openfire {
        let folder = tempfile::Builder::new().prefix("firepush-of-").tempdir().expect("a folder");
        let certificate = ca::issue(folder.path(), DOMAIN, options.flaw);
        let pem = fs::read(&certificate.pem).expect("just written");
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).map(|c| c.expect("PEM")).collect();
        let hash = digest(&SHA256, &chain[0]).as_ref().to_vec();
        let key = PrivateKeyDer::from_pem_slice(&pem).expect("a key");
        let passwords: HashMap<_, _> = USERS.iter().map(|user| ((*user).to_owned(), random_hex())).collect();
        let tls = Arc::new(tls(&options, chain, key));
        let notes = Arc::new(Notes::default());
        let proxy = Proxy::start(&options, Arc::clone(&notes));
        let buffer = options.receive_buffer;
        let shared = Arc::new(Shared {
            options,
            domain: DOMAIN,
            passwords,
            strangers: vec!["stranger"],
            tls,
            certificate_hash: hash,
            proxy,
            sessions: Mutex::default(),
            notes,
            counter: AtomicU64::new(0),
        });
        let (starttls, direct_tls) = (listen(&shared, false, buffer), listen(&shared, true, buffer));
        Openfire { shared, certificate, starttls, direct_tls, folder }
    }

    pub fn account(&self, name: &str) -> Account {
        let password_file = self.folder.path().join(format!("{name}.password"));
        self.write_password(&password_file, name);
        Account {
            jid: format!("{name}@{DOMAIN}"),
            password_file,
            certificate: Vec::new(),
            server: self.starttls,
            direct_tls: false,
            trust: ["--ca-file".into(), self.certificate.ca_file.clone().into()],
        }
    }

    fn write_password(&self, file: &PathBuf, name: &str) {
        fs::write(file, format!("{}\n", self.password(name))).expect("write");
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("chmod");
    }

    pub fn password(&self, name: &str) -> &str {
        &self.shared.passwords[name]
    }

    pub fn device(&self) -> Account {
        self.account("device")
    }

    /// The same account by direct TLS.
    pub fn direct(&self, account: Account) -> Account {
        Account { server: self.direct_tls, direct_tls: true, ..account }
    }

    /// `ops@example.test/Spark`, online.
    pub fn spark(&self, manners: Manners) -> Puppet {
        self.puppet("ops", "Spark", 0, manners)
    }

    pub fn puppet(&self, name: &str, resource: &str, priority: i8, manners: Manners) -> Puppet {
        Puppet::start(&self.shared, &format!("{name}@{DOMAIN}/{resource}"), priority, manners)
    }

    /// `ops@example.test/Spark` as a sender.
    pub fn sender(&self) -> Sender {
        self.sender_named("ops", "Spark")
    }

    pub fn sender_named(&self, name: &str, resource: &str) -> Sender {
        Sender::start(&self.shared, &format!("{name}@{DOMAIN}/{resource}"))
    }

    /// Waits until something has happened.
    pub fn wait_for(&self, what: &str) {
        self.shared.wait_for(what, 1);
    }

    pub fn wait_for_twice(&self, what: &str) {
        self.shared.wait_for(what, 2);
    }

    pub fn happened(&self, what: &str) -> bool {
        self.count(what) > 0
    }

    pub fn count(&self, what: &str) -> usize {
        self.shared.notes().iter().filter(|note| *note == what).count()
    }

    pub fn notes(&self) -> Vec<String> {
        self.shared.notes()
    }

    /// Where the proxy really is, and what clients are told.
    pub fn proxy_port(&self) -> u16 {
        self.shared.proxy.advertised()
    }

    pub fn advertise(&self, port: u16) {
        self.shared.proxy.advertise(port);
    }
}

fn tls(options: &Options, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> ServerConfig {
    let both = [&rustls::version::TLS12, &rustls::version::TLS13];
    let versions = if options.tls12_only { &both[..1] } else { &both[..] };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).expect("a usable certificate");
    config.alpn_protocols.push(b"xmpp-client".to_vec());
    config
}

fn listen(shared: &Arc<Shared>, direct: bool, buffer: Option<usize>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    if let Some(bytes) = buffer {
        socket::receive_buffer(&listener, bytes);
    }
    let address = listener.local_addr().expect("bound");
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || login::serve(shared, socket, direct));
        }
    });
    address
}
