//! A certificate authority of our own and the server certificates, good and bad, that it signs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    OtherNameValue, SanType, date_time_ymd,
};

/// What is wrong with the server's certificate.
#[derive(Clone, Copy, PartialEq)]
pub enum Flaw {
    None,
    Expired,
    NotYetValid,
    WrongName,
    /// Self-signed with `CA:TRUE`, as many a how-to makes them: no CA file can make it good, a pin can.
    SelfSigned,
    /// The domain, an IP address, stands there as a host name: Openfire writes it so.
    AddressAsName,
}

/// id-on-xmppAddr (RFC 6120 §13.7.1.4).
const XMPP_ADDR: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 8, 5];

pub struct Certificate {
    /// Key and certificate in one PEM file, as both servers take them.
    pub pem: PathBuf,
    /// What a client trusts: the CA's certificate, or the self-signed one itself.
    pub ca_file: PathBuf,
    /// SHA-256 of the certificate, as `--pin` takes it.
    pub pin: String,
}

pub fn issue(folder: &Path, domain: &str, flaw: Flaw) -> Certificate {
    let key = KeyPair::generate().expect("a key");
    let params = server_params(domain, flaw);
    let ca_file = folder.join("ca.pem");
    let certificate = if flaw == Flaw::SelfSigned {
        let certificate = params.self_signed(&key).expect("a certificate");
        fs::write(&ca_file, certificate.pem()).expect("write");
        certificate
    } else {
        params.signed_by(&key, &authority(&ca_file)).expect("a certificate")
    };
    let pem = folder.join("server.pem");
    fs::write(&pem, key.serialize_pem() + &certificate.pem()).expect("write");
    Certificate { pem, ca_file, pin: pin(certificate.der()) }
}

/// Writes a new CA's certificate to `ca_file`; no server has one that it signed, unless [`issue`] made it.
pub fn authority(ca_file: &Path) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("firepush test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    fs::write(ca_file, params.self_signed(&key).expect("a certificate").pem()).expect("write");
    Issuer::new(params, key)
}

/// A certificate that names the account as RFC 6120 wants it (xmppAddr), and its key, each in a file.
pub fn client(folder: &Path, issuer: &Issuer<'static, KeyPair>, jid: &str) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().expect("a key");
    let mut params = server_params("client", Flaw::None);
    let address = OtherNameValue::Utf8String(jid.to_owned());
    params.subject_alt_names = vec![SanType::OtherName((XMPP_ADDR.to_vec(), address))];
    let (certificate_file, key_file) = (folder.join("client.pem"), folder.join("client.key"));
    fs::write(&certificate_file, params.signed_by(&key, issuer).expect("a certificate").pem()).expect("write");
    fs::write(&key_file, key.serialize_pem()).expect("write");
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).expect("chmod");
    (certificate_file, key_file)
}

fn server_params(domain: &str, flaw: Flaw) -> CertificateParams {
    let name = if flaw == Flaw::WrongName { "other.test" } else { domain };
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name or an IP address");
    params.distinguished_name = common_name(name);
    if flaw == Flaw::AddressAsName {
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().expect("ASCII"))];
    }
    (params.not_before, params.not_after) = match flaw {
        Flaw::Expired => (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1)),
        Flaw::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2099, 1, 1)),
        _ => (date_time_ymd(2001, 1, 1), date_time_ymd(2099, 1, 1)),
    };
    if flaw == Flaw::SelfSigned {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn pin(certificate: &[u8]) -> String {
    format!("sha256:{}", super::files::hex(ring::digest::digest(&ring::digest::SHA256, certificate).as_ref()))
}
