//! What `make install` puts there: a library that pkg-config finds, shared and static, and nothing exported but ours.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::bed::Device;
use crate::built::succeeds;
use crate::header::header;
use crate::support::files;
use crate::support::process::{Process, supervised};

/// As of a distribution that has several architectures.
const LIBDIR: &str = "/usr/lib/somewhere";

const PUSH: &str = "examples/c/push.c";

fn destdir() -> &'static Path {
    static DESTDIR: OnceLock<PathBuf> = OnceLock::new();
    DESTDIR.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let destdir = target.join("destdir");
        let mut make = Command::new("make");
        make.arg("install-capi").arg(format!("DESTDIR={}", destdir.display()));
        make.args(["PREFIX=/usr", &format!("LIBDIR={LIBDIR}")]);
        make.env("CARGO_TARGET_DIR", target.join("capi")).env("CARGO", env!("CARGO"));
        succeeds(make.current_dir(env!("CARGO_MANIFEST_DIR")));
        destdir
    })
}

fn libdir() -> PathBuf {
    destdir().join(LIBDIR.trim_start_matches('/'))
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Built in the folder that the package was installed to, with what pkg-config says of it and nothing else.
fn build(device: &Device, source: &str, compiler: &[&str], pkg_config: &[&str]) -> PathBuf {
    let mut words = Command::new("pkg-config");
    words.args(["--cflags", "--libs"]).args(pkg_config).arg("firepush");
    words.env("PKG_CONFIG_PATH", libdir().join("pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", destdir());
    let program = device.path("program");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let mut cc = Command::new("cc");
    cc.args(compiler).arg("-o").arg(&program).arg(source).args(output(&mut words).split_whitespace());
    succeeds(&mut cc);
    program
}

fn pushes_by(compiler: &[&str], pkg_config: &[&str]) {
    let device = Device::new();
    let mut receiver = device.receiver();
    let program = build(&device, PUSH, compiler, pkg_config);
    let file = files::make(&device.path("log"), "messages", 300_000);
    let mut command = supervised(program.to_str().expect("a path"), None);
    command.arg(device.path("conf")).arg(&device.ops.jid).arg(&file).env("LD_LIBRARY_PATH", libdir());
    let exit = Process::start(command).wait();
    assert_eq!((exit.code, exit.stderr.as_str()), (0, ""), "{compiler:?} {pkg_config:?}");
    assert!(device.arrived(&mut receiver, "messages") == std::fs::read(&file).expect("sent"));
}

#[test]
fn push_c_builds_by_pkg_config_alone_and_pushes_with_the_shared_library() {
    pushes_by(&[], &[]);
}

#[test]
fn push_c_builds_by_pkg_config_alone_and_pushes_all_static() {
    pushes_by(&["-static"], &["--static"]);
}

#[test]
fn a_caller_needs_no_more_stack_than_128_kib() {
    let device = Device::new();
    let _receiver = device.receiver();
    let program = build(&device, "tests/capi/stack.c", &["-pthread"], &[]);
    let mut command = supervised(program.to_str().expect("a path"), None);
    command.arg(device.path("conf")).arg(&device.ops.jid).env("LD_LIBRARY_PATH", libdir());
    let exit = Process::start(command).wait();
    assert_eq!((exit.code, exit.stderr.as_str()), (0, ""));
}

#[test]
fn push_c_finds_its_library_by_the_soname_and_a_static_one_needs_none() {
    let device = Device::new();
    let needed = |program: &Path| output(Command::new("readelf").arg("-d").arg(program));
    assert!(needed(&build(&device, PUSH, &[], &[])).contains("Shared library: [libfirepush.so.0]"));
    assert!(!needed(&build(&device, PUSH, &["-static"], &["--static"])).contains("NEEDED"));
}

#[test]
fn the_shared_library_exports_what_the_header_declares_and_nothing_else() {
    let symbols = output(Command::new("nm").args(["-D", "--defined-only"]).arg(libdir().join("libfirepush.so")));
    let exported = symbols.lines().filter_map(|line| line.rsplit(' ').next()).filter(|name| *name != "FIREPUSH_0");
    let header = header();
    let mut count = 0;
    for name in exported {
        let plain = name.strip_suffix("@@FIREPUSH_0").unwrap_or_else(|| panic!("{name} is of no version"));
        assert!(header.contains(&format!("{plain}(")), "{plain} is not in the header");
        count += 1;
    }
    assert_eq!(
        count,
        header
            .lines()
            .filter(|line| line.contains(" firepush_") || line.contains(" *firepush_"))
            .filter(|line| line.contains('(') && !line.contains("typedef"))
            .count()
    );
}

#[test]
fn installing_puts_a_library_where_it_is_wanted_and_links_to_it() {
    let shared = format!("libfirepush.so.{}", env!("CARGO_PKG_VERSION"));
    let link = |name: &str| std::fs::read_link(libdir().join(name)).expect("a link");
    assert_eq!((link("libfirepush.so.0"), link("libfirepush.so")), (shared.into(), "libfirepush.so.0".into()));
    assert!(destdir().join("usr/include/firepush.h").is_file() && libdir().join("libfirepush.a").is_file());
    let mut version = Command::new("pkg-config");
    version.args(["--modversion", "firepush"]).env("PKG_CONFIG_PATH", libdir().join("pkgconfig"));
    assert_eq!(output(&mut version).trim(), env!("CARGO_PKG_VERSION"));
}
