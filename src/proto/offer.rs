//! The offer of a file and its acceptance (XEP-0095, XEP-0096; the form: XEP-0020, XEP-0004).

use super::{expect, ns};
use crate::base::error::Result;
use crate::xml::element::Element;

/// The field of the form that names the methods (XEP-0095 §3.1).
const STREAM_METHOD: &str = "stream-method";

/// How the bytes of a file are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// SOCKS5 bytestreams through a proxy (XEP-0065).
    Socks5,
    /// In-band bytestreams (XEP-0047).
    Ibb,
}

impl Method {
    /// The name space that stands for it in an offer.
    pub fn namespace(self) -> &'static str {
        match self {
            Method::Socks5 => ns::BYTESTREAMS,
            Method::Ibb => ns::IBB,
        }
    }

    fn parse(value: &str) -> Option<Method> {
        [Method::Socks5, Method::Ibb].into_iter().find(|method| method.namespace() == value.trim())
    }

    fn to_value(self) -> Element {
        Element::new("value", ns::XDATA).text(self.namespace())
    }
}

/// A file that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Names the stream from now on; any text, also `jsi_-123`.
    pub sid: String,
    /// What kind of stream: [`ns::SI_FILE`], or nothing that we know.
    pub profile: String,
    /// As the sender has it: not safe as the name of a file.
    pub name: String,
    /// What is not known or 0 in an offer that came is read to its end (rule 66).
    pub size: Option<u64>,
    /// XEP-0082, in UTC.
    pub date: Option<String>,
    pub desc: Option<String>,
    pub mime: Option<String>,
    /// Those we know, in the sender's order.
    pub methods: Vec<Method>,
}

impl Offer {
    /// Neither hash nor range, for nobody needs them (rule 30).
    pub fn to_element(&self) -> Element {
        Element::new("si", ns::SI)
            .attr("id", self.sid.clone())
            .attr_opt("mime-type", self.mime.clone())
            .attr("profile", self.profile.clone())
            .child(self.file())
            .child(negotiation("form", self.methods.iter().map(|m| option(*m))))
    }

    fn file(&self) -> Element {
        let desc = self.desc.as_ref().map(|desc| Element::new("desc", ns::SI_FILE).text(desc.clone()));
        Element::new("file", ns::SI_FILE)
            .attr("name", self.name.clone())
            .attr_opt("size", self.size.map(|size| size.to_string()))
            .attr_opt("date", self.date.clone())
            .children_from(desc)
    }

    /// Takes all that senders write; only id, file and name must be there.
    pub fn parse(si: &Element) -> Result<Offer> {
        expect::named(si, "si", ns::SI)?;
        let file = expect::child(si, "file", ns::SI_FILE)?;
        let attr = |element: &Element, name| element.get(name).map(str::to_owned);
        Ok(Offer {
            sid: expect::attr(si, "id")?.to_owned(),
            profile: attr(si, "profile").unwrap_or_default(),
            name: expect::attr(file, "name")?.to_owned(),
            size: expect::number(file, "size", "a size").ok().filter(|size| *size > 0),
            date: attr(file, "date"),
            desc: file.find("desc", ns::SI_FILE).map(|desc| desc.content().into_owned()),
            mime: attr(si, "mime-type"),
            methods: field(si).map(offered).unwrap_or_default(),
        })
    }
}

/// What accepts an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// One, or two from Smack before 4.4: then the sender chooses (rule 35).
    pub methods: Vec<Method>,
    /// It names something that is no method we know, so that we can't have offered it (rule 34).
    pub unknown: bool,
    /// The field carries its type, which no Smack writes.
    pub typed: bool,
}

impl Accept {
    /// One value, in a field with its type: Smack from 4.4 on fails without (rule 60).
    pub fn to_element(method: Method) -> Element {
        Element::new("si", ns::SI).child(negotiation("submit", [method.to_value()]))
    }

    /// With or without id, profile and type of the field (rule 34).
    pub fn parse(si: &Element) -> Result<Accept> {
        expect::named(si, "si", ns::SI)?;
        let field = field(si).filter(|field| values(field).next().is_some());
        let field =
            field.ok_or_else(|| expect::unexpected("a form that names a stream method", format_args!("{si:?}")))?;
        let unknown = values(field).any(|value| Method::parse(&value.content()).is_none());
        Ok(Accept { methods: known(values(field)), unknown, typed: field.get("type").is_some() })
    }
}

fn option(method: Method) -> Element {
    Element::new("option", ns::XDATA).child(method.to_value())
}

/// The form as old and new Smack can read it (rule 26).
fn negotiation(kind: &'static str, choices: impl IntoIterator<Item = Element>) -> Element {
    let field = Element::new("field", ns::XDATA).attr("var", STREAM_METHOD).attr("type", "list-single");
    let form = Element::new("x", ns::XDATA).attr("type", kind).child(field.children_from(choices));
    Element::new("feature", ns::FEATURE_NEG).child(form)
}

fn field(si: &Element) -> Option<&Element> {
    let form = si.find("feature", ns::FEATURE_NEG)?.find("x", ns::XDATA)?;
    form.elements().find(|e| e.is("field", ns::XDATA) && e.get("var") == Some(STREAM_METHOD))
}

fn offered(field: &Element) -> Vec<Method> {
    known(field.elements().filter(|e| e.is("option", ns::XDATA)).flat_map(values))
}

fn values(parent: &Element) -> impl Iterator<Item = &Element> {
    parent.elements().filter(|e| e.is("value", ns::XDATA))
}

/// The methods among the values, each once.
fn known<'e>(values: impl Iterator<Item = &'e Element>) -> Vec<Method> {
    let mut methods = Vec::new();
    for method in values.filter_map(|value| Method::parse(&value.content())) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}

/// The description that tells a transfer id to the other side.
pub fn describe(transfer: &str) -> String {
    format!("firepush {transfer}")
}

impl Offer {
    /// The transfer id, when the sender is one of us.
    pub fn transfer(&self) -> Option<&str> {
        let id = self.desc.as_deref()?.strip_prefix("firepush ")?;
        Some(id).filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    const S5B: &str = "<value>http://jabber.org/protocol/bytestreams</value>";
    const IBB: &str = "<value>http://jabber.org/protocol/ibb</value>";

    fn si(attributes: &str, inner: &str) -> Element {
        element(&format!(r#"<si xmlns="http://jabber.org/protocol/si" {attributes}>{inner}</si>"#))
    }

    fn form(x: &str, field: &str, inner: &str) -> String {
        format!(
            r#"<feature xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" {x}><field {field}>{inner}</field></x></feature>"#
        )
    }

    fn file(attributes: &str) -> String {
        format!(r#"<file xmlns="http://jabber.org/protocol/si/profile/file-transfer" {attributes}/>"#)
    }

    fn capture() -> Offer {
        Offer {
            sid: "9fK2mQx81aZ0".into(),
            profile: ns::SI_FILE.into(),
            name: "eth0_2026-01-01T10-00-00.pcap".into(),
            size: Some(1048576),
            date: Some("2026-01-01T10:00:00Z".into()),
            desc: Some("capture".into()),
            mime: Some("application/vnd.tcpdump.pcap".into()),
            methods: vec![Method::Socks5, Method::Ibb],
        }
    }

    #[test]
    fn rule_26_form_lists_bytestreams_then_ibb() {
        assert_eq!(
            wire(&capture().to_element()),
            concat!(
                r#"<si xmlns="http://jabber.org/protocol/si" id="9fK2mQx81aZ0" mime-type="application/vnd.tcpdump.pcap" profile="http://jabber.org/protocol/si/profile/file-transfer">"#,
                r#"<file xmlns="http://jabber.org/protocol/si/profile/file-transfer" name="eth0_2026-01-01T10-00-00.pcap" size="1048576" date="2026-01-01T10:00:00Z"><desc>capture</desc></file>"#,
                r#"<feature xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" type="form"><field var="stream-method" type="list-single">"#,
                r#"<option><value>http://jabber.org/protocol/bytestreams</value></option><option><value>http://jabber.org/protocol/ibb</value></option>"#,
                r#"</field></x></feature></si>"#
            )
        );
    }

    #[test]
    fn what_is_offered_is_read_again() {
        let bare = Offer { date: None, desc: None, mime: None, methods: vec![Method::Ibb], ..capture() };
        for offer in [capture(), bare] {
            assert_eq!(Offer::parse(&element(&wire(&offer.to_element()))).unwrap(), offer);
        }
    }

    #[test]
    fn rules_25_and_30_an_empty_file_has_a_size_and_no_offer_a_hash_or_range() {
        let text = wire(&Offer { size: Some(0), ..capture() }.to_element());
        assert!(text.contains(r#"size="0""#));
        assert!(!text.contains("hash") && !text.contains("range"));
    }

    #[test]
    fn seed_trace_1_the_offer_of_xiff_has_its_form_before_the_file() {
        let offer = Offer::parse(&element(
            r#"<si profile="http://jabber.org/protocol/si/profile/file-transfer"
        mime-type="text/plain" id="82B0C697-C1DE-93F9-103E-481C8E7A3BD8" xmlns="http://jabber.org/protocol/si"><feature
        xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" type="form"><field var="stream-method" type="list-single">
        <option><value>http://jabber.org/protocol/bytestreams</value></option><option><value>http://jabber.org/protocol/ibb</value></option>
        </field></x></feature><file xmlns="http://jabber.org/protocol/si/profile/file-transfer" name="img0545.png" size="152443">
        <desc>send</desc></file></si>"#,
        ))
        .unwrap();
        assert_eq!(
            offer,
            Offer {
                sid: "82B0C697-C1DE-93F9-103E-481C8E7A3BD8".into(),
                profile: ns::SI_FILE.into(),
                name: "img0545.png".into(),
                size: Some(152443),
                date: None,
                desc: Some("send".into()),
                mime: Some("text/plain".into()),
                methods: vec![Method::Socks5, Method::Ibb],
            }
        );
    }

    #[test]
    fn offers_of_smack_and_qxmpp_are_read() {
        let profile = r#"profile="http://jabber.org/protocol/si/profile/file-transfer""#;
        let both = format!("<option>{S5B}</option><option>{IBB}</option>");
        for (who, sid, attributes, options, size, methods) in [
            ("Spark", "jsi_-123", r#"name="a" size="3""#, &both, Some(3), vec![Method::Socks5, Method::Ibb]),
            ("Spark, empty file", "jsi_4", r#"name="a""#, &both, None, vec![Method::Socks5, Method::Ibb]),
            (
                "Spark, IBB only",
                "jsi_4",
                r#"name="a" size="3""#,
                &format!("<option>{IBB}</option>"),
                Some(3),
                vec![Method::Ibb],
            ),
            (
                "QXmpp",
                "qx",
                r#"name="a" size="4294967297" date="2026-01-01T10:00:00Z" hash="d41d8cd98f00b204e9800998ecf8427e""#,
                &format!("<option>{IBB}</option><option>{S5B}</option>"),
                Some(4294967297),
                vec![Method::Ibb, Method::Socks5],
            ),
            (
                "Jingle-minded",
                "x",
                r#"name="a" size="none""#,
                &format!(
                    "<option label='x'><value>urn:xmpp:jingle</value></option><option>{IBB}</option><option>{IBB}</option>"
                ),
                None,
                vec![Method::Ibb],
            ),
            ("negative", "x", r#"name="a" size="-5""#, &both, None, vec![Method::Socks5, Method::Ibb]),
            ("zero", "x", r#"name="a" size="0""#, &both, None, vec![Method::Socks5, Method::Ibb]),
        ] {
            for field in ["list-single", "list-multi", ""] {
                let kind = if field.is_empty() { String::new() } else { format!(r#"type="{field}""#) };
                let form = form(r#"type="form""#, &format!(r#"{kind} var="stream-method""#), options);
                let offer =
                    Offer::parse(&si(&format!(r#"id="{sid}" {profile}"#), &[file(attributes), form].concat())).unwrap();
                assert_eq!((offer.sid.as_str(), offer.size), (sid, size), "{who}");
                assert_eq!(offer.methods, methods, "{who}");
            }
        }
    }

    #[test]
    fn rule_61_an_offer_without_form_or_profile_is_read_to_be_refused_by_name() {
        let named = file(r#"name="a" size="3""#);
        for form in [String::new(), form("", r#"var="other""#, &format!("<option>{IBB}</option>")), form("", "", IBB)] {
            let offer = Offer::parse(&si(r#"id="x""#, &[named.clone(), form].concat())).unwrap();
            assert_eq!((offer.profile.as_str(), offer.methods), ("", vec![]));
        }
    }

    #[test]
    fn an_offer_without_id_file_or_name_is_refused() {
        let named = file(r#"name="a" size="3""#);
        for (attributes, inner) in [
            ("", named.as_str()),
            (r#"id="""#, named.as_str()),
            (r#"id="x""#, ""),
            (r#"id="x""#, r#"<file name="a" size="3"/>"#),
            (r#"id="x""#, &file(r#"size="3""#)),
            (r#"id="x""#, &file(r#"name="" size="3""#)),
        ] {
            assert!(Offer::parse(&si(attributes, inner)).is_err(), "{attributes} {inner}");
        }
    }

    #[test]
    fn rule_60_we_accept_with_one_value_in_a_field_with_its_type() {
        let accept = Accept::to_element(Method::Ibb);
        assert_eq!(
            wire(&accept),
            r#"<si xmlns="http://jabber.org/protocol/si"><feature xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" type="submit"><field var="stream-method" type="list-single"><value>http://jabber.org/protocol/ibb</value></field></x></feature></si>"#
        );
        assert_eq!(Accept::parse(&accept).unwrap(), Accept { methods: vec![Method::Ibb], unknown: false, typed: true });
    }

    #[test]
    fn rule_34_accepts_of_every_generation_are_read() {
        let both = [S5B, IBB].concat();
        let stranger = "<value>urn:xmpp:jingle</value>";
        for (who, attributes, field, inner, methods, unknown) in [
            ("seed trace 2, Smack <= 4.3", "", "", &both, vec![Method::Socks5, Method::Ibb], false),
            ("Smack >= 4.4", "", "", &IBB.to_owned(), vec![Method::Ibb], false),
            ("QXmpp", r#"id="x""#, r#"type="list-single""#, &S5B.to_owned(), vec![Method::Socks5], false),
            (
                "list-multi",
                r#"id="x" profile="y""#,
                r#"type="list-multi""#,
                &both,
                vec![Method::Socks5, Method::Ibb],
                false,
            ),
            ("twice", "", "", &[IBB, IBB].concat(), vec![Method::Ibb], false),
            (
                "lines",
                "",
                "",
                &"\n<value>\nhttp://jabber.org/protocol/ibb\n</value>\n".to_owned(),
                vec![Method::Ibb],
                false,
            ),
            ("stranger", "", "", &[stranger, IBB].concat(), vec![Method::Ibb], true),
            ("stranger alone", "", "", &stranger.to_owned(), vec![], true),
        ] {
            let form = form(r#"type="submit""#, &format!(r#"var="stream-method" {field}"#), inner);
            let accept = Accept::parse(&si(attributes, &form)).unwrap();
            assert_eq!((accept.methods, accept.unknown), (methods, unknown), "{who}");
            assert_eq!(accept.typed, field.contains("type="), "{who}");
        }
    }

    #[test]
    fn an_accept_that_names_nothing_is_an_error() {
        for inner in ["", &form("", r#"var="stream-method""#, ""), &form("", r#"var="other""#, IBB)] {
            let error = Accept::parse(&si("", inner)).unwrap_err();
            assert!(error.what().starts_with("expected a form that names a stream method, got <si"), "{error}");
        }
        assert!(Accept::parse(&element("<si/>")).is_err());
    }
}
