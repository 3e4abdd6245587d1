//! File name patterns: `*`, `?`, `[a-z]`, `[!0-9]`.

/// Whether one name, without its folder, matches the pattern. A leading dot is matched by a dot only.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    rest_matches(pattern, name)
}

/// Whether there is something to match: a name without it stands for itself.
pub fn is_pattern(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Goes back to the last `*` only: a longer way back can't succeed where that one failed.
fn rest_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        match one(&pattern[p..], name[n]) {
            Some(length) => {
                p += length;
                n += 1;
            }
            None => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// How long the element is that matches the byte, if it does.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern.first()? {
        b'?' => Some(1),
        b'[' => match set(&pattern[1..], byte) {
            Some((length, true)) => Some(1 + length),
            Some((_, false)) => None,
            None => (byte == b'[').then_some(1),
        },
        literal => (*literal == byte).then_some(1),
    }
}

/// The length of a set without its `[`, and whether it holds the byte; `None` when it has no end.
fn set(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|b| *b == b']')?;
    let (mut at, mut held) = (start, false);
    while at < end {
        let to = if at + 2 < end && pattern[at + 1] == b'-' { at + 2 } else { at };
        held |= (pattern[at]..=pattern[to]).contains(&byte);
        at = to + 1;
    }
    Some((end + 1, held != negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_a_shell_would_match() {
        for (pattern, name, expected) in [
            ("*.gz", "messages.1.gz", true),
            ("*.gz", "messages.1", false),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("messages.?", "messages.1", true),
            ("messages.?", "messages.10", false),
            ("messages.[0-9]", "messages.7", true),
            ("messages.[!0-9]", "messages.7", false),
            ("[abc]x", "bx", true),
            ("[a-]x", "-x", true),
            ("[]]x", "]x", true),
            ("a[b", "a[b", true),
            ("*a*b*c*", "xxaxxbxxc", true),
            ("*a*b*c*", "xxaxxcxxb", false),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
        assert!(!matches(&b"*a".repeat(40), &b"a".repeat(30)), "and no pattern takes long");
    }
}
