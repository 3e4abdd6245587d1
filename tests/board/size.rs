//! What firepush for armv7-musl comes to by profile and feature, as `board/SIZE.md` tells it. `make size` writes that
//! file (FIREPUSH_SIZE=write), `make check-board` holds it against what the build gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::files;
use crate::{BOARDS, build_of, c, cross, memory, output, set_up};

const TARGET: &str = "armv7-musl";
/// Profile small, all default features.
const DEFAULT_MAX: u64 = 900_000;
/// Profile small, no feature: a sender, TLS 1.3, a pin or a CA file.
const SENDER_MAX: u64 = 650_000;
/// Memory differs from run to run by some pages.
const KIB_APART_MAX: u64 = 128;
const MEMORY: &str = "\n## Memory\n";

#[test]
#[ignore = "a dozen builds: `make check-board`"]
fn size_md_is_what_the_build_gives_and_the_budgets_hold() {
    set_up();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("board/SIZE.md");
    let (sizes, memory) = (sizes(), memory());
    if std::env::var_os("FIREPUSH_SIZE").is_some_and(|value| value == "write") {
        fs::write(&path, [&sizes, MEMORY, &memory].concat()).expect("SIZE.md");
    }
    let told = fs::read_to_string(&path).expect("SIZE.md");
    let (told_sizes, told_memory) = told.split_once(MEMORY).expect("a part about memory");
    assert_eq!(told_sizes, sizes, "`make size` writes board/SIZE.md anew");
    let (told, measured) = (figures(told_memory), figures(&memory));
    assert_eq!(told.len(), measured.len());
    for (told, measured) in told.into_iter().zip(measured) {
        assert!(told.abs_diff(measured) <= KIB_APART_MAX, "{told} KiB in SIZE.md, measured {measured} KiB");
    }
}

fn sizes() -> String {
    let default = size("small", None);
    let sender = size("small", Some(""));
    assert!(default <= DEFAULT_MAX, "{default} bytes with the default features");
    assert!(sender <= SENDER_MAX, "{sender} bytes without features");
    let profiles = [
        ("full", size("full", None), "std as it is; a panic says where it happened"),
        ("small", default, "std built for size; a panic says what, not where"),
        ("tiny", size("tiny", None), "a panic ends the process without a word"),
    ];
    let profiles = profiles.map(|(name, bytes, about)| format!("| {name} | {} | {about} |\n", grouped(bytes)));
    let row =
        |name: &str, bytes: u64| format!("| {name} | {} | {:+} |\n", grouped(bytes), bytes as i64 - default as i64);
    let mut features = row("default", default);
    for without in defaults() {
        let rest: Vec<_> = defaults().into_iter().filter(|name| *name != without && needs(name) != without).collect();
        features += &row(&format!("without `{without}`"), size("small", Some(&rest.join(","))));
    }
    features += &row("with `intl`", size("small", Some(&[&defaults()[..], &["intl".to_owned()]].concat().join(","))));
    features += &row("none: a sender, TLS 1.3, a pin or a CA file", sender);
    format!(
        "# Sizes\n\nBytes of `firepush` for {TARGET}, profile `dist`, as `make size` found them ({}). `make check-board` \
         holds this page\nagainst what the build gives, and two budgets: {} bytes for small with all default features, {} \
         for small with none.\n\n## Profiles\n\n| profile | bytes | |\n|---|---|---|\n{}\n## Features\n\nProfile small. \
         `doctor` goes with `receive`.\n\n| features | bytes | difference |\n|---|---|---|\n{features}\nThe C library \
         (`capi`, profile full): examples/c/push.c with all of it inside is {} bytes.\n",
        tools(),
        grouped(DEFAULT_MAX),
        grouped(SENDER_MAX),
        profiles.concat(),
        grouped(of_push_c()),
    )
}

fn memory() -> String {
    let mut rows = String::new();
    for memory::Peak { target, std, way, kib } in memory::peaks() {
        rows += &format!("| {target} | {std} | {way} | {} |\n", grouped(*kib));
    }
    format!(
        "\nThe most that was resident at once, in KiB (median of 5); for x86_64 at most {}. Of armv7, which runs under an\n\
         emulator, the pages of its own.\n\n| target | profile | | KiB |\n|---|---|---|---|\n{rows}",
        grouped(memory::NATIVE_KIB_MAX)
    )
}

/// The last column of a table's rows.
fn figures(text: &str) -> Vec<u64> {
    let cells = text.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit(" | ").next());
    cells.filter_map(|cell| cell.replace(',', "").parse().ok()).collect()
}

fn size(std: &str, features: Option<&str>) -> u64 {
    build_of(TARGET, std, features).metadata().expect("a size").len()
}

fn of_push_c() -> u64 {
    let folder = files::folder();
    let board = BOARDS.iter().find(|board| board.target == TARGET).expect("a board");
    c::link(board, &c::archive(board), folder.path()).metadata().expect("a size").len()
}

/// As Cargo.toml has them.
fn defaults() -> Vec<String> {
    let manifest = include_str!("../../Cargo.toml");
    let line = manifest.lines().find_map(|line| line.strip_prefix("default = [")).expect("default features");
    line.trim_end_matches(']').split(", ").map(|name| name.trim_matches('"').to_owned()).collect()
}

/// What can't be there without it.
fn needs(feature: &str) -> &str {
    if feature == "doctor" { "receive" } else { "" }
}

fn tools() -> String {
    let cross_folder = std::env::var_os("FIREPUSH_CROSS").map(PathBuf::from);
    let folder = cross_folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cross"));
    let mut rustc = cross("tools/rustc");
    let rustc = output(rustc.env("FIREPUSH_CROSS", &folder).arg("--version"));
    let zig = output(Command::new(folder.join("zig/ziglang/zig")).arg("version"));
    let rustc: Vec<_> = rustc.split(' ').take(2).collect();
    format!("{}, zig {}", rustc.join(" "), zig.trim())
}

/// `1,017,664`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
