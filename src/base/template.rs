//! Names with placeholders: `{user}-{base}-{utc}{ext}`.

use std::str::FromStr;

use super::error::{Error, Kind};

/// A name for files, with placeholders for what is known when one is sent. `{{` is a brace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(usize),
}

/// What the placeholders stand for, in the order of [`PLACEHOLDERS`].
const PLACEHOLDERS: [&str; 7] = ["user", "host", "job", "name", "base", "ext", "utc"];

/// The facts of one file.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The user part of our account.
    pub user: String,
    /// The host name of this device.
    pub host: String,
    /// The job that found the file.
    pub job: String,
    /// The file's own name, from which `{base}` and `{ext}` are made.
    pub name: String,
    /// When the file was changed last.
    pub utc: String,
}

impl Template {
    /// Whether files of different names get different names.
    pub fn is_for_many(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Fact(3 | 4)))
    }

    /// The name of one file.
    pub fn expand(&self, facts: &Facts) -> String {
        let (base, ext) = split(&facts.name);
        let values = [&facts.user, &facts.host, &facts.job, &facts.name, base, ext, &facts.utc];
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Fact(which) => values[*which].to_owned(),
        };
        self.0.iter().map(text).collect()
    }
}

/// In front of the last dot, and from there on.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

impl FromStr for Template {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`] for a placeholder that doesn't exist or a brace without its other.
    fn from_str(text: &str) -> Result<Template, Error> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            parts.push(Part::Text(rest[..at].to_owned()));
            let (brace, behind) = (&rest[at..at + 1], &rest[at + 1..]);
            if behind.starts_with(brace) {
                parts.push(Part::Text(brace.to_owned()));
                rest = &behind[1..];
                continue;
            }
            let (name, after) = behind.split_once('}').filter(|_| brace == "{").ok_or_else(|| unknown(text))?;
            parts.push(Part::Fact(PLACEHOLDERS.iter().position(|known| *known == name).ok_or_else(|| unknown(text))?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Template(parts))
    }
}

fn unknown(text: &str) -> Error {
    let known = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(" ");
    Error::new(Kind::Config, format!("{text:?} holds a placeholder that is none of {known}; {{{{ is a brace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str) -> Facts {
        let text = str::to_owned;
        Facts {
            user: text("dev7"),
            host: text("gw"),
            job: text("logs"),
            name: text(name),
            utc: text("20261121T033354Z"),
        }
    }

    #[test]
    fn placeholders_stand_for_the_facts_of_the_file() {
        for (template, name, expected) in [
            ("{user}-{base}-{utc}{ext}", "eth0.pcap", "dev7-eth0-20261121T033354Z.pcap"),
            ("{user}-{base}-{utc}{ext}", "messages", "dev7-messages-20261121T033354Z"),
            ("{base}{ext}", ".profile", ".profile"),
            ("{host}/{job}/{name}", "a.tar.gz", "gw/logs/a.tar.gz"),
            ("plain", "x", "plain"),
            ("{{{user}}}", "x", "{dev7}"),
        ] {
            assert_eq!(template.parse::<Template>().unwrap().expand(&facts(name)), expected);
        }
        for bad in ["{usr}", "{user", "user}", "{}"] {
            assert!(bad.parse::<Template>().unwrap_err().what().contains("{utc}"), "{bad}");
        }
    }
}
