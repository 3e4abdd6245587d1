//! Transfers over a session whose server is the test itself, by plain TCP.

mod ibb;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::folder::Folder;
use super::outflow::Channel;
use super::queue::{self, Happening, Policy};
use super::sink::Place;
use super::source::Source;
use super::word::Told;
use super::{Context, Progress, Proxies};
use crate::base::config::Config;
use crate::base::error::Kind;
use crate::base::waits::{Wait, Waits};
use crate::net::dial::TcpDialer;
use crate::net::link::Link;
use crate::os::mailbox::Mailbox;
use crate::os::stop::Stop;
use crate::os::until::{Patience, Until};
use crate::os::{random, socket};
use crate::proto::disco;
use crate::session::Session;
use crate::session::login::{Hints, LoggedIn};
use crate::xml::feed::Feed;

/// A session, and the server's end of its connection.
pub struct Bed {
    pub server: TcpStream,
    heard: String,
    pub context: Context,
}

impl Bed {
    pub fn new() -> Bed {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let patience = Patience::new(&Waits::default(), &Stop::new().unwrap());
        let client = socket::connect(listener.local_addr().unwrap(), &patience.until(Wait::Connect)).unwrap();
        let server = listener.accept().unwrap().0;
        server.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut feed = Feed::new();
        feed.push(b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
        feed.next().unwrap();
        let link = Link::plain(Box::new(client)).unwrap();
        let logged_in = LoggedIn { link, feed, me: "me@x/r".parse().unwrap(), hints: Hints::default() };
        let context = Context {
            session: Session::start(logged_in, &patience).unwrap(),
            dialer: Arc::new(TcpDialer::default()),
            config: Arc::new(Config::default()),
            patience,
            proxies: Arc::new(Proxies::default()),
            progress: Arc::new(Progress::default()),
            pace: Arc::new(crate::os::pace::Pace::new(0)),
            turnstile: None,
            told: Arc::new(Told::default()),
        };
        Bed { server, heard: String::new(), context }
    }

    pub fn until(&self) -> Until {
        self.context.patience.until(Wait::Write)
    }

    /// The same with one wait that is shorter or longer.
    pub fn waiting(mut self, wait: Wait, limit: Duration) -> Bed {
        let mut waits = Waits::default();
        waits.set(wait, limit);
        self.context.patience = Patience::new(&waits, &Stop::new().unwrap());
        self
    }

    fn say(&mut self, stanza: &str) {
        self.server.write_all(stanza.as_bytes()).unwrap();
    }

    /// Reads until the client has said this.
    fn hear(&mut self, what: &str) {
        let mut bytes = [0; 65536];
        while !self.heard.contains(what) {
            let n = self.server.read(&mut bytes).unwrap_or_else(|e| panic!("{what} never came ({e}): {}", self.heard));
            assert!(n > 0, "{what} never came: {}", self.heard);
            self.heard += std::str::from_utf8(&bytes[..n]).unwrap();
        }
    }

    /// Receives into a folder of its own, one file at a time.
    fn receive(&self, count: Option<u64>) -> (Arc<Mailbox<Happening>>, PathBuf) {
        let folder = std::env::temp_dir().join(format!("firepush-{}", random::token(12).unwrap()));
        std::fs::create_dir(&folder).unwrap();
        let allowed = vec!["ops@x".parse().unwrap()];
        let policy = Policy { allowed, place: Place::Folder(Folder::open(&folder).unwrap()), parallel: 1, count };
        (queue::open(self.context.clone(), policy).unwrap().happenings, folder)
    }

    fn offer(&mut self, n: usize, size: usize, method: &str) {
        self.say(&format!(
            "<iq type='set' id='offer{n}' from='ops@x/Spark'><si xmlns='http://jabber.org/protocol/si' id='sid{n}' \
             profile='http://jabber.org/protocol/si/profile/file-transfer'>\
             <file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='f{n}' size='{size}'/>\
             <feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='form'>\
             <field var='stream-method' type='list-single'><option><value>http://jabber.org/protocol/{method}</value>\
             </option></field></x></feature></si></iq>"
        ));
    }

    fn ibb(&mut self, n: usize, element: &str) {
        let rest = if element == "close" { "/>" } else { ">YWJj</data>" };
        let rest = if element == "open" { " block-size='4096'/>" } else { rest };
        let numbers = if element == "data" { " seq='0'" } else { "" };
        self.say(&format!(
            "<iq type='set' id='{element}{n}' from='ops@x/Spark'>\
             <{element} xmlns='http://jabber.org/protocol/ibb' sid='sid{n}'{numbers}{rest}</iq>"
        ));
        self.hear(&format!("{element}{n}"));
    }

    fn streamhosts(&mut self, ports: &[u16]) {
        let host = |port: &u16| format!("<streamhost jid='p.x' host='127.0.0.1' port='{port}'/>");
        let hosts: String = ports.iter().map(host).collect();
        self.say(&format!(
            "<iq type='set' id='hosts' from='ops@x/Spark'>\
             <query xmlns='http://jabber.org/protocol/bytestreams' sid='sid1'>{hosts}</query></iq>"
        ));
    }
}

pub fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A file of zeros, which has no name any more.
pub fn zeros(size: u64) -> Source {
    let path = std::env::temp_dir().join(format!("firepush-{}", random::token(12).unwrap()));
    File::create(&path).unwrap().set_len(size).unwrap();
    let source = Source::file(File::open(&path).unwrap(), "zeros").unwrap();
    std::fs::remove_file(path).unwrap();
    source
}

/// The proxy's part up to the first byte.
fn serve_socks5(proxy: &TcpListener) -> TcpStream {
    let mut far = proxy.accept().unwrap().0;
    let mut request = [0; 47];
    far.read_exact(&mut request[..3]).unwrap();
    far.write_all(&[5, 0]).unwrap();
    far.read_exact(&mut request).unwrap();
    request[1] = 0;
    far.write_all(&request).unwrap();
    far
}

#[test]
fn rule_18_a_reply_from_the_wrong_sender_does_not_spoil_the_right_one() {
    let mut bed = Bed::new();
    let asked = bed.context.session.get(&"ops@x/Spark".parse().unwrap(), disco::info_query(), &bed.until()).unwrap();
    bed.hear("disco#info\"/></iq>");
    let id = bed.heard.split("id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    bed.say(&format!("<iq type='error' id='{id}' from='evil@x/1'><error type='cancel'/></iq>"));
    bed.say(&format!("<iq type='result' id='{id}' from='ops@x/Spark'/>"));
    assert_eq!(asked.wait(&bed.until()).unwrap(), Ok(None));
}

#[test]
fn rule_55_a_mirrored_close_is_answered_though_nobody_looks_at_it() {
    let mut bed = Bed::new();
    let letters = bed.context.session.transfer(&"ops@x/Spark".parse().unwrap(), "s1").unwrap();
    bed.say("<iq type='set' id='c1' from='ops@x/Spark'><close xmlns='http://jabber.org/protocol/ibb' sid='s1'/></iq>");
    bed.say("<iq type='get' id='p1' from='x'><ping xmlns='urn:xmpp:ping'/></iq>");
    bed.hear("p1");
    assert!(!bed.heard.contains("c1"));
    drop(letters);
    bed.hear("c1");
}

#[test]
fn a_file_that_was_acknowledged_to_its_end_is_kept_though_its_sender_vanishes() {
    let mut bed = Bed::new();
    let (happenings, folder) = bed.receive(None);
    bed.offer(1, 3, "ibb");
    bed.hear("offer1");
    bed.ibb(1, "open");
    bed.ibb(1, "data");
    bed.say("<presence type='unavailable' from='ops@x/Spark'/>");
    assert!(matches!(happenings.take(&bed.until()).unwrap(), Happening::Offered { .. }));
    assert!(matches!(happenings.take(&bed.until()).unwrap(), Happening::Received { .. }));
    assert_eq!(std::fs::read(folder.join("f1")).unwrap(), b"abc");
}

#[test]
fn rule_68_offers_that_wait_when_the_count_is_reached_are_told_to_come_again() {
    let mut bed = Bed::new();
    let (happenings, _folder) = bed.receive(Some(1));
    bed.offer(1, 3, "ibb");
    bed.offer(2, 3, "ibb");
    bed.hear("offer1");
    for element in ["open", "data", "close"] {
        bed.ibb(1, element);
    }
    bed.hear("offer2");
    while let Ok(happening) = happenings.take(&bed.until()) {
        assert!(!matches!(happening, Happening::Failed { .. }), "{happening:?}");
    }
    bed.offer(3, 3, "ibb");
    bed.hear("offer3");
    assert!(bed.heard.contains("resource-constraint") && bed.heard.contains("service-unavailable"));
}

#[test]
fn rule_68_the_line_of_offers_is_limited() {
    let mut bed = Bed::new();
    let (_happenings, _folder) = bed.receive(None);
    for n in 0..300 {
        bed.offer(n, 3, "ibb");
    }
    bed.hear("offer299");
    assert!(bed.heard.matches("resource-constraint").count() >= 300 - 1 - 2 * 64);
}

#[test]
fn a_file_that_ends_after_its_session_is_announced_all_the_same() {
    let mut bed = Bed::new();
    let (happenings, folder) = bed.receive(None);
    let (proxy, port) = listener();
    bed.offer(1, 100_000, "bytestreams");
    bed.hear("offer1");
    bed.streamhosts(&[port]);
    let mut far = serve_socks5(&proxy);
    bed.hear("streamhost-used");
    far.write_all(&[1; 50_000]).unwrap();
    bed.say("</stream:stream>");
    bed.hear("</stream:stream>");
    far.write_all(&[1; 50_000]).unwrap();
    drop(far);
    let until = Patience::new(&Waits::default(), &Stop::new().unwrap()).until(Wait::Write);
    assert!(matches!(happenings.take(&until).unwrap(), Happening::Offered { .. }));
    assert!(matches!(happenings.take(&until).unwrap(), Happening::Received { .. }));
    assert_eq!(happenings.take(&until).unwrap_err().kind(), Kind::Server);
    assert_eq!(std::fs::read(folder.join("f1")).unwrap(), vec![1; 100_000]);
}

#[test]
fn rule_41_a_proxy_that_hung_up_after_connect_gets_no_second_one() {
    let mut bed = Bed::new();
    let (_happenings, _folder) = bed.receive(None);
    let [(first, one), (second, two)] = [listener(), listener()];
    bed.offer(1, 100_000, "bytestreams");
    bed.hear("offer1");
    bed.streamhosts(&[one, two]);
    let mut far = first.accept().unwrap().0;
    far.read_exact(&mut [0; 3]).unwrap();
    far.write_all(&[5, 0]).unwrap();
    far.read_exact(&mut [0; 47]).unwrap();
    drop(far);
    bed.hear("item-not-found");
    second.set_nonblocking(true).unwrap();
    assert_eq!(second.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "a second connection was made");
}

#[test]
fn rule_62_an_address_that_takes_no_tcp_does_not_hide_the_next() {
    let mut bed = Bed::new();
    let (_happenings, _folder) = bed.receive(None);
    let ((closed, one), (good, two)) = (listener(), listener());
    drop(closed);
    bed.offer(1, 100_000, "bytestreams");
    bed.hear("offer1");
    bed.streamhosts(&[one, two]);
    serve_socks5(&good);
    bed.hear("streamhost-used");
}

#[test]
fn rule_47_a_proxy_that_ends_right_behind_the_last_byte_is_no_failure() {
    let bed = Bed::new();
    for _ in 0..100 {
        let (proxy, port) = listener();
        let stream = socket::connect(([127, 0, 0, 1], port).into(), &bed.until()).unwrap();
        let mut far = proxy.accept().unwrap().0;
        let reads = std::thread::spawn(move || far.read_exact(&mut [0; 1000]).unwrap());
        Channel::new(Box::new(stream)).carry(&bed.context, &mut zeros(1000), &mut None).unwrap();
        reads.join().unwrap();
    }
}
