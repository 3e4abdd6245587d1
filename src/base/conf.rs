//! The grammar of configuration files: `key = value`, `[job]`, `# comment`, `include = FILE`.

/// One line that means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// From here on the keys are those of a job.
    Section(String),
    /// A key gets a value.
    Set {
        /// The name of the setting.
        name: String,
        /// Its value, unquoted.
        value: String,
    },
    /// Another file stands here.
    Include {
        /// Its path.
        path: String,
        /// It may be missing (`include? =`).
        optional: bool,
    },
}

/// A file is at most so long.
pub const FILE_MAX: usize = 256 * 1024;

/// Reads a file line by line: each with its number, counted from 1.
///
/// # Errors
/// The number of the line, and what is wrong with it.
pub fn parse(bytes: &[u8]) -> Result<Vec<(usize, Line)>, (usize, String)> {
    let text = std::str::from_utf8(bytes).map_err(|e| (line_of(bytes, e.valid_up_to()), "this is not text".into()))?;
    let is_odd = |(at, c): &(usize, char)| match c {
        '\r' => !text[at + 1..].starts_with('\n'),
        c => c.is_control() && !matches!(c, '\n' | '\t'),
    };
    if let Some((at, _)) = text.char_indices().find(is_odd) {
        return Err((line_of(bytes, at), "this is not text".into()));
    }
    let mut lines = Vec::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let parsed = parse_line(line.trim()).map_err(|why| (at + 1, why))?;
        lines.extend(parsed.map(|line| (at + 1, line)));
    }
    Ok(lines)
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

fn parse_line(line: &str) -> Result<Option<Line>, String> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if let Some(inner) = line.strip_prefix('[') {
        let (name, rest) = inner.split_once(']').ok_or("the ] of the job is missing")?;
        return if is_comment(rest) { section(name.trim()).map(Some) } else { Err("text behind the ]".into()) };
    }
    let (name, value) = line.split_once('=').ok_or("this line is no `key = value`")?;
    let (name, value) = (name.trim().to_owned(), unquoted(value.trim())?);
    Ok(Some(match name.as_str() {
        "include" => Line::Include { path: value, optional: false },
        "include?" => Line::Include { path: value, optional: true },
        _ => Line::Set { name, value },
    }))
}

/// The names of jobs are words on the command line and parts of file names.
fn section(name: &str) -> Result<Line, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(good) || name.starts_with(['.', '-']) {
        return Err(format!("{name:?} is no name for a job: letters, digits, - and _"));
    }
    Ok(Line::Section(name.to_owned()))
}

fn is_comment(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

/// Up to a `#` behind a blank; or all between double quotes, in which `\"` and `\\` stand for themselves.
fn unquoted(text: &str) -> Result<String, String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.char_indices().find(|(at, c)| *c == '#' && (*at == 0 || text[..*at].ends_with([' ', '\t'])));
        return Ok(text[..end.map_or(text.len(), |(at, _)| at)].trim_end().to_owned());
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next() {
            Some('"') if is_comment(chars.as_str()) => return Ok(value),
            Some('"') => return Err("text behind the closing quote".into()),
            Some('\\') => value.extend(chars.next()),
            Some(c) => value.push(c),
            None => return Err("the closing quote is missing".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Line {
        Line::Set { name: name.into(), value: value.into() }
    }

    #[test]
    fn keys_sections_comments_and_includes_are_read() {
        let text = "\u{feff}# all\njid = a@b # us\r\n\n [logs] # job\nfiles=/a#b, /c\t# d\nannounce = \"new # \\\"log\\\"\"\n\
                    include = /x\ninclude? = /y z\nname =\n";
        let lines: Vec<_> = parse(text.as_bytes()).unwrap();
        assert_eq!(
            lines,
            [
                (2, set("jid", "a@b")),
                (4, Line::Section("logs".into())),
                (5, set("files", "/a#b, /c")),
                (6, set("announce", "new # \"log\"")),
                (7, Line::Include { path: "/x".into(), optional: false }),
                (8, Line::Include { path: "/y z".into(), optional: true }),
                (9, set("name", "")),
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, part) in [
            (&b"a = 1\nnonsense\n"[..], 2, "key = value"),
            (b"\n[logs\n", 2, "]"),
            (b"[a b]\n", 1, "job"),
            (b"[../x]\n", 1, "job"),
            (b"[a] b\n", 1, "behind"),
            (b"a = \"b\n", 1, "quote"),
            (b"a = \"b\" c\n", 1, "quote"),
            (b"a = 1\n\xff\xfe\n", 2, "text"),
            (b"a = 1\nb = \0\n", 2, "text"),
        ] {
            let (at, why) = parse(text).unwrap_err();
            assert!(at == line && why.contains(part), "{at} {why}");
        }
    }
}
