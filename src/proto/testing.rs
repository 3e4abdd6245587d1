//! Elements from text, through the parser that a session uses.

use crate::proto::ns;
use crate::xml::element::Element;
use crate::xml::feed::{Event, Feed};
use crate::xml::writer;

/// The element that `text` holds, read as a child of a stream.
pub fn element(text: &str) -> Element {
    let mut feed = Feed::new();
    feed.push(
        br#"<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0">"#,
    );
    feed.push(text.as_bytes());
    loop {
        match feed.next() {
            Ok(Some(Event::Stanza(stanza))) => return stanza,
            Ok(Some(Event::Open(_))) => {}
            _ => panic!("not one stanza: {text}"),
        }
    }
}

/// How `element` looks on the wire.
pub fn wire(element: &Element) -> String {
    writer::to_string(element, ns::CLIENT)
}
