//! Randomness of the operating system.

use ring::rand::{SecureRandom, SystemRandom};

use crate::base::error::{Error, Kind, Result};

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `N` random letters and digits, about 5.9 bits each; never of the form digits-digits (rule 17).
pub fn token(length: usize) -> Result<String> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0u8; 32];
        let failed = |_| Error::new(Kind::Bug, "the operating system gives no random numbers");
        SystemRandom::new().fill(&mut bytes).map_err(failed)?;
        let fair = bytes.iter().filter(|b| usize::from(**b) < 4 * LETTERS.len());
        text.extend(fair.map(|b| LETTERS[usize::from(*b) % LETTERS.len()] as char).take(length - text.len()));
    }
    Ok(text)
}

/// A number that nobody can guess.
///
/// # Errors
/// [`Kind::Bug`].
pub fn number() -> Result<u16> {
    let mut bytes = [0u8; 2];
    let failed = |_| Error::new(Kind::Bug, "the operating system gives no random numbers");
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(u16::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_17_and_28_tokens_are_fresh_and_alphanumeric() {
        let tokens: std::collections::HashSet<_> = (0..1000).map(|_| token(16).unwrap()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|t| t.len() == 16 && t.bytes().all(|b| b.is_ascii_alphanumeric())));
    }
}
