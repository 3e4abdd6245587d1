//! The scripts of `board/cross`, without a build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::dist::{before_path, script};
use crate::support::files;
use crate::{cross, output, run, set_up};

/// What reaches the bytes, and what doesn't.
const FORGOTTEN: [&str; 9] = [
    "AR_armv7_unknown_linux_musleabihf",
    "CARGO_BUILD_RUSTC",
    "CARGO_INCREMENTAL",
    "CC_armv7_unknown_linux_musleabihf",
    "CFLAGS",
    "CFLAGS_armv7-unknown-linux-musleabihf",
    "CPATH",
    "RUSTC_WRAPPER",
    "TARGET_CFLAGS",
];
const KEPT: [&str; 6] = [
    "CARGO_BUILD_JOBS",
    "CARGO_HOME",
    "CARGO_NET_OFFLINE",
    "CARGO_PROFILE_RELEASE_STRIP",
    "CARGO_TARGET_DIR",
    "SOURCE_DATE_EPOCH",
];

#[test]
fn cargo_hears_nothing_that_reaches_the_bytes() {
    set_up();
    let folder = files::folder();
    let cargo = folder.path().join("cargo");
    script(&cargo, "exec env");
    let mut command = cross("cargo.sh");
    command
        .args(["armv7-musl", "build"])
        .env("CARGO", &cargo)
        .envs(FORGOTTEN.iter().chain(&KEPT).map(|name| (name, "1")));
    let said = output(&mut command);
    let names: BTreeSet<_> = said.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert_eq!(FORGOTTEN.iter().find(|name| names.contains(**name)), None);
    assert_eq!(KEPT.iter().find(|name| !names.contains(**name)), None);
    assert!(["RUSTC", "RUSTFLAGS", "TARGET_CC", "TARGET_AR"].iter().all(|name| names.contains(name)), "{names:?}");
}

/// An apt that speaks German unless it is told not to, and has nothing to download.
#[test]
fn what_apt_says_is_understood_in_every_language() {
    let folder = files::folder();
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).expect("a folder");
    let asked = folder.path().join("asked");
    let answers = "
        candidate=Installationskandidat depends='Hängt ab von'
        [ \"$LC_ALL\" != C ] || candidate=Candidate depends=Depends
        case \"$*\" in
        'policy rustc-web') echo \"  $candidate: 1.96.0-1\" ;;
        'depends libstd-rust-web-dev') echo \"  $depends: libstd-rust-web-1.96\" ;;
        'depends libstd-rust-web-1.96') echo \"  $depends: libllvm19\" ;;
        esac";
    script(&programs.join("apt-cache"), answers);
    script(&programs.join("apt-get"), &format!("echo \"$@\" >>'{}'; exit 1", asked.display()));
    let mut setup = cross("setup.sh");
    setup.arg(folder.path().join("cross")).env("LC_ALL", "C.UTF-8").env("LANGUAGE", "de");
    let Output { status, stderr, .. } = run(setup.env("PATH", before_path(&programs)));
    assert_eq!(status.code(), Some(69), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(fs::read_to_string(asked).expect("it asked"), "download rustc-web=1.96.0-1\n");
}

#[test]
fn sources_without_a_date_are_not_packed() {
    let folder = files::folder();
    let (scripts, debian) = (folder.path().join("board/cross"), folder.path().join("board/debian"));
    fs::create_dir_all(&scripts).and_then(|()| fs::create_dir(&debian)).expect("folders");
    for name in ["dist.sh", "targets"] {
        fs::copy(cross(name).get_program(), scripts.join(name)).expect("a copy");
    }
    fs::write(debian.join("changelog"), "firepush (0.1.0) unstable; urgency=low\n").expect("a file");
    let mut dist = Command::new(scripts.join("dist.sh"));
    let Output { status, stdout, stderr } =
        run(dist.arg(folder.path().join("out")).arg("armv7-musl").env_remove("SOURCE_DATE_EPOCH"));
    let said = String::from_utf8_lossy(&stderr);
    assert_eq!((status.code(), stdout.len(), &*said), (Some(65), 0, "dist.sh: board/debian/changelog has no date\n"));
}

#[test]
fn what_dist_cannot_make_ends_it_with_one_line() {
    let folder = files::folder();
    let cases = [(&["out"][..], "small"), (&["out", "sparc"], "full"), (&["out", "armv7-musl"], "big")];
    for (words, profile) in cases {
        let mut dist = cross("dist.sh");
        let Output { status, stdout, stderr } =
            run(dist.args(words).env("FIREPUSH_STD", profile).current_dir(folder.path()));
        let said = String::from_utf8_lossy(&stderr).into_owned();
        assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(64), 0, 1), "{said}");
        assert!(!folder.path().join("out").exists(), "{words:?}");
    }
}

/// A rustc that says where its std for the target is.
fn rustc_with(folder: &Path, library: &str) -> PathBuf {
    let rustc = folder.join("rustc");
    fs::write(folder.join(library), "").expect("a file");
    script(&rustc, &format!("echo '{}'", folder.display()));
    rustc
}

#[test]
fn the_std_of_the_machine_is_taken_unless_it_is_none_or_ends_in_2038() {
    let (with, without) = (files::folder(), files::folder());
    let rustc = rustc_with(with.path(), "libstd-0123.rlib");
    fs::write(with.path().join("libstd-4567.rlib"), "").expect("a second one");
    let other = rustc_with(without.path(), "libcore-0123.rlib");
    let found = |rustc: &Path, triple| {
        PathBuf::from(output(cross("tools/machine-rustc").arg(triple).env("FIREPUSH_RUSTC", rustc)).trim())
    };
    for triple in ["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf"] {
        assert_eq!((found(&rustc, triple), found(&other, triple)), (rustc.clone(), PathBuf::new()), "{triple}");
    }
    for triple in ["armv7-unknown-linux-musleabihf", "arm-unknown-linux-musleabi", "mipsel-unknown-linux-musl"] {
        assert_eq!(found(&rustc, triple), PathBuf::new(), "{triple}");
    }
}
