//! Names of files that every client can create, Windows ones included (rule 31).

/// Longer names are cut, the extension kept.
const NAME_MAX: usize = 200;

/// Device names of DOS, with any extension.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// The base name of `name`, made safe to create: for the offer that we send (Spark writes it unchecked), and
/// for the file that we write.
pub fn safe(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or_default();
    let replaced: String = base.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let trimmed = replaced.trim_end_matches(['.', ' ']).trim_start_matches(' ');
    let cut = shorten(trimmed);
    match cut.as_str() {
        "" | "." | ".." => "file".to_owned(),
        name if is_device(name) => format!("_{name}"),
        _ => cut,
    }
}

/// As [`safe`], and not hidden: for the file that we write.
pub fn safe_visible(name: &str) -> String {
    let safe = safe(name);
    if safe.starts_with('.') { format!("_{safe}") } else { safe }
}

/// `name-1.ext`, `name-2.ext` … for a name that is taken.
pub fn numbered(name: &str, n: u32) -> String {
    let (stem, extension) = split(name);
    format!("{stem}-{n}{extension}")
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || "/\\:*?\"<>|".contains(c)
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|port| {
        let digit = stem.strip_prefix(port).map(str::as_bytes);
        matches!(digit, Some([b'1'..=b'9']))
    });
    numbered || DEVICES.contains(&stem.as_str())
}

/// At most 200 bytes, cut between characters, in front of an extension that is short enough to keep.
fn shorten(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let extension = if extension.len() <= 20 { extension } else { "" };
    let mut end = (NAME_MAX - extension.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", stem[..end].trim_end_matches(['.', ' ']))
}

fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_31_names_are_safe_for_windows() {
        for (name, expected) in [
            ("messages", "messages"),
            ("a:b*c?.pcap", "a_b_c_.pcap"),
            ("eth0_2026-01-01T10:00:00.pcap", "eth0_2026-01-01T10_00_00.pcap"),
            ("../x", "x"),
            ("..\\..\\x", "x"),
            ("/var/log/messages", "messages"),
            ("dir/", "dir"),
            ("", "file"),
            (".", "file"),
            ("..", "file"),
            ("...", "file"),
            ("a. . ", "a"),
            ("CON", "_CON"),
            ("con.log", "_con.log"),
            ("com1", "_com1"),
            ("com10.txt", "com10.txt"),
            ("contact", "contact"),
            ("a\r\nb\u{1b}[2J", "a__b_[2J"),
            ("über \u{202e}gpj.exe", "über _gpj.exe"),
            ("日本 📷.png", "日本 📷.png"),
            (".profile", ".profile"),
            ("a<&\">.log", "a_&__.log"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
        assert_eq!(safe_visible(".profile"), "_.profile");
    }

    #[test]
    fn long_names_are_cut_between_characters_and_keep_their_extension() {
        let safe = safe(&format!("{}.pcap.gz", "é".repeat(255)));
        assert!(safe.len() <= 200 && safe.len() > 190 && safe.ends_with("é.gz"), "{safe}");
        assert!(super::safe(&"x".repeat(300)).len() == 200);
    }

    #[test]
    fn a_taken_name_is_numbered_before_its_extension() {
        assert_eq!((numbered("a.tar.gz", 1), numbered("log", 2)), ("a.tar-1.gz".into(), "log-2".into()));
        assert_eq!(numbered(".x", 3), ".x-3");
    }
}
