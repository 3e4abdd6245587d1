//! In-band bytestreams towards QXmpp: what its counter can take.

use super::Bed;
use crate::base::error::Kind;
use crate::base::waits::Wait;
use crate::transfer::ibb;
use crate::transfer::peer::Peer;
use crate::transfer::source::Source;

#[test]
fn rule_53_the_count_wraps_after_65535() {
    const BLOCKS: u64 = 65538;
    let mut bed = Bed::new();
    let context = bed.context.clone();
    let sender = std::thread::spawn(move || {
        let qxmpp = "ops@x/QXmpp".parse().unwrap();
        let peer = Peer::open(&context, &qxmpp, "sid1").unwrap();
        ibb::carry(&peer, &mut Source::reader("x", BLOCKS, std::io::repeat(7)), 1, std::time::Duration::ZERO, &mut None)
    });
    for block in 0..=BLOCKS {
        bed.hear("</iq>");
        let seq = format!(" seq=\"{}\"", block % 65536);
        assert!(bed.heard.contains(if block == BLOCKS { "<close" } else { seq.as_str() }), "{block}: {}", bed.heard);
        let id = bed.heard.rsplit(" id=\"").next().and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        bed.heard.clear();
        bed.say(&format!("<iq type='result' id='{id}' from='ops@x/QXmpp'/>"));
    }
    sender.join().unwrap().unwrap();
}

/// QXmpp takes blocks of 4096 bytes, and its counter does not wrap: 256 MiB and a byte can't arrive.
#[test]
fn rule_54_more_small_blocks_than_can_be_counted_are_not_begun() {
    let mut bed = Bed::new();
    let context = bed.context.clone();
    let sender = std::thread::spawn(move || {
        let qxmpp = "ops@x/QXmpp".parse().unwrap();
        let peer = Peer::open(&context, &qxmpp, "sid1").unwrap();
        [65536 * 4096 + 1, 65536 * 4096].map(|size| ibb::open(&peer, size, Wait::Open).map_err(|e| e.kind()))
    });
    for (answer, block_size) in [("refuse", 61440), ("take", 4096), ("refuse", 61440), ("take", 4096)] {
        let open = format!("block-size=\"{block_size}\"");
        bed.hear(&open);
        let id = bed.heard.rsplit("id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        bed.heard.clear();
        match answer {
            "take" => bed.say(&format!("<iq type='result' id='{id}' from='ops@x/QXmpp'/>")),
            _ => bed.say(&format!(
                "<iq type='error' id='{id}' from='ops@x/QXmpp'><error type='modify'>\
                 <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            )),
        }
    }
    assert_eq!(sender.join().unwrap(), [Err(Kind::Unable), Ok(4096)]);
}
