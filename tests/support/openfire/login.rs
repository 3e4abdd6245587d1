//! A connection up to the bound resource, in Openfire's order and with its duplicates.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::element::Element;
use super::features;
use super::framing::Frame;
use super::options::{Age, Fault, chance};
use super::scram::{self, Exchange};
use super::session;
use super::shared::{Outlet, Session, Shared, stream_error};
use super::wire::{Connection, Flow, Over};

const FAILURES_MAX: usize = 3;
/// 20 ms were enough on the real one; here it also covers a slow machine.
const AFTER_FINISHED: Duration = Duration::from_millis(100);

pub struct Login {
    pub shared: Arc<Shared>,
    pub connection: Connection,
    direct: bool,
    stream_id: String,
}

/// Serves one connection to its end.
pub fn serve(shared: Arc<Shared>, socket: TcpStream, direct: bool) {
    let connection = Connection::new(socket, &shared.options);
    let stream_id = format!("id{}", shared.number());
    let mut login = Login { shared, connection, direct, stream_id };
    let _ = login.run();
}

impl Login {
    fn run(&mut self) -> Flow<()> {
        self.phase("accept", "")?;
        if !self.direct {
            self.starttls()?;
        }
        self.secure()?;
        let user = self.authenticate()?;
        let session = self.bind(&user)?;
        let ended = session::run(&self.shared, &mut self.connection, &session);
        self.shared.unregister(&session);
        ended
    }

    /// Notes that the client waits for this answer, and gives it or does what goes wrong.
    fn phase(&mut self, name: &str, answer: &str) -> Flow<()> {
        self.shared.note(name);
        match self.shared.fault(name) {
            None => self.connection.wire.say(answer),
            Some(Fault::Instead(text)) => self.connection.wire.say(&text),
            Some(fault) => return Err(self.connection.fault_with(&fault, answer.as_bytes())),
        }
        Ok(())
    }

    /// Ends the stream with an error.
    fn fail(&mut self, condition: &str, text: &str) -> Over {
        self.shared.note(format!("stream error {condition}"));
        self.connection.wire.say(&stream_error(condition, text));
        self.connection.wire.end();
        self.connection.drain()
    }

    fn redirect(&mut self) -> Over {
        self.shared.note("redirected");
        let here = self.connection.wire.local_addr();
        let error = stream_error("see-other-host", "");
        let named = error.replace("/></stream:error>", &format!(">{here}</see-other-host></stream:error>"));
        self.connection.wire.say(&(self.answer(r#"version="1.0""#, "") + &named));
        self.connection.wire.end();
        self.connection.drain()
    }

    fn frame(&mut self) -> Flow<Frame> {
        self.connection.frame(None)?.ok_or(Over)
    }

    /// A root that isn't literally `<stream:stream` never becomes a frame: silence.
    fn header(&mut self) -> Flow<String> {
        let Frame::Header(header) = self.frame()? else { return Err(self.fail("internal-server-error", "")) };
        if !header.contains(r#"xmlns="jabber:client""#) {
            return Err(self.fail("invalid-namespace", ""));
        }
        Ok(header)
    }

    fn answer(&self, header: &str, features: &str) -> String {
        let (domain, id) = (self.shared.domain, &self.stream_id);
        let features = if header.contains(r#"version="1.0""#) {
            format!("<stream:features>{features}</stream:features>")
        } else {
            String::new()
        };
        format!(
            r#"<?xml version='1.0' encoding='UTF-8'?><stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" from="{domain}" id="{id}" xml:lang="en" version="1.0">{features}"#
        )
    }

    /// Mechanisms are listed before TLS too, PLAIN among them: only the client protects the password.
    fn starttls(&mut self) -> Flow<()> {
        let header = self.header()?;
        let features = features::in_clear(&self.shared.options);
        self.phase("features", &self.answer(&header, &features))?;
        let Frame::Stanza(stanza) = self.frame()? else { return Err(self.fail("internal-server-error", "")) };
        if !stanza.starts_with("<starttls") {
            self.shared.note("something in clear");
            return Err(self.connection.drain());
        }
        if !self.shared.options.starttls {
            self.connection.wire.say(r#"<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"/></stream:stream>"#);
            self.connection.wire.end();
            return Err(self.connection.drain());
        }
        if self.connection.framing.has_more() {
            self.shared.note("something behind starttls");
            return Err(self.connection.drain());
        }
        self.phase("proceed", r#"<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>"#)?;
        self.connection.wire.flush();
        Ok(())
    }

    /// 4.7 with TLS 1.3 loses what comes with or right after the client's Finished.
    fn secure(&mut self) -> Flow<()> {
        self.shared.note("tls");
        let fault = self.shared.fault("tls");
        let (early, modern) = self.connection.accept_tls(Arc::clone(&self.shared.tls), fault.as_ref())?;
        if self.shared.options.age == Age::Head || !modern {
            self.connection.framing.push(&early);
        } else if early.is_empty() && !self.direct {
            let lost = self.connection.read(Some(Instant::now() + AFTER_FINISHED))?;
            self.shared.note(if lost.is_some() { "lost after Finished" } else { "nothing lost" });
        } else if !early.is_empty() {
            self.shared.note("lost after Finished");
        }
        Ok(())
    }

    fn authenticate(&mut self) -> Flow<String> {
        let header = self.header()?;
        if self.shared.notes().iter().filter(|note| *note == "redirected").count() < self.shared.options.redirects {
            return Err(self.redirect());
        }
        let features = features::in_tls(&self.shared.options, self.direct);
        self.phase("sasl", &self.answer(&header, &features))?;
        let mut failures = 0;
        loop {
            let stanza = match self.frame()? {
                Frame::Stanza(text) => Element::parse(&text),
                // A header that is sent again is ignored.
                Frame::Header(_) => continue,
                Frame::End | Frame::Fatal => None,
            };
            let Some(stanza) = stanza else { return Err(self.fail("internal-server-error", "")) };
            match stanza.name.as_str() {
                "auth" => match self.try_mechanism(&stanza)? {
                    Ok(user) => return Ok(user),
                    Err(condition) => failures += 1 + self.refuse(condition),
                },
                "iq" => self.connection.wire.say(&stanza.refuse(Some(self.shared.domain), "auth", "not-authorized")),
                _ => return Err(self.fail("not-authorized", "")),
            }
            if failures == FAILURES_MAX {
                self.connection.wire.say("</stream:stream>");
                self.connection.wire.end();
                return Err(self.connection.drain());
            }
        }
    }

    /// A failure has no text; an unknown mechanism doesn't count.
    fn refuse(&mut self, condition: &str) -> usize {
        self.shared.note(format!("failure {condition}"));
        let failure = format!(r#"<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><{condition}/></failure>"#);
        self.connection.wire.say(&failure);
        0
    }

    fn try_mechanism(&mut self, auth: &Element) -> Flow<Result<String, &'static str>> {
        let mechanism = auth.get("mechanism").unwrap_or_default().to_owned();
        self.shared.note(format!("auth {mechanism}"));
        if !self.shared.options.mechanisms.contains(&mechanism.as_str()) {
            return Ok(Err("invalid-mechanism"));
        }
        let Some(initial) = scram::decode(&auth.text).filter(|initial| !initial.is_empty()) else {
            return Ok(Err("not-authorized"));
        };
        let initial = String::from_utf8_lossy(&initial).into_owned();
        if mechanism == "PLAIN" {
            return self.plain(&initial);
        }
        self.scram(&initial, mechanism.ends_with("-PLUS"))
    }

    fn plain(&mut self, initial: &str) -> Flow<Result<String, &'static str>> {
        let mut parts = initial.split('\0').skip(1);
        let (user, password) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default());
        if self.shared.passwords.get(&user).map(String::as_str) != Some(password) {
            return Ok(Err("not-authorized"));
        }
        self.phase("success", r#"<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>"#)?;
        Ok(Ok(user))
    }

    fn scram(&mut self, initial: &str, plus: bool) -> Flow<Result<String, &'static str>> {
        let lie = self.shared.options.lie;
        let hash = self.shared.certificate_hash.clone();
        let begun = Exchange::begin(initial, plus.then_some(&hash), lie, &format!("of{}", self.stream_id));
        let Some((user, mut exchange)) = begun else { return Ok(Err("not-authorized")) };
        let Some(password) = self.shared.passwords.get(&user).cloned() else { return Ok(Err("not-authorized")) };
        let first = exchange.challenge(&password, lie);
        let challenge = |text: &str| {
            format!(
                r#"<challenge xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{}</challenge>"#,
                scram::encode(text.as_bytes())
            )
        };
        self.phase("challenge", &challenge(&first))?;
        let Frame::Stanza(response) = self.frame()? else { return Err(self.fail("internal-server-error", "")) };
        let response = Element::parse(&response).and_then(|response| scram::decode(&response.text));
        let proof = response.and_then(|response| exchange.finish(&String::from_utf8_lossy(&response), lie));
        let Some(proof) = proof else { return Ok(Err("not-authorized")) };
        let proof = if lie == Some(scram::Lie::NoSignature) { String::new() } else { scram::encode(proof.as_bytes()) };
        self.phase("success", &format!(r#"<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{proof}</success>"#))?;
        Ok(Ok(user))
    }

    /// The answer goes to the address from before the bind, and comes from nobody.
    fn bind(&mut self, user: &str) -> Flow<Arc<Session>> {
        let header = self.header()?;
        let features = features::logged_in(&self.shared.options);
        self.phase("bind-features", &self.answer(&header, &features))?;
        let request = loop {
            let Frame::Stanza(text) = self.frame()? else { return Err(self.fail("internal-server-error", "")) };
            let Some(stanza) = Element::parse(&text) else { return Err(self.fail("internal-server-error", "")) };
            match stanza.payload() {
                Some(payload) if payload.name == "bind" => break stanza,
                _ => self.too_early(&stanza)?,
            }
        };
        if self.shared.options.age == Age::Head {
            self.race()?;
        }
        let resource = request.deep("resource").map_or("made-up", |resource| resource.text.as_str());
        let jid = format!("{user}@{}/{resource}", self.shared.domain);
        let id = request.get("id").unwrap_or_default();
        let answer = format!(
            r#"<iq type="result" id="{id}" to="{}/{}"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>{jid}</jid></bind></iq>"#,
            self.shared.domain, self.stream_id
        );
        // Bound before it is answered: who reads the answer can be reached.
        let session = self.shared.register(&jid, Outlet::Wire(self.connection.wire.clone()));
        if self.phase("bind", &answer).is_err() {
            self.shared.unregister(&session);
            return Err(Over);
        }
        Ok(session)
    }

    fn too_early(&mut self, stanza: &Element) -> Flow<()> {
        self.shared.note("something before bind");
        let to_server = stanza.get("to").is_none_or(|to| to == self.shared.domain);
        if stanza.name != "iq" || !to_server {
            let text = "Do not send invalid stanza prior to authentication/resource binding.";
            return Err(self.fail("not-authorized", text));
        }
        self.connection.wire.say(&stanza.refuse(Some(self.shared.domain), "auth", "not-authorized"));
        Ok(())
    }

    /// The bind is asynchronous: what follows in its flight is refused, loses its answer, ends the stream, or is
    /// lucky.
    fn race(&mut self) -> Flow<()> {
        let window = Duration::from_millis(chance(self.shared.options.seed, 1) % 12);
        let end = Instant::now() + window;
        let mut number = 2;
        while let Some(frame) = self.connection.frame(Some(end))? {
            let Frame::Stanza(text) = frame else { return Err(self.fail("internal-server-error", "")) };
            self.shared.note("something behind bind");
            let Some(stanza) = Element::parse(&text) else { return Err(self.fail("internal-server-error", "")) };
            match chance(self.shared.options.seed, number) % 3 {
                0 => self.too_early(&stanza)?,
                1 => self.shared.note("answer lost"),
                _ => return Err(self.fail("not-authorized", "Do not send invalid stanza prior to binding.")),
            }
            number += 1;
        }
        Ok(())
    }
}
