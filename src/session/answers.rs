//! What the session answers on its own, each request exactly once (rules 18, 59, 74, 76).

use crate::proto::disco::{Identity, Info, Items};
use crate::proto::iq::{ErrorType, Iq, StanzaError};
use crate::proto::ns;
use crate::proto::version::Version;
use crate::xml::element::Element;

/// The answer to a request that no transfer waits for.
pub fn answer(request: &Iq) -> Iq {
    let Some(child) = &request.child else { return request.refuse(bad_request()) };
    match (child.name(), child.ns()) {
        ("query", ns::DISCO_ITEMS) => request.result(Some(Items(Vec::new()).to_element(child.get("node")))),
        ("query", ns::VERSION) => request.result(Some(our_version().to_element())),
        ("ping", ns::PING) => request.result(None),
        ("query", ns::BYTESTREAMS) | ("data" | "close", ns::IBB) => request.refuse(unknown_sid()),
        ("open", ns::IBB) => request.refuse(StanzaError::new(ErrorType::Cancel, "not-acceptable")),
        _ => request.refuse(StanzaError::new(ErrorType::Cancel, "service-unavailable")),
    }
}

/// What a request that can't be read is answered with.
pub fn bad_request() -> StanzaError {
    StanzaError::new(ErrorType::Modify, "bad-request")
}

/// What a request for a transfer that isn't there is answered with (rule 65).
pub fn unknown_sid() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, "item-not-found")
}

/// What we are; that we take files only while we do, or someone would choose us as the recipient.
pub fn about_us(query: &Element, receiving: bool) -> Element {
    let identity = Identity { category: "client".into(), kind: "bot".into(), name: Some("firepush".into()) };
    let of_a_receiver = [ns::SI, ns::SI_FILE, ns::BYTESTREAMS, ns::IBB];
    let features = [&[ns::DISCO_INFO, ns::DISCO_ITEMS], &of_a_receiver[..], &[ns::PING, ns::VERSION]].concat();
    let features = features.into_iter().filter(|feature| receiving || !of_a_receiver.contains(feature));
    let features = features.map(str::to_owned).collect();
    Info { identities: vec![identity], features }.to_element(query.get("node"))
}

fn our_version() -> Version {
    Version { name: "firepush".into(), version: env!("CARGO_PKG_VERSION").into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::jid::Jid;
    use crate::proto::disco;

    fn asked(child: Element) -> Iq {
        let mut iq = Iq::get(&"me@example.org/x".parse::<Jid>().unwrap(), "i1", child);
        iq.from = Some("ops@example.org/Spark".parse().unwrap());
        answer(&iq)
    }

    #[test]
    fn rule_59_disco_info_names_an_identity_and_the_features() {
        let info = Info::parse(&about_us(&disco::info_query(), true)).unwrap();
        assert!(info.identities.iter().all(|i| !i.category.is_empty() && !i.kind.is_empty()));
        for feature in [ns::DISCO_INFO, ns::SI, ns::SI_FILE, ns::BYTESTREAMS, ns::IBB, ns::PING] {
            assert!(info.has(feature), "{feature}");
        }
        assert!(!Info::parse(&about_us(&disco::info_query(), false)).unwrap().has(ns::SI), "who sends takes nothing");
    }

    #[test]
    fn rule_18_every_request_is_answered_to_its_sender_with_its_id() {
        for (name, ns, error) in [
            ("query", ns::DISCO_ITEMS, None),
            ("query", ns::VERSION, None),
            ("ping", ns::PING, None),
            ("vCard", "vcard-temp", Some("service-unavailable")),
            ("data", ns::IBB, Some("item-not-found")),
            ("query", ns::BYTESTREAMS, Some("item-not-found")),
        ] {
            let reply = asked(Element::new(name, ns));
            assert_eq!((reply.id.as_str(), reply.to.unwrap().as_str()), ("i1", "ops@example.org/Spark"));
            assert_eq!(reply.error.map(|e| e.condition).as_deref(), error, "{name}");
        }
    }
}
