//! The licences of all that is in a binary, as its crates bring them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::graph::{Crate, Graph};

/// A table of what is inside, then every text once, under the names of those that it came with.
pub fn of(graph: &Graph) -> Result<String> {
    let mut table =
        format!("What is in firepush for {} with {}, and under which licence:\n\n", graph.target, graph.features);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in graph.crates.values().filter(|item| item.inside) {
        table += &format!("{} {}: {}\n", item.name, item.version, item.licence);
        for (name, text) in files(item)? {
            texts.entry(text).or_default().push(format!("{} {}: {name}", item.name, item.version));
        }
    }
    for part in &graph.beneath {
        let note = if part.texts.is_empty() { " (the notice of rust-std names it)" } else { "" };
        table += &format!("{}: {}{note}\n", part.title(), part.licence);
        for text in &part.texts {
            texts.entry(text.trim().to_owned()).or_default().push(part.title());
        }
    }
    let mut parts: Vec<_> = texts.into_iter().map(|(text, users)| (users, text)).collect();
    parts.sort();
    let line = "-".repeat(80);
    Ok(parts
        .into_iter()
        .fold(table, |all, (users, text)| format!("{all}\n{line}\n{}\n{line}\n\n{text}\n", users.join("\n"))))
}

/// The licence files of a crate, by their names below its folder.
fn files(item: &Crate) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![item.folder.clone()];
    // The package itself may hold a build, with the sources of everything.
    let is_deep = item.checksum.is_some();
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() && is_deep {
                folders.push(path);
            } else if path.is_file() && is_licence(&path) {
                let name = path.strip_prefix(&item.folder)?.display().to_string();
                found.insert(name, fs::read_to_string(&path)?.replace("\r\n", "\n").trim().to_owned());
            }
        }
    }
    if found.is_empty() { Err(format!("{} {} brings no licence", item.name, item.version).into()) } else { Ok(found) }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    let begins = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
    begins.iter().any(|begin| name.starts_with(begin)) && !name.ends_with(".RS")
}
