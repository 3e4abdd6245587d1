//! The stream before there is a reader thread: write a flight, read the answers one after the other.

use super::reader;
use crate::base::error::{Error, Kind, Result};
use crate::net::link::{Link, READ_SIZE};
use crate::net::tls::Tls;
use crate::os::until::Until;
use crate::proto::ns;
use crate::proto::sasl::{BindingType, ChannelBinding};
use crate::proto::stream::{self, Features, Header, StreamError};
use crate::xml::element::Element;
use crate::xml::feed::{Event, Feed, Malformed};
use crate::xml::writer;

/// A link with the parser of its current stream.
pub struct Conversation {
    link: Link,
    feed: Feed,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// Whether anything at all came since the connection became what it is.
    pub heard: bool,
}

impl Conversation {
    pub fn new(link: Link) -> Self {
        Conversation { link, feed: Feed::new(), raw: vec![0; READ_SIZE], text: Vec::new(), heard: false }
    }

    /// Writes all in one flight.
    ///
    /// # Errors
    /// [`Kind::Network`], [`Kind::Stopped`], or the timeout of the wait.
    pub fn write(&self, text: &str, until: &Until) -> Result<()> {
        self.link.send(text.as_bytes(), until)
    }

    /// Reads the header and the features of a new stream to `domain`.
    ///
    /// # Errors
    /// [`Kind::Protocol`], [`Kind::Network`], a stream error, or the timeout of the wait.
    pub fn greeting(&mut self, domain: &str, until: &Until) -> Result<Features> {
        self.header(domain, until)?;
        let features = self.stanza(until)?;
        Features::parse(&features).map_err(|e| e.during(until.wait()))
    }

    /// Reads the header of a new stream, which must come from `domain` (rule 70).
    ///
    /// # Errors
    /// As [`Conversation::greeting`].
    pub fn header(&mut self, domain: &str, until: &Until) -> Result<()> {
        let header = match self.event(until)? {
            Event::Open(header) => Header::parse(&header).map_err(|e| e.during(until.wait()))?,
            _ => return Err(Error::new(Kind::Protocol, "expected a stream header").during(until.wait())),
        };
        match header.from {
            Some(from) if !from.eq_ignore_ascii_case(domain) => {
                let what = format!("the server answers for {from}, not for {domain}");
                Err(Error::new(Kind::Protocol, what)
                    .advise("check the domain in --jid and the host in --server")
                    .during(until.wait()))
            }
            _ => Ok(()),
        }
    }

    /// Reads the next stanza; a stream error is an error.
    ///
    /// # Errors
    /// As [`Conversation::greeting`].
    pub fn stanza(&mut self, until: &Until) -> Result<Element> {
        match self.event(until)? {
            Event::Stanza(stanza) if stanza.is("error", ns::STREAM) => Err(stream_error(&stanza).during(until.wait())),
            Event::Stanza(stanza) => Ok(stanza),
            Event::Close => Err(Error::new(Kind::Server, "the server closed the stream").during(until.wait())),
            Event::Open(_) | Event::Item { .. } => {
                Err(Error::new(Kind::Protocol, "expected a stanza, got a second header").during(until.wait()))
            }
        }
    }

    fn event(&mut self, until: &Until) -> Result<Event> {
        loop {
            if let Some(event) = self.feed.next().map_err(|e| self.refuse(e).during(until.wait()))? {
                reader::trace(&event);
                return Ok(event);
            }
            self.text.clear();
            if self.link.read(&mut self.raw, &mut self.text, until)? == 0 {
                return Err(Error::new(Kind::Network, "the server hung up").during(until.wait()));
            }
            self.heard = true;
            self.feed.push(&self.text);
        }
    }

    /// Tells the server what was wrong with what it sent, and us too.
    fn refuse(&self, malformed: Malformed) -> Error {
        let told = self.link.post(stream::error(malformed.condition).as_bytes());
        log::debug!("stream error {} sent: {}", malformed.condition, told.is_ok());
        self.link.finish();
        unreadable(malformed)
    }

    /// Starts over with a new parser; nothing may be left in the old one.
    ///
    /// # Errors
    /// [`Kind::Protocol`] when bytes came that belong to no stream (CVE-2011-0411).
    pub fn restart(&mut self, until: &Until) -> Result<()> {
        if !self.feed.is_empty() {
            let what = "the server sent bytes between two streams; someone may be tampering with the connection";
            return Err(Error::new(Kind::Protocol, what).during(until.wait()));
        }
        self.feed = Feed::new();
        Ok(())
    }

    /// Goes on inside TLS, with a new parser.
    ///
    /// # Errors
    /// As [`Link::start_tls`], and [`Conversation::restart`].
    pub fn secure(mut self, tls: &Tls, is_direct: bool, until: &Until) -> Result<Self> {
        self.restart(until)?;
        Ok(Conversation::new(self.link.start_tls(tls, is_direct, until)?))
    }

    /// The version of TLS, in its own words.
    pub fn tls_version(&self) -> Option<String> {
        self.link.tls_version()
    }

    /// What the TLS channel is known by, if it has that type.
    pub fn channel_binding(&self, kind: BindingType) -> Option<ChannelBinding> {
        self.link.channel_binding(kind)
    }

    /// The link, and the parser with what it may already hold.
    pub fn into_parts(self) -> (Link, Feed) {
        (self.link, self.feed)
    }
}

/// The element as it is written in a client's stream.
pub fn written(element: &Element) -> String {
    writer::to_string(element, ns::CLIENT)
}

/// The error for what the server sent and no parser takes.
pub fn unreadable(malformed: Malformed) -> Error {
    Error::new(
        Kind::Protocol,
        format!("the server sent XML that is refused ({}): {}", malformed.condition, malformed.what),
    )
}

/// The error for a stream error.
pub fn stream_error(element: &Element) -> Error {
    StreamError::parse(element).map_or_else(|e| e, StreamError::into_error)
}
