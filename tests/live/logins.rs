//! Logins that must work, and those that must end with the right exit code and one line.

use crate::delivery::delivers;
use crate::server;
use crate::support::ca::{self, Flaw};
use crate::support::files;
use crate::support::process::Exit;
use crate::support::run::{Program::Firepush, Run};
use crate::support::server::{Account, Kind, Options, Server};

#[test]
fn a_wrong_password_ends_with_77() {
    for kind in [Kind::Prosody, Kind::Ejabberd] {
        let (mut device, ops) = server(kind).pair();
        device.password_file = ops.password_file;
        let exit = send(&device, &ops.jid).expect(77);
        assert!(!exit.complaint().contains("proxy"), "{}", exit.complaint());
    }
}

#[test]
fn an_unknown_ca_ends_with_76() {
    let folder = files::folder();
    let other = folder.path().join("other.pem");
    ca::authority(&other);
    let (mut device, ops) = server(Kind::Prosody).pair();
    device.trust[1] = other.into();
    send(&device, &ops.jid).expect(76).complaint();
}

#[test]
fn a_certificate_for_another_name_ends_with_76() {
    refused(Flaw::WrongName, "not for example.test");
}

#[test]
fn an_expired_certificate_ends_with_76() {
    refused(Flaw::Expired, "expired");
}

#[test]
fn a_certificate_of_the_future_ends_with_76() {
    refused(Flaw::NotYetValid, "not valid yet");
}

#[test]
fn a_pin_trusts_a_self_signed_ca_certificate_that_a_ca_file_cannot() {
    let server = Server::with(Kind::Prosody, Options { flaw: Flaw::SelfSigned, ..Options::default() });
    let (mut device, mut ops) = server.pair();
    let exit = send(&device, &ops.jid).expect(76);
    assert!(exit.complaint().contains("--pin"), "{}", exit.complaint());
    for account in [&mut device, &mut ops] {
        account.trust = ["--pin".into(), server.certificate.pin.clone().into()];
    }
    delivers(Firepush, &device, &ops, &[], "socks5");
}

#[test]
fn another_pin_ends_with_76() {
    let (mut device, ops) = server(Kind::Prosody).pair();
    device.trust = ["--pin".into(), format!("sha256:{}", "0".repeat(64)).into()];
    send(&device, &ops.jid).expect(76).complaint();
}

#[test]
fn a_server_that_offers_only_plain_lets_us_in() {
    for kind in [Kind::Prosody, Kind::Ejabberd] {
        let server = Server::with(kind, Options { plain_only: true, ..Options::default() });
        let (device, ops) = server.pair();
        delivers(Firepush, &device, &ops, &[], "socks5");
    }
}

fn refused(flaw: Flaw, word: &str) {
    let server = Server::with(Kind::Prosody, Options { flaw, ..Options::default() });
    let (device, ops) = server.pair();
    for account in [device.clone(), server.direct_tls(device)] {
        let exit = send(&account, &ops.jid).expect(76);
        assert!(exit.complaint().contains(word), "{word:?} is missing: {}", exit.complaint());
    }
}

fn send(device: &Account, to: &str) -> Exit {
    let folder = files::folder();
    Run::send(Firepush, device, to).arg(files::make(folder.path(), "some.log", 100)).end()
}
