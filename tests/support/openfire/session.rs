//! A bound connection: stanzas in, and the server's own questions when their time has come.

use std::sync::Arc;
use std::time::Instant;

use super::element::{BYTESTREAMS, Element, IBB, SI};
use super::framing::Frame;
use super::options::Fault;
use super::routing::{self, Verdict};
use super::shared::{Session, Shared, stream_error};
use super::wire::{Connection, Flow, Over};

struct Bound<'s> {
    shared: &'s Arc<Shared>,
    connection: &'s mut Connection,
    session: &'s Arc<Session>,
    version_at: Option<Instant>,
    /// When a stanza came last, and whether the ping for that silence is out.
    heard: Instant,
    pinged: bool,
    flooded: bool,
}

pub fn run(shared: &Arc<Shared>, connection: &mut Connection, session: &Arc<Session>) -> Flow<()> {
    let version_at = Some(Instant::now() + shared.options.timers.version);
    let heard = Instant::now();
    let mut bound = Bound { shared, connection, session, version_at, heard, pinged: false, flooded: false };
    shared.note("bound");
    loop {
        match bound.connection.frame(Some(bound.next_timer()))? {
            None => bound.timers()?,
            Some(Frame::Stanza(text)) => bound.stanza(&text)?,
            Some(Frame::Header(_)) => return Err(bound.fail("internal-server-error")),
            Some(Frame::Fatal) => return Err(bound.fail("internal-server-error")),
            Some(Frame::End) => return Err(bound.closed()),
        }
    }
}

impl Bound<'_> {
    fn next_timer(&self) -> Instant {
        let idle = self.shared.options.timers.idle * if self.pinged { 2 } else { 1 };
        let silence = self.heard + idle;
        self.version_at.map_or(silence, |version| version.min(silence))
    }

    fn timers(&mut self) -> Flow<()> {
        let now = Instant::now();
        if self.version_at.is_some_and(|at| at <= now) {
            self.version_at = None;
            self.ask("version", r#"<query xmlns="jabber:iq:version"/>"#);
        }
        let silence = now - self.heard;
        if silence >= self.shared.options.timers.idle * 2 {
            return Err(self.fail("connection-timeout"));
        }
        if silence >= self.shared.options.timers.idle && !self.pinged {
            self.pinged = true;
            self.ask("ping", r#"<ping xmlns="urn:xmpp:ping"/>"#);
        }
        Ok(())
    }

    /// The server's ids look like `123-45`.
    fn ask(&self, what: &str, child: &str) {
        let id = format!("{}-{}", 100 + self.shared.number(), self.session.number);
        self.session.awaited.lock().expect("no panic").push(id.clone());
        self.shared.note(format!("asked {what}"));
        let (from, to) = (self.shared.domain, &self.session.jid);
        self.connection.wire.say(&format!(r#"<iq type="get" id="{id}" from="{from}" to="{to}">{child}</iq>"#));
    }

    fn fail(&mut self, condition: &str) -> Over {
        self.shared.note(format!("stream error {condition}"));
        self.shared.unregister(self.session);
        self.connection.wire.say(&stream_error(condition, ""));
        self.connection.wire.end();
        self.connection.drain()
    }

    fn closed(&mut self) -> Over {
        self.shared.note("closed in order");
        self.shared.unregister(self.session);
        self.connection.wire.say("</stream:stream>");
        self.connection.wire.end();
        self.connection.drain()
    }

    fn stanza(&mut self, text: &str) -> Flow<()> {
        (self.heard, self.pinged) = (Instant::now(), false);
        let Some(mut stanza) = Element::parse(text) else { return Err(self.fail("internal-server-error")) };
        stanza.set("from", Some(&self.session.jid));
        let name = phase(&stanza);
        self.shared.note(name.clone());
        match self.shared.fault(&name) {
            None | Some(Fault::Instead(_)) => {}
            Some(fault) => return Err(self.connection.fault_with(&fault, b"")),
        }
        let intercepted = self.shared.options.intercept.as_ref().and_then(|look| look(&stanza));
        if let Some(answer) = intercepted {
            self.connection.wire.say(&answer);
            return Ok(());
        }
        match routing::route(self.shared, self.session, &stanza) {
            Verdict::Done => {}
            Verdict::Fatal(condition) => return Err(self.fail(condition)),
            // Openfire says nothing about what it doesn't know.
            Verdict::Hangup => {
                self.connection.wire.end();
                return Err(self.connection.drain());
            }
        }
        if name == "set open" || name == "result si" {
            self.flood();
        }
        Ok(())
    }

    /// Writes much before it reads again; a question in every piece makes the client write meanwhile.
    fn flood(&mut self) {
        if self.shared.options.flood == 0 || std::mem::replace(&mut self.flooded, true) {
            return;
        }
        if phase_is_open(&self.shared.notes()) {
            self.shared.wait_for("opened", 1);
        }
        let body = "x".repeat(8000);
        let (from, to) = (self.shared.domain, &self.session.jid);
        for _ in 0..self.shared.options.flood / body.len() {
            self.ask("flood", r#"<ping xmlns="urn:xmpp:ping"/>"#);
            let message = format!(r#"<message from="{from}" to="{to}"><body>{body}</body></message>"#);
            self.connection.wire.say(&message);
        }
        self.connection.wire.flush();
        self.shared.note("flooded");
    }
}

fn phase_is_open(notes: &[String]) -> bool {
    notes.iter().any(|note| note == "set open")
}

/// A short name of what the client says: `set si`, `get disco#items`, `set activate`, `presence`.
pub fn phase(stanza: &Element) -> String {
    if stanza.name != "iq" {
        return stanza.name.clone();
    }
    let kind = stanza.get("type").unwrap_or_default();
    let Some(payload) = stanza.payload() else { return kind.to_owned() };
    let what = match (payload.name.as_str(), payload.ns.as_str()) {
        ("query", BYTESTREAMS) if payload.find("activate", BYTESTREAMS).is_some() => "activate",
        ("query", BYTESTREAMS) if payload.find("streamhost-used", BYTESTREAMS).is_some() => "streamhost-used",
        ("query", BYTESTREAMS) => "streamhosts",
        ("query", ns) => ns.rsplit(['/', ':']).next().unwrap_or_default(),
        (name, SI | IBB) => name,
        (name, _) => name,
    };
    format!("{kind} {what}")
}
