//! What the server and its components answer.

use super::element::{BYTESTREAMS, DISCO_INFO, DISCO_ITEMS, Element};
use super::options::Hosts;
use super::shared::Shared;

const PROXY: &str = "proxy";
const OTHERS: [(&str, &str, &str); 3] =
    [("pubsub", "pubsub", "service"), ("conference", "conference", "text"), ("search", "directory", "user")];

fn info(category: &str, kind: &str, features: &[&str]) -> String {
    let features: String = features.iter().map(|feature| format!(r#"<feature var="{feature}"/>"#)).collect();
    format!(r#"<query xmlns="{DISCO_INFO}"><identity category="{category}" type="{kind}" name="x"/>{features}</query>"#)
}

pub fn server(shared: &Shared, iq: &Element) -> String {
    let from = Some(shared.domain);
    let payload = iq.payload().cloned().unwrap_or_default();
    match (payload.name.as_str(), payload.ns.as_str()) {
        ("query", DISCO_ITEMS) => iq.result(from, &items(shared)),
        ("query", DISCO_INFO) => iq.result(from, &info("server", "im", &[DISCO_INFO, DISCO_ITEMS, BYTESTREAMS])),
        ("ping", "urn:xmpp:ping") => iq.result(from, ""),
        ("session", "urn:ietf:params:xml:ns:xmpp-session") => iq.result(from, ""),
        _ => iq.refuse(from, "cancel", "service-unavailable"),
    }
}

/// The names are those of a real server, one of them not ASCII.
fn items(shared: &Shared) -> String {
    let domain = shared.domain;
    let mut items: String =
        OTHERS.iter().map(|(name, ..)| format!(r#"<item jid="{name}.{domain}" name="公共房间"/>"#)).collect();
    if shared.options.dead_service {
        items = format!(r#"<item jid="silent.{domain}"/>{items}"#);
    }
    if !matches!(shared.options.hosts, Hosts::Absent) {
        items += &format!(r#"<item jid="{PROXY}.{domain}" name="Socks 5 Bytestreams Proxy"/>"#);
    }
    format!(r#"<query xmlns="{DISCO_ITEMS}">{items}</query>"#)
}

/// `None` when there is no such component.
pub fn service(shared: &Shared, iq: &Element, to: &str) -> Option<String> {
    let name = to.strip_suffix(shared.domain)?.strip_suffix('.')?;
    if name == PROXY && !matches!(shared.options.hosts, Hosts::Absent) {
        return Some(proxy(shared, iq, to));
    }
    let (_, category, kind) = OTHERS.into_iter().find(|(other, ..)| *other == name)?;
    let payload = iq.payload().cloned().unwrap_or_default();
    Some(match payload.ns.as_str() {
        DISCO_INFO => iq.result(Some(to), &info(category, kind, &[DISCO_INFO])),
        _ => iq.refuse(Some(to), "cancel", "feature-not-implemented"),
    })
}

fn proxy(shared: &Shared, iq: &Element, to: &str) -> String {
    let payload = iq.payload().cloned().unwrap_or_default();
    match (payload.ns.as_str(), iq.get("type")) {
        (DISCO_INFO, _) => iq.result(Some(to), &info("proxy", "bytestreams", &[BYTESTREAMS])),
        (BYTESTREAMS, Some("get")) => iq.result(Some(to), &hosts(shared, to)),
        (BYTESTREAMS, _) => activate(shared, iq, &payload, to),
        _ => iq.refuse(Some(to), "cancel", "feature-not-implemented"),
    }
}

fn hosts(shared: &Shared, jid: &str) -> String {
    let port = shared.proxy.advertised();
    let host = |host: &str, port: u16| format!(r#"<streamhost jid="{jid}" host="{host}" port="{port}"/>"#);
    let inside = match &shared.options.hosts {
        Hosts::Absent | Hosts::None => String::new(),
        Hosts::One => host("127.0.0.1", port),
        Hosts::Scoped => {
            let scoped = ["fe80:0:0:0:42:acff:fe11:2%eth0", "fe80:0:0:0:1%2", "0:0:0:0:0:0:0:1%lo"];
            scoped.map(|address| host(address, port)).concat() + &host("127.0.0.1", port)
        }
        Hosts::Unreachable => host("127.0.0.1", shared.proxy.dead_port()),
        Hosts::Raw(text) => text.replace("PORT", &port.to_string()),
    };
    format!(r#"<query xmlns="{BYTESTREAMS}">{inside}</query>"#)
}

fn activate(shared: &Shared, iq: &Element, payload: &Element, to: &str) -> String {
    let target = payload.find("activate", BYTESTREAMS).map(|activate| activate.text.as_str()).unwrap_or_default();
    let digest =
        super::proxy::digest(payload.get("sid").unwrap_or_default(), iq.get("from").unwrap_or_default(), target);
    match shared.proxy.activate(&digest) {
        Ok(()) => iq.result(Some(to), ""),
        Err(condition) => iq.refuse_bare(Some(to), "cancel", condition),
    }
}
