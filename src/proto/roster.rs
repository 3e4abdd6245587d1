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

    pub fn we_see_them(self) -> bool {
        matches!(self, Subscription::To | Subscription::Both)
    }

    pub fn they_see_us(self) -> bool {
        matches!(self, Subscription::From | Subscription::Both)
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
        for (attributes, subscription, we, they) in [
            (r#"subscription="both""#, Subscription::Both, true, true),
            (r#"subscription="to""#, Subscription::To, true, false),
            (r#"subscription="from" ask="subscribe""#, Subscription::From, false, true),
            (r#"subscription="none""#, Subscription::None, false, false),
            (r#"subscription="remove""#, Subscription::Remove, false, false),
            (r#"subscription="odd""#, Subscription::None, false, false),
            ("", Subscription::None, false, false),
        ] {
            let text =
                format!(r#"<item xmlns="jabber:iq:roster" jid="Ops@example.org" {attributes}><group>g</group></item>"#);
            let item = Item::parse(&element(&text)).unwrap();
            assert_eq!(item, Item { jid: "ops@example.org".parse().unwrap(), subscription });
            assert_eq!((subscription.we_see_them(), subscription.they_see_us()), (we, they), "{attributes}");
        }
        assert!(Item::parse(&element(r#"<item xmlns="jabber:iq:roster"/>"#)).is_err());
        assert_eq!(wire(&query()), r#"<query xmlns="jabber:iq:roster"/>"#);
    }
}
