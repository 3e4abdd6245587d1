//! The crates that `Cargo.lock` names.

use std::fs;
use std::path::Path;

use crate::Result;

/// A crate from crates.io.
pub struct Locked {
    pub name: String,
    pub version: String,
    /// The SHA-256 of its archive.
    pub checksum: String,
}

/// All of them, in the order of the file; the package itself has no archive and is not among them.
pub fn crates() -> Result<Vec<Locked>> {
    of(Path::new("Cargo.lock"))
}

pub fn of(path: &Path) -> Result<Vec<Locked>> {
    let lock = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    lock.split("[[package]]").skip(1).filter(|entry| entry.contains("\nsource = ")).map(locked).collect()
}

fn locked(entry: &str) -> Result<Locked> {
    if !field(entry, "source")?.contains("crates.io") {
        return Err(format!("only crates.io is known, not {}", field(entry, "source")?).into());
    }
    Ok(Locked { name: field(entry, "name")?, version: field(entry, "version")?, checksum: field(entry, "checksum")? })
}

fn field(entry: &str, name: &str) -> Result<String> {
    let start = format!("{name} = \"");
    let value = entry.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
    value.map(str::to_owned).ok_or_else(|| format!("Cargo.lock has an entry without {name}").into())
}
