//! The stream: header, features, STARTTLS (RFC 6120 §§4, 5).

pub use super::stream_error::{Elsewhere, StreamError, error};
use super::{expect, ns};
use crate::base::error::Result;
use crate::xml::element::Element;
use crate::xml::writer;

/// What ends a stream.
pub const CLOSE: &str = "</stream:stream>";

/// What opens a stream to the server of `domain` (RFC 6120 §4.7).
pub fn header(domain: &str) -> String {
    let mut out = String::from(r#"<?xml version="1.0"?><stream:stream xmlns="jabber:client""#);
    out.push_str(r#" xmlns:stream="http://etherx.jabber.org/streams" to=""#);
    writer::escape(domain, &mut out);
    out.push_str(r#"" version="1.0" xml:lang="en">"#);
    out
}

/// What the server opens its stream with (RFC 6120 §4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub from: Option<String>,
    pub id: Option<String>,
    pub version: Option<String>,
}

impl Header {
    pub fn parse(stream: &Element) -> Result<Header> {
        expect::named(stream, "stream", ns::STREAM)?;
        let get = |name| stream.get(name).map(str::to_owned);
        Ok(Header { from: get("from"), id: get("id"), version: get("version") })
    }
}

/// What the server offers now (RFC 6120 §4.3.2): in any order, twice, with unknown ones in between (rule 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    pub starttls: bool,
    pub starttls_required: bool,
    pub mechanisms: Vec<String>,
    /// The types of channel binding that the server takes (XEP-0440).
    pub channel_bindings: Vec<String>,
    pub bind: bool,
    /// RFC 3921's `<session/>` is there without `<optional/>`: it must be asked for (rule 12).
    pub session_required: bool,
}

impl Features {
    pub fn parse(element: &Element) -> Result<Features> {
        expect::named(element, "features", ns::STREAM)?;
        let mut features = Features::default();
        for feature in element.elements() {
            features.add(feature);
        }
        Ok(features)
    }

    fn add(&mut self, feature: &Element) {
        match (feature.name(), feature.ns()) {
            ("starttls", ns::TLS) => {
                self.starttls = true;
                self.starttls_required |= feature.find("required", ns::TLS).is_some();
            }
            ("mechanisms", ns::SASL) => self.add_mechanisms(feature),
            ("sasl-channel-binding", ns::SASL_CB) => {
                let listed = feature.elements().filter(|e| e.is("channel-binding", ns::SASL_CB));
                self.channel_bindings.extend(listed.filter_map(|e| e.get("type")).map(str::to_owned));
            }
            ("bind", ns::BIND) => self.bind = true,
            ("session", ns::SESSION) => self.session_required |= feature.find("optional", ns::SESSION).is_none(),
            _ => {}
        }
    }

    fn add_mechanisms(&mut self, feature: &Element) {
        for mechanism in feature.elements().filter(|e| e.is("mechanism", ns::SASL)) {
            let name = mechanism.content().trim().to_owned();
            if !self.mechanisms.contains(&name) {
                self.mechanisms.push(name);
            }
        }
    }
}

/// The request to go on under TLS (RFC 6120 §5.4.2.1).
pub fn starttls() -> Element {
    Element::new("starttls", ns::TLS)
}

/// The answer to [`starttls`] (RFC 6120 §5.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsAnswer {
    Proceed,
    Failure,
}

impl TlsAnswer {
    pub fn parse(element: &Element) -> Result<TlsAnswer> {
        match (element.name(), element.ns()) {
            ("proceed", ns::TLS) => Ok(TlsAnswer::Proceed),
            ("failure", ns::TLS) => Ok(TlsAnswer::Failure),
            _ => Err(expect::unexpected("<proceed> or <failure> of STARTTLS", format_args!("{element:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    #[test]
    fn rule_01_the_header_has_the_prefix_stream_and_double_quotes() {
        assert_eq!(
            header("192.0.2.10"),
            r#"<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="192.0.2.10" version="1.0" xml:lang="en">"#
        );
    }

    #[test]
    fn rule_02_a_domain_can_not_break_out_of_the_header() {
        assert!(header("a\"><b&").contains(r#" to="a&quot;&gt;&lt;b&amp;" version"#));
    }

    #[test]
    fn the_servers_header_is_read() {
        let stream = Element::new("stream", ns::STREAM).attr("from", "example.org").attr("id", "7x");
        let header = Header::parse(&stream).unwrap();
        assert_eq!(header, Header { from: Some("example.org".into()), id: Some("7x".into()), version: None });
        assert!(Header::parse(&Element::new("stream", ns::CLIENT)).is_err());
    }

    fn features(inner: &str) -> Features {
        Features::parse(&element(&format!("<stream:features>{inner}</stream:features>"))).unwrap()
    }

    #[test]
    fn rule_05_features_come_in_any_order_twice_and_with_strangers() {
        let limits = r#"<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>262144</max-bytes></limits>"#;
        let mechanisms = r#"<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>PLAIN</mechanism>
            <mechanism> SCRAM-SHA-1 </mechanism><mechanism>PLAIN</mechanism><hostname xmlns="urn:x">h</hostname></mechanisms>"#;
        let starttls = r#"<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required/></starttls>"#;
        let forth = features(&[limits, mechanisms, starttls, mechanisms, limits].concat());
        assert_eq!(forth.mechanisms, ["PLAIN", "SCRAM-SHA-1"]);
        assert!(forth.starttls && forth.starttls_required && !forth.bind);
        assert_eq!(forth, features(&[starttls, limits, mechanisms].concat()));
    }

    #[test]
    fn rule_05_sasl2_mechanisms_are_not_sasl_mechanisms() {
        let sasl2 = r#"<authentication xmlns="urn:xmpp:sasl:2"><mechanism>PLAIN</mechanism></authentication>"#;
        assert_eq!(features(sasl2), Features::default());
    }

    #[test]
    fn rule_12_session_is_required_only_without_optional() {
        let bind = r#"<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>"#;
        for (session, required) in [
            (r#"<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>"#, true),
            (r#"<session xmlns="urn:ietf:params:xml:ns:xmpp-session"><optional/></session>"#, false),
            ("", false),
        ] {
            let features = features(&[bind, session].concat());
            assert!(features.bind);
            assert_eq!(features.session_required, required, "{session}");
        }
    }

    #[test]
    fn the_answer_to_starttls_is_proceed_or_failure() {
        assert_eq!(wire(&starttls()), r#"<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#);
        for (text, answer) in [
            (r#"<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#, Some(TlsAnswer::Proceed)),
            (r#"<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#, Some(TlsAnswer::Failure)),
            (r#"<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>"#, None),
            (r#"<proceed/>"#, None),
        ] {
            assert_eq!(TlsAnswer::parse(&element(text)).ok(), answer, "{text}");
        }
    }
}
