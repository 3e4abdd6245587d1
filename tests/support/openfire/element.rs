//! Stanzas as the scripted server handles them: read by a strict parser, changed, written again.

use std::fmt::Write;

use xml::reader::{EventReader, XmlEvent};

pub const CLIENT: &str = "jabber:client";
pub const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
pub const SI: &str = "http://jabber.org/protocol/si";
pub const SI_FILE: &str = "http://jabber.org/protocol/si/profile/file-transfer";
pub const BYTESTREAMS: &str = "http://jabber.org/protocol/bytestreams";
pub const IBB: &str = "http://jabber.org/protocol/ibb";
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Element {
    pub name: String,
    pub ns: String,
    pub attrs: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// Reads one stanza as it stands in a client's stream.
    pub fn parse(stanza: &str) -> Option<Element> {
        let wrapped = format!(
            r#"<stream:stream xmlns="{CLIENT}" xmlns:stream="http://etherx.jabber.org/streams">{stanza}</stream:stream>"#
        );
        let mut open: Vec<Element> = Vec::new();
        for event in EventReader::new(wrapped.as_bytes()) {
            match event.ok()? {
                XmlEvent::StartElement { name, attributes, .. } => {
                    let attrs = attributes.into_iter().map(|a| (a.name.to_string(), a.value)).collect();
                    let ns = name.namespace.unwrap_or_default();
                    open.push(Element { name: name.local_name, ns, attrs, ..Element::default() });
                }
                XmlEvent::Characters(text) | XmlEvent::CData(text) | XmlEvent::Whitespace(text) => {
                    open.last_mut()?.text += &text;
                }
                XmlEvent::EndElement { .. } => {
                    let closed = open.pop()?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => return closed.children.into_iter().next(),
                    }
                }
                _ => {}
            }
        }
        None
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute, or removes it.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.attrs.retain(|(key, _)| key != name);
        self.attrs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    pub fn find(&self, name: &str, ns: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(name, ns))
    }

    /// The first element of that name, at any depth.
    pub fn deep(&self, name: &str) -> Option<&Element> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.deep(name) })
    }

    /// All elements of that name, at any depth.
    pub fn all(&self, name: &str) -> Vec<&Element> {
        let own = self.children.iter().filter(|child| child.name == name);
        own.chain(self.children.iter().flat_map(|child| child.all(name))).collect()
    }

    /// The payload of an IQ: its first child that is no error.
    pub fn payload(&self) -> Option<&Element> {
        self.children.iter().find(|child| child.name != "error")
    }

    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_in(CLIENT, &mut out);
        out
    }

    fn write_in(&self, around: &str, out: &mut String) {
        let _ = write!(out, "<{}", self.name);
        if self.ns != around {
            let _ = write!(out, r#" xmlns="{}""#, self.ns);
        }
        for (name, value) in &self.attrs {
            let _ = write!(out, r#" {name}="{}""#, escape(value));
        }
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>");
            return;
        }
        let _ = write!(out, ">{}", escape(&self.text));
        self.children.iter().for_each(|child| child.write_in(&self.ns, out));
        let _ = write!(out, "</{}>", self.name);
    }

    /// The answer to this request: `inside` is XML text.
    pub fn result(&self, from: Option<&str>, inside: &str) -> String {
        format!(r#"<iq type="result"{}>{inside}</iq>"#, self.reply_attributes(from))
    }

    /// A refusal that copies the child, as Openfire does when it answers for somebody.
    pub fn refuse(&self, from: Option<&str>, kind: &str, condition: &str) -> String {
        let child = self.payload().map(Element::write).unwrap_or_default();
        let error = format!(r#"<error type="{kind}"><{condition} xmlns="{STANZAS}"/></error>"#);
        format!(r#"<iq type="error"{}>{child}{error}</iq>"#, self.reply_attributes(from))
    }

    /// A refusal without the child.
    pub fn refuse_bare(&self, from: Option<&str>, kind: &str, condition: &str) -> String {
        let error = format!(r#"<error type="{kind}"><{condition} xmlns="{STANZAS}"/></error>"#);
        format!(r#"<iq type="error"{}>{error}</iq>"#, self.reply_attributes(from))
    }

    fn reply_attributes(&self, from: Option<&str>) -> String {
        let attribute = |name: &str, value: Option<&str>| {
            value.map(|value| format!(r#" {name}="{}""#, escape(value))).unwrap_or_default()
        };
        attribute("id", self.get("id")) + &attribute("to", self.get("from")) + &attribute("from", from)
    }
}

pub fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;")
}

pub fn bare(jid: &str) -> &str {
    jid.split('/').next().unwrap_or(jid)
}
