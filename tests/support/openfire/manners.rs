//! How a puppet behaves, and what it says about that.

use std::time::Duration;

use super::element::{BYTESTREAMS, DISCO_INFO, Element, IBB, SI, SI_FILE};

/// How a puppet answers an offer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// With these methods, each `socks5` or `ibb`, of those that were offered; old Smack gives two.
    Accept(&'static [&'static str]),
    /// A condition, and the error's type as Smack 3 writes it.
    Refuse(&'static str),
    Ignore,
    /// Whatever stands in the result.
    Raw(String),
}

/// How it answers streamhosts.
#[derive(Clone, Debug, PartialEq)]
pub enum Hosts {
    Use,
    /// Tells an error, having tried nothing.
    Refuse(&'static str),
    Ignore,
    /// Names this one, and connects to nothing.
    Lie(&'static str),
    /// Says the right thing twice.
    Twice,
    /// The answer comes from another resource.
    FromOther,
}

/// What it does at a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    NoAck,
    Refuse(&'static str),
    /// `<close/>`, as Spark cancels.
    Cancel,
    /// Presence goes, and nothing is answered any more.
    Vanish,
    /// The ack comes from somebody else.
    AckFromOther,
}

#[derive(Clone)]
pub struct Manners {
    pub answer: Answer,
    pub hosts: Hosts,
    /// What `<open/>` is refused with; `Some("")` is silence.
    pub open: Option<&'static str>,
    pub block_max: usize,
    /// At this block.
    pub act: Option<(usize, Act)>,
    pub close_ignored: bool,
    /// How long it reads a block that it has acknowledged: a close meanwhile is an error to it.
    pub reading: Duration,
    /// So many bytes are read from the proxy, then it leaves without a word (`Shutdown`) or stops reading.
    pub read: Option<(usize, bool)>,
    pub disco_ignored: bool,
    pub features: &'static [&'static str],
    /// Between the offer and its answer.
    pub thought: Duration,
    /// Between its CONNECT at the proxy and the word that it is there.
    pub delay: Duration,
    /// Its receive buffer at the proxy.
    pub receive_buffer: Option<usize>,
}

impl Default for Manners {
    fn default() -> Manners {
        Manners {
            answer: Answer::Accept(&["socks5"]),
            hosts: Hosts::Use,
            open: None,
            block_max: 65535,
            act: None,
            close_ignored: false,
            reading: Duration::ZERO,
            read: None,
            disco_ignored: false,
            features: &[SI, SI_FILE, BYTESTREAMS, IBB],
            thought: Duration::ZERO,
            delay: Duration::ZERO,
            receive_buffer: None,
        }
    }
}

impl Manners {
    pub fn answer(answer: Answer) -> Manners {
        Manners { answer, ..Manners::default() }
    }

    pub fn ibb() -> Manners {
        Manners::answer(Answer::Accept(&["ibb"]))
    }

    pub fn hosts(hosts: Hosts) -> Manners {
        Manners { hosts, ..Manners::default() }
    }

    pub fn at_block(block: usize, act: Act) -> Manners {
        Manners { act: Some((block, act)), ..Manners::ibb() }
    }
}

pub(super) fn info(manners: &Manners) -> String {
    let features: String = manners.features.iter().map(|f| format!(r#"<feature var="{f}"/>"#)).collect();
    format!(r#"<query xmlns="{DISCO_INFO}"><identity category="client" type="pc" name="Spark"/>{features}</query>"#)
}

/// Those of the methods that were offered; none of them is what Smack calls a bad request.
pub(super) fn accept_offered(iq: &Element, si: &Element, methods: &[&str]) -> String {
    let offered = |method: &&&str| si.all("value").iter().any(|value| value.text == namespace(method));
    let methods: Vec<_> = methods.iter().filter(offered).copied().collect();
    if methods.is_empty() {
        return iq.refuse_bare(None, "cancel", "bad-request");
    }
    iq.result(None, &accept(&methods))
}

fn namespace(method: &str) -> &'static str {
    if method == "socks5" { BYTESTREAMS } else { IBB }
}

/// As Smack writes it: no id, no profile, no type of the field.
pub fn accept(methods: &[&str]) -> String {
    let values: String = methods.iter().map(|method| format!("<value>{}</value>", namespace(method))).collect();
    format!(
        r#"<si xmlns="{SI}"><feature xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" type="submit"><field var="stream-method">{values}</field></x></feature></si>"#
    )
}
