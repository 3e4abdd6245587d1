//! Elements to text: the only place that escapes.

use super::STREAMS;
use super::element::{Element, Node};

/// Appends `element` to `out`, as the child of an element whose default namespace is `inside_ns`.
///
/// Elements of the stream namespace get the prefix `stream`, which the stream's header declares.
pub fn write(element: &Element, inside_ns: &str, out: &mut String) {
    let prefix = if element.ns() == STREAMS { "stream:" } else { "" };
    // A prefix leaves the default namespace as it is.
    let default_ns = if prefix.is_empty() { element.ns() } else { inside_ns };
    out.extend(["<", prefix, element.name()]);
    if default_ns != inside_ns {
        write_attr("xmlns", default_ns, out);
    }
    for (name, value) in element.attrs() {
        write_attr(name, value, out);
    }
    if element.nodes().is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for node in element.nodes() {
        match node {
            Node::Element(child) => write(child, default_ns, out),
            Node::Text(text) => escape_text(text, out),
        }
    }
    out.extend(["</", prefix, element.name(), ">"]);
}

/// The text of `element`, as the child of an element whose default namespace is `inside_ns`.
pub fn to_string(element: &Element, inside_ns: &str) -> String {
    let mut out = String::new();
    write(element, inside_ns, &mut out);
    out
}

/// Appends `text` to `out` as it may stand in a quoted attribute value, and as text too.
pub fn escape(text: &str, out: &mut String) {
    escape_with(text, out, in_attribute);
}

/// Double quotes always: Openfire's framing understands no others.
fn write_attr(name: &str, value: &str, out: &mut String) {
    out.extend([" ", name, "=\""]);
    escape(value, out);
    out.push('"');
}

fn escape_text(text: &str, out: &mut String) {
    escape_with(text, out, in_text);
}

fn escape_with(mut text: &str, out: &mut String, replacement: impl Fn(char) -> Option<&'static str>) {
    out.reserve(text.len());
    while let Some((at, c, escaped)) = text.char_indices().find_map(|(at, c)| Some((at, c, replacement(c)?))) {
        out.push_str(&text[..at]);
        out.push_str(escaped);
        text = &text[at + c.len_utf8()..];
    }
    out.push_str(text);
}

/// A reader turns a line break in an attribute into a space, unless it is a reference.
fn in_attribute(c: char) -> Option<&'static str> {
    match c {
        '\n' => Some("&#xA;"),
        '\t' => Some("&#x9;"),
        _ => in_text(c),
    }
}

fn in_text(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&apos;"),
        '\n' | '\t' => None,
        // A reader turns a bare one into a line feed.
        '\r' => Some("&#xD;"),
        '\0'..' ' | '\u{fffe}' | '\u{ffff}' => Some("\u{fffd}"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_01_attributes_are_double_quoted_and_five_characters_escaped_everywhere() {
        let element = Element::new("a", "").attr("b", r#"<&>"'"#).text(r#"<&>"'"#);
        let escaped = "&lt;&amp;&gt;&quot;&apos;";
        assert_eq!(to_string(&element, ""), format!(r#"<a b="{escaped}">{escaped}</a>"#));
    }

    #[test]
    fn rule_02_illegal_characters_are_replaced() {
        for c in ('\0'..' ').chain(['\u{fffe}', '\u{ffff}']).filter(|c| !"\t\n\r".contains(*c)) {
            let element = Element::new("a", "").attr("b", format!("x{c}y")).text(format!("x{c}y"));
            assert_eq!(to_string(&element, ""), "<a b=\"x\u{fffd}y\">x\u{fffd}y</a>", "{c:?}");
        }
        for c in ['\u{7f}', '\u{85}', '\u{fffd}', '\u{10ffff}', '\u{1ffff}'] {
            assert_eq!(to_string(&Element::new("a", "").text(c), ""), format!("<a>{c}</a>"));
        }
    }

    #[test]
    fn line_breaks_reach_the_other_side_as_they_are() {
        let element = Element::new("a", "").attr("b", "\t\r\n").text("\t\r\n");
        assert_eq!(to_string(&element, ""), "<a b=\"&#x9;&#xD;&#xA;\">\t&#xD;\n</a>");
    }

    #[test]
    fn a_namespace_is_declared_where_it_changes() {
        let iq = |inner| Element::new("iq", "jabber:client").child(inner);
        for (inner, text) in [
            (Element::new("x", "jabber:client"), r#"<iq><x/></iq>"#),
            (Element::new("x", "u").child(Element::new("y", "u")), r#"<iq><x xmlns="u"><y/></x></iq>"#),
            (
                Element::new("x", "u").child(Element::new("y", "jabber:client")).child(Element::new("z", "u")),
                r#"<iq><x xmlns="u"><y xmlns="jabber:client"/><z/></x></iq>"#,
            ),
            (Element::new("x", "").child(Element::new("y", "")), r#"<iq><x xmlns=""><y/></x></iq>"#),
            (Element::new("x", "<\""), r#"<iq><x xmlns="&lt;&quot;"/></iq>"#),
        ] {
            assert_eq!(to_string(&iq(inner), "jabber:client"), text);
        }
    }

    #[test]
    fn rule_01_the_stream_namespace_has_the_prefix_stream() {
        let condition = Element::new("conflict", "urn:s");
        let error = Element::new("error", STREAMS).child(condition).child(Element::new("x", "jabber:client"));
        assert_eq!(to_string(&error, "jabber:client"), r#"<stream:error><conflict xmlns="urn:s"/><x/></stream:error>"#);
    }

    #[test]
    fn it_appends() {
        let mut out = String::from("<a/>");
        write(&Element::new("b", "u"), "u", &mut out);
        assert_eq!(out, "<a/><b/>");
    }
}
