//! XML that no parser should take, before TLS and after the login; memory stays small.

use crate::bed::{Bed, assert_says};
use crate::openfire::options::{Cut, Fault, Options};
use crate::openfire::puppet::Manners;

/// 200 MiB of address space: the program and its stacks fit, a bomb doesn't.
const SMALL: &str = "ulimit -v 204800";

#[track_caller]
fn refused(text: &str, part: &str) {
    for phase in ["features", "bind"] {
        let header = if phase == "features" {
            r#"<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" version="1.0">"#
        } else {
            ""
        };
        let said = Fault::Garbage([header.as_bytes(), text.as_bytes()].concat());
        refused_bytes(phase, said, part);
    }
}

#[track_caller]
fn refused_bytes(phase: &'static str, fault: Fault, part: &str) {
    let bed = Bed::new(Options::fault(phase, fault), Manners::default());
    let exit = bed.command(&[]).limited(SMALL).end().expect(76);
    assert_says(&exit, &[part, "while"]);
}

#[test]
fn row_12_what_xmpp_forbids_is_restricted_xml() {
    let bomb = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>";
    for text in [bomb, "<!-- comment -->", "<?php x?>"] {
        refused(text, "restricted-xml");
        refused(&format!("<message>{text}</message>"), "restricted-xml");
    }
    refused("<message>&lol;</message>", "refused");
}

#[test]
fn row_12_cdata_without_end_is_bounded() {
    refused(&format!("<message><![CDATA[{}", "x".repeat(4 << 20)), "refused");
}

#[test]
fn row_13_what_is_too_big_is_refused_early() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}='x'")).collect();
    for text in [
        format!("<a b='{}'/>", "x".repeat(10 << 20)),
        format!("<a{attributes}/>"),
        "<a>".repeat(100_000),
        format!("<a>{}", "x".repeat(100 << 20)),
        format!("<{}", "a".repeat(1 << 20)),
    ] {
        refused(&text, "refused");
    }
}

#[test]
fn row_14_bytes_that_are_no_text_are_refused() {
    let bad: [&[u8]; 7] =
        [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\xef\xbf\xbf", b"\xe2\x28\xa1"];
    for bytes in bad {
        let text = [b"<message><body>", bytes, b"</body></message>"].concat();
        refused_bytes("bind", Fault::Garbage(text), "refused");
    }
    refused("<message>&#0;</message>", "refused");
    refused("<message>&#xD800;</message>", "refused");
}

#[test]
fn row_15_however_the_stream_is_cut_the_result_is_the_same() {
    let cuts = [Cut::Every(1), Cut::Every(7), Cut::Random(1), Cut::Random(2)];
    for cut in cuts {
        for manners in [Manners::default(), Manners::ibb()] {
            let bed = Bed::new(Options { cut, ..Options::default() }, manners);
            bed.send(&[]).expect(0);
            bed.assert_arrived();
        }
    }
}
