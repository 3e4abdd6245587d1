//! Plays a conversation that is written down against the real client, over connections in memory.
//!
//! A transcript (`tests/transcripts/*.xmpp`) begins with a comment that names its source and rules, then says what the
//! client does:
//!
//! ```text
//! do: send JID | receive | login     what is asked of the client
//! jid: USER@DOMAIN[/RESOURCE]        its account; device@example.org/fp unless given, password `secret`
//! set: NAME=VALUE                    a setting by the name of its row; may be repeated
//! file: NAME SIZE                    the file that is sent or must arrive: SIZE bytes that hardly repeat
//! expect: ok KEY=VALUE…              the outcome: tier, method, bytes, to, name, jid
//! expect: fail KEY=VALUE…            the error: kind, code, wait, what (a part, `_` for spaces)
//! ```
//!
//! What follows is played line by line; a line that begins with white space continues the one before it,
//! after a space unless a tag ends or begins there.
//!
//! ```text
//! C: TEXT                the client must write exactly this; consecutive lines are one flight
//! C*: TEXT               the same, but consecutive lines may come in any order
//! S: TEXT                the server, or whoever is behind it, writes this; consecutive lines are one write
//! p: BYTES               the client must write this to the proxy, in one write: hex, {digest …} for its 40 letters
//! P: BYTES               the proxy writes this
//! p: @data N, P: @data N the next N bytes of the file
//! p: @eof, P: @eof       the client, the proxy ends its side
//! @dial HOST:PORT WAIT   the client opens a connection, in the named wait (connect: the stream; probe: only a try;
//!                        proxy, target: the one that P and p speak of)
//! @refuse HOST:PORT WAIT as @dial, but nobody listens there
//! @tls, @tls 1.2         a TLS handshake on the stream, the player being the server
//! @until WAIT            the peer is silent till the client gives this wait up: it has 50 ms, all others 60 s
//! @eof                   the server ends the stream's connection
//! @close                 the client ends the stream in order, and the server too
//! @gone                  the client hangs up and has written nothing more
//! @gone anyhow           the client hangs up and may have written what holds no secret
//! @include NAME          the lines of parts/NAME.xmpp
//! ```
//!
//! In the text, `{name}` is an id, sid or resource: it takes what the client wrote first, ten letters or digits at
//! least, and must be the same later; no two names may stand for one value. `{block FROM TO}` is a part of the file in
//! base64, `{digest SID|JID|JID}` the SHA-1 of the three (SID may be a name), and `{scram1 NAME}` the message NAME of
//! SCRAM-SHA-1 for the client's nonce: first, challenge, response, success, or forged, which has a wrong signature.
//! `{scram256 NAME}` is the same for SCRAM-SHA-256; `plus` behind either binds it to the server's certificate.
//! `{version}` is that of the crate.
//!
//! Before the server or the proxy writes, the player waits until every thread of the client sleeps and then looks for
//! bytes that nobody expected: a client that writes before its answer came is found for sure, not by chance.

pub mod client;
pub mod memory;
pub mod pattern;
pub mod peer;
pub mod player;
pub mod quiet;
pub mod scram;
pub mod script;
pub mod tls;

pub use memory::{Cut, Op};
pub use player::play;
pub use script::{Script, Step};

/// Nothing in memory takes that long: it ends a play that hangs.
pub const WATCHDOG: std::time::Duration = std::time::Duration::from_secs(10);

/// The password of every account.
pub const PASSWORD: &str = "secret";

/// Why a play failed, at which line.
pub type Played<T> = Result<T, String>;

/// `size` bytes that hardly repeat.
pub fn payload(size: usize) -> Vec<u8> {
    (0..size as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}
