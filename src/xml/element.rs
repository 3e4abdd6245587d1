//! An element with its attributes and content.

use std::borrow::Cow;
use std::fmt;

use super::writer;

/// An element: local name, namespace, attributes and content.
///
/// Prefixes are gone; two elements that say the same with different prefixes are equal.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    name: Cow<'static, str>,
    ns: Cow<'static, str>,
    attrs: Vec<(Cow<'static, str>, String)>,
    nodes: Vec<Node>,
}

/// What an element contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child.
    Element(Element),
    /// Text, unescaped; never empty, never next to another text.
    Text(String),
}

impl Element {
    /// An empty element in the namespace `ns`; `""` is none.
    pub fn new(name: impl Into<Cow<'static, str>>, ns: impl Into<Cow<'static, str>>) -> Self {
        Element { name: name.into(), ns: ns.into(), attrs: Vec::new(), nodes: Vec::new() }
    }

    /// With this attribute.
    pub fn attr(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.set_attr(name, value);
        self
    }

    /// With this attribute, if there is a value.
    pub fn attr_opt(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// With this child.
    pub fn child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// With these children.
    pub fn children_from(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.nodes.extend(children.into_iter().map(Node::Element));
        self
    }

    /// With this text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.push_text(text.into());
        self
    }

    /// Adds a child.
    pub fn push(&mut self, child: Element) {
        self.nodes.push(Node::Element(child));
    }

    /// Adds text; joined with text before it, so that there is one form for each content.
    pub(super) fn push_text(&mut self, text: String) {
        match self.nodes.last_mut() {
            _ if text.is_empty() => {}
            Some(Node::Text(before)) => before.push_str(&text),
            _ => self.nodes.push(Node::Text(text)),
        }
    }

    /// Sets an attribute, whether it was there or not.
    pub fn set_attr(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.attrs.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.attrs.push((name, value)),
        }
    }

    /// The local name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace; `""` is none.
    pub fn ns(&self) -> &str {
        &self.ns
    }

    /// Whether it has this local name and namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    /// The value of the attribute without a prefix of that name, or of `xml:lang` and its kin.
    pub fn get(&self, attr: &str) -> Option<&str> {
        self.attrs().find(|(name, _)| *name == attr).map(|(_, value)| value)
    }

    /// Names and values of the attributes.
    pub fn attrs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attrs.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// The content.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The children.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The first child with this local name and namespace.
    pub fn find(&self, name: &str, ns: &str) -> Option<&Element> {
        self.elements().find(|child| child.is(name, ns))
    }

    /// The text between the children, in one piece.
    pub fn content(&self) -> Cow<'_, str> {
        let mut texts = self.nodes.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        let first = Cow::Borrowed(texts.next().unwrap_or_default());
        texts.fold(first, |content, text| content + text)
    }

    /// The element without its content.
    pub(super) fn head(&self) -> Element {
        Element { name: self.name.clone(), ns: self.ns.clone(), attrs: self.attrs.clone(), nodes: Vec::new() }
    }
}

/// The text of the element, cut after 200 characters.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = writer::to_string(self, "");
        match text.char_indices().nth(200) {
            Some((end, _)) => write!(f, "{}…", &text[..end]),
            None => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Element {
        Element::new("query", "urn:q")
            .attr("id", "1")
            .attr_opt("node", None::<String>)
            .attr_opt("xml:lang", Some("en"))
            .text("a")
            .child(Element::new("item", "urn:q").attr("n", "1"))
            .text("b")
            .text("")
            .text("c")
            .children_from([Element::new("item", "urn:other"), Element::new("item", "urn:q").attr("n", "2")])
    }

    #[test]
    fn what_was_built_is_found() {
        let query = query();
        assert!(query.is("query", "urn:q") && !query.is("query", "") && !query.is("item", "urn:q"));
        assert_eq!((query.get("id"), query.get("node"), query.get("xml:lang")), (Some("1"), None, Some("en")));
        assert_eq!(query.content(), "abc");
        assert_eq!(query.find("item", "urn:q").and_then(|item| item.get("n")), Some("1"));
        assert_eq!(query.elements().count(), 3);
        assert_eq!(query.elements().filter_map(|e| e.get("n").map(str::to_owned)).collect::<String>(), "12");
    }

    #[test]
    fn an_attribute_is_there_once() {
        let element = Element::new("a", "").attr("b", "1").attr("b", "2");
        assert_eq!(element.attrs().collect::<Vec<_>>(), [("b", "2")]);
    }

    #[test]
    fn one_piece_of_text_is_not_copied() {
        assert!(matches!(Element::new("a", "").text("b").content(), Cow::Borrowed("b")));
        assert_eq!(Element::new("a", "").content(), "");
    }

    #[test]
    fn debug_is_short_whatever_the_element() {
        let long = Element::new("a", "").text("é".repeat(100_000));
        let shown = format!("{long:?}");
        assert_eq!(shown.chars().count(), 201);
        assert!(shown.starts_with("<a>éé") && shown.ends_with("é…"));
        assert_eq!(format!("{:?}", Element::new("a", "b")), r#"<a xmlns="b"/>"#);
    }
}
