//! Are you there? (XEP-0199); the answer is an empty result, or an error.

use super::ns;
use crate::xml::element::Element;

pub fn request() -> Element {
    Element::new("ping", ns::PING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::wire;

    #[test]
    fn rule_14_a_ping_on_the_wire() {
        assert_eq!(wire(&request()), r#"<ping xmlns="urn:xmpp:ping"/>"#);
    }
}
