//! A resource for the session (RFC 6120 §7), and the session itself where an old server wants it.

use super::{expect, ns};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// Asks for this resource, or for one of the server's choice.
pub fn request(resource: Option<&str>) -> Element {
    let resource = resource.map(|resource| Element::new("resource", ns::BIND).text(resource));
    Element::new("bind", ns::BIND).children_from(resource)
}

/// The address that we have from now on (rule 11).
pub fn parse(bind: &Element) -> Result<Jid> {
    expect::named(bind, "bind", ns::BIND)?;
    let text = expect::child(bind, "jid", ns::BIND)?.content();
    let jid = expect::address(&text)?;
    if jid.is_bare() {
        return Err(expect::unexpected("an address with a resource", format_args!("{text:?}")));
    }
    Ok(jid)
}

/// Asks for a session where the feature is there and not optional (RFC 3921 §3, rule 12).
pub fn session() -> Element {
    Element::new("session", ns::SESSION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::iq::Iq;
    use crate::proto::testing::{element, wire};

    #[test]
    fn requests_on_the_wire() {
        let bind = "urn:ietf:params:xml:ns:xmpp-bind";
        assert_eq!(wire(&request(None)), format!(r#"<bind xmlns="{bind}"/>"#));
        assert_eq!(
            wire(&Iq::set_before_bind("b1", request(Some("push & co"))).to_element()),
            format!(r#"<iq type="set" id="b1"><bind xmlns="{bind}"><resource>push &amp; co</resource></bind></iq>"#)
        );
        assert_eq!(wire(&session()), r#"<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>"#);
    }

    #[test]
    fn rule_11_the_servers_address_is_adopted_whatever_the_to_of_the_answer() {
        let answer = element(
            r#"<iq type="result" id="b1" to="example.org/4hk2x"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>push@example.org/Gerät 7</jid></bind></iq>"#,
        );
        let iq = Iq::parse(&answer).unwrap();
        assert_eq!(iq.child.map(|bind| parse(&bind).unwrap().to_string()).as_deref(), Some("push@example.org/Gerät 7"));
    }

    #[test]
    fn an_answer_without_a_full_address_is_an_error() {
        for inner in ["", "<jid/>", "<jid>push@example.org</jid>", "<jid>@/x</jid>"] {
            let text = format!(r#"<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">{inner}</bind>"#);
            assert!(parse(&element(&text)).is_err(), "{inner}");
        }
    }
}
