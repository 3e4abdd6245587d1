//! The bill of materials and the licences of a binary, held against cargo's own tree.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io::Write};

use serde_json::Value;

use crate::facts::{cargo, inventory, lock, printed, python, read, root};

const CELLS: [(&str, &str); 4] = [
    ("armv7-unknown-linux-musleabihf", "default"),
    ("aarch64-unknown-linux-gnu", "gzip,intl"),
    ("mipsel-unknown-linux-musl", ""),
    ("x86_64-unknown-linux-gnu", "gzip,capi"),
];

/// The crates inside std.
const STD: [&str; 10] = [
    "addr2line",
    "adler2",
    "cfg-if",
    "gimli",
    "hashbrown",
    "libc",
    "memchr",
    "miniz_oxide",
    "object",
    "rustc-demangle",
];

fn sbom(target: &str, features: &str) -> (String, Value) {
    let text = printed(&mut inventory(&["sbom", target, features]));
    let bom = serde_json::from_str(&text).expect("JSON");
    (text, bom)
}

fn tree_lines(target: &str, features: &str, edges: &str, prefix: &str) -> Vec<String> {
    let mut tree = cargo();
    tree.args(["tree", "--offline", "--locked", "--prefix", prefix, "--no-dedupe", "--no-default-features"]);
    let said = printed(tree.args(["--target", target, "--features", features, "--edges", edges]));
    said.lines().map(str::to_owned).collect()
}

/// `name@version`, of `name v1.2.3 (more)`.
fn named(line: &str) -> String {
    line.splitn(3, ' ').take(2).collect::<Vec<_>>().join("@").replacen("@v", "@", 1)
}

/// What cargo itself would build.
fn tree(target: &str, features: &str, edges: &str) -> BTreeSet<String> {
    tree_lines(target, features, edges, "none").iter().map(|line| named(line)).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// The crates of a bill by scope, without what lies beneath them.
fn crates<'a>(bom: &'a Value, scopes: &[&str]) -> BTreeMap<String, &'a Value> {
    let components = bom["components"].as_array().expect("components").iter().chain([&bom["metadata"]["component"]]);
    let ours =
        components.filter(|each| text(each, "purl").starts_with("pkg:cargo/") && scopes.contains(&text(each, "scope")));
    ours.map(|each| (format!("{}@{}", text(each, "name"), text(each, "version")), each)).collect()
}

#[test]
fn it_names_what_cargo_builds_and_tells_what_ends_up_inside() {
    for (target, features) in CELLS {
        let (_, bom) = sbom(target, features);
        let inside: BTreeSet<_> = crates(&bom, &["required"]).into_keys().collect();
        assert_eq!(inside, tree(target, features, "normal,no-proc-macro"), "{target} {features}");
        let all: BTreeSet<_> = crates(&bom, &["required", "excluded"]).into_keys().collect();
        assert_eq!(all, tree(target, features, "normal,build"), "{target} {features}");
        let names: BTreeSet<_> =
            bom["components"].as_array().expect("components").iter().map(|each| text(each, "name")).collect();
        assert!(names.contains("rust-std"));
        assert_eq!(names.contains("musl"), target.contains("musl"));
        assert!(matches!(incomplete(&bom)[..], [std] if std.starts_with("pkg:generic/rust-std@")));
    }
}

#[test]
fn its_checksums_and_licences_are_those_of_the_crates() {
    let (_, bom) = sbom("armv7-unknown-linux-musleabihf", "gzip");
    let sums: BTreeMap<_, _> =
        lock().into_iter().map(|each| (format!("{}@{}", each.name, each.version), each.checksum)).collect();
    let crates = crates(&bom, &["required", "excluded"]);
    for (name, item) in &crates {
        let sum = item["hashes"][0]["content"].as_str().map(str::to_owned);
        assert_eq!(sum, sums[name], "{name}");
        assert_eq!(text(item, "purl"), format!("pkg:cargo/{name}"));
    }
    let ring = crates.iter().find(|(name, _)| name.starts_with("ring@")).expect("ring").1;
    assert_eq!(text(&ring["licenses"][0], "expression"), "Apache-2.0 AND ISC");
}

/// An optional need that only a weak feature names (`icu_properties?/…`): `cargo metadata` counts it, the tree doesn't.
fn is_weak((from, to): &(String, String)) -> bool {
    from.starts_with("icu_normalizer@") && to.starts_with("icu_properties@")
}

/// Who needs whom, as cargo's tree indents it.
fn edges_of_tree(target: &str, features: &str) -> BTreeSet<(String, String)> {
    let mut above: Vec<String> = Vec::new();
    let mut edges = BTreeSet::new();
    for line in tree_lines(target, features, "normal,build", "depth") {
        let (depth, name) = line.split_at(line.find(|c: char| !c.is_ascii_digit()).expect("a name"));
        above.truncate(depth.parse().expect("a number"));
        above.push(named(name));
        if let [.., from, to] = &above[..] {
            edges.insert((from.clone(), to.clone()));
        }
    }
    edges
}

#[test]
fn its_edges_are_those_of_the_tree_and_lead_to_what_it_names() {
    for (target, features) in CELLS {
        let (_, bom) = sbom(target, features);
        let listed = bom["dependencies"].as_array().expect("edges").iter();
        let listed: BTreeMap<_, _> =
            listed.map(|each| (text(each, "ref"), each["dependsOn"].as_array().expect("a list"))).collect();
        let pairs =
            listed.iter().flat_map(|(from, needs)| needs.iter().map(|to| (*from, to.as_str().expect("a name"))));
        let (crates, beneath): (Vec<_>, Vec<_>) = pairs.partition(|(_, to)| to.starts_with("pkg:cargo/"));
        let crates: BTreeSet<_> =
            crates.iter().map(|(from, to)| [from, to].map(|url| url["pkg:cargo/".len()..].to_owned()).into()).collect();
        let tree = edges_of_tree(target, features);
        let differing: Vec<_> = crates.symmetric_difference(&tree).filter(|edge| !is_weak(edge)).collect();
        assert!(!tree.is_empty() && differing.is_empty(), "{target} {features}: {differing:?}");
        assert!(!beneath.is_empty() && beneath.iter().all(|(_, to)| listed.contains_key(to)));
    }
}

#[test]
fn it_is_valid_and_the_same_every_time() {
    let first = sbom("armv7-unknown-linux-musleabihf", "default").0;
    assert_eq!(first, sbom("armv7-unknown-linux-musleabihf", "default").0);
    assert!(!first.contains(&root().display().to_string()), "no path of this machine");
    assert!(is_valid(&first));
    assert!(!is_valid(&first.replacen("\"type\": \"library\"", "\"type\": \"crate\"", 1)), "the schema was looked at");
}

fn is_valid(bom: &str) -> bool {
    let mut validate = python();
    validate.arg(root().join("tests/packages/bom.py")).arg("1.6");
    let mut child = validate.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python");
    child.stdin.take().expect("a pipe").write_all(bom.as_bytes()).expect("it reads");
    child.wait().expect("it ends").success()
}

/// Those that the bill says of that they aren't told in full.
fn incomplete(bom: &Value) -> Vec<&str> {
    let told = bom["compositions"].as_array().into_iter().flatten();
    let told = told.filter(|each| text(each, "aggregate") == "incomplete");
    told.flat_map(|each| each["dependencies"].as_array().expect("a list")).map(|each| each.as_str().unwrap()).collect()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("a file");
}

fn program(folder: &Path, name: &str, says: &str) {
    write(folder, name, &format!("#!/bin/sh\necho '{says}'\n"));
    fs::set_permissions(folder.join(name), PermissionsExt::from_mode(0o755)).expect("a program");
}

/// Of a binary with the std that the rustc in the folder brings.
fn sbom_beside(folder: &Path) -> Value {
    let toolchain = folder.display().to_string();
    let mut command = inventory(&["sbom", "aarch64-unknown-linux-musl", "default", &toolchain, "full"]);
    let said = printed(command.env("FIREPUSH_RUSTC", folder.join("rustc")));
    assert!(is_valid(&said), "{said}");
    serde_json::from_str(&said).expect("JSON")
}

#[test]
fn a_std_that_came_built_is_told_in_full_only_where_its_source_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    program(folder, "rustc", &folder.display().to_string());
    program(folder, "zig/ziglang/zig", "clang version 20.1.2");
    for name in ["LICENSE", "lib/libunwind/LICENSE.TXT", "lib/libc/musl/COPYRIGHT"] {
        write(folder, &format!("zig/ziglang/{name}"), "as you like");
    }
    write(folder, "zig/ziglang/lib/libc/musl/src/internal/version.h", "#define VERSION \"1.2.5\"");
    let without = sbom_beside(folder);
    assert!(matches!(incomplete(&without)[..], [std] if std.starts_with("pkg:generic/rust-std@")), "{without:#}");
    let lock = "lib/rustlib/src/rust/library/Cargo.lock";
    let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let sum = "0".repeat(64);
    let entry =
        |name| format!("[[package]]\nname = \"{name}\"\nversion = \"7.8.9\"\n{source}\nchecksum = \"{sum}\"\n\n");
    write(folder, lock, &STD.map(entry).concat());
    let with = sbom_beside(folder);
    assert!(incomplete(&with).is_empty(), "{with:#}");
    let components = with["components"].as_array().expect("components").iter();
    let inside: Vec<_> =
        components.map(|each| text(each, "bom-ref")).filter(|id| id.starts_with("rust-std/")).collect();
    assert_eq!(inside, STD.map(|name| format!("rust-std/{name}@7.8.9")));
    write(folder, lock, &STD[1..].iter().map(|name| entry(name)).collect::<String>());
    assert_eq!(incomplete(&sbom_beside(folder)), incomplete(&without), "another std than the one that is known");
}

#[test]
fn the_licences_are_all_there_and_each_text_once() {
    let (target, features) = ("armv7-unknown-linux-musleabihf", "gzip,roots");
    let said = printed(&mut inventory(&["licences", target, features]));
    assert!(!said.contains(&root().display().to_string()), "no path of this machine");
    for name in tree(target, features, "normal,no-proc-macro") {
        let title = name.replace('@', " ");
        assert!(said.contains(&format!("\n{title}: ")), "{title} is in the table");
        assert!(said.lines().any(|line| line.starts_with(&format!("{title}: LICENSE"))), "{title} has a text");
    }
    assert!(!said.contains("\ncc 1."), "what only builds is not inside");
    for part in [&read("LICENSE-MIT"), "Rich Felker", "UNICODE LICENSE V3", "Community Data License Agreement"] {
        assert!(said.contains(part.trim()), "{part}");
    }
    let line = format!("\n{}\n", "-".repeat(80));
    let texts: Vec<_> = said.split(&line).skip(2).step_by(2).collect();
    assert!(texts.len() > 20 && texts.iter().collect::<BTreeSet<_>>().len() == texts.len(), "{} texts", texts.len());
}

#[test]
fn a_crate_without_a_licence_is_not_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        "Cargo.toml",
        "[package]\nname = \"bare\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n[features]\ndefault = []\n[lib]\npath = \"lib.rs\"\n",
    );
    write(folder.path(), "Cargo.lock", "version = 4\n\n[[package]]\nname = \"bare\"\nversion = \"1.0.0\"\n");
    write(folder.path(), "lib.rs", "");
    let mut licences: Command = inventory(&["licences", "x86_64-unknown-linux-gnu"]);
    let output = licences.current_dir(folder.path()).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "inventory: bare 1.0.0 brings no licence\n");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}
