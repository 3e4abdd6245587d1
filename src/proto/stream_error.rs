//! What ends a stream before its time (RFC 6120 §4.9).

use super::{expect, ns, stream};
use crate::base::error::{Error, Fault, Kind, Result};
use crate::xml::element::Element;
use crate::xml::writer;

/// What we send before we close a stream that we can't go on with.
pub fn error(condition: &'static str) -> String {
    let error = Element::new("error", ns::STREAM).child(Element::new(condition, ns::STREAMS_ERR));
    writer::to_string(&error, ns::CLIENT) + stream::CLOSE
}

/// The cause of an error that names another host.
#[derive(Clone, Debug)]
pub struct Elsewhere(pub String);

impl std::fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the server names {:?} instead of itself", self.0)
    }
}

impl std::error::Error for Elsewhere {}

/// Why the server ends the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    pub condition: String,
    pub text: Option<String>,
    /// Where to connect instead, `host` or `host:port`.
    pub see_other_host: Option<String>,
}

impl StreamError {
    pub fn parse(element: &Element) -> Result<StreamError> {
        expect::named(element, "error", ns::STREAM)?;
        let condition = element.elements().find(|e| e.ns() == ns::STREAMS_ERR && e.name() != "text");
        let text = |e: &Element| Some(e.content().trim().to_owned()).filter(|text| !text.is_empty());
        Ok(StreamError {
            condition: condition.map_or("undefined-condition", Element::name).to_owned(),
            text: element.find("text", ns::STREAMS_ERR).and_then(text),
            see_other_host: element.find("see-other-host", ns::STREAMS_ERR).and_then(text),
        })
    }

    pub fn into_error(self) -> Error {
        let (kind, meaning) = meaning(&self.condition);
        let mut what = format!("{meaning} (stream error {}", self.condition);
        let elsewhere = self.see_other_host.clone().map(Elsewhere);
        for detail in [self.see_other_host, self.text].into_iter().flatten() {
            what.push_str(&format!(": {detail:?}"));
        }
        let error = elsewhere.into_iter().fold(Error::new(kind, what + ")"), Error::because);
        if kind == Kind::Protocol { error.fault_of(Fault::Ours).advise("please report it") } else { error }
    }
}

/// The kind and the meaning of each condition of RFC 6120 §4.9.3 (and `invalid-id` of RFC 3920).
fn meaning(condition: &str) -> (Kind, &'static str) {
    match condition {
        "conflict" => (Kind::Conflict, "another login took over this resource"),
        "host-unknown" => (Kind::Config, "the server doesn't serve this domain"),
        "host-gone" => (Kind::Config, "the server no longer serves this domain"),
        "connection-timeout" => (Kind::Server, "the server heard nothing from here for too long"),
        "internal-server-error" => (Kind::Server, "the server has an internal error"),
        "not-authorized" => (Kind::Server, "the server doesn't allow this now, or not from this address"),
        "policy-violation" => (Kind::Server, "the server's policy forbids this"),
        "remote-connection-failed" => (Kind::Server, "the server can't reach something that it needs"),
        "reset" => (Kind::Server, "the server asks for a new connection"),
        "resource-constraint" => (Kind::Server, "the server is short of resources"),
        "see-other-host" => (Kind::Server, "the server sends us to another host"),
        "system-shutdown" => (Kind::Server, "the server is shutting down"),
        "bad-format"
        | "bad-namespace-prefix"
        | "invalid-namespace"
        | "invalid-xml"
        | "not-well-formed"
        | "restricted-xml" => (Kind::Protocol, "the server can't read what it was sent"),
        "improper-addressing" | "invalid-from" | "invalid-id" => {
            (Kind::Protocol, "the server takes offence at an address")
        }
        "unsupported-encoding" | "unsupported-feature" | "unsupported-stanza-type" | "unsupported-version" => {
            (Kind::Protocol, "the server doesn't support what it was sent")
        }
        _ => (Kind::Server, "the server ended the stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::element;

    fn parsed(inner: &str) -> StreamError {
        StreamError::parse(&element(&format!("<stream:error>{inner}</stream:error>"))).unwrap()
    }

    #[test]
    fn each_condition_has_its_kind_and_is_shown() {
        for (condition, kind) in [
            ("conflict", Kind::Conflict),
            ("host-unknown", Kind::Config),
            ("host-gone", Kind::Config),
            ("not-authorized", Kind::Server),
            ("system-shutdown", Kind::Server),
            ("policy-violation", Kind::Server),
            ("resource-constraint", Kind::Server),
            ("connection-timeout", Kind::Server),
            ("undefined-condition", Kind::Server),
            ("unheard-of", Kind::Server),
            ("not-well-formed", Kind::Protocol),
            ("invalid-namespace", Kind::Protocol),
            ("unsupported-version", Kind::Protocol),
            ("improper-addressing", Kind::Protocol),
        ] {
            let text = format!(r#"<{condition} xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>"#);
            let error = parsed(&text).into_error();
            assert_eq!(error.kind(), kind, "{condition}");
            assert!(error.what().contains(condition), "{error}");
        }
    }

    #[test]
    fn openfires_words_on_what_came_before_bind_are_kept() {
        let error = parsed(
            r#"<not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-streams"/><text xmlns="urn:ietf:params:xml:ns:xmpp-streams">Do not send invalid stanza</text>"#,
        );
        assert_eq!(error.text.as_deref(), Some("Do not send invalid stanza"));
        assert!(error.into_error().what().ends_with(r#"(stream error not-authorized: "Do not send invalid stanza")"#));
    }

    #[test]
    fn the_other_host_is_named() {
        let error = parsed(
            r#"<see-other-host xmlns="urn:ietf:params:xml:ns:xmpp-streams">b.example.org:9222</see-other-host>"#,
        );
        assert_eq!(error.see_other_host.as_deref(), Some("b.example.org:9222"));
        assert!(error.into_error().what().contains("b.example.org:9222"));
    }

    #[test]
    fn an_error_without_condition_is_one_too() {
        assert_eq!(parsed("").condition, "undefined-condition");
    }

    #[test]
    fn ours_closes_the_stream() {
        assert_eq!(
            error("restricted-xml"),
            r#"<stream:error><restricted-xml xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></stream:error></stream:stream>"#
        );
    }
}
