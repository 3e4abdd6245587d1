//! Agreeing on a SOCKS5 bytestream (XEP-0065).

use std::fmt;

use super::{expect, ns};
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// More streamhosts are not looked at.
const HOSTS_MAX: usize = 16;

/// Asks a proxy for its addresses (§4).
pub fn proxy_query() -> Element {
    query()
}

/// The addresses in a proxy's answer to [`proxy_query`]; there may be none (rule 40).
pub fn proxy_hosts(query: &Element) -> Result<Vec<StreamHost>> {
    expect::named(query, "query", ns::BYTESTREAMS)?;
    Ok(hosts(query))
}

/// Where a bytestream can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHost {
    pub jid: Jid,
    /// A name or an address, as it came: it may point anywhere.
    pub host: String,
    pub port: u16,
}

impl StreamHost {
    pub fn to_element(&self) -> Element {
        Element::new("streamhost", ns::BYTESTREAMS)
            .attr("jid", self.jid.as_str())
            .attr("host", self.host.clone())
            .attr("port", self.port.to_string())
    }

    fn parse(streamhost: &Element) -> Result<StreamHost> {
        let port: std::num::NonZeroU16 = expect::number(streamhost, "port", "a port")?;
        let host = expect::attr(streamhost, "host")?.to_owned();
        Ok(StreamHost { jid: expect::jid(streamhost, "jid")?, host, port: port.get() })
    }
}

/// The initiator's offer of streamhosts (§5.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    pub sid: String,
    /// Not over UDP, which we can't do.
    pub mode_tcp: bool,
    pub hosts: Vec<StreamHost>,
}

impl Hosts {
    pub fn to_element(&self) -> Element {
        query()
            .attr("sid", self.sid.clone())
            .attr("mode", if self.mode_tcp { "tcp" } else { "udp" })
            .children_from(self.hosts.iter().map(StreamHost::to_element))
    }

    /// Streamhosts with a bad address are passed over; at most 16 are kept.
    pub fn parse(query: &Element) -> Result<Hosts> {
        expect::named(query, "query", ns::BYTESTREAMS)?;
        Ok(Hosts {
            sid: expect::attr(query, "sid")?.to_owned(),
            mode_tcp: query.get("mode").is_none_or(|mode| mode == "tcp"),
            hosts: hosts(query),
        })
    }
}

/// The target's choice (§5.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub jid: Jid,
}

impl Used {
    pub fn to_element(&self) -> Element {
        query().child(Element::new("streamhost-used", ns::BYTESTREAMS).attr("jid", self.jid.as_str()))
    }

    pub fn parse(query: &Element) -> Result<Used> {
        expect::named(query, "query", ns::BYTESTREAMS)?;
        let used = expect::child(query, "streamhost-used", ns::BYTESTREAMS)?;
        Ok(Used { jid: expect::jid(used, "jid")? })
    }
}

/// Asks the proxy to join the two connections (§6.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activate {
    pub sid: String,
    pub target: Jid,
}

impl Activate {
    pub fn to_element(&self) -> Element {
        let activate = Element::new("activate", ns::BYTESTREAMS).text(self.target.as_str());
        query().attr("sid", self.sid.clone()).child(activate)
    }
}

/// What both sides ask the proxy for: 40 lower-case hex digits (§5.3.2, rule 43).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 40]);

impl Digest {
    /// SHA-1 over sid and both full addresses, as they are (rule 80).
    pub fn new(sid: &str, initiator: &Jid, target: &Jid) -> Digest {
        let mut sha1 = sha1_smol::Sha1::new();
        for part in [sid, initiator.as_str(), target.as_str()] {
            sha1.update(part.as_bytes());
        }
        let mut hex = [0; 40];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(sha1.digest().bytes()) {
            pair.copy_from_slice(&[byte >> 4, byte & 15].map(|n| b"0123456789abcdef"[usize::from(n)]));
        }
        Digest(hex)
    }

    /// A digest as a peer wrote it: anything but lower-case hex digits matches nobody's.
    pub(super) fn from_bytes(bytes: [u8; 40]) -> Option<Digest> {
        bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).then_some(Digest(bytes))
    }

    pub fn as_bytes(&self) -> &[u8; 40] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{}", char::from(*b)))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn query() -> Element {
    Element::new("query", ns::BYTESTREAMS)
}

fn hosts(query: &Element) -> Vec<StreamHost> {
    let hosts = query.elements().filter(|e| e.is("streamhost", ns::BYTESTREAMS));
    hosts.filter_map(|host| StreamHost::parse(host).ok()).take(HOSTS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    fn proxy() -> StreamHost {
        StreamHost { jid: jid("proxy.192.0.2.10"), host: "192.0.2.10".into(), port: 7777 }
    }

    fn bytestreams(attributes: &str, inner: &str) -> Element {
        element(&format!(r#"<query xmlns="http://jabber.org/protocol/bytestreams" {attributes}>{inner}</query>"#))
    }

    #[test]
    fn seed_trace_6_the_proxys_answer_has_no_sid() {
        let answer = bytestreams("", r#"<streamhost jid="proxy.192.0.2.10" host="192.0.2.10" port="7777"/>"#);
        assert_eq!(proxy_hosts(&answer).unwrap(), [proxy()]);
        assert_eq!(proxy_hosts(&bytestreams("", "")).unwrap(), [], "a proxy without addresses");
        assert!(proxy_hosts(&element("<query/>")).is_err());
    }

    #[test]
    fn seed_trace_7_streamhosts_are_offered() {
        let hosts = Hosts { sid: "82B0".into(), mode_tcp: true, hosts: vec![proxy()] };
        assert_eq!(
            wire(&hosts.to_element()),
            r#"<query xmlns="http://jabber.org/protocol/bytestreams" sid="82B0" mode="tcp"><streamhost jid="proxy.192.0.2.10" host="192.0.2.10" port="7777"/></query>"#
        );
        assert_eq!(Hosts::parse(&hosts.to_element()).unwrap(), hosts);
    }

    #[test]
    fn row_20_streamhosts_with_a_bad_address_are_passed_over() {
        for bad in [
            r#"jid="p" host="h" port="0""#,
            r#"jid="p" host="h" port="70000""#,
            r#"jid="p" host="h" port="-1""#,
            r#"jid="p" host="h" port="many""#,
            r#"jid="p" host="h""#,
            r#"jid="p" host="" port="1""#,
            r#"jid="p" port="1""#,
            r#"jid="@" host="h" port="1""#,
            r#"host="h" port="1""#,
            r#"jid="p" host="h" zeroconf="_jabber.bytestreams""#,
        ] {
            let good = r#"<streamhost jid="p" host="2001:db8::1%eth0" port=" 1 "/>"#;
            let query = bytestreams(r#"sid="s""#, &format!("<streamhost {bad}/>{good}<udpsuccess dstaddr='x'/>"));
            let hosts = Hosts::parse(&query).unwrap().hosts;
            assert_eq!(hosts, [StreamHost { jid: jid("p"), host: "2001:db8::1%eth0".into(), port: 1 }], "{bad}");
        }
    }

    #[test]
    fn row_20_no_more_than_16_streamhosts_are_kept() {
        let many = r#"<streamhost jid="p" host="h" port="1"/>"#.repeat(50);
        assert_eq!(Hosts::parse(&bytestreams(r#"sid="s""#, &many)).unwrap().hosts.len(), HOSTS_MAX);
    }

    #[test]
    fn an_offer_of_streamhosts_names_its_stream_and_is_over_tcp_unless_it_says_udp() {
        for (attributes, tcp) in [
            (r#"sid="s""#, Some(true)),
            (r#"sid="s" mode="tcp""#, Some(true)),
            (r#"sid="s" mode="udp""#, Some(false)),
            (r#"mode="tcp""#, None),
            (r#"sid="""#, None),
        ] {
            let hosts = Hosts::parse(&bytestreams(attributes, ""));
            assert_eq!(hosts.ok().map(|hosts| hosts.mode_tcp), tcp, "{attributes}");
        }
    }

    #[test]
    fn seed_trace_8_the_target_names_the_streamhost_it_used() {
        let used = Used::parse(&bytestreams("", r#"<streamhost-used jid="proxy.192.0.2.10"/>"#)).unwrap();
        assert_eq!(used.jid, proxy().jid);
        assert_eq!(Used::parse(&used.to_element()).unwrap(), used);
        for inner in ["", "<streamhost-used/>", r#"<streamhost-used jid="@"/>"#] {
            assert!(Used::parse(&bytestreams("", inner)).is_err(), "{inner}");
        }
    }

    #[test]
    fn seed_trace_9_rule_80_activate_keeps_the_space_in_the_resource() {
        let activate = Activate { sid: "82B0".into(), target: jid("android@192.0.2.10/Spark 2.6.3") };
        assert_eq!(
            wire(&activate.to_element()),
            r#"<query xmlns="http://jabber.org/protocol/bytestreams" sid="82B0"><activate>android@192.0.2.10/Spark 2.6.3</activate></query>"#
        );
    }

    // Expected values by `printf %s "$sid$initiator$target" | sha1sum`.
    #[test]
    fn rule_43_the_digest_is_lower_hex_sha1_of_sid_initiator_and_target() {
        for (sid, initiator, target, digest) in DIGESTS {
            assert_eq!(Digest::new(sid, &jid(initiator), &jid(target)).to_string(), digest, "{sid}");
        }
    }

    const DIGESTS: [(&str, &str, &str, &str); 3] = [
        (
            "vxf9n471bn46",
            "initiator@example.com/foo",
            "target@example.org/bar",
            "3457684be69fb9990232e6a8b1f55e80c3262c1b",
        ),
        (
            "82B0C697-C1DE-93F9-103E-481C8E7A3BD8",
            "iphone@192.0.2.10/xiff",
            "android@192.0.2.10/Spark 2.6.3",
            "87fa64cf740f861a9ebc78eb460f7d4fa5676e23",
        ),
        ("s", "öps@example.org/Gerät", "a@b/公共", "956f78cdbf009a0718750ba9c444365d4daba71b"),
    ];

    #[test]
    fn a_digest_of_a_peer_is_hex() {
        let digest = Digest::new("s", &jid("a"), &jid("b"));
        assert_eq!(Digest::from_bytes(*digest.as_bytes()), Some(digest));
        assert_eq!(Digest::from_bytes([b'A'; 40]), None);
        assert_eq!(Digest::from_bytes([0; 40]), None);
    }
}
