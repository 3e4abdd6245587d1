//! The examples in C: each does what its first comment says, as C99 and as C++17, and does nothing wrong to memory.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::built::{How, archive, example, include, succeeds};
use crate::support::files;

mod collector;
mod progress_cancel;
mod push;
mod push_memory;

/// Small, for valgrind makes it slow.
const SIZE: u64 = 100_000;
/// A file that is held on its way, and what passes before: more than a login, less than the file.
const HELD: u64 = 2_000_000;
const MIDDLE: u64 = 400_000;

#[test]
fn the_makefile_builds_all_examples_with_what_pkg_config_says() {
    let (folder, examples) = (files::folder(), Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c"));
    for file in fs::read_dir(&examples).expect("the examples").flatten() {
        fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
    }
    let libraries = archive().parent().expect("a folder").display();
    let pc = format!(
        "Name: firepush\nDescription: pushes files\nVersion: 0.1.0\nCflags: -I{}\nLibs: -L{libraries} -lfirepush -ldl -lm\n",
        include().display()
    );
    fs::write(folder.path().join("firepush.pc"), pc).expect("write");
    let mut make = Command::new("make");
    make.env_remove("MAKEFLAGS").env("PKG_CONFIG_PATH", folder.path()).current_dir(&folder);
    succeeds(&mut make);
    for source in ["push.c", "push_memory.c", "collector.c", "progress_cancel.c"] {
        let program = folder.path().join(source).with_extension("");
        let output = Command::new(&program).output().expect("it was built");
        let usage = format!("usage: {} ", program.file_name().expect("a name").to_string_lossy());
        assert!(String::from_utf8_lossy(&output.stderr).starts_with(&usage), "{source}");
        assert_eq!(output.status.code(), Some(1), "{source}");
    }
}
