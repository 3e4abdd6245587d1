//! The layers of the crate, held by reading its `use` lines; and the budgets for files and functions.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: a layer may use those before it.
const LAYERS: [&str; 9] = ["base", "xml", "proto", "os", "net", "session", "transfer", "spool", ""];

/// Layers without I/O, threads or a clock, and what betrays them.
const PURE: [&str; 3] = ["base", "xml", "proto"];
const IMPURE: [&str; 7] = [
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::fs",
    "std::thread",
    "Instant",
    "SystemTime",
    "std::io::stdin",
];

const FILE_LINES_MAX: usize = 300;
const FUNCTION_LINES_MAX: usize = 80;
const LONG_FUNCTION: usize = 60;
const LONG_FUNCTIONS_PER_CENT: usize = 2;
const ROOT_NAMES_MAX: usize = 12;

/// A source file without its tests.
struct Source {
    path: PathBuf,
    lines: Vec<String>,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&entry).unwrap();
                let path = entry.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned();
                found.push(source(&path, &text));
            }
        }
    }
    assert!(found.len() > 40, "the sources were not found");
    found
}

fn source(path: &Path, text: &str) -> Source {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    Source { path: path.to_owned(), lines: code.lines().map(str::to_owned).collect() }
}

/// The layer of a file, by its first folder; the top for files beside the folders and for the binary.
fn layer_of(path: &Path) -> usize {
    let folder = path.components().nth(1).map(|c| c.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    rank(&folder)
}

fn rank(name: &str) -> usize {
    LAYERS.iter().position(|layer| *layer == name).unwrap_or(LAYERS.len() - 1)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Every `crate::NAME` of a file whose layer is above the file's own.
fn upward(source: &Source) -> Vec<String> {
    let own = layer_of(&source.path);
    let mut offences = Vec::new();
    for (number, line) in source.lines.iter().enumerate().filter(|(_, line)| !is_comment(line)) {
        for used in line.split("crate::").skip(1) {
            let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rank(&name) > own {
                offences.push(format!("{}:{}: {line}", source.path.display(), number + 1));
            }
        }
    }
    offences
}

fn impure(source: &Source) -> Vec<String> {
    let pure = PURE.iter().any(|layer| rank(layer) == layer_of(&source.path));
    let lines = source.lines.iter().enumerate().filter(|(_, line)| pure && !is_comment(line));
    let impure = lines.filter(|(_, line)| IMPURE.iter().any(|name| line.contains(name)));
    impure.map(|(number, line)| format!("{}:{}: {line}", source.path.display(), number + 1)).collect()
}

/// Name and length of every function: from its `fn` line to the brace at the same indent.
fn functions(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in source.lines.iter().enumerate().filter(|(_, line)| !is_comment(line)) {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let words: Vec<_> = code.split_whitespace().take(6).collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let end = format!("{}}}", " ".repeat(indent));
        let length = source.lines[start..].iter().position(|line| *line == end).map_or(1, |n| n + 1);
        let name = words.get(at + 1).copied().unwrap_or_default().split(['(', '<']).next().unwrap_or_default();
        found.push((format!("{}: {name}", source.path.display()), length));
    }
    found
}

#[test]
fn arrows_point_down_only() {
    let offences: Vec<_> = sources().iter().flat_map(upward).collect();
    assert!(offences.is_empty(), "upward use:\n{}", offences.join("\n"));
}

#[test]
fn the_lower_layers_are_pure() {
    let offences: Vec<_> = sources().iter().flat_map(impure).collect();
    assert!(offences.is_empty(), "I/O, threads or a clock:\n{}", offences.join("\n"));
}

#[test]
fn files_and_functions_stay_within_their_budget() {
    let sources = sources();
    for source in &sources {
        assert!(source.lines.len() <= FILE_LINES_MAX, "{}: {} lines", source.path.display(), source.lines.len());
    }
    let functions: Vec<_> = sources.iter().flat_map(functions).collect();
    assert!(functions.len() > 300, "the functions were not found");
    for (name, length) in &functions {
        assert!(*length <= FUNCTION_LINES_MAX, "{name}: {length} lines");
    }
    let long: Vec<_> = functions.iter().filter(|(_, length)| *length > LONG_FUNCTION).collect();
    assert!(long.len() * 100 <= functions.len() * LONG_FUNCTIONS_PER_CENT, "too many long functions: {long:?}");
}

#[test]
fn the_root_of_the_crate_has_at_most_a_dozen_names() {
    let root = sources().into_iter().find(|source| source.path.ends_with("src/lib.rs")).unwrap();
    let exports: Vec<_> = root.lines.iter().filter(|line| line.starts_with("pub use")).collect();
    let names: usize = exports.iter().map(|line| line.matches(',').count() + 1).sum();
    assert!((1..=ROOT_NAMES_MAX).contains(&names), "{names}: {exports:?}");
}

#[test]
fn the_checks_notice_what_they_are_for() {
    let at = |path: &str, text: &str| source(Path::new(path), text);
    assert_eq!(upward(&at("src/xml/feed.rs", "use crate::session::Session;")).len(), 1);
    assert_eq!(upward(&at("src/base/jid.rs", "fn f() { crate::os::random::token(1) }")).len(), 1);
    assert_eq!(upward(&at("src/net/link.rs", "use crate::client::Client;")).len(), 1);
    assert_eq!(upward(&at("src/session/login.rs", "use crate::net::tls::Tls;\nuse crate::base::jid::Jid;")).len(), 0);
    assert_eq!(impure(&at("src/proto/iq.rs", "use std::time::Instant;")).len(), 1);
    assert_eq!(impure(&at("src/net/dial.rs", "use std::time::Instant;")).len(), 0);
    let long = format!("impl X {{\n    pub fn long(\n    ) {{\n{}    }}\n}}", "        x();\n".repeat(90));
    assert_eq!(functions(&at("src/net/x.rs", &long)), [("src/net/x.rs: long".to_owned(), 93)]);
}
