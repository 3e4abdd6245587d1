//! The crates of a build for one target with one set of features, and which needs which.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::beneath::{self, Part, Toolchain};
use crate::{Result, lock};

pub struct Graph {
    pub target: String,
    pub features: String,
    pub beneath: Vec<Part>,
    /// The package itself.
    pub root: String,
    pub crates: BTreeMap<String, Crate>,
}

/// Known by its package URL.
pub struct Crate {
    pub name: String,
    pub version: String,
    pub licence: String,
    /// None: the package itself.
    pub checksum: Option<String>,
    pub folder: PathBuf,
    is_macro: bool,
    /// In the binary, or else only at work while it is made: build scripts and procedural macros.
    pub inside: bool,
    pub needs: BTreeSet<String>,
    pub needs_at_build: BTreeSet<String>,
}

pub fn of(target: &str, features: &str, toolchain: Option<&Toolchain>) -> Result<Graph> {
    let metadata = metadata(target, features)?;
    let urls = urls(&metadata)?;
    let root = urls[text(&metadata["resolve"], "root")?].clone();
    let mut crates = crates(&metadata, &urls)?;
    let (inside, at_work) = (inside(&root, &crates), at_work(&root, &crates));
    crates.retain(|url, _| at_work.contains(url));
    for (url, item) in &mut crates {
        item.inside = inside.contains(url);
    }
    let beneath = beneath::parts(target, &rust()?, toolchain)?;
    Ok(Graph { target: target.to_owned(), features: features.to_owned(), beneath, root, crates })
}

fn metadata(target: &str, features: &str) -> Result<Value> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--locked", "--format-version", "1", "--no-default-features"]);
    cargo.args(["--filter-platform", target, "--features", features]);
    Ok(serde_json::from_slice(&printed(cargo)?)?)
}

/// Where a compiler and what it brings lie.
pub fn sysroot(rustc: &OsStr) -> Result<PathBuf> {
    let mut rustc = Command::new(rustc);
    rustc.args(["--print", "sysroot"]);
    Ok(String::from_utf8(printed(rustc)?)?.trim().into())
}

/// Not the one of `board/cross/setup.sh`: its tools pass it on.
pub fn other_rustc() -> Option<OsString> {
    env::var_os("FIREPUSH_RUSTC").filter(|path| !path.is_empty())
}

/// The release of the compiler, whose standard library is in the binary.
fn rust() -> Result<String> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("-vV");
    let said = String::from_utf8(printed(rustc)?)?;
    let release = said.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(release.ok_or("rustc does not say its release")?.to_owned())
}

pub fn printed(mut command: Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// The package URL of each id.
fn urls(metadata: &Value) -> Result<BTreeMap<&str, String>> {
    let url = |package| {
        let version = text(package, "version")?.replace('+', "%2B");
        Ok((text(package, "id")?, format!("pkg:cargo/{}@{version}", text(package, "name")?)))
    };
    list(&metadata["packages"]).map(url).collect()
}

fn crates(metadata: &Value, urls: &BTreeMap<&str, String>) -> Result<BTreeMap<String, Crate>> {
    let checksums = lock::crates()?.into_iter().map(|item| ((item.name, item.version), item.checksum));
    let checksums: BTreeMap<_, _> = checksums.collect();
    let mut crates = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        let mut item = described(package)?;
        item.checksum = checksums.get(&(item.name.clone(), item.version.clone())).cloned();
        crates.insert(urls[text(package, "id")?].clone(), item);
    }
    for node in list(&metadata["resolve"]["nodes"]) {
        let item = crates.get_mut(&urls[text(node, "id")?]).ok_or("a node without a package")?;
        item.needs = needs(node, &Value::Null, urls)?;
        item.needs_at_build = needs(node, &"build".into(), urls)?;
    }
    Ok(crates)
}

fn described(package: &Value) -> Result<Crate> {
    Ok(Crate {
        name: text(package, "name")?.to_owned(),
        version: text(package, "version")?.to_owned(),
        // The slash is how it was written before SPDX.
        licence: text(package, "license")?.replace('/', " OR "),
        checksum: None,
        folder: PathBuf::from(text(package, "manifest_path")?).with_file_name(""),
        is_macro: list(&package["targets"]).any(|target| list(&target["kind"]).any(|kind| kind == "proc-macro")),
        inside: false,
        needs: BTreeSet::new(),
        needs_at_build: BTreeSet::new(),
    })
}

fn needs(node: &Value, kind: &Value, urls: &BTreeMap<&str, String>) -> Result<BTreeSet<String>> {
    let deps = list(&node["deps"]).filter(|dep| list(&dep["dep_kinds"]).any(|each| each["kind"] == *kind));
    deps.map(|dep| Ok(urls[text(dep, "pkg")?].clone())).collect()
}

/// What ends up in the binary: a procedural macro and what it needs do not.
fn inside(root: &str, crates: &BTreeMap<String, Crate>) -> BTreeSet<String> {
    reached(root, |url| crates[url].needs.iter().filter(|need| !crates[*need].is_macro).collect())
}

fn at_work(root: &str, crates: &BTreeMap<String, Crate>) -> BTreeSet<String> {
    reached(root, |url| crates[url].needs.union(&crates[url].needs_at_build).collect())
}

fn reached<'a>(root: &'a str, next: impl Fn(&str) -> Vec<&'a String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(url) = open.pop() {
        if found.insert(url.to_owned()) {
            open.extend(next(url).into_iter().map(String::as_str));
        }
    }
    found
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().ok_or_else(|| format!("cargo metadata says no {name}").into())
}
