//! Transcripts as they are written down.

use std::fs;
use std::path::{Path, PathBuf};

/// A transcript.
#[derive(Clone)]
pub struct Script {
    pub head: Head,
    pub lines: Vec<Line>,
}

/// What the client does, and what comes of it.
#[derive(Clone, Default)]
pub struct Head {
    pub task: Task,
    pub jid: String,
    pub settings: Vec<(String, String)>,
    pub file: (String, usize),
    pub expect: String,
}

#[derive(Clone, Default, PartialEq)]
pub enum Task {
    #[default]
    Login,
    Send(String),
    Receive,
}

#[derive(Clone)]
pub struct Line {
    /// File and number.
    pub at: String,
    pub step: Step,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Client(String),
    ClientAnyOrder(Vec<String>),
    Server(String),
    ProxyClient(String),
    Proxy(String),
    /// `@dial` (taken) or `@refuse`.
    Dial {
        to: String,
        wait: String,
        taken: bool,
    },
    Tls(String),
    Until(String),
    Eof,
    Close,
    /// Whether it may have written something.
    Gone {
        anyhow: bool,
    },
}

/// Where the transcripts are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

impl Script {
    /// Reads the transcript of that name.
    pub fn read(name: &str) -> Script {
        let file = format!("{name}.xmpp");
        let text = fs::read_to_string(folder().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert!(text.starts_with("# "), "{file} must say first what it is, and where it comes from");
        Script::parse(&file, &text)
    }

    fn parse(file: &str, text: &str) -> Script {
        let mut head = Head { jid: "device@example.org/fp".into(), ..Head::default() };
        let mut lines = Vec::new();
        for (at, line) in joined(file, text) {
            match line.split_once(": ") {
                Some((key @ ("do" | "jid" | "set" | "file" | "expect"), value)) => head.set(&at, key, value.trim()),
                _ => steps(&at, &line).into_iter().for_each(|line| add(&mut lines, line)),
            }
        }
        assert!(!head.expect.is_empty(), "{file} says nothing about the outcome");
        Script { head, lines }
    }

    /// The names of the waits that the client is to give up.
    pub fn given_up(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match &line.step {
            Step::Until(wait) => Some(wait.as_str()),
            _ => None,
        })
    }
}

impl Head {
    /// The account's local part and domain, as servers write them.
    pub fn account(&self) -> (String, String) {
        let bare = self.jid.split('/').next().unwrap_or_default().to_lowercase();
        pair("jid", &bare, '@')
    }

    fn set(&mut self, at: &str, key: &str, value: &str) {
        match key {
            "jid" => self.jid = value.to_owned(),
            "expect" => self.expect = value.to_owned(),
            "set" => self.settings.push(pair(at, value, '=')),
            "file" => {
                let (name, size) = value.rsplit_once(' ').unwrap_or_else(|| panic!("{at}: NAME SIZE"));
                self.file = (name.to_owned(), size.parse().unwrap_or_else(|e| panic!("{at}: {e}")));
            }
            _ => self.task = task(at, value),
        }
    }
}

fn task(at: &str, value: &str) -> Task {
    match value.split_once(' ') {
        None if value == "login" => Task::Login,
        None if value == "receive" => Task::Receive,
        Some(("send", jid)) => Task::Send(jid.to_owned()),
        _ => panic!("{at}: {value:?} is none of send JID, receive, login"),
    }
}

fn pair(at: &str, text: &str, by: char) -> (String, String) {
    let (left, right) = text.split_once(by).unwrap_or_else(|| panic!("{at}: {text:?} lacks {by:?}"));
    (left.to_owned(), right.to_owned())
}

/// The lines that are not empty and no comments, each with what continues it.
fn joined(file: &str, text: &str) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match lines.last_mut() {
            Some((_, before)) if line.starts_with(' ') => append(before, line.trim()),
            _ => lines.push((format!("{file}:{}", n + 1), line.trim_end().to_owned())),
        }
    }
    lines
}

/// Tags follow each other without white space, attributes and words with one space.
fn append(before: &mut String, more: &str) {
    if !before.ends_with('>') && !more.starts_with('<') {
        before.push(' ');
    }
    before.push_str(more);
}

/// Lines in any order are one step.
fn add(lines: &mut Vec<Line>, line: Line) {
    match (lines.last_mut().map(|last| &mut last.step), &line.step) {
        (Some(Step::ClientAnyOrder(before)), Step::ClientAnyOrder(more)) => before.extend_from_slice(more),
        _ => lines.push(line),
    }
}

fn steps(at: &str, line: &str) -> Vec<Line> {
    let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.to_owned();
    let step = match mark {
        "C:" => Step::Client(rest),
        "C*:" => Step::ClientAnyOrder(vec![rest]),
        "S:" => Step::Server(rest),
        "p:" => Step::ProxyClient(rest),
        "P:" => Step::Proxy(rest),
        "@dial" | "@refuse" => {
            let (to, wait) = pair(at, &rest, ' ');
            Step::Dial { to, wait, taken: mark == "@dial" }
        }
        "@tls" => Step::Tls(rest),
        "@until" => Step::Until(rest),
        "@eof" => Step::Eof,
        "@close" => Step::Close,
        "@gone" => Step::Gone { anyhow: rest == "anyhow" },
        "@include" => return part(&rest),
        _ => panic!("{at}: {mark:?} begins no line of a transcript"),
    };
    vec![Line { at: at.to_owned(), step }]
}

fn part(name: &str) -> Vec<Line> {
    let file = format!("parts/{name}.xmpp");
    let text = fs::read_to_string(folder().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    joined(&file, &text).iter().flat_map(|(at, line)| steps(at, line)).collect()
}
