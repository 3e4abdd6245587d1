//! Addresses as they are in the field: an IP address for a domain, resources with spaces and letters of all kinds.

use crate::delivery::delivers;
use crate::support::ca::Flaw;
use crate::support::files;
use crate::support::run::Program::{Firepush, Slixmpp};
use crate::support::run::Run;
use crate::support::server::{Account, Kind, Options, Server};

const KINDS: [Kind; 2] = [Kind::Prosody, Kind::Ejabberd];
const METHODS: [&str; 2] = ["socks5", "ibb"];

/// A server whose domain is an IP address, and its certificate as it is given.
fn numbered(kind: Kind, flaw: Flaw) -> Server {
    Server::with(kind, Options { domain: "127.0.0.1", flaw, ..Options::default() })
}

#[test]
fn rule_79_the_domain_may_be_an_ip_address() {
    for server in KINDS.map(|kind| numbered(kind, Flaw::None)) {
        for method in METHODS {
            let (device, ops) = server.pair();
            delivers(Firepush, &device, &ops, &[], method);
            let (device, ops) = (server.direct_tls(device), server.direct_tls(ops));
            delivers(Firepush, &device, &ops, &[], method);
        }
    }
}

#[test]
fn rule_79_a_certificate_with_the_address_as_a_host_name_needs_a_pin() {
    for server in KINDS.map(|kind| numbered(kind, Flaw::AddressAsName)) {
        let (mut device, mut ops) = server.pair();
        let folder = files::folder();
        let file = files::make(folder.path(), "some.log", 100);
        let exit = Run::send(Firepush, &device, &ops.jid).arg(file).end().expect(76);
        for part in ["127.0.0.1", "--pin"] {
            assert!(exit.complaint().contains(part), "{part:?} is missing: {}", exit.complaint());
        }
        for account in [&mut device, &mut ops] {
            account.trust = ["--pin".into(), server.certificate.pin.clone().into()];
        }
        delivers(Firepush, &device, &ops, &[], "socks5");
    }
}

#[test]
fn rule_80_resources_keep_spaces_case_and_letters() {
    for server in KINDS.map(|kind| numbered(kind, Flaw::None)) {
        for (program, method) in [Firepush, Slixmpp].into_iter().flat_map(|program| METHODS.map(|m| (program, m))) {
            let (device, ops) = server.pair();
            let device = Account { jid: format!("{}/Gerät 7 am Tor", device.jid), ..device };
            let ops = Account { jid: format!("{}/Spark 2.6.3 公共 é", ops.jid), ..ops };
            let events = delivers(program, &device, &ops, &[], method);
            let ready = events.iter().find(|event| event["event"] == "ready").expect("ready");
            assert_eq!(ready["jid"], ops.jid);
            let file = events.iter().find(|event| event["event"] == "file").expect("the file");
            assert_eq!(file["from"], device.jid);
        }
    }
}
