//! Bytes to stanzas, whatever the pieces in which they come.

use std::borrow::Cow;
use std::fmt;

use ::xml::attribute::OwnedAttribute;
use ::xml::common::XmlVersion;
use ::xml::name::OwnedName;
use ::xml::namespace::Namespace;
use ::xml::reader::{self, ErrorKind, ParserConfig, XmlEvent};
use ::xml::{Encoding, EventReader};

use super::STREAMS;
use super::element::Element;
use super::guard::{ATTRS_MAX, Refusal, STANZA_MAX, VALUE_MAX};
use super::source::{Source, Stop};

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `<stream:stream …>`: the attributes only.
    Open(Element),
    /// A whole child of the stream.
    Stanza(Element),
    /// A child of the `<query xmlns="jabber:iq:roster">` of an `<iq>`.
    ///
    /// Each comes on its own and is not kept in the stanza that follows, so that a roster of any length takes the
    /// memory of one item.
    Item {
        /// The `<iq>`: the attributes only.
        head: Element,
        /// The child.
        item: Element,
    },
    /// `</stream:stream>`.
    Close,
}

/// What came is not a stream of XMPP, or exceeds a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The stream error that tells the server (RFC 6120 §4.9.3).
    pub condition: &'static str,
    /// What came; it may hold text of the server.
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.condition)
    }
}

/// One stream: takes bytes, gives events.
///
/// What it keeps is bounded by the limits and by the bytes pushed since [`Feed::next`] last said `None`.
pub struct Feed {
    reader: EventReader<Source>,
    /// The elements that are open, without the stream itself.
    open: Vec<Element>,
    opened: bool,
    closed: bool,
    malformed: Option<Malformed>,
}

impl Default for Feed {
    fn default() -> Self {
        Feed::new()
    }
}

impl Feed {
    /// A feed for a stream from its header on.
    pub fn new() -> Self {
        let reader = EventReader::new_with_config(Source::default(), config());
        Feed { reader, open: Vec::new(), opened: false, closed: false, malformed: None }
    }

    /// Adds bytes that came. Then call [`Feed::next`] until it says `None`.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.closed && self.malformed.is_none() {
            self.reader.source_mut().push(bytes);
        }
    }

    /// The next event; `None` when it needs more bytes, or when the stream is closed.
    ///
    /// # Errors
    /// [`Malformed`], once and for all.
    #[allow(clippy::should_implement_trait, reason = "it goes on after None")]
    pub fn next(&mut self) -> Result<Option<Event>, Malformed> {
        if let Some(malformed) = &self.malformed {
            return Err(malformed.clone());
        }
        let result = self.advance();
        self.malformed = result.as_ref().err().cloned();
        result
    }

    /// Nothing is left over behind the last event, be it whole or in part; white space doesn't count.
    pub fn is_empty(&self) -> bool {
        self.malformed.is_none() && self.reader.source().is_empty()
    }

    fn advance(&mut self) -> Result<Option<Event>, Malformed> {
        while !self.closed {
            let event = match self.reader.next() {
                Ok(event) => self.take(event)?,
                Err(error) => match self.reader.source_mut().why_stopped() {
                    Stop::Starved => break,
                    Stop::Refused(refusal) => return Err(refusal.into()),
                    Stop::Parser => return Err(not_well_formed(&error)),
                },
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    fn take(&mut self, event: XmlEvent) -> Result<Option<Event>, Malformed> {
        match event {
            XmlEvent::StartDocument { version: XmlVersion::Version11, .. } => {
                Err(malformed(NOT_WELL_FORMED, "XML 1.1"))
            }
            XmlEvent::StartDocument { .. } | XmlEvent::EndDocument => Ok(None),
            XmlEvent::StartElement { name, attributes, namespace } => {
                check_namespaces(&namespace)?;
                self.start(element(name, attributes))
            }
            XmlEvent::EndElement { .. } => Ok(self.end()),
            XmlEvent::Characters(text) | XmlEvent::CData(text) | XmlEvent::Whitespace(text) => {
                self.text(text);
                Ok(None)
            }
            XmlEvent::ProcessingInstruction { .. } | XmlEvent::Comment(_) | XmlEvent::Doctype { .. } => {
                Err(malformed("restricted-xml", "markup that XMPP forbids"))
            }
        }
    }

    fn start(&mut self, element: Element) -> Result<Option<Event>, Malformed> {
        if !self.opened {
            return self.open_stream(element).map(Some);
        }
        if self.open.is_empty() && element.is("stream", STREAMS) {
            return Err(malformed("bad-format", "a second <stream:stream>"));
        }
        self.open.push(element);
        Ok(None)
    }

    fn open_stream(&mut self, element: Element) -> Result<Event, Malformed> {
        if element.ns() != STREAMS {
            return Err(malformed("invalid-namespace", &format!("expected <stream:stream>, got {element:?}")));
        }
        if element.name() != "stream" {
            return Err(malformed("bad-format", &format!("expected <stream:stream>, got {element:?}")));
        }
        self.opened = true;
        Ok(Event::Open(element))
    }

    fn end(&mut self) -> Option<Event> {
        let Some(element) = self.open.pop() else {
            self.closed = true;
            return Some(Event::Close);
        };
        if self.in_roster() {
            self.reader.source_mut().guard.recount();
            return Some(Event::Item { head: self.open[0].head(), item: element });
        }
        match self.open.last_mut() {
            Some(parent) => parent.push(element),
            None => return Some(Event::Stanza(element)),
        }
        None
    }

    fn text(&mut self, text: String) {
        // Text between items means nothing, and would add up to more than a stanza.
        if self.in_roster() {
            return;
        }
        if let Some(element) = self.open.last_mut() {
            element.push_text(text);
        }
    }

    /// Directly inside the `<query>` of a roster.
    fn in_roster(&self) -> bool {
        matches!(&self.open[..], [iq, query] if iq.is("iq", "jabber:client") && query.is("query", "jabber:iq:roster"))
    }
}

const NOT_WELL_FORMED: &str = "not-well-formed";

/// Bytes of a namespace or its prefix.
const NAMESPACE_MAX: usize = 256;

/// Every element holds a copy of its namespace, so that a long one would be multiplied.
fn check_namespaces(namespaces: &Namespace) -> Result<(), Malformed> {
    if namespaces.0.iter().any(|(prefix, name)| prefix.len().max(name.len()) > NAMESPACE_MAX) {
        return Err(malformed("policy-violation", "a namespace that is too long"));
    }
    Ok(())
}

fn config() -> ParserConfig {
    let mut config = ParserConfig::new()
        .ignore_end_of_stream(true)
        .allow_multiple_root_elements(false)
        .whitespace_to_characters(true)
        .cdata_to_characters(true)
        .ignore_comments(false)
        .max_entity_expansion_depth(0)
        .max_entity_expansion_length(0)
        .max_attributes(ATTRS_MAX)
        .max_attribute_length(VALUE_MAX)
        .max_name_length(VALUE_MAX)
        .max_data_length(STANZA_MAX);
    // Whatever the XML declaration says.
    config.override_encoding = Some(Encoding::Utf8);
    config
}

fn element(name: OwnedName, attributes: Vec<OwnedAttribute>) -> Element {
    let mut element = Element::new(name.local_name, name.namespace.map_or(Cow::Borrowed(""), Cow::Owned));
    for OwnedAttribute { name, value } in attributes {
        match name.prefix.as_deref() {
            None => element.set_attr(name.local_name, value),
            Some("xml") => element.set_attr(format!("xml:{}", name.local_name), value),
            // XMPP has none that we read, and without its prefix it could pass for another.
            Some(_) => {}
        }
    }
    element
}

impl From<Refusal> for Malformed {
    fn from(refusal: Refusal) -> Self {
        malformed(refusal.condition, refusal.what)
    }
}

/// Without the position, which would change with the pieces.
fn not_well_formed(error: &reader::Error) -> Malformed {
    match error.kind() {
        ErrorKind::Syntax(what) => malformed(NOT_WELL_FORMED, what),
        _ => malformed(NOT_WELL_FORMED, "it can't be read"),
    }
}

fn malformed(condition: &'static str, what: &str) -> Malformed {
    Malformed { condition, what: what.chars().take(300).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::element::Node;
    use crate::xml::guard::{ATTRS_AROUND_MAX, HEADER_MAX, LEVELS_MAX, PARTS_MAX};
    use crate::xml::writer;

    const HEADER: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='7'>";
    const CLIENT: &str = "jabber:client";

    /// All that a stream brings: events and, if it ends so, the condition.
    #[derive(Debug, Default, PartialEq)]
    struct Brought {
        events: Vec<Event>,
        end: Option<Malformed>,
    }

    fn drain(feed: &mut Feed, brought: &mut Brought) {
        loop {
            match feed.next() {
                Ok(Some(event)) => brought.events.push(event),
                Ok(None) => return,
                Err(malformed) => {
                    brought.end = Some(malformed);
                    return;
                }
            }
        }
    }

    fn feed_pieces<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Brought {
        let (mut feed, mut brought) = (Feed::new(), Brought::default());
        for piece in pieces {
            feed.push(piece);
            drain(&mut feed, &mut brought);
        }
        brought
    }

    fn whole(text: impl AsRef<[u8]>) -> Brought {
        feed_pieces([text.as_ref()])
    }

    /// Behind a header; gives the condition.
    fn condition(text: impl AsRef<[u8]>) -> Option<&'static str> {
        whole([HEADER.as_bytes(), text.as_ref()].concat()).end.map(|malformed| malformed.condition)
    }

    fn stanza(text: &str) -> Element {
        match whole([HEADER, text].concat()).events.pop() {
            Some(Event::Stanza(element)) => element,
            other => panic!("{text}: {other:?}"),
        }
    }

    const SESSION: &str = "<?xml version='1.0' encoding='UTF-8'?>\n<stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' from=\"ex&amp;mple\" id='é€😊' xml:lang='en'>\r\n \
        <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>\n\
        <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>   <a:success xmlns:a='urn:s'>dj1=\r\n\r</a:success>\
        <iq type='result' id=\"r\"><query xmlns='jabber:iq:roster' ver='1'> <item jid='a@x'><group>g&lt;é</group></item>\n\
        <item jid='b@x'/>x</query></iq><message><body>a &#x41;&#233;&amp;&lt;<![CDATA[<&]]]]><![CDATA[>]]>é€😊 ] / ]] /&gt; ' \" = ;\
        </body><html xmlns='u'><body>1<b>2</b>3</body></html></message>\t\n<empty></empty><e a = 'x\ny&#10;/>' />\
        <stream:error><conflict xmlns='urn:e'/></stream:error></stream:stream>\n trailing";

    #[test]
    fn row_15_the_same_session_comes_out_of_any_pieces() {
        let session = SESSION.as_bytes();
        let expected = whole(session);
        assert_eq!(expected.end, None);
        let kinds: String = expected.events.iter().map(letter).collect();
        assert_eq!(kinds, "OSSSIISSSSSC");
        for cut in 0..=session.len() {
            let (left, right) = session.split_at(cut);
            assert_eq!(feed_pieces([left, right]), expected, "cut at {cut}");
        }
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(feed_pieces(session.chunks(size)), expected, "pieces of {size}");
        }
    }

    fn letter(event: &Event) -> char {
        match event {
            Event::Open(_) => 'O',
            Event::Stanza(_) => 'S',
            Event::Item { .. } => 'I',
            Event::Close => 'C',
        }
    }

    #[test]
    fn row_15_errors_are_the_same_out_of_any_pieces() {
        for bad in
            ["<a>&x;</a>", "<a></b>", "<a b='1' b='2'/>", "<a><!-- c --></a>", "<a>]]></a>", "x", "<x:a/>", "<a b=c/>"]
        {
            let session = [HEADER, "<iq/>", bad, "<iq/>"].concat();
            let expected = whole(&session);
            assert!(expected.end.is_some(), "{bad}");
            for cut in 0..=session.len() {
                let (left, right) = session.as_bytes().split_at(cut);
                assert_eq!(feed_pieces([left, right]), expected, "{bad} cut at {cut}");
            }
        }
    }

    #[test]
    fn the_content_is_what_was_meant() {
        let events = whole(SESSION).events;
        let Event::Open(header) = &events[0] else { panic!() };
        assert!(header.is("stream", STREAMS) && header.nodes().is_empty());
        let of = |name| header.get(name);
        assert_eq!(
            (of("from"), of("id"), of("xml:lang"), of("xmlns")),
            (Some("ex&mple"), Some("é€😊"), Some("en"), None)
        );
        let stanzas: Vec<_> =
            events.iter().filter_map(|e| if let Event::Stanza(s) = e { Some(s) } else { None }).collect();
        assert!(stanzas[0].is("features", STREAMS));
        assert!(stanzas[2].is("success", "urn:s") && stanzas[2].content() == "dj1=\n\n");
        let body = stanzas[4].find("body", CLIENT).map(Element::content);
        assert_eq!(body.as_deref(), Some("a Aé&<<&]]>é€😊 ] / ]] /> ' \" = ;"));
        let html = stanzas[4].find("html", "u").and_then(|html| html.find("body", "u")).unwrap();
        assert_eq!((html.content().as_ref(), html.nodes().len()), ("13", 3));
        assert_eq!(stanzas[6].get("a"), Some("x y\n/>"));
    }

    #[test]
    fn items_of_a_roster_come_one_by_one_and_are_not_kept() {
        let events = whole(SESSION).events;
        let Event::Item { head, item } = &events[4] else { panic!() };
        assert!(head.is("iq", CLIENT) && head.get("id") == Some("r") && head.nodes().is_empty());
        assert_eq!(item.find("group", "jabber:iq:roster").map(Element::content).as_deref(), Some("g<é"));
        let query = Element::new("query", "jabber:iq:roster").attr("ver", "1");
        let rest = Element::new("iq", CLIENT).attr("type", "result").attr("id", "r").child(query);
        assert_eq!(events[6], Event::Stanza(rest));
    }

    #[test]
    fn a_roster_of_20000_contacts_takes_no_more_than_one() {
        let (mut feed, mut items) = (Feed::new(), 0);
        feed.push(HEADER.as_bytes());
        feed.push(b"<iq type='result' id='r'><query xmlns='jabber:iq:roster'>");
        for n in 0..20_000 {
            feed.push(
                format!("<item jid='user{n}@example.org' subscription='both'><group>All</group></item> x ").as_bytes(),
            );
            while let Some(event) = feed.next().unwrap() {
                items += usize::from(matches!(event, Event::Item { .. }));
            }
            assert!(feed.open.iter().all(|open| open.nodes().len() <= 1));
        }
        feed.push(b"</query></iq>");
        assert!(matches!(feed.next(), Ok(Some(Event::Stanza(iq))) if iq.get("id") == Some("r")));
        assert_eq!((items, feed.is_empty()), (20_000, true));
    }

    #[test]
    fn only_a_roster_in_an_iq_is_taken_apart() {
        for text in [
            "<message><query xmlns='jabber:iq:roster'><item/></query></message>",
            "<iq><query xmlns='u'><item/></query></iq>",
            "<iq><x><query xmlns='jabber:iq:roster'><item/></query></x></iq>",
        ] {
            let inner = stanza(text).elements().next().map(|child| child.elements().count());
            assert_eq!(inner, Some(1), "{text}");
        }
    }

    #[test]
    fn row_12_what_xmpp_forbids_ends_the_stream() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
        let open = ["<?xml version='1.0'?>", bomb].concat();
        for text in [bomb, &open, "<!-- c -->", "<?php x?>", "<?xml version='1.0'?><?x?>"] {
            assert_eq!(whole(text).end.unwrap().condition, "restricted-xml", "{text}");
        }
        for text in [
            bomb,
            "<!-- c -->",
            "<iq><!-- c --></iq>",
            "<?x?>",
            "<iq><?x y?></iq>",
            "<iq><!ELEMENT a></iq>",
            "<?xml version='1.0'?>",
        ] {
            assert_eq!(condition(text), Some("restricted-xml"), "{text}");
        }
        assert_eq!(condition("<a>&bomb;</a>"), Some("not-well-formed"));
    }

    #[test]
    fn row_12_a_character_section_is_text_within_the_limits() {
        assert_eq!(stanza("<a>x<![CDATA[<b>&amp;]]>y</a>").nodes(), [Node::Text("x<b>&amp;y".into())]);
        assert_eq!(condition("<![CDATA[ ]]>"), Some("bad-format"));
        let end = until_end("<a><![CDATA[", "x", "");
        assert_eq!(end.condition, "policy-violation");
    }

    /// Pushes 100 MiB of `filling` in pieces of 16 KiB; it must end early.
    fn until_end(start: &str, filling: &str, header: &str) -> Malformed {
        let header = if header.is_empty() { HEADER } else { header };
        let mut feed = Feed::new();
        feed.push([header, start].concat().as_bytes());
        let piece = filling.repeat(16 * 1024 / filling.len());
        for pushed in 0..100 * 64 {
            if let Err(malformed) = feed.next().map(|event| assert!(matches!(event, None | Some(Event::Open(_))))) {
                assert!(pushed <= 18, "{start}{filling}: after {pushed} pieces");
                return malformed;
            }
            feed.push(piece.as_bytes());
            while let Ok(Some(event)) = feed.next() {
                assert!(matches!(event, Event::Open(_)), "{event:?}");
            }
        }
        panic!("{start}: no end");
    }

    #[test]
    fn row_13_what_never_ends_ends_at_the_limit() {
        for (start, filling) in [
            ("<a>", "x"),
            ("<a>", "é"),
            ("<a>", " "),
            ("<a>", "&lt;"),
            ("<a>", "<b>"),
            ("<a>", "<b/>"),
            ("<a b='", "x"),
            ("<a ", " "),
            ("<a", "x"),
            ("<a ", "x"),
            ("<a", " b='1'"),
            ("<a", " xmlns:n='1'"),
            ("<a>&", "x"),
            ("<a></", "x"),
            ("<iq><query xmlns='jabber:iq:roster'>", "x"),
            ("<iq><query xmlns='jabber:iq:roster'><item>", "x"),
        ] {
            let end = until_end(start, filling, "");
            assert!(["policy-violation", NOT_WELL_FORMED].contains(&end.condition), "{start}{filling}: {end:?}");
        }
        assert_eq!(until_end("", "x", "<stream:stream a='").condition, "policy-violation");
        assert_eq!(until_end("", " ", "<?xml ").condition, "policy-violation");
    }

    #[test]
    fn row_13_each_limit_is_where_it_is_said_to_be() {
        let nested = |levels: usize| ["<a>".repeat(levels), "</a>".repeat(levels)].concat();
        let nested_empty =
            |levels: usize| ["<a>".repeat(levels - 1), "<a/>".into(), "</a>".repeat(levels - 1)].concat();
        let attrs = |number: usize| (0..number).map(|n| format!(" a{n}='1'")).collect::<String>();
        let spaces = |number: usize| (0..number).map(|n| format!(" xmlns:a{n}='1'")).collect::<String>();
        let around = |n: usize| format!("<a{}><a{}/></a>", attrs(ATTRS_MAX), attrs(n));
        let spare = ATTRS_AROUND_MAX - ATTRS_MAX - 3;
        let sized = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
        type Make<'m> = &'m dyn Fn(usize) -> String;
        let cases: [(usize, Make); 12] = [
            (LEVELS_MAX, &nested),
            (LEVELS_MAX, &nested_empty),
            (ATTRS_MAX, &|n| format!("<a{}/>", attrs(n))),
            (ATTRS_MAX, &|n| format!("<a{}/>", spaces(n))),
            (spare, &around),
            (VALUE_MAX, &|n| format!("<a b='{}'/>", "x".repeat(n))),
            (VALUE_MAX, &|n| format!("<{}/>", "x".repeat(n - 1))),
            (VALUE_MAX, &|n| format!("<a {}='1'/>", "x".repeat(n - 1))),
            (NAMESPACE_MAX, &|n| format!("<a xmlns='{}'/>", "x".repeat(n))),
            (NAMESPACE_MAX, &|n| format!("<a xmlns:{}='u'/>", "x".repeat(n))),
            (PARTS_MAX, &|n| format!("<a>{}</a>", "<b/>".repeat(n - 1))),
            (STANZA_MAX, &sized),
        ];
        for (number, (limit, make)) in cases.into_iter().enumerate() {
            assert_eq!(condition(make(limit)), None, "case {number}");
            assert_eq!(condition(make(limit + 1)), Some("policy-violation"), "case {number}");
        }
        let header = |bytes: usize| HEADER.replace('>', &format!("{}>", " ".repeat(bytes - HEADER.len())));
        assert_eq!(whole(header(HEADER_MAX)).end, None);
        assert_eq!(whole(header(HEADER_MAX + 1)).end.unwrap().condition, "policy-violation");
    }

    #[test]
    fn limits_are_for_one_stanza_not_for_the_stream() {
        let stanza = format!("<a>{}</a>", "<b c='d'>e</b>".repeat(4000));
        let session = [HEADER, &stanza.repeat(20)].concat();
        assert_eq!(whole(&session).events.len(), 21);
    }

    #[test]
    fn row_14_only_legal_characters_in_legal_utf8_get_in() {
        for (bytes, good) in [
            (&b"\xc3\xa9"[..], true),
            (b"\xed\x9f\xbf", true),
            (b"\xef\xbf\xbd", true),
            (b"\xf0\x90\x80\x80", true),
            (b"\xf4\x8f\xbf\xbf", true),
            (b"\x7f", true),
            (b"\t\r\n", true),
            (b"\x80", false),
            (b"\xc3(", false),
            (b"\xc0\xaf", false),
            (b"\xc1\xbf", false),
            (b"\xe0\x80\xaf", false),
            (b"\xe0\x9f\xbf", false),
            (b"\xf0\x80\x80\xaf", false),
            (b"\xf0\x8f\xbf\xbf", false),
            (b"\xed\xa0\x80", false),
            (b"\xed\xbf\xbf", false),
            (b"\xf4\x90\x80\x80", false),
            (b"\xf8\x88\x80\x80\x80", false),
            (b"\xe2\x82(", false),
            (b"\xfe", false),
            (b"\xff", false),
            (b"\xff\xfe", false),
            (b"\0", false),
            (b"\x01", false),
            (b"\x0b", false),
            (b"\x1f", false),
            (b"\xef\xbf\xbe", false),
            (b"\xef\xbf\xbf", false),
            (b"&#0;", false),
            (b"&#8;", false),
            (b"&#xFFFF;", false),
            (b"&#xD800;", false),
            (b"&#x110000;", false),
            (b"&#-1;", false),
            (b"&#+65;", false),
            (b"&#;", false),
            (b"&#x;", false),
            (b"&;", false),
            (b"& ", false),
            (b"&#99999999999;", false),
            (b"&#x10FFFF;", true),
            (b"&#65;", true),
        ] {
            for (before, after) in
                [("<a>", "</a>"), ("<a b='", "'/>"), ("<a b=\"", "\"/>"), ("<a><![CDATA[", "]]></a>")]
            {
                let good = good || before.ends_with('[') && bytes[0] == b'&';
                let text = [before.as_bytes(), bytes, after.as_bytes()].concat();
                assert_eq!(condition(&text), (!good).then_some(NOT_WELL_FORMED), "{before}{bytes:x?}{after}");
            }
            let in_name = [b"<a", bytes, b"/>"].concat();
            assert!(good || condition(&in_name).is_some(), "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_not_well_formed_ends_the_stream() {
        for text in [
            "<a></b>",
            "<a b='1' b='2'/>",
            "<a b=1/>",
            "<a b/>",
            "<a b='1'c='2'/>",
            "<a b='<'/>",
            "<a b='</a>'/>",
            "<a b='<![CDATA[']]>'/>",
            "<a b='<!-- '/>",
            "<a><</a>",
            "<1/>",
            "< a/>",
            "<a:b/>",
            "<a c:b='1'/>",
            "<:a/>",
            "<a :b='1'/>",
            "<a:/>",
            "<xml:a/>",
            "<xmlns:a/>",
            "<a>]]></a>",
            "<a",
            "<a/b>",
            "<a xmlns:b=''/>",
            "<a><b></a></b>",
            "<>",
            "</>",
            "</x>",
            "<a><![cdata[]]></a>",
            "<a/ >",
        ] {
            let text = [text, " ></iq>"].concat();
            assert_eq!(condition(&text), Some(NOT_WELL_FORMED), "{text}");
        }
        for text in [
            "<?xml version='1.1'?>",
            "<?xml version='2.0'?>",
            "<?xml version='1.0' encoding='latin1'?>",
            "<?xml?>",
            "<?xml ?>",
        ] {
            let text = [text, HEADER].concat();
            assert!(whole(&text).end.is_some(), "{text}");
        }
    }

    #[test]
    fn the_root_is_the_stream() {
        for (text, condition) in [
            ("<stream/>", "invalid-namespace"),
            ("<stream:stream xmlns:stream='u'>", "invalid-namespace"),
            ("<html>", "invalid-namespace"),
            ("<s:features xmlns:s='http://etherx.jabber.org/streams'>", "bad-format"),
            ("HTTP/1.1 400 Bad Request\r\n", "bad-format"),
            ("\u{feff}<a/>", "bad-format"),
            ("</stream:stream>", NOT_WELL_FORMED),
        ] {
            assert_eq!(whole(text).end.map(|malformed| malformed.condition), Some(condition), "{text}");
        }
        let closed = whole(HEADER.replace('>', "/>"));
        assert_eq!(closed.events.iter().map(letter).collect::<String>(), "OC");
        assert_eq!(whole("<stream xmlns='http://etherx.jabber.org/streams'>").events.len(), 1);
    }

    #[test]
    fn a_second_header_or_text_between_stanzas_is_bad_format() {
        for text in [HEADER, "x", "&amp;", "<a/>x", "<a/> x <a/>", "<a/>\0"] {
            assert_eq!(condition(text), Some("bad-format"), "{text}");
        }
        assert_eq!(condition(format!("<a>{HEADER}</stream:stream></a>")), None);
    }

    #[test]
    fn an_error_and_the_end_are_final() {
        let mut feed = Feed::new();
        feed.push([HEADER, "<a/>x"].concat().as_bytes());
        assert!(feed.next().is_ok() && feed.next().is_ok());
        let error = feed.next().unwrap_err();
        for _ in 0..3 {
            feed.push(b"<a/>");
            assert_eq!(feed.next(), Err(error.clone()));
            assert!(!feed.is_empty());
        }
        let mut feed = Feed::new();
        feed.push([HEADER, "</stream:stream><a/>x"].concat().as_bytes());
        assert!(feed.next().is_ok());
        assert_eq!(feed.next(), Ok(Some(Event::Close)));
        for _ in 0..3 {
            assert_eq!(feed.next(), Ok(None));
            feed.push(b"<a/>x");
        }
    }

    #[test]
    fn row_2_bytes_behind_proceed_are_seen() {
        for (behind, empty) in [
            ("", true),
            (" \r\n\t", true),
            ("<", false),
            ("<stream:features/>", false),
            ("<stream:features>", false),
            ("\n</stream:stream>", false),
            ("x", false),
            ("\0", false),
            ("<![CDATA[", false),
        ] {
            let text = [HEADER, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", behind].concat();
            let mut feed = Feed::new();
            feed.push(text.as_bytes());
            while !matches!(feed.next(), Ok(Some(Event::Stanza(_)))) {}
            assert_eq!(feed.is_empty(), empty, "{behind:?} before it is read");
            if !behind.contains("/") {
                assert!(!matches!(feed.next(), Ok(Some(_))));
                assert_eq!(feed.is_empty(), empty, "{behind:?} after it was read");
            }
        }
        let mut feed = Feed::new();
        assert!(feed.is_empty());
        for byte in [HEADER, "<proceed/>"].concat().bytes() {
            feed.push(&[byte]);
            let event = feed.next().unwrap();
            assert_eq!(feed.is_empty(), event.is_some());
        }
        feed.push(b"\xc3");
        assert!(!feed.is_empty(), "half a character");
    }

    #[test]
    fn keep_alives_are_not_collected() {
        let mut feed = Feed::new();
        feed.push(HEADER.as_bytes());
        assert!(feed.next().is_ok());
        for _ in 0..1000 {
            feed.push(&[b' '; 1024]);
            assert_eq!(feed.next(), Ok(None));
            assert!(feed.is_empty());
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let tricky = "<&>\"' \t\r\n ]]> é€😊\u{7f}\u{85}";
        let element = Element::new("iq", CLIENT)
            .attr("id", tricky)
            .attr("xml:lang", "en")
            .text(tricky)
            .child(Element::new("a", "u:<&>").attr("b", "").child(Element::new("b", "").text("\r")))
            .child(Element::new("error", STREAMS).child(Element::new("c", CLIENT)))
            .text("  ");
        assert_eq!(stanza(&writer::to_string(&element, CLIENT)), element);
    }

    #[test]
    fn foreign_attributes_do_not_pass_for_others() {
        let element = stanza("<a xmlns:p='u' p:type='1' p:id='2' id='3'/>");
        assert_eq!(element.attrs().collect::<Vec<_>>(), [("id", "3")]);
    }
}
