//! Who is there (RFC 6121 §4).

use super::iq::StanzaError;
use super::{expect, ns};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// What a presence says (RFC 6121 §4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresenceType {
    Available,
    Unavailable,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    Probe,
    Error,
}

impl PresenceType {
    const NAMED: [(PresenceType, &'static str); 7] = [
        (PresenceType::Unavailable, "unavailable"),
        (PresenceType::Subscribe, "subscribe"),
        (PresenceType::Subscribed, "subscribed"),
        (PresenceType::Unsubscribe, "unsubscribe"),
        (PresenceType::Unsubscribed, "unsubscribed"),
        (PresenceType::Probe, "probe"),
        (PresenceType::Error, "error"),
    ];

    /// The attribute `type`, which presence of the available lacks.
    pub fn name(self) -> Option<&'static str> {
        PresenceType::NAMED.into_iter().find(|(kind, _)| *kind == self).map(|(_, name)| name)
    }

    fn parse(presence: &Element) -> Result<PresenceType> {
        let Some(name) = presence.get("type") else { return Ok(PresenceType::Available) };
        let found = PresenceType::NAMED.into_iter().find(|(_, known)| *known == name);
        found
            .map(|(kind, _)| kind)
            .ok_or_else(|| expect::unexpected("a type of presence", format_args!("{presence:?}")))
    }
}

/// How available someone is (RFC 6121 §4.7.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    Chat,
    #[default]
    Online,
    Away,
    Xa,
    Dnd,
}

impl Show {
    const NAMED: [(Show, &'static str); 4] =
        [(Show::Chat, "chat"), (Show::Away, "away"), (Show::Xa, "xa"), (Show::Dnd, "dnd")];

    fn name(self) -> Option<&'static str> {
        Show::NAMED.into_iter().find(|(show, _)| *show == self).map(|(_, name)| name)
    }

    fn parse(text: &str) -> Show {
        let found = Show::NAMED.into_iter().find(|(_, known)| *known == text.trim());
        found.map_or(Show::Online, |(show, _)| show)
    }
}

/// Someone's presence, or ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    pub from: Option<Jid>,
    pub to: Option<Jid>,
    pub kind: PresenceType,
    pub show: Show,
    pub priority: i8,
    pub error: Option<StanzaError>,
}

impl Presence {
    /// We are there; with a negative priority for no messages (rule 22).
    pub fn available(priority: i8) -> Presence {
        Presence { priority, ..Presence::new(PresenceType::Available) }
    }

    /// We are gone.
    pub fn new(kind: PresenceType) -> Presence {
        Presence { from: None, to: None, kind, show: Show::Online, priority: 0, error: None }
    }

    /// The same to one address (RFC 6121 §4.6).
    pub fn directed(self, to: &Jid) -> Presence {
        Presence { to: Some(to.clone()), ..self }
    }

    pub fn to_element(&self) -> Element {
        let show = self.show.name().map(|name| Element::new("show", ns::CLIENT).text(name));
        let priority =
            (self.priority != 0).then(|| Element::new("priority", ns::CLIENT).text(self.priority.to_string()));
        let error = self.error.as_ref().map(StanzaError::to_element);
        Element::new("presence", ns::CLIENT)
            .attr_opt("type", self.kind.name())
            .attr_opt("from", self.from.as_ref().map(Jid::as_str))
            .attr_opt("to", self.to.as_ref().map(Jid::as_str))
            .children_from(show.into_iter().chain(priority).chain(error))
    }

    /// A show or a priority that makes no sense counts as none.
    pub fn parse(presence: &Element) -> Result<Presence> {
        expect::named(presence, "presence", ns::CLIENT)?;
        let text = |name| presence.find(name, ns::CLIENT).map(Element::content);
        Ok(Presence {
            from: expect::optional_jid(presence, "from")?,
            to: expect::optional_jid(presence, "to").unwrap_or_default(),
            kind: PresenceType::parse(presence)?,
            show: text("show").map(|show| Show::parse(&show)).unwrap_or_default(),
            priority: text("priority").and_then(|priority| priority.trim().parse().ok()).unwrap_or_default(),
            error: presence.find("error", ns::CLIENT).map(StanzaError::parse).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    #[test]
    fn rule_22_our_presence_on_the_wire() {
        let to = "ops@example.org".parse().unwrap();
        for (presence, text) in [
            (Presence::available(-1), "<presence><priority>-1</priority></presence>"),
            (Presence::available(0), "<presence/>"),
            (Presence::new(PresenceType::Unavailable), r#"<presence type="unavailable"/>"#),
            (Presence::new(PresenceType::Probe).directed(&to), r#"<presence type="probe" to="ops@example.org"/>"#),
            (
                Presence { show: Show::Dnd, ..Presence::available(5) }.directed(&to),
                r#"<presence to="ops@example.org"><show>dnd</show><priority>5</priority></presence>"#,
            ),
        ] {
            assert_eq!(wire(&presence.to_element()), text);
            assert_eq!(Presence::parse(&element(text)).unwrap(), presence);
        }
    }

    #[test]
    fn rule_20_what_a_probe_brings_is_told_apart() {
        for (text, kind, condition) in [
            (r#"<presence type="unsubscribed" from="a@b"/>"#, PresenceType::Unsubscribed, None),
            (
                r#"<presence type="error" from="a@b"><error type="auth"><forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>"#,
                PresenceType::Error,
                Some("forbidden"),
            ),
            (
                r#"<presence type="unavailable" from="a@b/c"><status>x</status></presence>"#,
                PresenceType::Unavailable,
                None,
            ),
        ] {
            let presence = Presence::parse(&element(text)).unwrap();
            assert_eq!(presence.kind, kind);
            assert_eq!(presence.error.map(|e| e.condition).as_deref(), condition);
        }
    }

    #[test]
    fn odd_shows_and_priorities_count_as_none() {
        for (inner, show, priority) in [
            ("<priority>300</priority><show>sleepy</show>", Show::Online, 0),
            ("<priority/><show/>", Show::Online, 0),
            ("<show>\n xa </show><priority> -128 </priority>", Show::Xa, -128),
        ] {
            let presence = Presence::parse(&element(&format!(r#"<presence from="a@b/c">{inner}</presence>"#))).unwrap();
            assert_eq!((presence.show, presence.priority), (show, priority), "{inner}");
        }
    }

    #[test]
    fn a_presence_of_nobody_or_of_an_unknown_type_is_refused() {
        for text in [r#"<presence from="a@@b"/>"#, r#"<presence type="invisible"/>"#, "<message/>"] {
            assert!(Presence::parse(&element(text)).is_err(), "{text}");
        }
    }
}
