//! What lies beneath the crates in a binary: the standard library, and what zig links to it (`board/cross`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lock::{self, Locked};
use crate::{Result, graph};

pub struct Part {
    /// What the bill of materials knows it by.
    pub id: String,
    pub url: String,
    pub name: String,
    pub version: Option<String>,
    pub licence: &'static str,
    pub checksum: Option<String>,
    pub texts: Vec<String>,
    pub needs: Vec<String>,
    /// Nothing says what else it was made of.
    pub is_partly_known: bool,
}

/// What `board/cross` built the binary with.
pub struct Toolchain {
    pub folder: PathBuf,
    /// With std as it is (FIREPUSH_STD=full), which can show where a panic came from.
    pub is_full: bool,
}

/// The crates inside std on Linux, their licences, and whether only std as it is has them.
const STD: [(&str, &str, bool); 10] = [
    ("addr2line", "Apache-2.0 OR MIT", true),
    ("adler2", "0BSD OR MIT OR Apache-2.0", true),
    ("cfg-if", "MIT OR Apache-2.0", false),
    ("gimli", "MIT OR Apache-2.0", true),
    ("hashbrown", "MIT OR Apache-2.0", false),
    ("libc", "MIT OR Apache-2.0", false),
    ("memchr", "Unlicense OR MIT", true),
    ("miniz_oxide", "MIT OR Zlib OR Apache-2.0", true),
    ("object", "Apache-2.0 OR MIT", true),
    ("rustc-demangle", "MIT OR Apache-2.0", false),
];

pub fn parts(target: &str, rust: &str, toolchain: Option<&Toolchain>) -> Result<Vec<Part>> {
    let mut std = Part::new("rust-std", "(MIT OR Apache-2.0) AND Unicode-3.0 AND Apache-2.0 WITH LLVM-exception");
    std = std.of_version(rust);
    std.texts.push(include_str!("notices/rust-std").to_owned());
    let is_musl = target.contains("musl");
    let Some(toolchain) = toolchain else {
        let musl = Part { texts: vec![include_str!("notices/musl").to_owned()], ..Part::new("musl", "MIT") };
        std.is_partly_known = true;
        return Ok([Some(std), is_musl.then_some(musl)].into_iter().flatten().collect());
    };
    let inside_std = toolchain.inside_std()?;
    std.is_partly_known = inside_std.is_none();
    let inside_std = inside_std.unwrap_or_default();
    std.needs = inside_std.iter().map(|part| part.id.clone()).collect();
    let c = if is_musl { toolchain.musl()? } else { toolchain.glibc() };
    // board/cross leaves the unwinder out of the other profiles.
    let unwinder = if toolchain.is_full { Some(toolchain.unwinder()?) } else { None };
    Ok([std, c, toolchain.compiler_rt()?].into_iter().chain(unwinder).chain(inside_std).collect())
}

impl Toolchain {
    /// None of a std that came built, unless its source (rustup's rust-src) lies beside it and is as STD knows it.
    fn inside_std(&self) -> Result<Option<Vec<Part>>> {
        let other = graph::other_rustc();
        let sysroot = other.as_ref().map_or_else(|| Ok(self.folder.join("rust")), |rustc| graph::sysroot(rustc))?;
        let lock = sysroot.join("lib/rustlib/src/rust/library/Cargo.lock");
        if other.is_some() && !lock.exists() {
            return Ok(None);
        }
        let locked: BTreeMap<_, _> = lock::of(&lock)?.into_iter().map(|item| (item.name.clone(), item)).collect();
        if other.is_some() && !STD.iter().all(|(name, ..)| locked.contains_key(*name)) {
            return Ok(None);
        }
        Ok(Some(self.crates_of_std(&locked)?))
    }

    fn crates_of_std(&self, locked: &BTreeMap<String, Locked>) -> Result<Vec<Part>> {
        let inside = STD.iter().filter(|(_, _, needs_full)| self.is_full || !needs_full);
        let part = |(name, licence, _): &(&str, &'static str, bool)| {
            let item = locked.get(*name).ok_or_else(|| format!("std has no {name}"))?;
            let mut part = Part::new(name, licence).of_version(&item.version);
            part.id = format!("rust-std/{name}@{}", item.version);
            part.url = format!("pkg:cargo/{name}@{}", item.version);
            part.checksum = Some(item.checksum.clone());
            Ok(part)
        };
        inside.map(part).collect()
    }

    fn musl(&self) -> Result<Part> {
        let said = self.zig_text("lib/libc/musl/src/internal/version.h")?;
        let version = said.split('"').nth(1).ok_or("musl does not say its version")?;
        let mut part = Part::new("musl", "MIT").of_version(version);
        part.texts.push(self.zig_text("lib/libc/musl/COPYRIGHT")?);
        Ok(part)
    }

    /// The C library itself is the board's.
    fn glibc(&self) -> Part {
        let licence = "LGPL-2.1-or-later WITH GCC-exception-2.0-note";
        Part { texts: vec![include_str!("notices/glibc-start").to_owned()], ..Part::new("glibc-start", licence) }
    }

    fn compiler_rt(&self) -> Result<Part> {
        let version = self.zig_says(&["version"])?;
        let mut part =
            Part::new("zig-compiler-rt", "MIT AND Apache-2.0 WITH LLVM-exception").of_version(version.trim());
        part.texts = vec![self.zig_text("LICENSE")?, self.llvm_licence()?];
        Ok(part)
    }

    fn unwinder(&self) -> Result<Part> {
        let said = self.zig_says(&["cc", "--version"])?;
        let version = said.split("clang version ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let version = version.ok_or("zig cc does not say its version")?;
        let mut part = Part::new("llvm-libunwind", "Apache-2.0 WITH LLVM-exception").of_version(version);
        part.texts.push(self.llvm_licence()?);
        Ok(part)
    }

    fn llvm_licence(&self) -> Result<String> {
        self.zig_text("lib/libunwind/LICENSE.TXT")
    }

    fn zig(&self) -> PathBuf {
        self.folder.join("zig/ziglang")
    }

    fn zig_text(&self, name: &str) -> Result<String> {
        read(&self.zig().join(name))
    }

    fn zig_says(&self, words: &[&str]) -> Result<String> {
        let mut zig = Command::new(self.zig().join("zig"));
        zig.args(words);
        Ok(String::from_utf8(graph::printed(zig)?)?)
    }
}

fn read(path: &Path) -> Result<String> {
    Ok(fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

impl Part {
    fn new(name: &str, licence: &'static str) -> Self {
        let url = format!("pkg:generic/{name}");
        let (id, name) = (url.clone(), name.to_owned());
        let (texts, needs) = (Vec::new(), Vec::new());
        Self { id, url, name, version: None, licence, checksum: None, texts, needs, is_partly_known: false }
    }

    fn of_version(mut self, version: &str) -> Self {
        self.url = format!("pkg:generic/{}@{version}", self.name);
        self.id = self.url.clone();
        self.version = Some(version.to_owned());
        self
    }

    pub fn title(&self) -> String {
        [Some(self.name.as_str()), self.version.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
