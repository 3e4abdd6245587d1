//! The layer of Yocto. BitBake is neither in Debian nor on PyPI: oelint's parser reads the recipe in its place, its
//! linter looks it over, and the tasks run as the shell that they are, over what crates.io would get.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::facts::{self, features, published, python, read, root, succeeds};

const LAYER: &str = "board/yocto";
const FOLDER: &str = "board/yocto/recipes-connectivity/firepush";

/// The tool of OpenEmbedded that writes the crate list leaves a space behind each opening quote; only a program for the
/// build machine needs the class; the page of the crate can't be looked for. Our own archive has a checksum only once it
/// is released, and those of the others are held against `Cargo.lock`.
const NOT_ASKED: [&str; 5] = [
    "oelint.vars.inconspaces",
    "oelint.vars.notneededspace",
    "oelint.var.bbclassextend",
    "oelint.vars.homepageping",
    "oelint.vars.srcurichecksum",
];

fn recipe() -> String {
    format!("{FOLDER}/firepush_{}.bb", facts::version())
}

fn parsed() -> Value {
    let mut parser = python();
    parser.arg(root().join("tests/packages/recipe.py")).arg(root().join(recipe()));
    serde_json::from_str(&facts::printed(&mut parser)).expect("JSON")
}

fn words(parsed: &Value, variable: &str) -> BTreeSet<String> {
    let words = parsed["variables"][variable].as_array().unwrap_or_else(|| panic!("{variable} is not set"));
    words.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

#[test]
fn what_is_checked_in_is_what_make_recipes_makes() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [&FOLDER[6..], "yocto/recipes-connectivity/firepush/files", "buildroot/package/firepush"] {
        fs::create_dir_all(folder.path().join(name)).expect("a folder");
    }
    succeeds(facts::inventory(&["recipes"]).arg(folder.path()));
    let made = facts::printed(Command::new("find").args([".", "-type", "f"]).current_dir(folder.path()));
    assert_eq!(made.lines().count(), 8, "{made}");
    for name in made.lines() {
        let text = fs::read_to_string(folder.path().join(name)).expect("text");
        assert!(text == read(&format!("board/{name}")), "board/{name} is stale: run `make recipes`");
    }
}

#[test]
fn the_recipe_fetches_the_crates_of_cargo_lock_and_knows_their_checksums() {
    let parsed = parsed();
    let version = facts::version();
    let mut uris = BTreeSet::from([format!(
        "https://crates.io/api/v1/crates/firepush/{version}/download;name=firepush;downloadfilename=firepush-{version}.tar.gz"
    )]);
    let mut sums = BTreeMap::new();
    for locked in facts::lock() {
        let Some(checksum) = locked.checksum else { continue };
        let name = format!("{}-{}", locked.name, locked.version);
        uris.insert(format!("crate://crates.io/{}/{};name={name}", locked.name, locked.version));
        sums.insert(format!("SRC_URI[{name}.sha256sum]"), checksum);
    }
    assert!(sums.len() > 50, "Cargo.lock was read");
    assert_eq!(parsed["version"], version);
    let (files, crates): (Vec<_>, Vec<_>) =
        words(&parsed, "SRC_URI").into_iter().partition(|uri| uri.starts_with("file://"));
    let crates: BTreeSet<_> = crates.into_iter().collect();
    let differing: Vec<_> = crates.symmetric_difference(&uris).collect();
    assert!(differing.is_empty(), "{differing:?}");
    for file in files {
        read(&format!("{FOLDER}/files/{}", &file["file://".len()..]));
    }
    let list = read(&format!("{FOLDER}/firepush-crates.inc"));
    for (flag, sum) in &sums {
        // BitBake takes a + in a name, oelint's parser doesn't.
        let is_known = if flag.contains('+') {
            list.contains(&format!("\n{flag} = \"{sum}\"\n"))
        } else {
            parsed["flags"][flag] == *sum
        };
        assert!(is_known, "{flag}");
    }
    assert_eq!(list.matches(".sha256sum]").count(), sums.len());
}

#[test]
fn the_recipe_knows_the_licence_and_its_files() {
    let parsed = parsed();
    assert_eq!(parsed["variables"]["LICENSE"], serde_json::json!(["MIT", "|", "Apache-2.0"]));
    let files = ["LICENSE-APACHE", "LICENSE-MIT"];
    let sums = facts::printed(Command::new("md5sum").args(files).current_dir(root()));
    let sums = sums.lines().map(|line| line.split_once("  ").expect("sum and name"));
    let expected: BTreeSet<_> = sums.map(|(sum, name)| format!("file://{name};md5={sum}")).collect();
    assert_eq!(words(&parsed, "LIC_FILES_CHKSUM"), expected);
}

#[test]
fn every_feature_is_a_packageconfig_and_the_defaults_are_ours() {
    let parsed = parsed();
    let flags = parsed["flags"].as_object().expect("flags").iter();
    let configs = flags.filter_map(|(name, value)| {
        let feature = name.strip_prefix("PACKAGECONFIG[")?.strip_suffix(']')?;
        assert_eq!(value.as_str(), Some(format!("--features={feature}").as_str()));
        Some(feature.to_owned())
    });
    assert_eq!(configs.collect::<BTreeSet<_>>(), features());
    assert_eq!(words(&parsed, "PACKAGECONFIG"), facts::default_features());
}

#[test]
fn the_linter_has_nothing_to_say() {
    for release in ["scarthgap", "wrynose"] {
        let mut lint = python();
        lint.args(["-m", "oelint_adv", "--jobs", "1", "--quiet", "--mode", "all", "--release", release]);
        lint.args(NOT_ASKED.iter().flat_map(|rule| ["--suppress", rule]));
        let said = facts::succeeds(lint.arg(root().join(LAYER).join("conf/layer.conf")).arg(root().join(recipe())));
        assert_eq!(String::from_utf8_lossy(&said.stderr), "", "{release}");
    }
}

/// The body of a task, where `contains` asks for a word of what is chosen.
fn task(name: &str, chosen: &[&str]) -> String {
    let text = read(&recipe());
    let body = text.split_once(&format!("\n{name}() {{\n")).and_then(|(_, rest)| rest.split_once("\n}\n"));
    let mut shell = body.expect("a task").0.to_owned();
    while let Some((before, rest)) = shell.split_once("${@bb.utils.contains(") {
        let (asked, after) = rest.split_once(", d)}").expect("its end");
        let asked: Vec<_> = asked.split(", ").map(|word| word.trim_matches('\'')).collect();
        let answer = if chosen.contains(&asked[1]) { asked[2] } else { asked[3] };
        shell = format!("{before}{answer}{after}");
    }
    shell
}

/// Builds with a cargo that only notes how it was called, and installs; the notes, and what was installed.
fn installed(chosen: &[&str]) -> (String, Vec<String>) {
    let (folder, source, _) = published();
    let work = folder.path().join("work");
    let built = work.join("build/target/arm/release");
    fs::create_dir_all(&built).expect("a folder");
    for name in ["firepush", "libfirepush.a"] {
        fs::write(built.join(name), name).expect("a file");
    }
    let tasks = [task("do_compile", chosen), task("do_install", chosen)].join("\n");
    let shell = format!("set -eu\noe_cargo_build() {{ echo \"build $*\"; }}\ncargo() {{ echo \"$*\"; }}\n{tasks}");
    let mut command = Command::new("sh");
    command.args(["-c", &shell]).env("S", source).env("B", work.join("build")).env("D", work.join("image"));
    command.env("FIREPUSH_FILES", root().join(FOLDER).join("files")).env("CARGO", "cargo").env("RUSTFLAGS", "");
    command.env("CARGO_BUILD_FLAGS", "--frozen").env("CARGO_TARGET_SUBDIR", "arm/release").env("libdir", "/usr/lib");
    command.env("bindir", "/usr/bin").env("mandir", "/usr/share/man").env("sysconfdir", "/etc");
    command.env("systemd_system_unitdir", "/usr/lib/systemd/system").env("includedir", "/usr/include");
    (facts::printed(&mut command), files(&work.join("image")))
}

fn files(folder: &Path) -> Vec<String> {
    let listed =
        facts::printed(Command::new("find").args([".", "-type", "f", "-printf", "%m %P\n"]).current_dir(folder));
    let mut listed: Vec<_> = listed.lines().map(str::to_owned).collect();
    listed.sort();
    listed
}

const ALWAYS: [&str; 4] = [
    "644 etc/firepush.conf",
    "644 usr/share/man/man1/firepush.1",
    "644 usr/share/man/man5/firepush.conf.5",
    "755 usr/bin/firepush",
];

fn sorted(more: &[&str]) -> Vec<String> {
    let all: BTreeSet<_> = ALWAYS.iter().chain(more).map(|name| (*name).to_owned()).collect();
    all.into_iter().collect()
}

#[test]
fn with_sysvinit_cron_calls_it() {
    let (built, files) = installed(&["jobs"]);
    assert_eq!(built, "build --bin firepush\n");
    assert_eq!(files, sorted(&["644 etc/cron.d/firepush"]));
}

#[test]
fn without_jobs_nothing_calls_it() {
    assert_eq!(installed(&["systemd"]).1, sorted(&[]));
}

#[test]
fn with_systemd_a_timer_does_and_the_c_library_comes_on_demand() {
    let (built, files) = installed(&["systemd", "capi", "jobs"]);
    assert_eq!(built, "build --bin firepush\nrustc --frozen --lib --crate-type staticlib\n");
    let units = ["644 usr/lib/systemd/system/firepush.service", "644 usr/lib/systemd/system/firepush.timer"];
    let library = ["644 usr/include/firepush.h", "644 usr/lib/libfirepush.a", "644 usr/lib/pkgconfig/firepush.pc"];
    assert_eq!(files, sorted(&[&units[..], &library[..]].concat()));
}

/// The list of crates is made from the one, the image from the other.
#[test]
fn the_archive_of_crates_io_has_our_cargo_lock() {
    let (_folder, source, _) = published();
    assert_eq!(fs::read_to_string(source.join("Cargo.lock")).expect("text"), read("Cargo.lock"));
}
