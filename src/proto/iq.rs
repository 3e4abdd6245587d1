//! Requests and their replies (RFC 6120 §8.2.3).

pub use super::stanza_error::{ErrorType, StanzaError};
use super::{expect, ns};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// Request or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IqType {
    Get,
    Set,
    Result,
    Error,
}

impl IqType {
    const ALL: [IqType; 4] = [IqType::Get, IqType::Set, IqType::Result, IqType::Error];

    pub fn name(self) -> &'static str {
        match self {
            IqType::Get => "get",
            IqType::Set => "set",
            IqType::Result => "result",
            IqType::Error => "error",
        }
    }

    fn parse(iq: &Element) -> Result<IqType> {
        let name = expect::attr(iq, "type")?;
        let found = IqType::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| expect::unexpected("an <iq> of type get, set, result or error", format_args!("{iq:?}")))
    }

    /// Whether it must be answered (rule 18).
    pub fn is_request(self) -> bool {
        matches!(self, IqType::Get | IqType::Set)
    }
}

/// A request or the reply to one, which has the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iq {
    pub kind: IqType,
    pub id: String,
    pub from: Option<Jid>,
    pub to: Option<Jid>,
    pub child: Option<Element>,
    pub error: Option<StanzaError>,
}

impl Iq {
    /// Asks `to` for something.
    pub fn get(to: &Jid, id: impl Into<String>, child: Element) -> Iq {
        Iq { to: Some(to.clone()), child: Some(child), ..Iq::new(IqType::Get, id.into()) }
    }

    /// Asks `to` to do something.
    pub fn set(to: &Jid, id: impl Into<String>, child: Element) -> Iq {
        Iq { to: Some(to.clone()), ..Iq::set_before_bind(id, child) }
    }

    /// Asks the server for a resource; whatever comes later needs an address (rule 18).
    pub fn set_before_bind(id: impl Into<String>, child: Element) -> Iq {
        Iq { child: Some(child), ..Iq::new(IqType::Set, id.into()) }
    }

    fn new(kind: IqType, id: String) -> Iq {
        Iq { kind, id, from: None, to: None, child: None, error: None }
    }

    /// The good answer to this request.
    pub fn result(&self, child: Option<Element>) -> Iq {
        Iq { to: self.from.clone(), child, ..Iq::new(IqType::Result, self.id.clone()) }
    }

    /// The bad answer to this request; it needs no copy of the request (RFC 6120 §8.3.1).
    pub fn refuse(&self, error: StanzaError) -> Iq {
        Iq { to: self.from.clone(), error: Some(error), ..Iq::new(IqType::Error, self.id.clone()) }
    }

    pub fn to_element(&self) -> Element {
        let error = self.error.as_ref().map(StanzaError::to_element);
        Element::new("iq", ns::CLIENT)
            .attr("type", self.kind.name())
            .attr("id", self.id.clone())
            .attr_opt("from", self.from.as_ref().map(Jid::as_str))
            .attr_opt("to", self.to.as_ref().map(Jid::as_str))
            .children_from(self.child.clone().into_iter().chain(error))
    }

    /// A `to` that is no address is passed over: the stanza has arrived (Openfire, 1.5).
    pub fn parse(iq: &Element) -> Result<Iq> {
        expect::named(iq, "iq", ns::CLIENT)?;
        let kind = IqType::parse(iq)?;
        Ok(Iq {
            kind,
            id: expect::attr(iq, "id")?.to_owned(),
            from: expect::optional_jid(iq, "from")?,
            to: expect::optional_jid(iq, "to").unwrap_or_default(),
            child: iq.elements().find(|e| !e.is("error", ns::CLIENT)).cloned(),
            error: (kind == IqType::Error).then(|| reason(iq)).transpose()?,
        })
    }
}

/// Why a request was refused; the reason may be missing, the refusal stands.
fn reason(iq: &Element) -> Result<StanzaError> {
    match iq.find("error", ns::CLIENT) {
        Some(error) => StanzaError::parse(error),
        None => Ok(StanzaError::new(ErrorType::Cancel, "undefined-condition")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    #[test]
    fn a_request_and_its_answers_on_the_wire() {
        let ping = Iq::get(&jid("example.org"), "p1", Element::new("ping", ns::PING));
        assert_eq!(
            wire(&ping.to_element()),
            r#"<iq type="get" id="p1" to="example.org"><ping xmlns="urn:xmpp:ping"/></iq>"#
        );
        let request = Iq { from: Some(jid("ops@example.org/Spark")), ..ping };
        assert_eq!(
            wire(&request.result(None).to_element()),
            r#"<iq type="result" id="p1" to="ops@example.org/Spark"/>"#
        );
        assert_eq!(
            wire(&request.refuse(StanzaError::new(ErrorType::Cancel, "service-unavailable")).to_element()),
            r#"<iq type="error" id="p1" to="ops@example.org/Spark"><error type="cancel" code="503"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>"#
        );
    }

    #[test]
    fn an_answer_to_a_request_without_from_has_no_to() {
        let request = Iq::parse(&element(r#"<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>"#)).unwrap();
        assert!(request.kind.is_request());
        assert_eq!(wire(&request.result(None).to_element()), r#"<iq type="result" id="1"/>"#);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let set = Iq::set(&jid("a@b/c d é"), "x", Element::new("query", ns::BYTESTREAMS));
        let refusal = Iq { from: Some(jid("a@b")), ..set.refuse(StanzaError::new(ErrorType::Auth, "forbidden")) };
        for iq in [set, refusal] {
            assert_eq!(Iq::parse(&element(&wire(&iq.to_element()))).unwrap(), iq);
        }
    }

    #[test]
    fn a_refusal_copies_the_request_or_not_and_may_lack_its_reason() {
        for (inner, condition, child) in [
            (
                r#"<si xmlns="http://jabber.org/protocol/si"/><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>"#,
                "service-unavailable",
                true,
            ),
            (
                r#"<error code="406" type="MODIFY"><not-acceptable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>"#,
                "not-acceptable",
                false,
            ),
            ("", "undefined-condition", false),
        ] {
            let iq = Iq::parse(&element(&format!(r#"<iq type="error" id="1" from="a@b/c">{inner}</iq>"#))).unwrap();
            assert_eq!(iq.error.map(|e| e.condition).as_deref(), Some(condition));
            assert_eq!(iq.child.is_some(), child);
        }
    }

    #[test]
    fn seed_trace_the_stanzas_that_carry_it_are_read() {
        for (text, kind, from, to, child) in [
            (
                r#"<iq to="android@192.0.2.10/Spark 2.6.3" type="set" id="iq_13"><si xmlns="http://jabber.org/protocol/si"/></iq>"#,
                IqType::Set,
                None,
                Some("android@192.0.2.10/Spark 2.6.3"),
                Some("si"),
            ),
            (
                r#"<iq id="iq_15" type="get"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>"#,
                IqType::Get,
                None,
                None,
                Some("query"),
            ),
            (
                r#"<iq id="iq_21" type="result" from="proxy.192.0.2.10" to="iphone@192.0.2.10/xiff"/>"#,
                IqType::Result,
                Some("proxy.192.0.2.10"),
                Some("iphone@192.0.2.10/xiff"),
                None,
            ),
        ] {
            let iq = Iq::parse(&element(text)).unwrap();
            assert_eq!((iq.kind, iq.from, iq.to), (kind, from.map(jid), to.map(jid)), "{text}");
            assert_eq!(iq.child.as_ref().map(Element::name), child);
        }
    }

    #[test]
    fn what_is_no_request_and_no_reply_is_refused() {
        for text in [
            r#"<iq id="1"/>"#,
            r#"<iq type="GET" id="1"/>"#,
            r#"<iq type="push" id="1"/>"#,
            r#"<iq type="get"/>"#,
            r#"<iq type="get" id="1" from="a@@b"/>"#,
            r#"<iq type="get" id="1" from=""/>"#,
            r#"<message type="get" id="1"/>"#,
            r#"<iq xmlns="urn:x" type="get" id="1"/>"#,
        ] {
            assert!(Iq::parse(&element(text)).is_err(), "{text}");
        }
        assert!(Iq::parse(&element(r#"<iq type="result" id="1" to="a@@b"/>"#)).is_ok(), "it has arrived");
    }
}
