//! A chat message (RFC 6121 §5.2).

use super::ns;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// A message that a person reads; a server keeps one to a bare address until the person is online.
pub fn chat(to: &Jid, body: &str) -> Element {
    Element::new("message", ns::CLIENT)
        .attr("to", to.as_str())
        .attr("type", "chat")
        .child(Element::new("body", ns::CLIENT).text(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::wire;

    #[test]
    fn rule_24_a_chat_message_on_the_wire() {
        let message = chat(&"ops@example.org".parse().unwrap(), "a < b\u{7}");
        assert_eq!(
            wire(&message),
            "<message to=\"ops@example.org\" type=\"chat\"><body>a &lt; b\u{fffd}</body></message>"
        );
    }
}
