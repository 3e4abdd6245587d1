//! SCRAM-SHA-1 as Openfire serves it, and the lies about it.

use ring::{digest, hmac, pbkdf2};

pub const ITERATIONS: u32 = 4096;

/// What the server does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lie {
    WrongSignature,
    /// `<success/>` alone.
    NoSignature,
    /// Our nonce comes back without a part of the server's.
    ShortNonce,
    OtherNonce,
    OneIteration,
    BillionIterations,
    BadBase64,
    MandatoryExtension,
}

pub struct Exchange {
    password: String,
    client_first_bare: String,
    server_first: String,
    gs2: Vec<u8>,
    nonce: String,
    salt: Vec<u8>,
}

/// What comes from a password and may never be seen in any output.
pub struct Derived {
    pub salted: Vec<u8>,
    pub client_key: Vec<u8>,
    pub stored_key: Vec<u8>,
}

impl Exchange {
    /// Takes client-first of `n,,` (or of PLUS with `tls-server-end-point`): the user and the exchange.
    pub fn begin(message: &str, plus: Option<&[u8]>, lie: Option<Lie>, entropy: &str) -> Option<(String, Exchange)> {
        let (header, bound) = match plus {
            None => ("n,,", None),
            Some(hash) => ("p=tls-server-end-point,,", Some(hash)),
        };
        let first = message.strip_prefix(header)?;
        let (name, nonce) = first.split_once(",r=")?;
        let user = name.strip_prefix("n=")?.to_owned();
        let nonce = match lie {
            Some(Lie::ShortNonce) => nonce.to_owned(),
            Some(Lie::OtherNonce) => format!("x{nonce}{entropy}"),
            _ => format!("{nonce}{entropy}"),
        };
        let salt = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, user.as_bytes()).as_ref().to_vec();
        let gs2 = [header.as_bytes(), bound.unwrap_or_default()].concat();
        let client_first_bare = first.to_owned();
        let exchange =
            Exchange { password: String::new(), client_first_bare, server_first: String::new(), gs2, nonce, salt };
        Some((user, exchange))
    }

    /// server-first.
    pub fn challenge(&mut self, password: &str, lie: Option<Lie>) -> String {
        self.password = password.to_owned();
        let iterations = match lie {
            Some(Lie::OneIteration) => 1,
            Some(Lie::BillionIterations) => 1_000_000_000,
            _ => ITERATIONS,
        };
        let salt = if lie == Some(Lie::BadBase64) { "=!=".to_owned() } else { encode(&self.salt) };
        self.server_first = format!("r={},s={salt},i={iterations}", self.nonce);
        if lie == Some(Lie::MandatoryExtension) {
            self.server_first = format!("m=x,{},m=x", self.server_first);
        }
        self.server_first.clone()
    }

    /// Takes client-final: server-final when the proof is right.
    pub fn finish(&self, message: &str, lie: Option<Lie>) -> Option<String> {
        let (without_proof, proof) = message.split_once(",p=")?;
        if without_proof != format!("c={},r={}", encode(&self.gs2), self.nonce) {
            return None;
        }
        let derived = derive(&self.password, &self.salt);
        let message = format!("{},{},{without_proof}", self.client_first_bare, self.server_first);
        let signature = sign(&derived.stored_key, message.as_bytes());
        let expected: Vec<u8> = derived.client_key.iter().zip(&signature).map(|(key, s)| key ^ s).collect();
        if proof != encode(&expected) {
            return None;
        }
        let server_key = sign(&derived.salted, b"Server Key");
        let mut verifier = sign(&server_key, message.as_bytes());
        if lie == Some(Lie::WrongSignature) {
            verifier[0] ^= 1;
        }
        Some(format!("v={}", encode(&verifier)))
    }
}

pub fn derive(password: &str, salt: &[u8]) -> Derived {
    let mut salted = vec![0; 20];
    let iterations = ITERATIONS.try_into().expect("not zero");
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, iterations, salt, password.as_bytes(), &mut salted);
    let client_key = sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &client_key).as_ref().to_vec();
    Derived { salted, client_key, stored_key }
}

/// The salt of a user, as [`Exchange::begin`] chooses it.
pub fn salt(user: &str) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, user.as_bytes()).as_ref().to_vec()
}

fn sign(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), data).as_ref().to_vec()
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let digit = |n: usize| char::from(DIGITS[(word >> (18 - 6 * n)) as usize & 63]);
        (0..4).for_each(|n| out.push(if n <= chunk.len() { digit(n) } else { '=' }));
    }
    out
}

/// Strict: no white space, padding at the end only.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    if text.len() % 4 != 0 || text.len() - body.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut word = 0u32;
    for (at, byte) in body.bytes().enumerate() {
        word = word << 6 | value(byte)?;
        if at % 4 != 0 {
            out.push((word >> (6 - 2 * (at % 4))) as u8);
        }
    }
    Some(out)
}

fn value(byte: u8) -> Option<u32> {
    match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
