//! Says what a build is made of: the crate lists of the recipes in `board` (`make recipes`), the SBOM of a binary
//! (CycloneDX) and the licences of all that is inside it.

mod graph;
mod licences;
mod lock;
mod recipes;
mod sbom;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: inventory recipes FOLDER | sbom TARGET [FEATURES] | licences TARGET [FEATURES]";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match said(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inventory: {error}");
            ExitCode::FAILURE
        }
    }
}

fn said(words: &[&str]) -> Result<()> {
    match *words {
        ["recipes", folder] => write_recipes(Path::new(folder)),
        ["sbom", target, ref features @ ..] if features.len() < 2 => print(&sbom::of(&built(target, features)?)),
        ["licences", target, ref features @ ..] if features.len() < 2 => {
            print(&licences::of(&built(target, features)?)?)
        }
        _ => Err(USAGE.into()),
    }
}

fn built(target: &str, features: &[&str]) -> Result<graph::Graph> {
    graph::of(target, features.first().unwrap_or(&"default"))
}

fn write_recipes(folder: &Path) -> Result<()> {
    for (name, text) in recipes::all()? {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

fn print(text: &str) -> Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
