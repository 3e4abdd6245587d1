//! Which program is this? (XEP-0092); Openfire asks every client 5 s after bind.

use super::{expect, ns};
use crate::base::error::Result;
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
    pub fn to_element(&self) -> Element {
        let child = |name, text: &String| Element::new(name, ns::VERSION).text(text.clone());
        query().child(child("name", &self.name)).child(child("version", &self.version))
    }

    pub fn parse(query: &Element) -> Result<Version> {
        expect::named(query, "query", ns::VERSION)?;
        let text = |name| query.find(name, ns::VERSION).map(|e| e.content().trim().to_owned()).unwrap_or_default();
        Ok(Version { name: text("name"), version: text("version") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    #[test]
    fn rule_76_the_answer_on_the_wire() {
        let version = Version { name: "firepush".into(), version: "0.1.0".into() };
        assert_eq!(
            wire(&version.to_element()),
            r#"<query xmlns="jabber:iq:version"><name>firepush</name><version>0.1.0</version></query>"#
        );
        assert_eq!(Version::parse(&version.to_element()).unwrap(), version);
    }

    #[test]
    fn a_program_may_keep_silent() {
        let spark = element(r#"<query xmlns="jabber:iq:version"><name>Spark</name><os>Windows</os></query>"#);
        assert_eq!(Version::parse(&spark).unwrap(), Version { name: "Spark".into(), version: String::new() });
        assert!(Version::parse(&element("<query/>")).is_err());
    }
}
