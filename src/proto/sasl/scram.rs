//! SCRAM (RFC 5802; with SHA-256: RFC 7677), with channel binding where there is one.
//!
//! User name and password go as UTF-8 as they are: SASLprep changes nothing in ASCII and isn't done beyond it.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use ring::{digest, hmac, pbkdf2};

use super::{ChannelBinding, impostor};
use crate::base::base64;
use crate::base::error::{Error, Result};
use crate::proto::expect::unexpected;

/// The only GS2 header that Openfire takes without channel binding (rule 7).
const GS2: &str = "n,,";

/// Fewer are no protection, more are an attack on our time.
const ITERATIONS: RangeInclusive<u32> = 4096..=600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        }
    }

    fn key(self, secret: &[u8]) -> hmac::Key {
        hmac::Key::new(self.hmac(), secret)
    }

    fn digest(self, data: &[u8]) -> digest::Digest {
        digest::digest(self.hmac().digest_algorithm(), data)
    }

    /// HMAC keys made from SaltedPassword: the client's and the server's (RFC 5802 §3).
    fn keys(self, password: &str, first: &ServerFirst) -> (hmac::Tag, hmac::Key) {
        let mut salted = vec![0; self.hmac().digest_algorithm().output_len()];
        pbkdf2::derive(self.pbkdf2(), first.iterations, &first.salt, password.as_bytes(), &mut salted);
        let salted = self.key(&salted);
        let server_key = self.key(hmac::sign(&salted, b"Server Key").as_ref());
        (hmac::sign(&salted, b"Client Key"), server_key)
    }
}

/// One exchange. It proves that we know the password and wants the same of the server.
pub struct Scram<'p> {
    hash: Hash,
    password: &'p str,
    nonce: String,
    binding: Option<ChannelBinding>,
    client_first_bare: String,
    step: Step,
}

enum Step {
    ServerFirst,
    ServerFinal { server_key: hmac::Key, auth_message: String },
    Proven,
}

impl<'p> Scram<'p> {
    /// Begins, and gives the client-first-message.
    pub fn start(
        hash: Hash,
        user: &str,
        password: &'p str,
        nonce: &str,
        binding: Option<ChannelBinding>,
    ) -> (Scram<'p>, Vec<u8>) {
        let client_first_bare = format!("n={},r={nonce}", escape(user));
        let message = format!("{}{client_first_bare}", gs2(binding.as_ref())).into_bytes();
        let nonce = nonce.to_owned();
        (Scram { hash, password, nonce, binding, client_first_bare, step: Step::ServerFirst }, message)
    }

    /// Answers server-first with our proof, and server-final, once checked, with nothing.
    pub fn answer(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        match &self.step {
            Step::ServerFirst => self.prove(challenge),
            Step::ServerFinal { server_key, auth_message } => {
                verify(server_key, auth_message, challenge)?;
                self.step = Step::Proven;
                Ok(Vec::new())
            }
            Step::Proven => Err(unexpected("<success> after the proof of SCRAM", "a challenge")),
        }
    }

    /// Takes what came with `<success>`: server-final, unless a challenge brought it (rule 8).
    pub fn finish(self, success: Option<&[u8]>) -> Result<()> {
        match (self.step, success.unwrap_or_default()) {
            (Step::Proven, []) => Ok(()),
            (Step::Proven, _) => Err(unexpected("nothing more of SCRAM in <success>", "data")),
            (Step::ServerFirst, _) | (_, []) => {
                Err(impostor("the server says the login succeeded, but gives no proof that it knows the password"))
            }
            (Step::ServerFinal { server_key, auth_message }, data) => verify(&server_key, &auth_message, data),
        }
    }

    /// Makes client-final from server-first (RFC 5802 §3).
    fn prove(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        let server_first = text(challenge)?;
        let first = ServerFirst::parse(server_first, &self.nonce)?;
        let without_proof = format!("c={},r={}", self.channel(), first.nonce);
        let auth_message = format!("{},{server_first},{without_proof}", self.client_first_bare);

        let (client_key, server_key) = self.hash.keys(self.password, &first);
        let stored_key = self.hash.key(self.hash.digest(client_key.as_ref()).as_ref());
        let signature = hmac::sign(&stored_key, auth_message.as_bytes());
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(k, s)| k ^ s).collect();

        self.step = Step::ServerFinal { server_key, auth_message };
        Ok(format!("{without_proof},p={}", base64::encode(&proof)).into_bytes())
    }

    /// The header again, and what the channel is known by (RFC 5802 §5.1, `c=`).
    fn channel(&self) -> String {
        let mut bytes = gs2(self.binding.as_ref()).into_bytes();
        bytes.extend(self.binding.iter().flat_map(|binding| &binding.data));
        base64::encode(&bytes)
    }
}

/// The GS2 header (RFC 5802 §7): `y` is never said, for Openfire refuses it (rule 7).
fn gs2(binding: Option<&ChannelBinding>) -> String {
    binding.map_or_else(|| GS2.to_owned(), |binding| format!("p={},,", binding.kind.name()))
}

/// `,` and `=` in a user name (RFC 5802 §5.1).
fn escape(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

/// `r=…,s=…,i=…` and extensions that we may pass over (RFC 5802 §7).
struct ServerFirst {
    nonce: String,
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

impl ServerFirst {
    fn parse(message: &str, our_nonce: &str) -> Result<ServerFirst> {
        check_for_error(message)?;
        let mut attributes = message.split(',');
        let nonce = value(attributes.next(), 'r')?;
        let salt = value(attributes.next(), 's')?;
        let iterations = value(attributes.next(), 'i')?;
        if attributes.any(|extension| extension.starts_with("m=")) {
            return Err(unexpected("no mandatory extension of SCRAM", format_args!("{message:?}")));
        }
        Ok(ServerFirst {
            nonce: check_nonce(nonce, our_nonce)?,
            salt: decode(salt)?,
            iterations: check_iterations(iterations)?,
        })
    }
}

fn check_nonce(nonce: &str, ours: &str) -> Result<String> {
    if nonce.len() > ours.len() && nonce.starts_with(ours) {
        return Ok(nonce.to_owned());
    }
    Err(impostor("the server's nonce of SCRAM doesn't continue ours"))
}

fn check_iterations(text: &str) -> Result<NonZeroU32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let count = text.parse().ok().filter(|count| digits && ITERATIONS.contains(count));
    count.and_then(NonZeroU32::new).ok_or_else(|| {
        let (low, high) = ITERATIONS.into_inner();
        impostor(format!("expected {low} to {high} iterations of SCRAM, got {text:?}"))
    })
}

/// server-final holds the signature that only someone who knows the password, or its hash, can make (RFC 5802 §3).
fn verify(server_key: &hmac::Key, auth_message: &str, server_final: &[u8]) -> Result<()> {
    let message = text(server_final)?;
    check_for_error(message)?;
    let signature = decode(value(message.split(',').next(), 'v')?)?;
    // ring compares in constant time.
    hmac::verify(server_key, auth_message.as_bytes(), &signature)
        .map_err(|_| impostor("the server couldn't prove that it knows the password (wrong signature of SCRAM)"))
}

/// `e=` is the server's way to refuse inside SCRAM (RFC 5802 §7).
fn check_for_error(message: &str) -> Result<()> {
    match message.strip_prefix("e=") {
        Some(reason) => Err(super::refusal("not-authorized", Some(reason))),
        None => Ok(()),
    }
}

fn value(attribute: Option<&str>, name: char) -> Result<&str> {
    attribute
        .and_then(|a| a.strip_prefix(name)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
        .ok_or_else(|| malformed(format_args!("{name}="), attribute.unwrap_or("nothing")))
}

fn decode(text: &str) -> Result<Vec<u8>> {
    base64::decode(text).ok_or_else(|| malformed("base64", text))
}

fn text(message: &[u8]) -> Result<&str> {
    std::str::from_utf8(message).map_err(|e| malformed("UTF-8", "something else").because(e))
}

fn malformed(expected: impl std::fmt::Display, got: &str) -> Error {
    unexpected(format_args!("{expected} in a message of SCRAM"), format_args!("{got:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Kind;

    const NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
    const FIRST: &str = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    const FINAL: &str = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";

    fn proven() -> Scram<'static> {
        let (mut scram, _) = Scram::start(Hash::Sha1, "user", "pencil", NONCE, None);
        scram.answer(FIRST.as_bytes()).unwrap();
        scram
    }

    #[test]
    fn rules_07_and_09_vectors_of_rfc_5802_and_7677() {
        for (hash, nonce, client_first, server_first, client_final, server_final) in [
            (
                Hash::Sha1,
                NONCE,
                "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                FIRST,
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                FINAL,
            ),
            (
                Hash::Sha256,
                "rOprNGfwEbeRWgbNEkqO",
                "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ),
        ] {
            let (mut scram, first) = Scram::start(hash, "user", "pencil", nonce, None);
            assert_eq!(String::from_utf8(first).unwrap(), client_first);
            let answer = scram.answer(server_first.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(answer).unwrap(), client_final);
            scram.finish(Some(server_final.as_bytes())).unwrap();
        }
    }

    #[test]
    fn rule_08_the_proof_may_come_in_a_challenge_before_success() {
        let mut scram = proven();
        assert_eq!(scram.answer(FINAL.as_bytes()).unwrap(), b"");
        assert!(scram.answer(FINAL.as_bytes()).is_err(), "once is enough");
        assert!(scram.finish(None).is_ok());
    }

    #[test]
    fn rule_08_success_without_proof_is_a_failure() {
        let untouched = Scram::start(Hash::Sha1, "user", "pencil", NONCE, None).0;
        for (scram, data) in [(untouched, None), (proven(), None), (proven(), Some(&b""[..]))] {
            assert_eq!(scram.finish(data).unwrap_err().kind(), Kind::Auth, "{data:?}");
        }
    }

    #[test]
    fn row_07_a_server_that_does_not_know_the_password_is_refused() {
        for (message, kind) in [
            ("v=rmF9pqV8S7suAoZWja4dJRkFsKR=", Kind::Protocol),
            ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", Kind::Auth),
            ("v=rmF9pqV8S7suAoZWja4dJRkFsA==", Kind::Auth),
            ("v=", Kind::Protocol),
            ("w=rmF9pqV8S7suAoZWja4dJRkFsKQ=", Kind::Protocol),
            ("e=other-error", Kind::Auth),
            ("\u{7}", Kind::Protocol),
        ] {
            assert_eq!(proven().finish(Some(message.as_bytes())).unwrap_err().kind(), kind, "{message}");
        }
        assert!(proven().finish(Some(b"v=\xff")).is_err());
    }

    #[test]
    fn row_07_a_bad_first_message_gets_no_proof() {
        for (message, kind) in [
            ("r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096", Kind::Auth),
            ("r=other3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4095", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=600001", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1000000000", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=99999999999999999999", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=+4096", Kind::Auth),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=", Kind::Protocol),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92", Kind::Protocol),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf9,i=4096", Kind::Protocol),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=,i=4096", Kind::Protocol),
            ("m=x,r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096", Kind::Protocol),
            ("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096,m=x", Kind::Protocol),
            ("s=QSXCR+Q6sek8bf92,r=fyko+d2lbbFgONRv9qkxdawLx,i=4096", Kind::Protocol),
            ("e=unknown-user", Kind::Auth),
            ("", Kind::Protocol),
        ] {
            let (mut scram, _) = Scram::start(Hash::Sha1, "user", "pencil", NONCE, None);
            assert_eq!(scram.answer(message.as_bytes()).unwrap_err().kind(), kind, "{message}");
        }
    }

    #[test]
    fn an_extension_that_is_not_mandatory_is_passed_over() {
        let (mut scram, _) = Scram::start(Hash::Sha1, "user", "pencil", NONCE, None);
        assert!(scram.answer(format!("{FIRST},d=zEIc2iuGMFlfM5k6ZUH8w5zVbGs=").as_bytes()).is_ok());
    }

    #[test]
    fn commas_and_equal_signs_in_a_user_name_are_escaped() {
        let (_, first) = Scram::start(Hash::Sha1, "a,b=c", "", "x", None);
        assert_eq!(first, b"n,,n=a=2Cb=3Dc,r=x");
    }

    #[test]
    fn rule_75_plus_names_its_binding_and_hashes_the_channel_into_the_proof() {
        use super::super::{BindingType, ChannelBinding};
        let binding = ChannelBinding { kind: BindingType::ServerEndPoint, data: vec![1, 2, 3] };
        let (mut scram, first) = Scram::start(Hash::Sha1, "user", "pencil", NONCE, Some(binding));
        assert!(first.starts_with(b"p=tls-server-end-point,,n=user,r="));
        let server_first = format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=4096");
        let answer = String::from_utf8(scram.answer(server_first.as_bytes()).unwrap()).unwrap();
        let channel = base64::encode(b"p=tls-server-end-point,,\x01\x02\x03");
        assert!(answer.starts_with(&format!("c={channel},r={NONCE}x,p=")), "{answer}");
    }
}
