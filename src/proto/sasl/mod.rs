//! Logging in (RFC 6120 §6): the mechanisms, the elements that carry them, one exchange from start to proof.

pub mod plain;
pub mod scram;

use super::{expect, ns};
use crate::base::base64;
use crate::base::error::{Error, Fault, Kind, Result};
use crate::xml::element::Element;
use scram::{Hash, Scram};

/// The mechanisms we know; the stronger is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    /// The password itself, inside TLS (RFC 4616).
    Plain,
    /// RFC 5802.
    ScramSha1,
    /// RFC 7677.
    ScramSha256,
    /// SCRAM-SHA-1 bound to the TLS channel.
    ScramSha1Plus,
    /// SCRAM-SHA-256 bound to the TLS channel.
    ScramSha256Plus,
    /// The client's certificate (RFC 4422 appendix A).
    External,
}

impl Mechanism {
    /// Every mechanism, the strongest last.
    pub const ALL: &'static [Mechanism] = &[
        Mechanism::Plain,
        Mechanism::ScramSha1,
        Mechanism::ScramSha256,
        Mechanism::ScramSha1Plus,
        Mechanism::ScramSha256Plus,
        Mechanism::External,
    ];

    /// The name in the registry of SASL mechanisms.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha1 => "SCRAM-SHA-1",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Mechanism::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Mechanism::External => "EXTERNAL",
        }
    }

    pub fn parse(name: &str) -> Option<Mechanism> {
        Mechanism::ALL.iter().copied().find(|m| m.name() == name)
    }

    /// It proves that both ends see the same TLS channel.
    pub fn is_bound(self) -> bool {
        matches!(self, Mechanism::ScramSha1Plus | Mechanism::ScramSha256Plus)
    }

    /// The strongest one that is both offered and allowed (rule 6).
    pub fn strongest(offered: &[String], allowed: &[Mechanism]) -> Option<Mechanism> {
        offered.iter().filter_map(|name| Mechanism::parse(name)).filter(|m| allowed.contains(m)).max()
    }
}

/// `<auth>` with its initial response; an empty one is written `=` (RFC 6120 §6.4.2).
pub fn auth(mechanism: Mechanism, initial: &[u8]) -> Element {
    let text = if initial.is_empty() { "=".to_owned() } else { base64::encode(initial) };
    Element::new("auth", ns::SASL).attr("mechanism", mechanism.name()).text(text)
}

/// `<response>` to a challenge (RFC 6120 §6.4.3).
pub fn response(data: &[u8]) -> Element {
    let response = Element::new("response", ns::SASL);
    if data.is_empty() { response } else { response.text(base64::encode(data)) }
}

/// What the server says (RFC 6120 §§6.4.3–6.4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Challenge(Vec<u8>),
    Success(Option<Vec<u8>>),
    Failure { condition: String, text: Option<String> },
}

impl Reply {
    pub fn parse(element: &Element) -> Result<Reply> {
        match (element.name(), element.ns()) {
            ("challenge", ns::SASL) => Ok(Reply::Challenge(data(element)?.unwrap_or_default())),
            ("success", ns::SASL) => Ok(Reply::Success(data(element)?)),
            ("failure", ns::SASL) => Ok(Reply::failure(element)),
            _ => Err(expect::unexpected("<challenge>, <success> or <failure> of SASL", format_args!("{element:?}"))),
        }
    }

    fn failure(element: &Element) -> Reply {
        let condition = element.elements().find(|e| e.name() != "text").map_or("undefined-condition", Element::name);
        let text = element.find("text", ns::SASL).map(|text| text.content().trim().to_owned());
        Reply::Failure { condition: condition.to_owned(), text: text.filter(|text| !text.is_empty()) }
    }
}

/// What the element carries: nothing, or bytes, of which `=` are none.
fn data(element: &Element) -> Result<Option<Vec<u8>>> {
    match element.content().as_ref() {
        "" => Ok(None),
        "=" => Ok(Some(Vec::new())),
        text => match base64::decode(text) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(expect::unexpected("base64 in an answer of SASL", format_args!("{element:?}"))),
        },
    }
}

/// The error for [`Reply::Failure`] (RFC 6120 §6.5, rule 10).
pub fn refusal(condition: &str, text: Option<&str>) -> Error {
    let (kind, meaning) = match condition {
        "not-authorized" => (Kind::Auth, "the server refused the user name or the password"),
        "account-disabled" => (Kind::Auth, "the account is disabled"),
        "credentials-expired" => (Kind::Auth, "the password has expired"),
        "temporary-auth-failure" => (Kind::Server, "the server can't check the password now"),
        "invalid-mechanism" | "mechanism-too-weak" => (Kind::NoMechanism, "the server refused the login mechanism"),
        "encryption-required" => (Kind::NoTls, "the server wants TLS before the login"),
        _ => (Kind::Auth, "the server refused the login"),
    };
    let text = text.map(|text| format!(": {text:?}")).unwrap_or_default();
    Error::new(kind, format!("{meaning} ({condition}{text})"))
}

/// What ties a login to its TLS channel (RFC 5929, RFC 9266).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding {
    pub kind: BindingType,
    pub data: Vec<u8>,
}

/// The types that we know, the preferred first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingType {
    /// RFC 9266: a key that both ends derive from the session.
    Exporter,
    /// RFC 5929 §4: the hash of the server's certificate.
    ServerEndPoint,
}

impl BindingType {
    pub const ALL: [BindingType; 2] = [BindingType::Exporter, BindingType::ServerEndPoint];

    /// The name, as XEP-0440 lists it.
    pub fn name(self) -> &'static str {
        match self {
            BindingType::Exporter => "tls-exporter",
            BindingType::ServerEndPoint => "tls-server-end-point",
        }
    }
}

/// One login, from the first message to the proof that the server knows the password.
pub enum Exchange<'p> {
    Plain,
    External,
    Scram(Box<Scram<'p>>),
}

impl<'p> Exchange<'p> {
    /// Begins, and gives the initial response; `nonce` is fresh, printable and without commas; `binding` is for
    /// the mechanisms that are bound.
    pub fn start(
        mechanism: Mechanism,
        user: &str,
        password: &'p str,
        nonce: &str,
        binding: Option<ChannelBinding>,
    ) -> (Exchange<'p>, Vec<u8>) {
        let scram = |hash| {
            let (scram, initial) = Scram::start(hash, user, password, nonce, binding);
            (Exchange::Scram(Box::new(scram)), initial)
        };
        match mechanism {
            Mechanism::Plain => (Exchange::Plain, plain::initial(user, password)),
            Mechanism::External => (Exchange::External, Vec::new()),
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => scram(Hash::Sha1),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => scram(Hash::Sha256),
        }
    }

    /// Answers a challenge.
    pub fn answer(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        match self {
            Exchange::Plain => Err(expect::unexpected("no challenge of PLAIN", "one")),
            Exchange::External => Ok(Vec::new()),
            Exchange::Scram(scram) => scram.answer(challenge),
        }
    }

    /// Takes what came with `<success>`; what proves nothing is a failure (rule 8).
    pub fn finish(self, success: Option<&[u8]>) -> Result<()> {
        match self {
            Exchange::Plain | Exchange::External => Ok(()),
            Exchange::Scram(scram) => scram.finish(success),
        }
    }
}

/// The server claims to know the password and doesn't prove it.
fn impostor(what: impl Into<String>) -> Error {
    Error::new(Kind::Auth, what)
        .fault_of(Fault::Server)
        .advise("check that this is your server; the password was not sent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    fn offered(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn rule_07_the_gs2_flag_is_n_or_p_and_never_y() {
        for mechanism in [Mechanism::ScramSha1, Mechanism::ScramSha256] {
            let (_, first) = Exchange::start(mechanism, "device", "secret", "nonce", None);
            assert!(first.starts_with(b"n,,n=device"), "{}", mechanism.name());
        }
        let binding = || Some(ChannelBinding { kind: BindingType::ServerEndPoint, data: vec![1; 32] });
        for mechanism in [Mechanism::ScramSha1Plus, Mechanism::ScramSha256Plus] {
            let (_, first) = Exchange::start(mechanism, "device", "secret", "nonce", binding());
            assert!(first.starts_with(b"p=tls-server-end-point,,n=device"), "{}", mechanism.name());
        }
    }

    #[test]
    fn rule_06_the_strongest_mechanism_is_taken() {
        use Mechanism::*;
        for (names, allowed, taken) in [
            (&["PLAIN", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"][..], &[Plain, ScramSha1][..], Some(ScramSha1)),
            (&["PLAIN", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256"], Mechanism::ALL, Some(ScramSha1Plus)),
            (&["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], Mechanism::ALL, Some(ScramSha256)),
            (&["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], &[Plain, ScramSha1], Some(ScramSha1)),
            (&["PLAIN"], Mechanism::ALL, Some(Plain)),
            (&["PLAIN", "DIGEST-MD5"], &[ScramSha1, ScramSha256], None),
            (&["DIGEST-MD5", "ANONYMOUS", "EXTERNAL"], &[Plain, ScramSha1], None),
            (&[], Mechanism::ALL, None),
        ] {
            assert_eq!(Mechanism::strongest(&offered(names), allowed), taken, "{names:?}");
        }
        assert!(Plain < ScramSha1 && ScramSha1 < ScramSha256);
    }

    #[test]
    fn auth_and_response_on_the_wire() {
        let sasl = r#"xmlns="urn:ietf:params:xml:ns:xmpp-sasl""#;
        let plain = wire(&auth(Mechanism::Plain, b"\0u\0p"));
        assert_eq!(plain, format!(r#"<auth {sasl} mechanism="PLAIN">AHUAcA==</auth>"#));
        let empty = wire(&auth(Mechanism::ScramSha1, b""));
        assert_eq!(empty, format!(r#"<auth {sasl} mechanism="SCRAM-SHA-1">=</auth>"#));
        assert_eq!(wire(&response(b"c=biws")), format!("<response {sasl}>Yz1iaXdz</response>"));
        assert_eq!(wire(&response(b"")), format!("<response {sasl}/>"));
    }

    #[test]
    fn replies_are_read() {
        let failure = |condition: &str, text: Option<&str>| {
            Some(Reply::Failure { condition: condition.into(), text: text.map(str::to_owned) })
        };
        for (name, inner, expected) in [
            ("challenge", "Yz1iaXdz", Some(Reply::Challenge(b"c=biws".to_vec()))),
            ("challenge", "", Some(Reply::Challenge(vec![]))),
            ("challenge", "Yz1iaXd", None),
            ("challenge", "Yz1i\naXdz", None),
            ("success", "", Some(Reply::Success(None))),
            ("success", "=", Some(Reply::Success(Some(vec![])))),
            ("success", "dj0=", Some(Reply::Success(Some(b"v=".to_vec())))),
            ("failure", "<not-authorized/>", failure("not-authorized", None)),
            ("failure", "<text>no\u{e9}</text><account-disabled/>", failure("account-disabled", Some("no\u{e9}"))),
            ("failure", "", failure("undefined-condition", None)),
            ("abort", "", None),
        ] {
            let text = format!(r#"<{name} xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{inner}</{name}>"#);
            assert_eq!(Reply::parse(&element(&text)).ok(), expected, "{text}");
        }
        assert!(Reply::parse(&element("<success/>")).is_err(), "another namespace");
    }

    #[test]
    fn rule_10_a_failure_is_reported_with_its_condition() {
        for (condition, kind) in [
            ("not-authorized", Kind::Auth),
            ("undefined-condition", Kind::Auth),
            ("temporary-auth-failure", Kind::Server),
            ("invalid-mechanism", Kind::NoMechanism),
            ("encryption-required", Kind::NoTls),
        ] {
            let error = refusal(condition, Some("why"));
            assert_eq!(error.kind(), kind);
            assert!(error.what().contains(condition) && error.what().contains("why"), "{error}");
        }
    }

    #[test]
    fn plain_is_done_after_its_first_message() {
        let (mut exchange, initial) = Exchange::start(Mechanism::Plain, "push", "secret", "", None);
        assert_eq!(initial, b"\0push\0secret");
        assert!(exchange.answer(b"").is_err());
        assert!(exchange.finish(None).is_ok());
    }
}
