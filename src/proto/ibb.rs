//! In-band bytestreams (XEP-0047).

use super::iq::{ErrorType, StanzaError};
use super::{expect, ns};
use crate::base::base64;
use crate::base::error::{Error, Result};
use crate::xml::element::Element;

/// Opens a stream (§2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub sid: String,
    /// So many bytes are in a block, before base64: 1 to 65535.
    pub block_size: u16,
    /// The blocks come as requests that are answered, not as messages.
    pub stanza_iq: bool,
}

impl Open {
    pub fn to_element(&self) -> Element {
        Element::new("open", ns::IBB)
            .attr("sid", self.sid.clone())
            .attr("block-size", self.block_size.to_string())
            .attr("stanza", if self.stanza_iq { "iq" } else { "message" })
    }

    /// The error is what to answer with: blocks that are too large may come smaller (rules 52, 63).
    pub fn parse(open: &Element) -> std::result::Result<Open, StanzaError> {
        expect::named(open, "open", ns::IBB).map_err(bad_request)?;
        let sid = expect::attr(open, "sid").map_err(bad_request)?.to_owned();
        let size: u64 = expect::number(open, "block-size", "a number from 1 to 65535").map_err(bad_request)?;
        let block_size = u16::try_from(size).map_err(|_| {
            StanzaError::new(ErrorType::Modify, "resource-constraint").with_text("block-size: at most 65535")
        })?;
        if block_size == 0 {
            return Err(StanzaError::new(ErrorType::Modify, "bad-request").with_text("block-size: at least 1"));
        }
        Ok(Open { sid, block_size, stanza_iq: open.get("stanza").is_none_or(|stanza| stanza == "iq") })
    }
}

fn bad_request(error: Error) -> StanzaError {
    StanzaError::new(ErrorType::Modify, "bad-request").with_text(error.what())
}

/// A block as it is sent (§2.2).
pub fn data(sid: &str, seq: u16, block: &[u8]) -> Element {
    Element::new("data", ns::IBB).attr("sid", sid).attr("seq", seq.to_string()).text(base64::encode(block))
}

/// A block as it came (§2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    pub sid: String,
    /// Counts the blocks; 0 follows 65535.
    pub seq: u16,
    pub data: Vec<u8>,
}

impl Data {
    /// White space, wrong padding and the like are refused (rules 53, 64).
    pub fn parse(data: &Element) -> Result<Data> {
        expect::named(data, "data", ns::IBB)?;
        let sid = expect::attr(data, "sid")?.to_owned();
        let seq = expect::number(data, "seq", "a number from 0 to 65535")?;
        let block = base64::decode(&data.content());
        let block = block.ok_or_else(|| expect::unexpected("base64 in <data>", format_args!("{data:?}")))?;
        Ok(Data { sid, seq, data: block })
    }
}

/// Closes a stream (§2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub sid: String,
}

impl Close {
    pub fn to_element(&self) -> Element {
        Element::new("close", ns::IBB).attr("sid", self.sid.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{element, wire};

    fn ibb(name: &str, attributes: &str, inner: &str) -> Element {
        element(&format!(r#"<{name} xmlns="http://jabber.org/protocol/ibb" {attributes}>{inner}</{name}>"#))
    }

    #[test]
    fn rule_15_the_largest_block_stays_far_below_what_a_server_takes() {
        let data = data(&"s".repeat(200), 65535, &[0; 65535]);
        assert!(crate::proto::testing::wire(&data).len() < 100 * 1024);
    }

    #[test]
    fn rule_52_open_on_the_wire() {
        let open = Open { sid: "9fK2".into(), block_size: 61440, stanza_iq: true };
        assert_eq!(
            wire(&open.to_element()),
            r#"<open xmlns="http://jabber.org/protocol/ibb" sid="9fK2" block-size="61440" stanza="iq"/>"#
        );
        assert_eq!(Open::parse(&open.to_element()).unwrap(), open);
    }

    #[test]
    fn rule_63_block_sizes_from_1_to_65535_are_taken() {
        for (attributes, expected) in [
            (r#"sid="s" block-size="1""#, Ok((1, true))),
            (r#"sid="s" block-size="65535" stanza="iq""#, Ok((65535, true))),
            (r#"sid="s" block-size="4096" stanza="message""#, Ok((4096, false))),
            (r#"sid="s" block-size="65536""#, Err("resource-constraint")),
            (r#"sid="s" block-size="4294967297""#, Err("resource-constraint")),
            (r#"sid="s" block-size="0""#, Err("bad-request")),
            (r#"sid="s" block-size="-1""#, Err("bad-request")),
            (r#"sid="s" block-size="x""#, Err("bad-request")),
            (r#"sid="s""#, Err("bad-request")),
            (r#"block-size="4096""#, Err("bad-request")),
        ] {
            let open = Open::parse(&ibb("open", attributes, ""));
            let got = open.map(|open| (open.block_size, open.stanza_iq)).map_err(|e| e.condition);
            assert_eq!(got, expected.map_err(str::to_owned), "{attributes}");
        }
    }

    #[test]
    fn rule_53_data_on_the_wire() {
        let text = wire(&data("9fK2", 65535, b"\0\xffa"));
        assert_eq!(text, r#"<data xmlns="http://jabber.org/protocol/ibb" sid="9fK2" seq="65535">AP9h</data>"#);
        let block = Data { sid: "9fK2".into(), seq: 65535, data: b"\0\xffa".to_vec() };
        assert_eq!(Data::parse(&element(&text)).unwrap(), block);
    }

    #[test]
    fn rule_64_wrong_base64_and_wrong_numbers_are_refused() {
        for (attributes, inner) in [
            (r#"sid="s" seq="0""#, "AP9"),
            (r#"sid="s" seq="0""#, "AP9h\n"),
            (r#"sid="s" seq="0""#, "AP=h"),
            (r#"sid="s" seq="0""#, "AP9h===="),
            (r#"sid="s" seq="0""#, "<x/>AP9"),
            (r#"sid="s" seq="65536""#, "AP9h"),
            (r#"sid="s" seq="-1""#, "AP9h"),
            (r#"sid="s""#, "AP9h"),
            (r#"seq="0""#, "AP9h"),
        ] {
            assert!(Data::parse(&ibb("data", attributes, inner)).is_err(), "{attributes} {inner:?}");
        }
    }

    #[test]
    fn close_on_the_wire() {
        let close = Close { sid: "9fK2".into() };
        assert_eq!(wire(&close.to_element()), r#"<close xmlns="http://jabber.org/protocol/ibb" sid="9fK2"/>"#);
    }
}
