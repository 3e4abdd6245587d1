//! The codec of SOCKS5 (RFC 1928) as XEP-0065 §5.3.2 uses it: no authentication, CONNECT to a digest at port 0.

use super::bytestreams::Digest;
use super::expect::unexpected;
use crate::base::error::{Error, Kind, Result};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const COMMAND_CONNECT: u8 = 1;
const ADDRESS_IPV4: u8 = 1;
const ADDRESS_DOMAIN: u8 = 3;
const ADDRESS_IPV6: u8 = 4;
const DIGEST_LEN: u8 = 40;

/// The client's first message: without authentication, please (RFC 1928 §3).
pub const GREETING: [u8; 3] = [VERSION, 1, NO_AUTHENTICATION];

/// The server's answer to [`GREETING`]: so be it.
pub const WELCOME: [u8; 2] = [VERSION, NO_AUTHENTICATION];

/// The server's answer when it wants what we don't offer.
pub const UNWELCOME: [u8; 2] = [VERSION, NO_ACCEPTABLE_METHOD];

/// The code of a reply that says no: nobody expects this stream.
pub const REFUSED: u8 = 5;

/// The code of a reply that says yes (RFC 1928 §6).
pub const SUCCEEDED: u8 = 0;

/// The client's request, to be written at once (rule 42).
pub fn connect(digest: &Digest) -> [u8; 47] {
    message(COMMAND_CONNECT, digest)
}

/// The server's reply as Smack wants it: the request but for one byte (rule 50).
pub fn reply(code: u8, digest: &Digest) -> [u8; 47] {
    message(code, digest)
}

fn message(code: u8, digest: &Digest) -> [u8; 47] {
    let mut message = [0; 47];
    message[..5].copy_from_slice(&[VERSION, code, 0, ADDRESS_DOMAIN, DIGEST_LEN]);
    message[5..45].copy_from_slice(digest.as_bytes());
    message
}

/// The server's answer to [`GREETING`].
pub fn parse_method(answer: &[u8; 2]) -> Result<()> {
    match *answer {
        WELCOME => Ok(()),
        UNWELCOME => Err(Error::new(Kind::NoBytestream, "the streamhost wants an authentication")),
        _ => Err(unexpected("05 00 of SOCKS5", hex(answer))),
    }
}

/// The first five bytes of a reply; some proxies give their own address in the rest (rule 44).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// Whether, and why not: see [`ReplyHead::check`].
    pub code: u8,
    /// So many bytes of the reply follow.
    pub rest: usize,
}

impl ReplyHead {
    pub const LEN: usize = 5;

    pub fn parse(head: &[u8; ReplyHead::LEN]) -> Result<ReplyHead> {
        let [version, code, _, kind, first] = *head;
        // One byte of the address is in the head, two of the port follow it.
        let address = match (version, kind) {
            (VERSION, ADDRESS_IPV4) => 4,
            (VERSION, ADDRESS_DOMAIN) => 1 + usize::from(first),
            (VERSION, ADDRESS_IPV6) => 16,
            _ => return Err(unexpected("a reply of SOCKS5", hex(head))),
        };
        Ok(ReplyHead { code, rest: address - 1 + 2 })
    }

    /// An error unless the reply says yes.
    pub fn check(self) -> Result<()> {
        if self.code == SUCCEEDED {
            return Ok(());
        }
        let what =
            format!("the streamhost refused the connection: {} (SOCKS5 reply {})", meaning(self.code), self.code);
        Err(Error::new(Kind::NoBytestream, what))
    }
}

/// RFC 1928 §6; what 2 means on Openfire is in rule 44.
fn meaning(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed; its server hasn't seen the offer, or the offer expired",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused; it doesn't know this stream",
        6 => "expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reason",
    }
}

/// A client's greeting, as far as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Its length; the request must not stand behind it yet (rule 42).
    pub len: usize,
    /// It can do without authentication: [`WELCOME`], else [`UNWELCOME`].
    pub welcome: bool,
}

impl Greeting {
    /// `None`: more bytes are needed.
    pub fn parse(bytes: &[u8]) -> Result<Option<Greeting>> {
        let [version, rest @ ..] = bytes else { return Ok(None) };
        if *version != VERSION {
            return Err(unexpected("a greeting of SOCKS5", hex(bytes)));
        }
        let Some((count, methods)) = rest.split_first() else { return Ok(None) };
        let methods = methods.get(..usize::from(*count));
        Ok(methods.map(|methods| Greeting { len: 2 + methods.len(), welcome: methods.contains(&NO_AUTHENTICATION) }))
    }
}

/// The digest of a client's request; `None`: more bytes are needed.
pub fn parse_connect(bytes: &[u8]) -> Result<Option<Digest>> {
    let refused = || unexpected("a CONNECT of SOCKS5 to 40 hex digits at port 0", hex(bytes));
    let frame = [VERSION, COMMAND_CONNECT, 0, ADDRESS_DOMAIN, DIGEST_LEN];
    if bytes.iter().zip(frame).any(|(came, expected)| *came != expected) || bytes.len() > 47 {
        return Err(refused());
    }
    let Ok(request) = <&[u8; 47]>::try_from(bytes) else { return Ok(None) };
    let [_, _, _, _, _, digest @ .., 0, 0] = *request else { return Err(refused()) };
    Digest::from_bytes(digest).map(Some).ok_or_else(refused)
}

/// The first bytes of what came, for people.
fn hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    shown.join(" ") + if bytes.len() > 8 { " …" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Digest {
        Digest::new("sid", &"a@b/c".parse().unwrap(), &"d@e/f".parse().unwrap())
    }

    #[test]
    fn rule_42_greeting_and_connect_are_one_piece_each() {
        assert_eq!(GREETING, [5, 1, 0]);
        let request = connect(&digest());
        assert_eq!(request[..5], [5, 1, 0, 3, 40]);
        assert_eq!(&request[5..45], digest().to_string().as_bytes());
        assert_eq!(request[45..], [0, 0]);
    }

    #[test]
    fn row_21_only_the_method_we_named_will_do() {
        for (answer, kind) in [
            ([5, 0], None),
            ([5, 0xff], Some(Kind::NoBytestream)),
            ([5, 2], Some(Kind::Protocol)),
            ([4, 0], Some(Kind::Protocol)),
            (*b"HT", Some(Kind::Protocol)),
        ] {
            assert_eq!(parse_method(&answer).err().map(|e| e.kind()), kind, "{answer:?}");
        }
    }

    #[test]
    fn rule_44_a_reply_may_hold_any_kind_of_address() {
        for (head, expected) in [
            ([5, 0, 0, 3, 40], Some((0, 42))),
            ([5, 0, 0, 1, 192], Some((0, 5))),
            ([5, 0, 0, 4, 0x20], Some((0, 17))),
            ([5, 0, 0, 3, 0], Some((0, 2))),
            ([5, 0, 0, 3, 255], Some((0, 257))),
            ([5, 2, 0, 3, 40], Some((2, 42))),
            ([5, 0, 0, 2, 40], None),
            ([4, 0, 0, 3, 40], None),
            (*b"HTTP/", None),
        ] {
            let got = ReplyHead::parse(&head).ok().map(|head| (head.code, head.rest));
            assert_eq!(got, expected, "{head:?}");
        }
    }

    #[test]
    fn rule_44_a_refusal_says_why() {
        assert!(ReplyHead { code: SUCCEEDED, rest: 0 }.check().is_ok());
        for (code, why) in [(2, "the offer expired"), (5, "doesn't know this stream"), (77, "unknown reason")] {
            let error = ReplyHead { code, rest: 0 }.check().unwrap_err();
            assert_eq!(error.kind(), Kind::NoBytestream);
            assert!(error.what().contains(why) && error.what().contains(&code.to_string()), "{error}");
        }
    }

    #[test]
    fn rule_50_the_reply_is_the_request_but_for_one_byte() {
        let mut request = connect(&digest());
        request[1] = SUCCEEDED;
        assert_eq!(reply(SUCCEEDED, &digest()), request);
    }

    #[test]
    fn a_server_reads_the_greeting_at_every_cut() {
        for greeting in [&[5, 1, 0][..], &[5, 3, 2, 0, 1], &[5, 1, 2], &[5, 0]] {
            for cut in 0..greeting.len() {
                assert_eq!(Greeting::parse(&greeting[..cut]).unwrap(), None);
            }
            let parsed = Greeting::parse(greeting).unwrap().unwrap();
            assert_eq!(parsed, Greeting { len: greeting.len(), welcome: greeting[2..].contains(&0) });
        }
        assert_eq!(Greeting::parse(&[5, 1, 0, 9, 9]).unwrap().map(|g| g.len), Some(3));
        assert!(Greeting::parse(&[4]).is_err());
    }

    #[test]
    fn a_server_reads_the_request_at_every_cut() {
        let request = connect(&digest());
        for cut in 0..request.len() {
            assert_eq!(parse_connect(&request[..cut]).unwrap(), None);
        }
        assert_eq!(parse_connect(&request).unwrap(), Some(digest()));
    }

    #[test]
    fn row_21_a_request_with_one_byte_wrong_is_refused() {
        for (at, byte) in [(0, 4), (1, 2), (2, 1), (3, 1), (4, 41), (5, b'G'), (44, b'A'), (45, 1), (46, 1)] {
            let mut request = connect(&digest());
            request[at] = byte;
            let error = parse_connect(&request).unwrap_err();
            assert!(error.what().starts_with("expected a CONNECT of SOCKS5"), "{at}: {error}");
        }
        assert!(parse_connect(&[connect(&digest()).as_slice(), b"x"].concat()).is_err(), "data before the reply");
    }
}
