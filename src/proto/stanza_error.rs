//! What a stanza is refused with (RFC 6120 §8.3).

use std::fmt;

use super::{expect, ns};
use crate::base::error::Result;
use crate::xml::element::Element;

/// What the sender may do about the error (RFC 6120 §8.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    Auth,
    Cancel,
    Continue,
    Modify,
    Wait,
}

impl ErrorType {
    pub fn name(self) -> &'static str {
        match self {
            ErrorType::Auth => "auth",
            ErrorType::Cancel => "cancel",
            ErrorType::Continue => "continue",
            ErrorType::Modify => "modify",
            ErrorType::Wait => "wait",
        }
    }

    /// Without case, for Smack 3 writes `AUTH` (rule 34); what is unknown can't be cured.
    fn parse(name: &str) -> ErrorType {
        let all = [ErrorType::Auth, ErrorType::Continue, ErrorType::Modify, ErrorType::Wait];
        all.into_iter().find(|kind| name.eq_ignore_ascii_case(kind.name())).unwrap_or(ErrorType::Cancel)
    }
}

/// Why a stanza is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaError {
    pub kind: ErrorType,
    /// The condition of RFC 6120 §8.3.3, e.g. `forbidden`.
    pub condition: String,
    pub text: Option<String>,
    /// Name and namespace of the application's own condition, e.g. `no-valid-streams`.
    pub specific: Option<(String, String)>,
}

impl StanzaError {
    pub fn new(kind: ErrorType, condition: impl Into<String>) -> StanzaError {
        StanzaError { kind, condition: condition.into(), text: None, specific: None }
    }

    /// Adds the application's own condition.
    pub fn with_specific(self, name: &str, ns: &str) -> StanzaError {
        StanzaError { specific: Some((name.to_owned(), ns.to_owned())), ..self }
    }

    /// Adds words for people.
    pub fn with_text(self, text: impl Into<String>) -> StanzaError {
        StanzaError { text: Some(text.into()), ..self }
    }

    pub fn to_element(&self) -> Element {
        let text = self.text.as_ref().map(|text| Element::new("text", ns::STANZAS).text(text.clone()));
        let specific = self.specific.as_ref().map(|(name, ns)| Element::new(name.clone(), ns.clone()));
        Element::new("error", ns::CLIENT)
            .attr("type", self.kind.name())
            .attr_opt("code", legacy_code(&self.condition))
            .child(Element::new(self.condition.clone(), ns::STANZAS))
            .children_from(text.into_iter().chain(specific))
    }

    pub fn parse(error: &Element) -> Result<StanzaError> {
        expect::named(error, "error", ns::CLIENT)?;
        let condition = error.elements().find(|e| e.ns() == ns::STANZAS && e.name() != "text");
        let text = error.find("text", ns::STANZAS).map(|text| text.content().trim().to_owned());
        let specific = error.elements().find(|e| e.ns() != ns::STANZAS);
        Ok(StanzaError {
            kind: ErrorType::parse(error.get("type").unwrap_or_default()),
            condition: condition.map_or("undefined-condition", Element::name).to_owned(),
            text: text.filter(|text| !text.is_empty()),
            specific: specific.map(|e| (e.name().to_owned(), e.ns().to_owned())),
        })
    }
}

/// The number that clients before RFC 3920 look at (XEP-0086).
fn legacy_code(condition: &str) -> Option<&'static str> {
    match condition {
        "bad-request" => Some("400"),
        "forbidden" => Some("403"),
        "item-not-found" => Some("404"),
        "not-allowed" => Some("405"),
        "not-acceptable" => Some("406"),
        "service-unavailable" => Some("503"),
        _ => None,
    }
}

impl fmt::Display for StanzaError {
    /// `bad-request, no-valid-streams: "words"`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)?;
        if let Some((name, _)) = &self.specific {
            write!(f, ", {name}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ": {text:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    fn parsed(text: &str) -> StanzaError {
        StanzaError::parse(&element(text)).unwrap()
    }

    #[test]
    fn rule_61_a_decline_on_the_wire() {
        assert_eq!(
            wire(&StanzaError::new(ErrorType::Cancel, "forbidden").to_element()),
            r#"<error type="cancel" code="403"><forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>"#
        );
        let none = StanzaError::new(ErrorType::Cancel, "bad-request").with_specific("no-valid-streams", ns::SI);
        assert_eq!(
            wire(&none.to_element()),
            r#"<error type="cancel" code="400"><bad-request xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/><no-valid-streams xmlns="http://jabber.org/protocol/si"/></error>"#
        );
    }

    #[test]
    fn rule_34_error_types_are_compared_without_case() {
        for (attribute, kind) in [
            (r#"type="auth""#, ErrorType::Auth),
            (r#"code="403" type="AUTH""#, ErrorType::Auth),
            (r#"type="CANCEL""#, ErrorType::Cancel),
            (r#"type="Modify""#, ErrorType::Modify),
            (r#"type="wait""#, ErrorType::Wait),
            (r#"type="continue""#, ErrorType::Continue),
            (r#"type="fatal""#, ErrorType::Cancel),
            ("", ErrorType::Cancel),
        ] {
            let error = parsed(&format!(
                r#"<error {attribute}><forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>"#
            ));
            assert_eq!((error.kind, error.condition.as_str()), (kind, "forbidden"), "{attribute}");
        }
    }

    #[test]
    fn text_and_specific_condition_come_in_any_order() {
        let error = parsed(
            r#"<error type="modify"><no-valid-streams xmlns="http://jabber.org/protocol/si"/><text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">No acceptable transfer mechanism</text><bad-request xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>"#,
        );
        assert_eq!(error.to_string(), r#"bad-request, no-valid-streams: "No acceptable transfer mechanism""#);
        assert_eq!(parsed(&wire(&error.to_element())), error);
    }

    #[test]
    fn an_error_without_condition_is_one_too() {
        assert_eq!(parsed("<error code='500'/>").condition, "undefined-condition");
    }
}
