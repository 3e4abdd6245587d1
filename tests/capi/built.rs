//! The static library, built once, and C programs that are built against it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::files;
use crate::support::process::{Process, supervised};

/// What a program that did something wrong to memory ends with: no other code of it.
const WRONG: &str = "99";

/// How a program is built and run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    C99,
    Cpp17,
    /// As C99, under AddressSanitizer and LeakSanitizer.
    Sanitized,
    /// As C99, under valgrind.
    Valgrind,
}

impl How {
    pub const ALL: [How; 4] = [How::C99, How::Cpp17, How::Sanitized, How::Valgrind];

    /// Those that look at memory; all of them for `make check-full`.
    pub fn watched() -> &'static [How] {
        let full = std::env::var_os("FIREPUSH_FULL").is_some_and(|value| value == "1");
        if full { &How::ALL } else { &[How::Sanitized, How::Valgrind] }
    }

    fn compiler(self) -> Command {
        let (program, dialect) = match self {
            How::Cpp17 => ("g++", &["-x", "c++", "-std=c++17"][..]),
            How::C99 | How::Sanitized | How::Valgrind => ("gcc", &["-std=c99"][..]),
        };
        let mut command = Command::new(program);
        command.args(dialect).args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"]);
        match self {
            How::C99 | How::Cpp17 => command.arg("-O2"),
            How::Sanitized => command.args(["-g", "-fsanitize=address", "-fno-omit-frame-pointer"]),
            How::Valgrind => command.arg("-g"),
        };
        command
    }
}

/// A program, gone with the test.
pub struct Program {
    how: How,
    path: PathBuf,
    _folder: TempDir,
}

impl Program {
    /// Builds one source file, whose warnings are errors.
    #[track_caller]
    pub fn new(source: &Path, how: How) -> Program {
        let folder = files::folder();
        let path = folder.path().join(source.file_stem().expect("a name"));
        let mut compiler = how.compiler();
        compiler.arg("-I").arg(include()).arg("-o").arg(&path).arg(source);
        compiler.args(["-x", "none"]).arg(archive()).args(["-ldl", "-lm"]);
        succeeds(&mut compiler);
        Program { how, path, _folder: folder }
    }

    /// The program, to add arguments to and to start, with that file (or pipe) as its standard input.
    pub fn reads(&self, input: &Path) -> Command {
        let mut command = supervised("sh", None);
        command.args(["-c", "input=$1; shift; exec \"$@\" <\"$input\"", "sh"]).arg(input);
        if self.how == How::Valgrind {
            command.args(["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite,possible"]);
            command.args(["--errors-for-leak-kinds=definite,possible", &format!("--error-exitcode={WRONG}")]);
            command.arg(format!("--suppressions={}/tests/capi/valgrind.supp", env!("CARGO_MANIFEST_DIR")));
        }
        let options = format!("exitcode={WRONG}");
        command.env("ASAN_OPTIONS", format!("{options}:detect_leaks=1")).env("LSAN_OPTIONS", options);
        command.arg(&self.path);
        command
    }

    /// The same with nothing to read.
    pub fn start(&self, words: &[&str]) -> Process {
        let mut command = self.reads(Path::new("/dev/null"));
        command.args(words);
        Process::start(command)
    }
}

/// Where `firepush.h` is.
pub fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/capi")
}

/// The static library. Its folder is its own: the cargo that runs the tests may hold the lock of the other one.
pub fn archive() -> &'static Path {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["rustc", "--locked", "--quiet", "--lib", "--crate-type", "staticlib"]);
        cargo.args(["--features", "capi,capi-fault"]);
        succeeds(cargo.arg("--target-dir").arg(&target).current_dir(env!("CARGO_MANIFEST_DIR")));
        target.join("debug/libfirepush.a")
    })
}

/// Runs it to its end; what it says is shown when it fails.
#[track_caller]
pub fn succeeds(command: &mut Command) {
    let output = command.output().expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&said));
}

/// A program of the package's own examples.
#[track_caller]
pub fn example(name: &str, how: How) -> Program {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c").join(name);
    Program::new(&source, how)
}

/// Else the tests that look at memory could not fail.
#[test]
fn what_is_wrong_with_memory_is_noticed() {
    const BOTH: &[How] = &[How::Sanitized, How::Valgrind];
    const WRONGS: [(&str, &[How]); 3] = [
        ("bytes = NULL; return bytes != NULL;", BOTH),
        ("return bytes[8] == 1;", BOTH),
        ("if (bytes[0] == 1) return 2; return 0;", &[How::Valgrind]),
    ];
    let folder = files::folder();
    let source = folder.path().join("wrong.c");
    for (wrong, hows) in WRONGS {
        let begin = "#include <stdlib.h>\nint main(void) { char *volatile bytes = (char *)malloc(8);";
        fs::write(&source, format!("{begin} {wrong} }}\n")).expect("write");
        for how in hows {
            let exit = Program::new(&source, *how).start(&[]).wait();
            assert_eq!(exit.code.to_string(), WRONG, "{how:?}, {wrong}: {}", exit.stderr);
        }
    }
}
