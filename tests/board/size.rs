//! What firepush for armv7-musl comes to by profile and feature, as `board/SIZE.md` tells it. `make size` writes that
//! file (FIREPUSH_SIZE=write), `make check-board` holds it against what the build gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::files;
use crate::{board, build_of, c, cross, memory, output, set_up};

const TARGET: &str = "armv7-musl";
/// Profile small, all default features.
const DEFAULT_MAX: u64 = 900_000;
/// Profile small, no feature: a sender, TLS 1.3, a pin or a CA file.
const SENDER_MAX: u64 = 650_000;
/// Memory differs from run to run by some pages.
const KIB_APART_MAX: u64 = 128;
const MEMORY: &str = "\n## Memory\n";
const DIFFERS: &str = "board/SIZE.md is not what the build gives; another rustc of Debian changes that too. `make size` \
                       writes it anew";
/// Measured once, when each was made; the code has changed since.
const CUT: &str = "
## What was cut

What each cut brought when it was made, profile small; the first two of 1,110,784 bytes.

| left out | bytes |
|---|---|
| tables to unwind by | 30,828 |
| what is the same in several functions (LLVM's machine outliner) | 25,476 |
| at which line a panic happened, and what is inside of a Debug | 50,112 |
| copies of what std does around a thread, signing with Ed25519, strftime in the syslog | 19,616 |
| the unwinder, and the C library's printf that came with it | 16,396 |
| maps of std, for sorted vectors | 18,432 |
| std's Command, for posix_spawn | 14,184 |
| a second kind of reader, `dyn Read`, io::copy | 3,936 |
| kinds of sort, chains of iterators | 3,968 |
";
/// What a C program takes without the library.
const EMPTY_C: &str = "int main(void) { return 0; }\n";

#[test]
#[ignore = "a dozen builds: `make check-board`"]
fn size_md_is_what_the_build_gives_and_the_budgets_hold() {
    set_up();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("board/SIZE.md");
    let (sizes, memory) = (sizes(), memory());
    if std::env::var_os("FIREPUSH_SIZE").is_some_and(|value| value == "write") {
        fs::write(&path, [&sizes, MEMORY, &memory].concat()).expect("SIZE.md");
    }
    let (default, sender) = (size("small", None), size("small", Some("")));
    assert!(default <= DEFAULT_MAX, "{default} bytes with the default features");
    assert!(sender <= SENDER_MAX, "{sender} bytes without features");
    let told = fs::read_to_string(&path).expect("SIZE.md");
    let (told_sizes, told_memory) = told.split_once(MEMORY).expect("a part about memory");
    assert!(told_sizes == sizes, "{DIFFERS}:\n{told_sizes}\nand measured:\n{sizes}");
    assert!(is_near(told_memory, &memory), "{DIFFERS}:{told_memory}\nand measured:{memory}");
}

#[test]
fn memory_may_differ_by_some_pages_and_nothing_else() {
    let table = |rows: &str| format!("In KiB.\n\n| target | profile | | KiB |\n|---|---|---|---|\n{rows}");
    let told = table("| a | full | 1 MiB push | 1,968 |\n| a | small | 1 MiB push | 1,640 |\n");
    assert!(is_near(&told, &told.replace("1,968", "2,096").replace("1,640", "1,512")));
    let others = [
        told.replace("1,968", "2,097"),
        told.replace("1,640", "1,511"),
        told.replace("| a | small", "| b | small"),
        told.replace("full", "tiny"),
        told.replace("push | 1,640", "push in-band | 1,640"),
        table("| a | small | 1 MiB push | 1,968 |\n| a | full | 1 MiB push | 1,640 |\n"),
        table("| a | full | 1 MiB push | 1,968 |\n"),
        told.replace("In KiB", "In MiB"),
    ];
    for other in others {
        assert!(!is_near(&told, &other) && !is_near(&other, &told), "{other}");
    }
}

/// Line by line, but for some pages.
fn is_near(told: &str, measured: &str) -> bool {
    let [told, measured] = [told, measured].map(|text| text.lines().map(figure).collect::<Vec<_>>());
    let mut pairs = told.iter().zip(&measured);
    told.len() == measured.len() && pairs.all(|(told, now)| told.0 == now.0 && told.1.abs_diff(now.1) <= KIB_APART_MAX)
}

/// What a line says, and the figure that it ends with, if it is a row of a table.
fn figure(line: &str) -> (&str, u64) {
    let cells = line.strip_suffix(" |").and_then(|row| row.rsplit_once(" | "));
    let row = cells.and_then(|(row, cell)| Some((row, cell.replace(',', "").parse().ok()?)));
    row.unwrap_or((line, 0))
}

fn sizes() -> String {
    format!(
        "# Sizes\n\nBytes of `firepush` for {TARGET}, profile `dist`, as `make size` found them ({}). `make check-board` \
         holds this page\nagainst what the build gives, and two budgets: {} bytes for small with all default features, {} \
         for small with none.\n\n## Profiles\n\n| profile | bytes | |\n|---|---|---|\n{}\n## Features\n\nProfile small. \
         `doctor` goes with `receive`.\n\n| features | bytes | difference |\n|---|---|---|\n{}\n{}{CUT}",
        tools(),
        grouped(DEFAULT_MAX),
        grouped(SENDER_MAX),
        profiles(),
        features(),
        library(),
    )
}

fn profiles() -> String {
    let about = [
        ("full", "std as it is; a panic says where it happened"),
        ("small", "std built for size; a panic says what, not where"),
        ("tiny", "a panic ends the process without a word"),
    ];
    about.map(|(name, about)| format!("| {name} | {} | {about} |\n", grouped(size(name, None)))).concat()
}

fn features() -> String {
    let default = size("small", None) as i64;
    let row = |name: &str, bytes: u64| format!("| {name} | {} | {:+} |\n", grouped(bytes), bytes as i64 - default);
    let mut rows = row("default", size("small", None));
    for without in defaults() {
        let rest: Vec<_> = defaults().into_iter().filter(|name| *name != without && needs(name) != without).collect();
        rows += &row(&format!("without `{without}`"), size("small", Some(&rest.join(","))));
    }
    rows += &row("with `intl`", size("small", Some(&[&defaults()[..], &["intl".to_owned()]].concat().join(","))));
    rows + &row("none: a sender, TLS 1.3, a pin or a CA file", size("small", Some("")))
}

fn library() -> String {
    let (folder, board) = (files::folder(), board(TARGET));
    let (archive, empty) = (c::archive(board), folder.path().join("empty.c"));
    fs::write(&empty, EMPTY_C).expect("write");
    let [all, empty] = [c::push_c(), empty].map(|source| {
        let program = c::link(board, &source, &archive, folder.path());
        program.metadata().expect("a size").len()
    });
    format!(
        "The C library (`capi`, profile full): examples/c/push.c with all of it inside is {} bytes. A program that does \
         nothing,\nlinked alike, is {}: so the library, and what it needs of the C library, costs {}.\n",
        grouped(all),
        grouped(empty),
        grouped(all - empty),
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

fn size(std: &str, features: Option<&str>) -> u64 {
    build_of(TARGET, std, features).metadata().expect("a size").len()
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
