//! What all connections of the server share: who is online, and a record of what happened.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;

use super::element::{Element, bare};
use super::notes::Notes;
use super::options::{Age, Fault, Options, chance};
use super::proxy::Proxy;
use super::wire::Wire;

pub struct Shared {
    pub options: Options,
    pub domain: &'static str,
    pub passwords: HashMap<String, String>,
    /// Accounts that share presence with nobody.
    pub strangers: Vec<&'static str>,
    pub tls: Arc<ServerConfig>,
    /// SHA-256 of the certificate: `tls-server-end-point`.
    pub certificate_hash: Vec<u8>,
    pub proxy: Proxy,
    pub sessions: Mutex<Vec<Arc<Session>>>,
    pub notes: Arc<Notes>,
    pub counter: AtomicU64,
}

/// A bound resource.
pub struct Session {
    pub jid: String,
    pub number: u64,
    outlet: Outlet,
    pub presence: Mutex<Option<Element>>,
    /// Ids of the server's own requests that are still to be answered.
    pub awaited: Mutex<Vec<String>>,
}

pub enum Outlet {
    Wire(Wire),
    Puppet(Mutex<Sender<Element>>),
}

impl Session {
    pub fn say(&self, text: &str) {
        match &self.outlet {
            Outlet::Wire(wire) => wire.say(text),
            Outlet::Puppet(inbox) => {
                let stanza = Element::parse(text).expect("the server writes XML");
                let _ = inbox.lock().expect("no panic").send(stanza);
            }
        }
    }

    pub fn is_available(&self) -> bool {
        self.presence.lock().expect("no panic").is_some()
    }
}

impl Shared {
    pub fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    pub fn fault(&self, phase: &str) -> Option<Fault> {
        self.options.faults.iter().find(|(at, _)| *at == phase).map(|(_, fault)| fault.clone())
    }

    pub fn note(&self, what: impl Into<String>) {
        self.notes.add(what);
    }

    pub fn notes(&self) -> Vec<String> {
        self.notes.all()
    }

    /// Waits until `what` has been noted `times` times.
    pub fn wait_for(&self, what: &str, times: usize) {
        self.notes.wait_for(what, times);
    }

    pub fn sessions(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        self.sessions.lock().expect("no panic")
    }

    pub fn session(&self, jid: &str) -> Option<Arc<Session>> {
        self.sessions().iter().find(|session| session.jid == jid).cloned()
    }

    /// The resources of an account.
    pub fn resources(&self, account: &str) -> Vec<Arc<Session>> {
        self.sessions().iter().filter(|session| bare(&session.jid) == account).cloned().collect()
    }

    /// Binds a resource; who has it is told `conflict` and loses it.
    pub fn register(&self, jid: &str, outlet: Outlet) -> Arc<Session> {
        if let Some(old) = self.session(jid) {
            self.note("conflict");
            self.unregister(&old);
            if let Outlet::Wire(wire) = &old.outlet {
                wire.say(&stream_error("conflict", ""));
                wire.end();
            }
        }
        let session = Arc::new(Session {
            jid: jid.to_owned(),
            number: self.number(),
            outlet,
            presence: Mutex::default(),
            awaited: Mutex::default(),
        });
        self.sessions().push(Arc::clone(&session));
        session
    }

    /// Forgets a session, and tells its contacts.
    pub fn unregister(&self, session: &Session) {
        let before = self.sessions().len();
        self.sessions().retain(|other| other.number != session.number);
        if self.sessions().len() == before || session.presence.lock().expect("no panic").take().is_none() {
            return;
        }
        self.note(format!("gone {}", session.jid));
        self.broadcast(session, &format!(r#"<presence type="unavailable" from="{}""#, session.jid));
    }

    /// Whether both have each other in their rosters.
    pub fn know_each_other(&self, one: &str, other: &str) -> bool {
        let named = |jid: &str| bare(jid).split('@').next().unwrap_or_default().to_owned();
        let known = |name: &str| self.passwords.contains_key(name) && !self.strangers.contains(&name);
        one == other || (known(&named(one)) && known(&named(other)))
    }

    /// `presence` is its start tag without the `to` and the end.
    fn broadcast(&self, from: &Session, presence: &str) {
        let contacts: Vec<_> = self.sessions().iter().filter(|s| s.number != from.number).cloned().collect();
        for contact in contacts.iter().filter(|s| s.is_available() && self.know_each_other(&from.jid, &s.jid)) {
            contact.say(&format!(r#"{presence} to="{}"/>"#, contact.jid));
        }
    }

    /// Presence without `to`.
    pub fn presence(self: &Arc<Self>, session: &Arc<Session>, presence: Element) {
        if presence.get("type") == Some("unavailable") {
            session.presence.lock().expect("no panic").take();
            return self.broadcast(session, &format!(r#"<presence type="unavailable" from="{}""#, session.jid));
        }
        let first = session.presence.lock().expect("no panic").replace(presence).is_none();
        self.broadcast(session, &format!(r#"<presence from="{}""#, session.jid));
        if first {
            let (shared, session) = (Arc::clone(self), Arc::clone(session));
            thread::spawn(move || shared.push_presences(&session));
        }
    }

    /// Who is online comes by itself, some time after our own presence.
    fn push_presences(&self, session: &Session) {
        thread::sleep(Duration::from_millis(chance(self.options.seed, session.number) % 10));
        let others: Vec<_> = self.sessions().iter().filter(|s| s.number != session.number).cloned().collect();
        for other in others.iter().filter(|s| self.know_each_other(&session.jid, &s.jid)) {
            if let Some(mut presence) = other.presence.lock().expect("no panic").clone() {
                presence.set("from", Some(&other.jid));
                presence.set("to", Some(&session.jid));
                session.say(&presence.write());
            }
        }
    }

    /// Delivers what one user sends to another; 4.7 delivers nothing to who shows no presence.
    pub fn deliver(&self, to: &Session, stanza: &str) {
        if self.options.age == Age::Old && !to.is_available() {
            return self.note("not delivered without presence");
        }
        to.say(stanza);
    }
}

pub fn stream_error(condition: &str, text: &str) -> String {
    let ns = "urn:ietf:params:xml:ns:xmpp-streams";
    let text = if text.is_empty() { String::new() } else { format!(r#"<text xmlns="{ns}">{text}</text>"#) };
    format!(r#"<stream:error><{condition} xmlns="{ns}"/>{text}</stream:error></stream:stream>"#)
}
