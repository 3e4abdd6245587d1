//! The one thread that reads the stream. It never waits for a disk or a peer: it parses, routes, and leaves its
//! own answers to the link, which writes them as the server takes them (Openfire drops who stops reading).

use std::sync::Arc;

use super::Session;
use super::conversation::{stream_error, unreadable, written};
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::Wait;
use crate::net::link::READ_SIZE;
use crate::os::random;
use crate::os::until::Until;
use crate::proto::iq::Iq;
use crate::proto::stream;
use crate::proto::{ns, ping, wire};
use crate::xml::element::Element;
use crate::xml::feed::{Event, Feed};

/// Reads until the stream ends, then tells everyone why.
pub fn run(session: &Arc<Session>, feed: Feed) {
    let closed = || Error::new(Kind::Server, "the server closed the stream");
    let cause = read(session, feed).err().unwrap_or_else(closed);
    log::debug!("the stream ended: {cause}");
    if cause.kind() == Kind::Stopped {
        session.let_transfers_end();
    }
    session.end(&cause);
}

fn read(session: &Arc<Session>, mut feed: Feed) -> Result<()> {
    let mut raw = vec![0; READ_SIZE];
    let mut text = Vec::new();
    let mut pulse = Pulse { session, asked: None };
    loop {
        while let Some(event) = next(session, &mut feed)? {
            trace(&event);
            if let Event::Close = event {
                return Ok(());
            }
            take(session, event)?;
        }
        text.clear();
        if pulse.read(&mut raw, &mut text)? == 0 {
            return Err(Error::new(Kind::Network, "the server hung up"));
        }
        feed.push(&text);
    }
}

/// What came, for people's eyes. Items of a roster come one by one.
pub(super) fn trace(event: &Event) {
    let element = match event {
        Event::Stanza(element) | Event::Open(element) | Event::Item { item: element, .. } => element,
        Event::Close => return log::trace!(target: wire::TARGET, "< {}", stream::CLOSE),
    };
    log::trace!(target: wire::TARGET, "< {}", wire::Shown(&written(element)));
}

fn next(session: &Session, feed: &mut Feed) -> Result<Option<Event>> {
    feed.next().map_err(|malformed| {
        let _ = session.link.post(stream::error(malformed.condition).as_bytes());
        unreadable(malformed)
    })
}

/// Asks the server for a sign of life when we have long said nothing (rule 14): Openfire drops who is silent, and
/// a dead path shows.
struct Pulse<'s> {
    session: &'s Session,
    asked: Option<Until>,
}

impl Pulse<'_> {
    /// Reads at least one byte, or 0 at the end. What goes wrong carries no wait, for it ends others' waits.
    fn read(&mut self, raw: &mut [u8], text: &mut Vec<u8>) -> Result<usize> {
        loop {
            let until = self.asked.clone().unwrap_or_else(|| self.session.quiet());
            match self.session.link.read(raw, text, &until) {
                Ok(n) => {
                    self.asked = None;
                    return Ok(n);
                }
                Err(e) if e.kind() == Kind::Timeout && self.asked.is_none() => self.ask()?,
                Err(e) if e.kind() == Kind::Timeout => return Err(e),
                Err(e) => return Err(e.anywhere()),
            }
        }
    }

    fn ask(&mut self) -> Result<()> {
        if self.session.quiet().check().is_ok() {
            return Ok(());
        }
        let ping = Iq::get(&self.session.me.server(), random::token(12)?, ping::request());
        self.asked = Some(self.session.patience.until(Wait::Ping));
        self.session.link.post(written(&ping.to_element()).as_bytes())
    }
}

fn take(session: &Arc<Session>, event: Event) -> Result<()> {
    match event {
        Event::Item { head, item } => session.lock().route_item(&head, item),
        Event::Stanza(stanza) if stanza.is("error", ns::STREAM) => return Err(stream_error(&stanza)),
        Event::Stanza(stanza) => return route(session, stanza),
        Event::Open(_) | Event::Close => {}
    }
    Ok(())
}

fn route(session: &Session, stanza: Element) -> Result<()> {
    let answer = session.lock().route(stanza);
    answer.map_or(Ok(()), |answer| session.link.post(written(&answer).as_bytes()))
}
