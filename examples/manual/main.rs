//! Makes the manual pages, the completions of shells and the page for C from the tables of the crate: `make manual`.

mod c;
mod completions;
mod pages;

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let docs = env::args_os().nth(1).unwrap_or_else(|| "docs".into());
    for (name, text) in pages::all().into_iter().chain(completions::all()).chain(c::all()) {
        fs::write(Path::new(&docs).join(name), text)?;
    }
    Ok(())
}
