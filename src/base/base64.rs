//! Base64 (RFC 4648 §4), strict: one text for each content.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Larger than any value, so that an `or` over four of them shows it.
const INVALID: u8 = 0x80;

const VALUES: [u8; 256] = {
    let mut values = [INVALID; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The base64 text of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    encode_into(bytes, &mut out);
    out
}

/// Appends the base64 text of `bytes` to `out`.
pub fn encode_into(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let value = bits >> (18 - 6 * at) & 0x3f;
            out.push(if at <= group.len() { char::from(ALPHABET[value as usize]) } else { '=' });
        }
    }
}

/// The bytes that `text` stands for; `None` unless it is exactly what [`encode`] gives for them.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    decode_into(text, &mut out)?;
    Some(out)
}

/// Appends the bytes that `text` stands for to `out`; or `None`, and `out` is as before.
pub fn decode_into(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let before = out.len();
    let done = append(text.as_bytes(), out);
    if done.is_none() {
        out.truncate(before);
    }
    done
}

fn append(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if text.len() % 4 != 0 {
        return None;
    }
    let (whole, last) = text.split_at(text.len().saturating_sub(4));
    out.reserve(text.len() / 4 * 3);
    for group in whole.chunks_exact(4) {
        out.extend_from_slice(&group_bytes(group)?);
    }
    match last {
        [] => {}
        [a, b, b'=', b'='] => out.extend(last_bytes::<1>(&[*a, *b, b'A', b'A'])?),
        [a, b, c, b'='] => out.extend(last_bytes::<2>(&[*a, *b, *c, b'A'])?),
        _ => out.extend(group_bytes(last)?),
    }
    Some(())
}

/// The first `N` bytes; the bits behind them must be zero.
fn last_bytes<const N: usize>(group: &[u8; 4]) -> Option<[u8; N]> {
    let bytes = group_bytes(group)?;
    if bytes[N..].iter().any(|byte| *byte != 0) {
        return None;
    }
    bytes.first_chunk().copied()
}

fn group_bytes(group: &[u8]) -> Option<[u8; 3]> {
    let &[a, b, c, d] = group else { return None };
    let [a, b, c, d] = [a, b, c, d].map(|letter| VALUES[usize::from(letter)]);
    if (a | b | c | d) & INVALID != 0 {
        return None;
    }
    Some([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
    }

    #[test]
    fn every_byte_comes_back_at_every_length() {
        let bytes: Vec<u8> = (0..=255).rev().chain(0..=255).collect();
        for len in 0..bytes.len() {
            assert_eq!(decode(&encode(&bytes[..len])).as_deref(), Some(&bytes[..len]));
        }
        assert_eq!(encode(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn only_the_one_right_text_is_taken() {
        for text in [
            "Z", "Zg", "Zg=", "Zm8", "Zm9vY", "Zg===", "Zg==Zg==", "Zm8=Zm8=", "=", "====", "A===", "Z=g=", "=Zg=",
            "Zg=A", "Zh==", "Zm9=", "Zm9v\n", "Zm9v\r\n", " Zm9v", "Zm 9v", "Zm9v    ", "Zm-_", "Zm9\0", "Zmé",
            "Zm9v====",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn trailing_bits_must_be_zero() {
        let good =
            |form: fn(char) -> String| ALPHABET.iter().filter(|c| decode(&form(char::from(**c))).is_some()).count();
        assert_eq!(good(|c| format!("A{c}==")), 4);
        assert_eq!(good(|c| format!("AA{c}=")), 16);
    }

    #[test]
    fn it_appends_or_leaves_the_buffer_as_it_was() {
        let (mut bytes, mut text) = (b"x".to_vec(), String::from("x"));
        assert_eq!(decode_into("Zm9vZm9v", &mut bytes), Some(()));
        assert_eq!(decode_into("Zm9vZm9=", &mut bytes), None);
        assert_eq!(bytes, b"xfoofoo");
        encode_into(b"foo", &mut text);
        assert_eq!(text, "xZm9v");
    }
}
