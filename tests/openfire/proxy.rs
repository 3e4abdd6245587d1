//! The proxy of the scripted Openfire pairs, forgets and refuses as the real one does.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use crate::openfire::element::{BYTESTREAMS, SI, SI_FILE};
use crate::openfire::manners::accept;
use crate::openfire::options::{Options, Timers};
use crate::openfire::puppet::{Answer, Manners, Puppet, socks};
use crate::openfire::{Openfire, socket};
use crate::raw::Raw;

const ME: &str = "device@example.test/raw";
const OPS: &str = "ops@example.test/Spark";

struct Scene {
    server: Openfire,
    raw: Raw,
    _ops: Puppet,
}

fn digest() -> String {
    sha1_smol::Sha1::from(format!("s1{ME}{OPS}")).digest().to_string()
}

impl Scene {
    fn new(timers: Timers) -> Scene {
        let server = Openfire::start(Options { timers, ..Options::default() });
        let ops = server.spark(Manners::answer(Answer::Raw(accept(&["socks5"]))));
        let raw = Raw::bound(&server, true);
        Scene { server, raw, _ops: ops }
    }

    /// After the server has seen an offer.
    fn offered(timers: Timers) -> Scene {
        let mut scene = Scene::new(timers);
        assert!(scene.offer(r#"name="x" size="5""#).contains(r#"type="result""#));
        scene
    }

    fn offer(&mut self, file: &str) -> String {
        self.raw.say(&format!(
            r#"<iq type="set" id="o" to="{OPS}"><si xmlns="{SI}" id="s1" profile="{SI_FILE}"><file xmlns="{SI_FILE}" {file}/></si></iq>"#
        ));
        self.answer("o")
    }

    /// The answer to the request with this id, up to its end.
    fn answer(&mut self, id: &str) -> String {
        loop {
            let before = self.raw.hear("<iq ");
            let head = self.raw.hear(">");
            if head.contains(&format!(r#" id="{id}""#)) {
                let rest = if head.ends_with("/>") { String::new() } else { self.raw.hear("</iq>") };
                return format!("{before}{head}{rest}");
            }
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.server.proxy_port())).expect("it listens")
    }

    fn joined(&self) -> TcpStream {
        let mut stream = self.connect();
        socks(&mut stream, &digest()).expect("reply 0");
        stream
    }

    fn activate(&mut self) -> String {
        self.raw.say(&format!(
            r#"<iq type="set" id="a" to="proxy.example.test"><query xmlns="{BYTESTREAMS}" sid="s1"><activate>{OPS}</activate></query></iq>"#
        ));
        self.answer("a")
    }
}

fn real() -> Timers {
    Timers::scaled(1)
}

fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn section_2_the_first_is_the_target_and_the_second_the_initiator() {
    let mut scene = Scene::offered(real());
    let (target, mut initiator) = (scene.joined(), scene.joined());
    assert!(scene.activate().contains(r#"type="result""#));
    initiator.write_all(b"hello").and_then(|()| initiator.shutdown(Shutdown::Write)).expect("sent");
    assert_eq!(read_all(target), b"hello");
    assert_eq!(read_all(initiator), b"");
}

#[test]
fn section_8_13_the_initiator_first_is_taken_for_the_target() {
    let mut scene = Scene::offered(real());
    let (mut initiator, mut target) = (scene.joined(), scene.joined());
    assert!(scene.activate().contains(r#"type="result""#));
    initiator.write_all(b"hello").expect("sent");
    target.set_read_timeout(Some(Duration::from_millis(300))).expect("TCP");
    assert!(target.read(&mut [0; 8]).is_err(), "nothing goes this way");
    target.write_all(b"back").and_then(|()| target.shutdown(Shutdown::Write)).expect("sent");
    assert_eq!(read_all(initiator), b"back");
}

#[test]
fn section_8_12_connect_is_read_as_5_and_40_bytes() {
    let scene = Scene::offered(real());
    let request = [&[5, 1, 0, 3, 40][..], digest().as_bytes(), &[0, 0]].concat();
    for (split, good) in [(5, true), (45, true), (46, true), (1, false), (3, false), (4, false), (20, false)] {
        let mut stream = scene.connect();
        stream.set_nodelay(true).expect("TCP");
        stream.write_all(&[5, 1, 0]).expect("sent");
        stream.read_exact(&mut [0; 2]).expect("the method");
        for part in [&request[..split], &request[split..]] {
            stream.write_all(part).expect("sent");
            // Two segments, not one: the proxy must have read the first.
            thread::sleep(Duration::from_millis(30));
        }
        assert_eq!(stream.read_exact(&mut [0; 47]).is_ok(), good, "split at {split}");
    }
}

#[test]
fn section_8_12_greeting_and_connect_in_one_segment_work_here() {
    let scene = Scene::offered(real());
    let mut stream = scene.connect();
    let all = [&[5, 1, 0][..], &[5, 1, 0, 3, 40], digest().as_bytes(), &[0, 0]].concat();
    stream.write_all(&all).expect("sent");
    stream.read_exact(&mut [0; 49]).expect("both answers");
}

#[test]
fn section_8_12_connect_before_the_offer_is_refused_with_2() {
    let mut scene = Scene::new(real());
    assert!(socks(&mut scene.connect(), &digest()).is_none());
    assert!(scene.server.happened("refused CONNECT"));
    scene.offer(r#"name="x" size="5""#);
    scene.joined();
}

#[test]
fn section_2_an_offer_without_name_or_size_is_refused_by_the_server() {
    let mut scene = Scene::new(real());
    for file in [r#"size="5""#, r#"name="x""#, r#"name="x" size="many""#, r#"name="" size="5""#] {
        let answer = scene.offer(file);
        assert!(answer.contains("not-allowed") && answer.contains(&format!(r#"from="{OPS}""#)), "{answer}");
    }
    assert!(!scene.server.happened("offered"));
}

#[test]
fn section_8_14_after_the_pairing_time_connect_says_0_and_only_activate_not_allowed() {
    let mut scene = Scene::offered(Timers { pairing: Duration::from_millis(100), ..real() });
    let _target = scene.joined();
    thread::sleep(Duration::from_millis(150));
    let _initiator = scene.joined();
    assert!(scene.activate().contains("not-allowed"));
}

#[test]
fn section_8_14_an_offer_is_forgotten_after_its_time() {
    let scene = Scene::offered(Timers { offer: Duration::from_millis(100), ..real() });
    thread::sleep(Duration::from_millis(150));
    assert!(socks(&mut scene.connect(), &digest()).is_none());
}

#[test]
fn section_8_15_a_second_activation_loses_the_data() {
    let mut scene = Scene::offered(real());
    let (target, mut initiator) = (scene.joined(), scene.joined());
    assert!(scene.activate().contains(r#"type="result""#));
    assert!(scene.activate().contains("service-unavailable"));
    let _ = initiator.write_all(b"hello");
    assert_eq!(read_all(target), b"");
}

#[test]
fn section_8_16_a_reset_of_the_initiator_looks_like_an_end() {
    let mut scene = Scene::offered(real());
    let (target, mut initiator) = (scene.joined(), scene.joined());
    scene.activate();
    initiator.write_all(b"hel").expect("sent");
    let mut target_ = target.try_clone().expect("a descriptor");
    target_.read_exact(&mut [0; 3]).expect("three bytes");
    socket::reset(&initiator);
    let mut rest = Vec::new();
    assert_eq!(target_.read_to_end(&mut rest).expect("a clean end"), 0);
}
