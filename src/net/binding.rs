//! What a TLS channel is known by, for SASL (RFC 5929, RFC 9266).

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::ClientConnection;

use crate::proto::sasl::{BindingType, ChannelBinding};

/// The binding of the given type, if this connection has it.
pub fn of(connection: &ClientConnection, kind: BindingType) -> Option<ChannelBinding> {
    let data = match kind {
        BindingType::Exporter => exporter(connection)?,
        BindingType::ServerEndPoint => end_point(connection.peer_certificates()?.first()?)?,
    };
    Some(ChannelBinding { kind, data })
}

/// RFC 9266 §2; before TLS 1.3 it is not unique without a further extension, so it isn't used there.
fn exporter(connection: &ClientConnection) -> Option<Vec<u8>> {
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok()
}

/// The hash of the certificate, by the hash of its own signature, but at least SHA-256 (RFC 5929 §4.1).
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = signature_hash(certificate)?;
    Some(digest(hash, certificate).as_ref().to_vec())
}

fn signature_hash(certificate: &[u8]) -> Option<&'static Algorithm> {
    let (outer, _) = der(certificate, 0x30)?;
    let (_, after_tbs) = der(outer, 0x30)?;
    let (algorithm, _) = der(after_tbs, 0x30)?;
    let (oid, _) = der(algorithm, 0x06)?;
    match oid {
        // md5, sha1 and sha256 WithRSAEncryption; ecdsa-with-SHA1, -SHA256
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 4 | 5 | 11]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 2] => Some(&SHA256),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 3] => {
            Some(&SHA384)
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 13] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 4] => {
            Some(&SHA512)
        }
        _ => None,
    }
}

/// The content of the DER value that `bytes` begins with, and what follows it.
fn der(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(2)?;
    if head[0] != tag {
        return None;
    }
    let (length, rest) = match head[1] {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (length.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frame of a certificate that is signed with the given algorithm.
    fn certificate(oid: &[u8]) -> Vec<u8> {
        let algorithm = [&[0x30, oid.len() as u8 + 2, 0x06, oid.len() as u8], oid].concat();
        let inner = [&[0x30, 0x81, 0x02, 1, 2], algorithm.as_slice(), &[0x03, 0x01, 0]].concat();
        [&[0x30, inner.len() as u8], inner.as_slice()].concat()
    }

    #[test]
    fn rule_75_the_end_point_is_hashed_as_its_signature_is_but_never_by_less_than_sha_256() {
        for (oid, bytes) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 11][..], Some(32)),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 5], Some(32)),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12], Some(48)),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 4], Some(64)),
            (&[0x2b, 0x65, 0x70], None),
        ] {
            assert_eq!(end_point(&certificate(oid)).map(|hash| hash.len()), bytes, "{oid:02x?}");
        }
        for bad in [&[][..], &[0x30], &[0x30, 5, 1], &[0x30, 0x84, 0, 0, 0, 1, 0], &[0x04, 0]] {
            assert_eq!(end_point(bad), None);
        }
    }

    /// Both ends of a TLS connection in memory, after the handshake.
    fn connected(version: &'static rustls::SupportedProtocolVersion) -> (ClientConnection, rustls::ServerConnection) {
        let provider = || std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let server =
            rustls::ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let pins = vec![crate::base::pin::Pin::of(made.cert.der())];
        let config = crate::Config { pins, ..crate::Config::default() };
        let mut client = crate::net::tls::Tls::new(&config, "example.org").unwrap().start(false).unwrap();
        let mut server = rustls::ServerConnection::new(server.into()).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            client.read_tls(&mut bytes.as_slice()).unwrap();
            client.process_new_packets().unwrap();
        }
        (client, server)
    }

    #[test]
    fn rule_75_the_exporter_is_what_the_server_exports_and_only_in_tls_1_3() {
        let (client, server) = connected(&rustls::version::TLS13);
        let theirs = server.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(&[])).unwrap();
        assert_eq!(of(&client, BindingType::Exporter).unwrap().data, theirs);
        let (client, _) = connected(&rustls::version::TLS12);
        assert!(of(&client, BindingType::Exporter).is_none());
        assert_eq!(of(&client, BindingType::ServerEndPoint).unwrap().data.len(), 32);
    }
}
