//! What an entity is, can do, and holds (XEP-0030).

use super::{expect, ns};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// More items are not looked at: each may be asked.
const ITEMS_MAX: usize = 64;

/// Asks what an entity is and can do (§3.1).
pub fn info_query() -> Element {
    Element::new("query", ns::DISCO_INFO)
}

/// Asks what an entity holds (§4.1).
pub fn items_query() -> Element {
    Element::new("query", ns::DISCO_ITEMS)
}

/// What an entity is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub category: String,
    pub kind: String,
    pub name: Option<String>,
}

impl Identity {
    fn to_element(&self) -> Element {
        Element::new("identity", ns::DISCO_INFO)
            .attr("category", self.category.clone())
            .attr("type", self.kind.clone())
            .attr_opt("name", self.name.clone())
    }

    fn parse(identity: &Element) -> Result<Identity> {
        Ok(Identity {
            category: expect::attr(identity, "category")?.to_owned(),
            kind: expect::attr(identity, "type")?.to_owned(),
            name: identity.get("name").map(str::to_owned),
        })
    }
}

/// What an entity is and can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    pub identities: Vec<Identity>,
    pub features: Vec<String>,
}

impl Info {
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|f| f == feature)
    }

    /// Known by its identity, for every client has the feature (rule 39).
    pub fn is_proxy(&self) -> bool {
        self.identities.iter().any(|i| i.category == "proxy" && i.kind == "bytestreams")
    }

    /// The answer; `node` is that of the question.
    pub fn to_element(&self, node: Option<&str>) -> Element {
        let feature = |name: &String| Element::new("feature", ns::DISCO_INFO).attr("var", name.clone());
        info_query()
            .attr_opt("node", node)
            .children_from(self.identities.iter().map(Identity::to_element))
            .children_from(self.features.iter().map(feature))
    }

    /// What is malformed in it, or not of XEP-0030, is passed over.
    pub fn parse(query: &Element) -> Result<Info> {
        expect::named(query, "query", ns::DISCO_INFO)?;
        let all = |name| query.elements().filter(move |e: &&Element| e.is(name, ns::DISCO_INFO));
        Ok(Info {
            identities: all("identity").filter_map(|e| Identity::parse(e).ok()).collect(),
            features: all("feature").filter_map(|e| e.get("var")).map(str::to_owned).collect(),
        })
    }
}

/// One of what an entity holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub jid: Jid,
    pub name: Option<String>,
}

impl Item {
    fn to_element(&self) -> Element {
        Element::new("item", ns::DISCO_ITEMS).attr("jid", self.jid.as_str()).attr_opt("name", self.name.clone())
    }

    fn parse(item: &Element) -> Result<Item> {
        Ok(Item { jid: expect::jid(item, "jid")?, name: item.get("name").map(str::to_owned) })
    }
}

/// What an entity holds: a server its services, an account its resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items(pub Vec<Item>);

impl Items {
    pub fn to_element(&self, node: Option<&str>) -> Element {
        items_query().attr_opt("node", node).children_from(self.0.iter().map(Item::to_element))
    }

    /// Malformed items are passed over; at most 64 are kept.
    pub fn parse(query: &Element) -> Result<Items> {
        expect::named(query, "query", ns::DISCO_ITEMS)?;
        let items = query.elements().filter(|e| e.is("item", ns::DISCO_ITEMS));
        Ok(Items(items.filter_map(|item| Item::parse(item).ok()).take(ITEMS_MAX).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    #[test]
    fn rule_39_a_proxy_is_known_by_its_identity() {
        for (identity, proxy) in [
            (r#"<identity category="proxy" name="SOCKS5 Bytestreams Service" type="bytestreams"/>"#, true),
            (r#"<identity category="client" type="pc"/><identity category="proxy" type="bytestreams"/>"#, true),
            (r#"<identity category="client" name="Spark" type="pc"/>"#, false),
            (r#"<identity category="proxy"/><identity type="bytestreams"/>"#, false),
            ("", false),
        ] {
            let info = Info::parse(&element(&format!(
                r#"<query xmlns="http://jabber.org/protocol/disco#info">{identity}<feature var="http://jabber.org/protocol/bytestreams"/><feature/><x xmlns="jabber:x:data" type="result"/></query>"#
            )))
            .unwrap();
            assert_eq!(info.is_proxy(), proxy, "{identity}");
            assert!(info.has(ns::BYTESTREAMS) && !info.has(ns::IBB));
        }
    }

    #[test]
    fn rule_59_our_answer_has_an_identity_and_the_node_of_the_question() {
        let identity = Identity { category: "client".into(), kind: "bot".into(), name: Some("firepush".into()) };
        let info = Info { identities: vec![identity], features: vec![ns::DISCO_INFO.into(), ns::SI.into()] };
        let answer = info.to_element(Some("n#1"));
        assert_eq!(
            wire(&answer),
            r#"<query xmlns="http://jabber.org/protocol/disco#info" node="n#1"><identity category="client" type="bot" name="firepush"/><feature var="http://jabber.org/protocol/disco#info"/><feature var="http://jabber.org/protocol/si"/></query>"#
        );
        assert_eq!(Info::parse(&answer).unwrap(), info);
    }

    #[test]
    fn seed_trace_4_items_with_names_that_are_not_ascii() {
        let items = Items::parse(&element(
            r#"<query xmlns="http://jabber.org/protocol/disco#items"><item jid="proxy.192.0.2.10" name="Socks 5 Bytestreams Proxy"/><item jid="pubsub.192.0.2.10" name="Publish-Subscribe service"/><item jid="conference.192.0.2.10" name="公共房间"/><item jid="search.192.0.2.10" name="User Search"/></query>"#,
        ))
        .unwrap();
        let jids: Vec<_> = items.0.iter().map(|item| item.jid.as_str()).collect();
        assert_eq!(jids, ["proxy.192.0.2.10", "pubsub.192.0.2.10", "conference.192.0.2.10", "search.192.0.2.10"]);
        assert_eq!(items.0[2].name.as_deref(), Some("公共房间"));
        assert_eq!(Items::parse(&items.to_element(None)).unwrap(), items);
    }

    #[test]
    fn malformed_items_are_passed_over_and_64_are_enough() {
        let many: String =
            (0..100).map(|i| format!(r#"<item jid="s{i}.b"/><item jid="@"/><item/><x jid="y"/>"#)).collect();
        let query = format!(r#"<query xmlns="http://jabber.org/protocol/disco#items">{many}</query>"#);
        let items = Items::parse(&element(&query)).unwrap();
        assert_eq!(items.0.len(), ITEMS_MAX);
        assert_eq!(items.0[63].jid.as_str(), "s63.b");
    }

    #[test]
    fn the_question_on_the_wire() {
        assert_eq!(wire(&items_query()), r#"<query xmlns="http://jabber.org/protocol/disco#items"/>"#);
        assert!(Items::parse(&info_query()).is_err());
        assert!(Info::parse(&items_query()).is_err());
    }
}
