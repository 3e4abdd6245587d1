//! Are you there? (XEP-0199); the answer is an empty result, or an error.

use super::ns;
use crate::xml::element::Element;

pub fn request() -> Element {
    Element::new("ping", ns::PING)
}

pub fn is_request(child: &Element) -> bool {
    child.is("ping", ns::PING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    #[test]
    fn rule_14_a_ping_is_known() {
        assert_eq!(wire(&request()), r#"<ping xmlns="urn:xmpp:ping"/>"#);
        assert!(is_request(&element(&wire(&request()))));
        assert!(!is_request(&element("<ping/>")));
    }
}
