//! The stream for people's eyes: whole, but for what nobody must learn from a log.

use std::fmt;

/// Log lines of this target are the stream itself.
pub const TARGET: &str = "firepush::wire";

/// What SASL carries can be tried against passwords at leisure; what in-band bytestreams carry are the files.
const HIDDEN: [&str; 5] = ["auth", "response", "challenge", "success", "data"];

/// Text of the stream, shown with what is hidden struck out.
pub struct Shown<'t>(pub &'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((start, end)) = hidden(rest) {
            write!(f, "{}…({} characters)", &rest[..start], end - start)?;
            rest = &rest[end..];
        }
        f.write_str(rest)
    }
}

/// Where the next content that is hidden begins and ends.
fn hidden(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = text[from..].find('<').map(|at| from + at) {
        let tag = &text[at + 1..];
        let name = tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        let open = tag.find('>').map(|end| at + 1 + end + 1);
        match open {
            Some(start) if HIDDEN.contains(&name) && !text[..start].ends_with("/>") => {
                let end = text[start..].find("</").map_or(text.len(), |end| start + end);
                if end > start {
                    return Some((start, end));
                }
            }
            _ => {}
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_struck_out_and_nothing_else() {
        for (text, shown) in [
            (
                r#"<a/><auth xmlns="x" mechanism="PLAIN">AGRldg==</auth><b>c</b>"#,
                r#"<a/><auth xmlns="x" mechanism="PLAIN">…(8 characters)</auth><b>c</b>"#,
            ),
            (
                "<challenge>cj0=</challenge><success>dj0=</success>",
                "<challenge>…(4 characters)</challenge><success>…(4 characters)</success>",
            ),
            ("<iq><data sid='s' seq='0'>QUJD</data></iq>", "<iq><data sid='s' seq='0'>…(4 characters)</data></iq>"),
            ("<success/><auth></auth><database>x</database>", "<success/><auth></auth><database>x</database>"),
            ("<response>cut", "<response>…(3 characters)"),
            ("<auth", "<auth"),
            ("plain < text >", "plain < text >"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
        }
    }
}
