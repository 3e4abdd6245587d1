//! Says what a build is made of: the crate lists of the recipes in `board` (`make recipes`), the SBOM of a binary
//! (CycloneDX) and the licences of all that is inside it.

mod beneath;
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

const USAGE: &str =
    "usage: inventory recipes FOLDER | sbom BINARY | licences BINARY; BINARY: TARGET [FEATURES [TOOLCHAIN PROFILE]]";

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
        ["sbom", ref binary @ ..] => print(&sbom::of(&built(binary)?)),
        ["licences", ref binary @ ..] => print(&licences::of(&built(binary)?)?),
        _ => Err(USAGE.into()),
    }
}

/// TOOLCHAIN is the folder of `board/cross/setup.sh`, PROFILE the FIREPUSH_STD of `board/cross/cargo.sh`.
fn built(words: &[&str]) -> Result<graph::Graph> {
    match *words {
        [target] => graph::of(target, "default", None),
        [target, features] => graph::of(target, features, None),
        [target, features, toolchain, profile] => {
            let toolchain = beneath::Toolchain { folder: toolchain.into(), is_full: profile == "full" };
            graph::of(target, features, Some(&toolchain))
        }
        _ => Err(USAGE.into()),
    }
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
