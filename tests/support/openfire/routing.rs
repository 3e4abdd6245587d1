//! Where stanzas go, by Openfire's rules.

use std::sync::Arc;

use super::element::{DISCO_ITEMS, Element, SI, SI_FILE, bare};
use super::proxy::digest;
use super::services;
use super::shared::{Session, Shared};

pub enum Verdict {
    Done,
    /// A stream error.
    Fatal(&'static str),
    /// The end of the connection, without a word.
    Hangup,
}

pub fn route(shared: &Arc<Shared>, session: &Arc<Session>, stanza: &Element) -> Verdict {
    match stanza.name.as_str() {
        "iq" => iq(shared, session, stanza),
        "presence" => presence(shared, session, stanza),
        "message" => message(shared, stanza),
        _ => Verdict::Hangup,
    }
}

fn message(shared: &Shared, stanza: &Element) -> Verdict {
    let to = stanza.get("to").unwrap_or_default();
    for session in shared.sessions().iter().filter(|session| session.jid == to || bare(&session.jid) == to) {
        shared.deliver(session, &stanza.write());
    }
    Verdict::Done
}

fn presence(shared: &Arc<Shared>, session: &Arc<Session>, stanza: &Element) -> Verdict {
    match (stanza.get("type"), stanza.get("to")) {
        (None | Some("unavailable"), None) => shared.presence(session, stanza.clone()),
        (Some("probe"), Some(to)) => {
            for other in shared.resources(bare(to)).iter().filter(|s| shared.know_each_other(&session.jid, &s.jid)) {
                session.say(&format!(r#"<presence from="{}" to="{}"/>"#, other.jid, session.jid));
            }
        }
        (_, Some(to)) => {
            for other in shared.resources(bare(to)) {
                other.say(&stanza.write());
            }
        }
        _ => {}
    }
    Verdict::Done
}

fn iq(shared: &Arc<Shared>, session: &Arc<Session>, iq: &Element) -> Verdict {
    let kind = iq.get("type").unwrap_or_default();
    if !["get", "set", "result", "error"].contains(&kind) {
        return Verdict::Fatal("internal-server-error");
    }
    let to = iq.get("to");
    if to.is_some_and(|to| !is_jid(to)) {
        session.say(&iq.refuse(to, "modify", "jid-malformed"));
        return Verdict::Done;
    }
    let request = kind == "get" || kind == "set";
    match to {
        // Without `to` our own account is asked, not the server.
        None => {
            shared.note("iq without to");
            account(shared, session, iq, bare(&session.jid), request)
        }
        Some(to) if to == shared.domain => server(shared, session, iq, request),
        Some(to) if !to.contains('@') => service(shared, session, iq, to, request),
        Some(to) if to.contains('/') => user(shared, session, iq, to, request),
        Some(to) => account(shared, session, iq, to, request),
    }
}

/// What nobody awaits ends the session if it carries something.
fn reply(shared: &Shared, session: &Session, iq: &Element) -> Verdict {
    let mut awaited = session.awaited.lock().expect("no panic");
    let before = awaited.len();
    awaited.retain(|id| Some(id.as_str()) != iq.get("id"));
    if awaited.len() < before {
        shared.note("answered");
        return Verdict::Done;
    }
    match (iq.get("type"), iq.children.is_empty()) {
        (Some("result"), false) => Verdict::Fatal("internal-server-error"),
        _ => Verdict::Done,
    }
}

fn server(shared: &Shared, session: &Session, iq: &Element, request: bool) -> Verdict {
    if !request {
        return reply(shared, session, iq);
    }
    session.say(&services::server(shared, iq));
    Verdict::Done
}

fn service(shared: &Shared, session: &Session, iq: &Element, to: &str, request: bool) -> Verdict {
    if !request {
        return Verdict::Done;
    }
    if to == format!("silent.{}", shared.domain) {
        return Verdict::Done;
    }
    match services::service(shared, iq, to) {
        Some(answer) => session.say(&answer),
        // Without a component of that name it goes to another server, and nothing comes back.
        None => shared.note("asked a guessed service"),
    }
    Verdict::Done
}

fn account(shared: &Shared, session: &Session, iq: &Element, to: &str, request: bool) -> Verdict {
    if !request {
        return reply(shared, session, iq);
    }
    let payload = iq.payload().cloned().unwrap_or_default();
    let answer = match (payload.name.as_str(), payload.ns.as_str()) {
        ("query", DISCO_ITEMS) => iq.result(Some(to), &items(shared, session, to)),
        ("query", "jabber:iq:roster") if to == bare(&session.jid) => iq.result(Some(to), &roster(shared, to)),
        ("session", _) if to == bare(&session.jid) => iq.result(None, ""),
        _ => iq.refuse(Some(to), "cancel", "service-unavailable"),
    };
    session.say(&answer);
    Verdict::Done
}

/// The available resources of an account, for who shares presence with it; else nothing.
fn items(shared: &Shared, session: &Session, to: &str) -> String {
    let visible = to != bare(&session.jid) && shared.know_each_other(&session.jid, to);
    let resources = shared.resources(to);
    let item = |session: &Arc<Session>| format!(r#"<item jid="{}"/>"#, session.jid);
    let shown: String = resources.iter().filter(|session| visible && session.is_available()).map(item).collect();
    format!(r#"<query xmlns="{DISCO_ITEMS}">{shown}</query>"#)
}

fn roster(shared: &Shared, me: &str) -> String {
    let contact = |name: &String| format!("{name}@{}", shared.domain);
    let contacts = shared.passwords.keys().map(contact).filter(|c| c != me && shared.know_each_other(me, c));
    let item = |jid: String| format!(r#"<item jid="{jid}" subscription="both"/>"#);
    format!(r#"<query xmlns="jabber:iq:roster">{}</query>"#, contacts.map(item).collect::<String>())
}

fn user(shared: &Shared, session: &Session, iq: &Element, to: &str, request: bool) -> Verdict {
    if iq.get("type") == Some("set") && !gate(shared, session, iq, to) {
        session.say(&iq.refuse(Some(to), "cancel", "not-allowed"));
        return Verdict::Done;
    }
    match shared.session(to) {
        Some(other) => shared.deliver(&other, &iq.write()),
        None if request => shared.deliver(session, &iq.refuse(Some(to), "cancel", "service-unavailable")),
        None => {}
    }
    Verdict::Done
}

/// An offer must carry a name and a size; the proxy remembers it by its digest.
fn gate(shared: &Shared, session: &Session, iq: &Element, to: &str) -> bool {
    let Some(si) = iq.find("si", SI) else { return true };
    let file = si.find("file", SI_FILE);
    let named = file.and_then(|file| file.get("name")).is_some_and(|name| !name.is_empty());
    let sized = file.and_then(|file| file.get("size")).is_some_and(|size| size.parse::<u64>().is_ok());
    if named && sized {
        shared.proxy.saw_offer(digest(si.get("id").unwrap_or_default(), &session.jid, to));
    }
    named && sized
}

fn is_jid(jid: &str) -> bool {
    let (account, resource) = jid.split_once('/').map_or((jid, None), |(account, rest)| (account, Some(rest)));
    let (local, domain) = account.split_once('@').map_or((None, account), |(local, domain)| (Some(local), domain));
    let fits = |part: &str| !part.is_empty() && !part.contains([' ', '@', '"', '<', '>', '&', '\'']);
    fits(domain) && local.is_none_or(fits) && resource.is_none_or(|resource| !resource.is_empty())
}
