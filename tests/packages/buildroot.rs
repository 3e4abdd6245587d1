//! The external tree of Buildroot, read by kconfiglib and run by make, over what crates.io would get.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::facts::{self, published, python, read, root};

const TREE: &str = "board/buildroot";
const PACKAGE: &str = "board/buildroot/package/firepush";

#[test]
fn every_feature_is_an_option_and_the_defaults_are_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path().join("Config.in");
    let around = "config BR2_PACKAGE_HOST_RUSTC\n\tbool\nconfig BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS\n\tbool \"rust\"\n\tdefault y\n";
    fs::write(&top, format!("{around}source \"$BR2_EXTERNAL_FIREPUSH_PATH/Config.in\"\n")).expect("a file");
    let mut options = python();
    options.arg(root().join("tests/packages/options.py")).arg(top);
    let said = facts::printed(options.env("BR2_EXTERNAL_FIREPUSH_PATH", root().join(TREE)));
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let defaults = facts::default_features();
    let value = |feature: &String| if defaults.contains(feature) { "y" } else { "n" };
    let name = |feature: &String| format!("BR2_PACKAGE_FIREPUSH_{}", feature.to_uppercase());
    let mut expected: BTreeMap<_, _> = facts::features().iter().map(|each| (name(each), value(each))).collect();
    expected.insert("BR2_PACKAGE_FIREPUSH".to_owned(), "y");
    assert_eq!(said["chosen"], json!(expected));
    assert_eq!(said["selects_rustc"], "y");
    assert!(said["without_rust"].as_object().expect("values").values().all(|value| value == "n"), "{said}");
    assert_eq!((&said["warnings"], &said["helpless"]), (&json!([]), &json!([])));
}

fn make(words: &[&str]) -> Command {
    let mut make = Command::new("make");
    make.args(["--no-print-directory", "--warn-undefined-variables", "-sf"]);
    make.arg(root().join("tests/packages/buildroot.mk")).args(words);
    make.arg(format!("BR2_EXTERNAL_FIREPUSH_PATH={}", root().join(TREE).display()));
    make
}

#[test]
fn the_package_is_of_this_version_and_comes_from_crates_io() {
    let shown = facts::printed(&mut make(&["show"]));
    let version = facts::version();
    let expected = format!(
        "{version} https://static.crates.io/crates/firepush/firepush-{version}.crate\n\
         MIT or Apache-2.0: LICENSE-APACHE LICENSE-MIT\n"
    );
    assert_eq!(shown, expected);
}

#[test]
fn the_hashes_are_those_of_the_files() {
    let hashes = read(&format!("{PACKAGE}/firepush.hash"));
    let lines: Vec<Vec<_>> =
        hashes.lines().filter(|line| !line.starts_with('#')).map(|line| line.split("  ").collect()).collect();
    let sums = facts::printed(Command::new("sha256sum").args(["LICENSE-APACHE", "LICENSE-MIT"]).current_dir(root()));
    let sums: Vec<Vec<_>> = sums.lines().map(|line| line.split("  ").collect()).collect();
    let expected: Vec<_> = sums.iter().map(|sum| vec!["sha256", sum[0], sum[1]]).collect();
    assert_eq!(lines, expected);
}

/// The folder that Buildroot works in, and a cargo that only notes how it was called.
fn place() -> (TempDir, String) {
    let (folder, _, archive) = published();
    let (dl, programs) = (folder.path().join("dl"), folder.path().join("programs"));
    fs::create_dir(&dl).and_then(|()| fs::create_dir(&programs)).expect("a folder");
    fs::rename(&archive, dl.join(archive.file_name().expect("a name"))).expect("a file");
    let built = "target/armv7-unknown-linux-gnueabihf/release";
    let script = format!(
        "#!/bin/sh\necho \"cargo $*\"\nmkdir -p {built}\nfor name in firepush libfirepush.a; do echo $name >{built}/$name; done\n"
    );
    fs::write(programs.join("cargo"), script).expect("a file");
    fs::set_permissions(programs.join("cargo"), fs::Permissions::from_mode(0o755)).expect("chmod");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    (folder, path)
}

/// How cargo was called, and what was installed.
fn installed(words: &[&str]) -> (String, BTreeSet<String>) {
    let (folder, path) = place();
    let out = format!("OUT={}", folder.path().display());
    let said = facts::printed(make(&["install", &out]).args(words).env("PATH", path));
    let find = ["target", "staging", "-type", "f", "-printf", "%m %p\n"];
    let listed = Command::new("find").args(find).current_dir(folder.path()).output().expect("find");
    let listed = String::from_utf8(listed.stdout).expect("text");
    (said, listed.lines().map(str::to_owned).collect())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn with_busybox_an_init_script_tells_cron() {
    let (said, files) = installed(&["INIT=SYSV", "BR2_PACKAGE_FIREPUSH_JOBS=y"]);
    assert_eq!(said, "cargo build --bin firepush --no-default-features --features jobs\n");
    let expected = ["644 target/etc/firepush.conf", "755 target/etc/init.d/S49firepush", "755 target/usr/bin/firepush"];
    assert_eq!(files, set(&expected));
}

#[test]
fn with_systemd_there_is_a_timer_and_the_c_library_goes_to_staging() {
    let (said, files) = installed(&["INIT=SYSTEMD", "BR2_PACKAGE_FIREPUSH_JOBS=y", "BR2_PACKAGE_FIREPUSH_CAPI=y"]);
    let features = "--no-default-features --features jobs";
    let library =
        format!("cargo rustc --offline --locked --release --lib --crate-type staticlib {features} --features capi");
    assert_eq!(said, format!("cargo build --bin firepush {features}\n{library}\n"));
    let expected = [
        "644 staging/usr/include/firepush.h",
        "644 staging/usr/lib/libfirepush.a",
        "644 staging/usr/lib/pkgconfig/firepush.pc",
        "644 target/etc/firepush.conf",
        "644 target/usr/lib/systemd/system/firepush.service",
        "644 target/usr/lib/systemd/system/firepush.timer",
        "755 target/usr/bin/firepush",
    ];
    assert_eq!(files, set(&expected));
}

#[test]
fn without_jobs_nothing_calls_it() {
    for init in ["INIT=SYSV", "INIT=SYSTEMD"] {
        assert_eq!(installed(&[init]).1, set(&["644 target/etc/firepush.conf", "755 target/usr/bin/firepush"]));
    }
}

/// What the table of root's cron holds after each step, in a /var/spool that only these see.
#[test]
fn the_init_script_writes_one_line_and_takes_it_back() {
    let script = root().join(PACKAGE).join("S49firepush");
    let table = "/var/spool/cron/crontabs/root";
    let steps = format!(
        "mount -t tmpfs none /var/spool; s() {{ busybox ash '{}' \"$1\"; cat {table}; stat -c %a {table}; echo; }}; \
         s start; echo '1 2 * * * other' >>{table}; s start; s restart; s stop; s nonsense || true",
        script.display()
    );
    let said = facts::printed(Command::new("unshare").args(["-rm", "sh", "-c", &steps]));
    let ours = "*/15 * * * * [ ! -e /etc/firepush.password ] || /usr/bin/firepush run --splay 10m\n";
    let other = "1 2 * * * other\n";
    let expected =
        [ours, &[other, ours].concat(), &[other, ours].concat(), other].map(|table| format!("{table}600\n\n"));
    let (tables, rest) = said.split_at(expected.concat().len().min(said.len()));
    assert_eq!(tables, expected.concat());
    assert!(rest.contains("{start|stop|restart|reload}"), "{rest}");
}
