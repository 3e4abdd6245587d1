//! A scripted client that sends: as Smack and Spark do it, and as nobody should.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::element::{BYTESTREAMS, Element, IBB, SI, SI_FILE, escape};
use super::proxy::digest;
use super::puppet::{Puppet, socks};
use super::scram;
use super::shared::Shared;
use super::socket;

const HANG: Duration = Duration::from_secs(60);

/// What it offers, and where it errs.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    pub sid: String,
    /// The size that is offered; `None` leaves it out, as Smack does for 0.
    pub size: Option<String>,
    pub profile: &'static str,
    pub methods: &'static [&'static str],
    pub field_type: &'static str,
    /// Streamhosts in front of the proxy's; `PORT` stands for its port.
    pub first_hosts: &'static str,
    pub block: usize,
    /// What `<open/>` says, if not `block`.
    pub open_block: Option<u64>,
    /// The number of the first block, and old Smack's jump from 65534 to 0.
    pub first_seq: u64,
    pub jump: bool,
    /// Ends after so many bytes.
    pub cut: Option<usize>,
    /// By a reset instead of an end.
    pub reset: bool,
    /// Never opens what was accepted.
    pub silent: bool,
    /// Stops after so many bytes and keeps the stream open.
    pub stop: Option<usize>,
    /// In-band on the same sid, after bytestreams were refused.
    pub fall_back: bool,
    /// The text of a block instead of its base64.
    pub bad_block: Option<&'static str>,
}

impl Plan {
    pub fn of(name: &str, bytes: &[u8], methods: &'static [&'static str]) -> Plan {
        Plan {
            name: name.to_owned(),
            sid: "jsi_-8423".to_owned(),
            size: Some(bytes.len().to_string()),
            profile: SI_FILE,
            methods,
            field_type: "list-single",
            first_hosts: "",
            block: 61440,
            open_block: None,
            first_seq: 0,
            jump: false,
            cut: None,
            reset: false,
            silent: false,
            stop: None,
            fall_back: false,
            bad_block: None,
        }
    }
}

pub struct Sender {
    puppet: Puppet,
    inbox: Receiver<Element>,
    count: u32,
}

/// The condition of a refusal, or what didn't come.
pub type Sent = Result<&'static str, String>;

impl Sender {
    pub fn start(shared: &Arc<Shared>, jid: &str) -> Sender {
        let (puppet, inbox) = Puppet::bind(shared, jid);
        shared.presence(&puppet.session, Element::parse("<presence/>").expect("XML"));
        Sender { puppet, inbox, count: 0 }
    }

    pub fn jid(&self) -> &str {
        &self.puppet.jid
    }

    /// Asks and waits; other requests are refused meanwhile, but cancels are noted.
    pub fn ask(&mut self, kind: &str, to: &str, child: &str) -> Result<Element, String> {
        self.count += 1;
        let id = format!("jsi_{}", self.count);
        self.puppet.say(&format!(r#"<iq type="{kind}" id="{id}" to="{}">{child}</iq>"#, escape(to)));
        loop {
            let stanza = self.inbox.recv_timeout(HANG).map_err(|_| "no answer".to_owned())?;
            match (stanza.name.as_str(), stanza.get("type")) {
                ("iq", Some("result")) if stanza.get("id") == Some(&id) => return Ok(stanza),
                ("iq", Some("error")) if stanza.get("id") == Some(&id) => return Err(condition(&stanza)),
                ("iq", Some("get" | "set")) => {
                    self.puppet.shared.note(format!("sender asked: {}", super::session::phase(&stanza)));
                    self.puppet.say(&stanza.refuse(None, "cancel", "service-unavailable"));
                }
                _ => {}
            }
        }
    }

    /// Says something that nobody asked for.
    pub fn say(&self, text: &str) {
        self.puppet.say(text);
    }

    pub fn vanish(&self) {
        self.puppet.shared.unregister(&self.puppet.session);
    }

    /// Offers and sends; the method, or what the receiver said no with.
    pub fn send(&mut self, to: &str, bytes: &[u8], plan: &Plan) -> Sent {
        let accepted = self.ask("set", to, &offer(plan))?;
        let field = accepted.deep("field").ok_or("no field in the accept")?;
        // Smack 4.4 and later fail without.
        if field.get("type") != Some("list-single") {
            return Err("the field has no type".to_owned());
        }
        let values: Vec<_> = field.all("value").iter().map(|value| value.text.clone()).collect();
        match values.as_slice() {
            _ if plan.silent => Ok("silent"),
            [value] if value == BYTESTREAMS => match self.by_socks5(to, bytes, plan) {
                Err(e) if plan.fall_back && e == "item-not-found" => self.by_ibb(to, bytes, plan),
                sent => sent,
            },
            [value] if value == IBB => self.by_ibb(to, bytes, plan),
            other => Err(format!("one value was expected: {other:?}")),
        }
    }

    fn by_ibb(&mut self, to: &str, bytes: &[u8], plan: &Plan) -> Sent {
        let (sid, size) = (&plan.sid, plan.open_block.unwrap_or(plan.block as u64));
        self.ask("set", to, &format!(r#"<open xmlns="{IBB}" sid="{sid}" block-size="{size}" stanza="iq"/>"#))?;
        let mut seq = plan.first_seq;
        for (number, block) in bytes.chunks(plan.block).enumerate() {
            let done = number * plan.block;
            if plan.stop.is_some_and(|stop| done >= stop) {
                return Ok("stopped");
            }
            if plan.cut.is_some_and(|cut| done >= cut) {
                break;
            }
            let text = plan.bad_block.map_or_else(|| scram::encode(block), str::to_owned);
            self.ask("set", to, &format!(r#"<data xmlns="{IBB}" sid="{sid}" seq="{seq}">{text}</data>"#))?;
            let last = if plan.jump { 65534 } else { 65535 };
            seq = if seq == last { 0 } else { seq + 1 };
        }
        self.ask("set", to, &format!(r#"<close xmlns="{IBB}" sid="{sid}"/>"#))?;
        Ok("ibb")
    }

    fn by_socks5(&mut self, to: &str, bytes: &[u8], plan: &Plan) -> Sent {
        let (sid, domain) = (&plan.sid, self.puppet.shared.domain);
        let port = self.puppet.shared.proxy.advertised();
        let first = plan.first_hosts.replace("PORT", &port.to_string());
        let proxy = format!("proxy.{domain}");
        let hosts = format!(
            r#"<query xmlns="{BYTESTREAMS}" sid="{sid}" mode="tcp">{first}<streamhost jid="{proxy}" host="127.0.0.1" port="{port}"/></query>"#
        );
        let answer = self.ask("set", to, &hosts)?;
        let used = answer.deep("streamhost-used").and_then(|used| used.get("jid")).ok_or("no streamhost-used")?;
        if used != proxy {
            return Err(format!("used {used}"));
        }
        let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())?;
        socks(&mut stream, &digest(sid, self.jid(), to)).ok_or("the proxy refused")?;
        let activate =
            format!(r#"<query xmlns="{BYTESTREAMS}" sid="{sid}"><activate>{}</activate></query>"#, escape(to));
        self.ask("set", &proxy, &activate)?;
        let end = plan.cut.or(plan.stop).unwrap_or(bytes.len());
        stream.write_all(&bytes[..end.min(bytes.len())]).map_err(|e| e.to_string())?;
        if plan.stop.is_some() {
            // The stream stays open for as long as the test runs.
            std::mem::forget(stream);
            return Ok("stopped");
        }
        if plan.reset {
            socket::reset(&stream);
            return Ok("reset");
        }
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0; 16]);
        Ok("socks5")
    }
}

/// As Spark writes it, the form before the file as xiff does.
fn offer(plan: &Plan) -> String {
    let option = |method: &&str| {
        let ns = if *method == "socks5" { BYTESTREAMS } else { IBB };
        format!("<option><value>{ns}</value></option>")
    };
    let options: String = plan.methods.iter().map(option).collect();
    let size = plan.size.as_ref().map(|size| format!(r#" size="{size}""#)).unwrap_or_default();
    format!(
        r#"<si xmlns="{SI}" id="{}" mime-type="text/plain" profile="{}"><feature xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" type="form"><field var="stream-method" type="{}">{options}</field></x></feature><file xmlns="{SI_FILE}" name="{}"{size}><desc>Sending file</desc></file></si>"#,
        plan.sid,
        plan.profile,
        plan.field_type,
        escape(&plan.name)
    )
}

fn condition(error: &Element) -> String {
    let error = error.children.iter().find(|child| child.name == "error");
    error.and_then(|error| error.children.first()).map_or("undefined".to_owned(), |child| child.name.clone())
}
