//! The contact list (RFC 6121 §2).

use super::{expect, ns};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// Asks for the roster; the parser delivers the items of the answer one by one.
pub fn query() -> Element {
    Element::new("query", ns::ROSTER)
}

/// Who sees whose presence (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    None,
    /// We see theirs.
    To,
    /// They see ours.
    From,
    Both,
    /// The contact is gone.
    Remove,
}

impl Subscription {
    /// What is missing or unknown is none.
    fn parse(name: &str) -> Subscription {
        match name {
            "to" => Subscription::To,
            "from" => Subscription::From,
            "both" => Subscription::Both,
            "remove" => Subscription::Remove,
            _ => Subscription::None,
        }
    }
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub jid: Jid,
    pub subscription: Subscription,
}

impl Item {
    pub fn parse(item: &Element) -> Result<Item> {
        expect::named(item, "item", ns::ROSTER)?;
        let subscription = Subscription::parse(item.get("subscription").unwrap_or_default());
        Ok(Item { jid: expect::jid(item, "jid")?, subscription })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    #[test]
    fn who_sees_whom() {
        for (attributes, subscription) in [
            (r#"subscription="both""#, Subscription::Both),
            (r#"subscription="to""#, Subscription::To),
            (r#"subscription="from" ask="subscribe""#, Subscription::From),
            (r#"subscription="none""#, Subscription::None),
            (r#"subscription="remove""#, Subscription::Remove),
            (r#"subscription="odd""#, Subscription::None),
            ("", Subscription::None),
        ] {
            let text =
                format!(r#"<item xmlns="jabber:iq:roster" jid="Ops@example.org" {attributes}><group>g</group></item>"#);
            let item = Item::parse(&element(&text)).unwrap();
            assert_eq!(item, Item { jid: "ops@example.org".parse().unwrap(), subscription });
        }
        assert!(Item::parse(&element(r#"<item xmlns="jabber:iq:roster"/>"#)).is_err());
        assert_eq!(wire(&query()), r#"<query xmlns="jabber:iq:roster"/>"#);
    }
}
