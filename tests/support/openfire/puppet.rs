//! A scripted client of the scripted server: it takes offers, or refuses, ignores, lies and leaves.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::element::{BYTESTREAMS, DISCO_INFO, Element, IBB, SI, SI_FILE};
pub use super::manners::{Act, Answer, Hosts, Manners};
use super::manners::{accept_offered, info};
use super::proxy::digest;
use super::scram;
use super::shared::{Outlet, Session, Shared};
use super::socket;

const HANG: Duration = Duration::from_secs(120);

/// A transfer as the puppet has it.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// When the last in-band block came.
    pub last_block: Option<Instant>,
    pub name: String,
    pub size: usize,
    pub bytes: Vec<u8>,
    /// The sender ended it.
    pub ended: bool,
}

#[derive(Clone)]
pub struct Puppet {
    pub jid: String,
    pub(super) shared: Arc<Shared>,
    pub(super) session: Arc<Session>,
    inner: Arc<(Mutex<Vec<Received>>, Condvar)>,
}

impl Puppet {
    /// Logs in, available.
    pub fn start(shared: &Arc<Shared>, jid: &str, priority: i8, manners: Manners) -> Puppet {
        let (puppet, inbox) = Puppet::bind(shared, jid);
        let presence = format!("<presence><priority>{priority}</priority></presence>");
        shared.presence(&puppet.session, Element::parse(&presence).expect("XML"));
        let serving = puppet.clone();
        thread::spawn(move || serving.serve(&inbox, &manners));
        puppet
    }

    /// Binds a resource and leaves its stanzas to the caller.
    pub(super) fn bind(shared: &Arc<Shared>, jid: &str) -> (Puppet, Receiver<Element>) {
        let (outlet, inbox) = channel();
        let session = shared.register(jid, Outlet::Puppet(Mutex::new(outlet)));
        let inner = Arc::new((Mutex::default(), Condvar::new()));
        (Puppet { jid: jid.to_owned(), shared: Arc::clone(shared), session, inner }, inbox)
    }

    /// Waits until that many transfers have ended, and gives them.
    pub fn received(&self, count: usize) -> Vec<Received> {
        let missing = |all: &mut Vec<Received>| all.iter().filter(|one| one.ended).count() < count;
        let waited = self.inner.1.wait_timeout_while(self.inner.0.lock().expect("no panic"), HANG, missing);
        let (all, result) = waited.expect("no panic");
        assert!(!result.timed_out(), "{count} files were expected, {} came", all.len());
        all.clone()
    }

    /// What has come so far.
    pub fn so_far(&self) -> Vec<Received> {
        self.inner.0.lock().expect("no panic").clone()
    }

    pub fn say(&self, text: &str) {
        super::routing::route(&self.shared, &self.session, &self.signed(text));
    }

    fn signed(&self, text: &str) -> Element {
        let mut stanza = Element::parse(text).expect("the puppet writes XML");
        stanza.set("from", Some(&self.jid));
        stanza
    }

    fn serve(&self, inbox: &Receiver<Element>, manners: &Manners) {
        let mut sid = String::new();
        while let Ok(stanza) = inbox.recv() {
            if stanza.name != "iq" || matches!(stanza.get("type"), Some("result" | "error")) {
                continue;
            }
            let payload = stanza.payload().cloned().unwrap_or_default();
            match (payload.name.as_str(), payload.ns.as_str()) {
                ("si", SI) => {
                    sid = payload.get("id").unwrap_or_default().to_owned();
                    self.offered(&stanza, &payload, manners);
                }
                ("query", BYTESTREAMS) => self.streamhosts(&stanza, &payload, manners),
                ("open", IBB) => self.open(&stanza, &payload, manners),
                ("data", IBB) => {
                    if !self.data(&stanza, &payload, manners, &sid) {
                        return;
                    }
                }
                ("close", IBB) => self.close(&stanza, manners),
                ("query", DISCO_INFO) if !manners.disco_ignored => self.say(&stanza.result(None, &info(manners))),
                ("query", DISCO_INFO) => self.shared.note("disco ignored"),
                _ => self.say(&stanza.refuse(None, "cancel", "service-unavailable")),
            }
        }
    }

    fn offered(&self, iq: &Element, si: &Element, manners: &Manners) {
        let file = si.find("file", SI_FILE).cloned().unwrap_or_default();
        let (name, size) = (file.get("name").unwrap_or_default().to_owned(), file.get("size").unwrap_or_default());
        let received = Received { name, size: size.parse().unwrap_or(0), ..Received::default() };
        self.inner.0.lock().expect("no panic").push(received);
        thread::sleep(manners.thought);
        match &manners.answer {
            Answer::Accept(methods) => self.say(&accept_offered(iq, si, methods)),
            Answer::Refuse(condition) => self.say(&iq.refuse_bare(None, "AUTH", condition)),
            Answer::Ignore => {}
            Answer::Raw(text) => self.say(&iq.result(None, text)),
        }
        self.shared.note("offered");
    }

    fn streamhosts(&self, iq: &Element, query: &Element, manners: &Manners) {
        self.shared.note(format!("{} streamhosts", query.all("streamhost").len()));
        let used = |jid: &str| format!(r#"<query xmlns="{BYTESTREAMS}"><streamhost-used jid="{jid}"/></query>"#);
        match &manners.hosts {
            Hosts::Use | Hosts::Twice | Hosts::FromOther => {}
            Hosts::Refuse(condition) => self.say(&iq.refuse_bare(None, "CANCEL", condition)),
            Hosts::Ignore => {}
            Hosts::Lie(jid) => self.say(&iq.result(None, &used(jid))),
        }
        if matches!(manners.hosts, Hosts::Refuse(_) | Hosts::Ignore | Hosts::Lie(_)) {
            return self.shared.note("hosts answered");
        }
        let Some((stream, host)) = self.connect(iq, query, manners) else {
            return self.say(&iq.refuse_bare(None, "cancel", "item-not-found"));
        };
        thread::sleep(manners.delay);
        if manners.hosts == Hosts::FromOther {
            let mut answer = Element::parse(&iq.result(None, &used(&host))).expect("XML");
            answer.set("from", Some(&format!("{}2", self.jid)));
            let to = self.shared.session(answer.get("to").unwrap_or_default()).expect("the sender");
            to.say(&answer.write());
            return self.shared.note("hosts answered");
        }
        self.say(&iq.result(None, &used(&host)));
        if manners.hosts == Hosts::Twice {
            self.say(&iq.result(None, &used(&host)));
        }
        let (puppet, manners) = (self.clone(), manners.clone());
        thread::spawn(move || puppet.read(stream, &manners));
    }

    /// Each streamhost in turn, as Smack does; the answer must be the request but for its second byte.
    fn connect(&self, iq: &Element, query: &Element, manners: &Manners) -> Option<(TcpStream, String)> {
        let digest = digest(query.get("sid")?, iq.get("from")?, &self.jid);
        for host in query.all("streamhost") {
            let address = (host.get("host")?, host.get("port")?.parse().ok()?);
            let Ok(mut stream) = TcpStream::connect(address) else { continue };
            if let Some(bytes) = manners.receive_buffer {
                socket::receive_buffer(&stream, bytes);
            }
            if socks(&mut stream, &digest).is_some() {
                return Some((stream, host.get("jid")?.to_owned()));
            }
        }
        None
    }

    fn read(&self, mut stream: TcpStream, manners: &Manners) {
        let (mut left, leave) = manners.read.unwrap_or((usize::MAX, true));
        let mut block = [0; 4096];
        while left > 0 {
            let wanted = left.min(block.len());
            match stream.read(&mut block[..wanted]) {
                Ok(n @ 1..) => {
                    left -= n;
                    self.change(|received| received.bytes.extend_from_slice(&block[..n]));
                }
                _ => return self.change(|received| received.ended = true),
            }
        }
        if leave {
            let _ = stream.shutdown(Shutdown::Both);
        } else {
            thread::sleep(HANG);
        }
    }

    fn open(&self, iq: &Element, open: &Element, manners: &Manners) {
        let block_size: usize = open.get("block-size").and_then(|size| size.parse().ok()).unwrap_or(0);
        match manners.open {
            Some("") => return self.shared.note("open ignored"),
            Some(condition) => self.say(&iq.refuse_bare(None, "CANCEL", condition)),
            None if block_size > manners.block_max => {
                self.say(&iq.refuse_bare(None, "modify", "resource-constraint"));
            }
            None => self.say(&iq.result(None, "")),
        }
        self.shared.note("opened");
    }

    /// False when it is gone.
    fn data(&self, iq: &Element, data: &Element, manners: &Manners, sid: &str) -> bool {
        let seq: usize = data.get("seq").and_then(|seq| seq.parse().ok()).unwrap_or(usize::MAX);
        if let Some((block, act)) = &manners.act {
            if *block == seq {
                return self.act(iq, act, sid);
            }
        }
        match scram::decode(&data.text) {
            Some(bytes) => {
                self.change(|received| {
                    received.bytes.extend_from_slice(&bytes);
                    received.last_block = Some(Instant::now());
                });
                self.say(&iq.result(None, ""));
            }
            None => self.say(&iq.refuse_bare(None, "cancel", "bad-request")),
        }
        true
    }

    fn act(&self, iq: &Element, act: &Act, sid: &str) -> bool {
        match act {
            Act::NoAck => {}
            Act::Refuse(condition) => self.say(&iq.refuse_bare(None, "CANCEL", condition)),
            Act::Cancel => {
                let to = iq.get("from").unwrap_or_default();
                self.say(&format!(r#"<iq type="set" id="cancel" to="{to}"><close xmlns="{IBB}" sid="{sid}"/></iq>"#));
            }
            Act::Vanish => self.shared.unregister(&self.session),
            Act::AckFromOther => {
                let mut ack = Element::parse(&iq.result(None, "")).expect("XML");
                ack.set("from", Some(&format!("desk@{}/other", self.shared.domain)));
                let sender = self.shared.session(ack.get("to").unwrap_or_default()).expect("the sender");
                sender.say(&ack.write());
            }
        }
        self.shared.note("acted");
        *act != Act::Vanish
    }

    /// Smack closes its side too, a while later.
    fn close(&self, iq: &Element, manners: &Manners) {
        let last = self.so_far().last().and_then(|received| received.last_block);
        if last.is_some_and(|last| last.elapsed() < manners.reading) {
            self.shared.note("closed while it read");
        }
        if manners.close_ignored {
            self.shared.note("close ignored");
        } else {
            self.say(&iq.result(None, ""));
            let (to, sid) = (iq.get("from").unwrap_or_default(), iq.payload().and_then(|close| close.get("sid")));
            let sid = sid.unwrap_or_default();
            self.say(&format!(r#"<iq type="set" id="mirror" to="{to}"><close xmlns="{IBB}" sid="{sid}"/></iq>"#));
        }
        self.change(|received| received.ended = true);
    }

    fn change(&self, edit: impl FnOnce(&mut Received)) {
        if let Some(last) = self.inner.0.lock().expect("no panic").last_mut() {
            edit(last);
        }
        self.inner.1.notify_all();
    }
}

/// The SOCKS5 handshake as a client.
pub fn socks(stream: &mut TcpStream, digest: &str) -> Option<()> {
    stream.write_all(&[5, 1, 0]).ok()?;
    let mut method = [0; 2];
    stream.read_exact(&mut method).ok().filter(|()| method == [5, 0])?;
    let mut request = [&[5, 1, 0, 3, 40][..], digest.as_bytes(), &[0, 0]].concat();
    stream.write_all(&request).ok()?;
    let mut reply = [0; 47];
    stream.read_exact(&mut reply).ok()?;
    request[1] = 0;
    (reply == request[..]).then_some(())
}
