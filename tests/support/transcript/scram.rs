//! The server's side of SCRAM (RFC 5802, RFC 7677), and base64; written apart from the client's.

use ring::{digest, hmac, pbkdf2};

use super::PASSWORD;

const ITERATIONS: u32 = 4096;
const SALT: &[u8] = b"of the dead sea";

/// One exchange, from the client's first message on.
pub struct Scram {
    hash: Hash,
    first_bare: String,
    server_first: String,
    without_proof: String,
}

struct Hash {
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

/// `scram1` or `scram256`, with `plus` or without.
fn hash(mechanism: &str) -> Option<Hash> {
    match mechanism.trim_end_matches("plus") {
        "scram1" => Some(Hash { hmac: hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pbkdf2: pbkdf2::PBKDF2_HMAC_SHA1 }),
        "scram256" => Some(Hash { hmac: hmac::HMAC_SHA256, pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256 }),
        _ => None,
    }
}

impl Scram {
    /// The first message must be of `user`, without authzid, with a nonce of 20 letters or more, and bound to the
    /// certificate of which the hash is given if the mechanism says `plus`.
    pub fn start(mechanism: &str, user: &str, certificate: &[u8], initial: &str) -> Result<Scram, String> {
        let message = decode(initial).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or("no base64 of text")?;
        let is_bound = mechanism.ends_with("plus");
        let gs2 = if is_bound { "p=tls-server-end-point,," } else { "n,," };
        let first_bare = message.strip_prefix(gs2).ok_or_else(|| format!("{message:?} lacks `{gs2}`"))?;
        let binding = if is_bound { [gs2.as_bytes(), certificate].concat() } else { gs2.into() };
        let nonce = first_bare.strip_prefix(&format!("n={user},r="));
        let nonce = nonce.filter(|n| n.len() >= 20 && n.bytes().all(|b| b.is_ascii_alphanumeric()));
        let nonce = nonce.ok_or_else(|| format!("{message:?} is not of {user} with a long nonce"))?;
        Ok(Scram {
            hash: hash(mechanism).ok_or("no such mechanism")?,
            first_bare: first_bare.to_owned(),
            server_first: format!("r={nonce}srv,s={},i={ITERATIONS}", encode(SALT)),
            without_proof: format!("c={},r={nonce}srv", encode(&binding)),
        })
    }

    /// The message of that name in base64.
    pub fn message(&self, name: &str) -> Option<String> {
        match name {
            "challenge" => Some(encode(self.server_first.as_bytes())),
            "response" => Some(encode(self.client_final().as_bytes())),
            "success" => Some(encode(format!("v={}", encode(&self.signature(b"Server Key"))).as_bytes())),
            "forged" => Some(encode(format!("v={}", encode(&self.signature(b"Forged Key"))).as_bytes())),
            _ => None,
        }
    }

    fn client_final(&self) -> String {
        let client_key = self.salted_hmac(b"Client Key");
        let stored_key = digest::digest(self.hash.hmac.digest_algorithm(), client_key.as_ref());
        let signature = self.hmac(stored_key.as_ref(), self.auth_message().as_bytes());
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sig)| key ^ sig).collect();
        format!("{},p={}", self.without_proof, encode(&proof))
    }

    fn signature(&self, key: &[u8]) -> Vec<u8> {
        self.hmac(self.salted_hmac(key).as_ref(), self.auth_message().as_bytes()).as_ref().to_vec()
    }

    fn auth_message(&self) -> String {
        format!("{},{},{}", self.first_bare, self.server_first, self.without_proof)
    }

    fn salted_hmac(&self, message: &[u8]) -> hmac::Tag {
        let mut salted = vec![0; self.hash.hmac.digest_algorithm().output_len()];
        let iterations = ITERATIONS.try_into().expect("not zero");
        pbkdf2::derive(self.hash.pbkdf2, iterations, SALT, PASSWORD.as_bytes(), &mut salted);
        self.hmac(&salted, message)
    }

    fn hmac(&self, key: &[u8], message: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(self.hash.hmac, key), message)
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= group.len() { digit as char } else { '=' });
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits.bytes() {
        bits = bits << 6 | DIGITS.iter().position(|d| *d == digit)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    (encode(&bytes) == text).then_some(bytes)
}
