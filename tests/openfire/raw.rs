//! A client that says just what a test wants, right or wrong.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::openfire::scram::encode;
use crate::openfire::{DOMAIN, Openfire};

const HANG: Duration = Duration::from_secs(60);
/// What doesn't come within this is taken for silence.
const SILENCE: Duration = Duration::from_millis(300);
pub const HEADER: &str = r#"<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="example.test" version="1.0">"#;

pub struct Raw {
    stream: Box<dyn Both>,
    socket: TcpStream,
    heard: String,
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

impl Raw {
    pub fn connect(server: &Openfire) -> Raw {
        let socket = TcpStream::connect(server.device().server).expect("it listens");
        socket.set_nodelay(true).expect("TCP");
        Raw { stream: Box::new(socket.try_clone().expect("a descriptor")), socket, heard: String::new() }
    }

    /// Up to TLS, without a word behind it.
    pub fn secured(server: &Openfire) -> Raw {
        let mut raw = Raw::connect(server);
        raw.say(&format!(r#"{HEADER}<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#));
        raw.hear(r#"<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#);
        let pem = std::fs::read(&server.certificate.ca_file).expect("the CA");
        let mut roots = RootCertStore::empty();
        CertificateDer::pem_slice_iter(&pem).for_each(|ca| roots.add(ca.expect("PEM")).expect("a CA"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = versions.expect("versions").with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(DOMAIN).expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut tls = StreamOwned::new(connection, raw.socket.try_clone().expect("a descriptor"));
        // Its own flight, so that nothing shares a segment with Finished unless a test wants it.
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).expect("a handshake");
        }
        raw.stream = Box::new(tls);
        raw
    }

    /// Up to the bind, by PLAIN.
    pub fn authenticated(server: &Openfire) -> Raw {
        let mut raw = Raw::secured(server);
        raw.say(&format!("{HEADER}{}", plain(server.password("device"))));
        raw.hear("<success");
        raw.say(HEADER);
        raw.hear("</stream:features>");
        raw
    }

    /// Bound as `device@example.test/raw`, with presence if asked.
    pub fn bound(server: &Openfire, presence: bool) -> Raw {
        let mut raw = Raw::authenticated(server);
        raw.say(&bind("raw"));
        raw.hear("</iq>");
        if presence {
            raw.say("<presence/>");
        }
        raw
    }

    pub fn say(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
    }

    /// Waits for that text; gives what came up to it.
    pub fn hear(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.heard.find(text) {
                let rest = self.heard.split_off(at + text.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            assert!(self.read(HANG) != Some(0), "{text:?} was expected, the end came: {}", self.heard);
        }
    }

    /// Everything up to the end of the connection.
    pub fn hear_end(&mut self) -> String {
        while self.read(HANG).is_some_and(|n| n > 0) {}
        std::mem::take(&mut self.heard)
    }

    /// What comes before it is silent.
    pub fn hear_silence(&mut self) -> String {
        while self.read(SILENCE).is_some_and(|n| n > 0) {}
        std::mem::take(&mut self.heard)
    }

    /// `None` when nothing comes in time; a broken connection counts as its end.
    fn read(&mut self, limit: Duration) -> Option<usize> {
        self.socket.set_read_timeout(Some(limit)).expect("TCP");
        let mut block = [0; 4096];
        match self.stream.read(&mut block) {
            Ok(n) => {
                self.heard += &String::from_utf8_lossy(&block[..n]);
                Some(n)
            }
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => None,
            Err(_) => Some(0),
        }
    }
}

pub fn auth(mechanism: &str, initial: &str) -> String {
    format!(r#"<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="{mechanism}">{initial}</auth>"#)
}

pub fn plain(password: &str) -> String {
    auth("PLAIN", &encode(format!("\0device\0{password}").as_bytes()))
}

pub fn bind(resource: &str) -> String {
    format!(
        r#"<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>{resource}</resource></bind></iq>"#
    )
}
