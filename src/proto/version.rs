//! Which program is this? (XEP-0092); Openfire asks every client 5 s after bind.

use super::ns;
use crate::xml::element::Element;

pub fn query() -> Element {
    Element::new("query", ns::VERSION)
}

/// A program. The operating system stays its own secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub name: String,
    pub version: String,
}

impl Version {
    /// `None` for what is none.
    pub fn parse(query: &Element) -> Option<Version> {
        let child = |name| Some(query.find(name, ns::VERSION)?.content().trim().to_owned());
        Some(Version { name: child("name")?, version: child("version").unwrap_or_default() })
    }

    pub fn to_element(&self) -> Element {
        let child = |name, text: &String| Element::new(name, ns::VERSION).text(text.clone());
        query().child(child("name", &self.name)).child(child("version", &self.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::wire;

    #[test]
    fn rule_76_the_answer_on_the_wire() {
        let version = Version { name: "firepush".into(), version: "0.1.0".into() };
        assert_eq!(
            wire(&version.to_element()),
            r#"<query xmlns="jabber:iq:version"><name>firepush</name><version>0.1.0</version></query>"#
        );
    }
}
