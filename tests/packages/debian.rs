//! The Debian packages: what is in them, and what they leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::debs::{PACKAGES, ROOT, architecture, deb, debs, kept, multiarch, pack, stage, succeeds};
use crate::machine::Machine;
use crate::support::files;

/// Mode, owner and path of every file and link, as `dpkg-deb -c` shows them; LIB is the architecture's folder.
const FIREPUSH: &str = "\
-rw-r--r-- root/root ./etc/firepush.conf
-rw-r--r-- root/root ./usr/lib/systemd/system/firepush-receive.service
-rw-r--r-- root/root ./usr/lib/systemd/system/firepush.service
-rw-r--r-- root/root ./usr/lib/systemd/system/firepush.timer
-rw-r--r-- root/root ./usr/lib/sysusers.d/firepush.conf
-rw-r--r-- root/root ./usr/lib/tmpfiles.d/firepush.conf
-rw-r--r-- root/root ./usr/share/bash-completion/completions/firepush
-rw-r--r-- root/root ./usr/share/doc/firepush/README.Debian
-rw-r--r-- root/root ./usr/share/doc/firepush/changelog.Debian.gz
-rw-r--r-- root/root ./usr/share/doc/firepush/changelog.gz
-rw-r--r-- root/root ./usr/share/doc/firepush/copyright
-rw-r--r-- root/root ./usr/share/doc/firepush/examples/firepush-receive.conf
-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/firepush.fish
-rw-r--r-- root/root ./usr/share/lintian/overrides/firepush
-rw-r--r-- root/root ./usr/share/man/man1/firepush.1.gz
-rw-r--r-- root/root ./usr/share/man/man5/firepush.conf.5.gz
-rw-r--r-- root/root ./usr/share/man/man8/firepush-as-service.8.gz
-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_firepush
-rwxr-xr-x root/root ./usr/bin/firepush
-rwxr-xr-x root/root ./usr/sbin/firepush-as-service";

const LIBRARY: &str = "\
-rw-r--r-- root/root ./usr/lib/LIB/libfirepush.so.VERSION
-rw-r--r-- root/root ./usr/share/doc/libfirepush0/changelog.Debian.gz
-rw-r--r-- root/root ./usr/share/doc/libfirepush0/changelog.gz
-rw-r--r-- root/root ./usr/share/doc/libfirepush0/copyright
-rw-r--r-- root/root ./usr/share/lintian/overrides/libfirepush0
lrwxrwxrwx root/root ./usr/lib/LIB/libfirepush.so.0 -> libfirepush.so.VERSION";

const DEVELOPMENT: &str = "\
-rw-r--r-- root/root ./usr/include/firepush.h
-rw-r--r-- root/root ./usr/lib/LIB/libfirepush.a
-rw-r--r-- root/root ./usr/lib/LIB/pkgconfig/firepush.pc
-rw-r--r-- root/root ./usr/share/doc/libfirepush-dev/changelog.Debian.gz
-rw-r--r-- root/root ./usr/share/doc/libfirepush-dev/changelog.gz
-rw-r--r-- root/root ./usr/share/doc/libfirepush-dev/copyright
-rw-r--r-- root/root ./usr/share/lintian/overrides/libfirepush-dev
lrwxrwxrwx root/root ./usr/lib/LIB/libfirepush.so -> libfirepush.so.0";

fn contents(package: &str) -> String {
    let listed = succeeds(Command::new("dpkg-deb").arg("-c").arg(deb(debs(), package)));
    let fields = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        format!("{} {} {}", fields[0], fields[1], fields[5..].join(" "))
    };
    let (folders, mut others): (Vec<_>, Vec<_>) = listed.lines().map(fields).partition(|line| line.starts_with('d'));
    folders.iter().for_each(|line| assert!(line.starts_with("drwxr-xr-x root/root "), "{line}"));
    others.sort();
    others.join("\n")
}

fn field(package: &str, name: &str) -> String {
    succeeds(Command::new("dpkg-deb").arg("-f").arg(deb(debs(), package)).arg(name)).trim().to_owned()
}

#[test]
fn the_packages_hold_what_they_should_and_belong_to_root() {
    let here = |text: &str| text.replace("LIB", &multiarch()).replace("VERSION", env!("CARGO_PKG_VERSION"));
    for (package, wanted) in PACKAGES.into_iter().zip([FIREPUSH, LIBRARY, DEVELOPMENT]) {
        assert_eq!(contents(package), here(wanted), "{package}");
        assert_eq!(field(package, "Version"), format!("{}-1", env!("CARGO_PKG_VERSION")), "board/debian/changelog");
        assert_eq!(field(package, "Architecture"), architecture());
    }
}

/// `dpkg-shlibdeps` knows it from the symbols of the libraries here; the packages are made without these.
#[test]
fn they_depend_on_the_libraries_that_their_binaries_are_linked_to() {
    for (package, file) in [
        ("firepush", "usr/bin/firepush".to_owned()),
        ("libfirepush0", format!("usr/lib/{}/libfirepush.so.{}", multiarch(), env!("CARGO_PKG_VERSION"))),
    ] {
        let folder = files::folder();
        fs::create_dir(folder.path().join("debian")).expect("a folder");
        fs::write(folder.path().join("debian/control"), "Source: firepush\n").expect("a file");
        let mut known = Command::new("dpkg-shlibdeps");
        known.args(["--ignore-missing-info", "-O"]).arg(stage().join(file)).current_dir(folder.path());
        let known = succeeds(&mut known);
        let known = known.trim().strip_prefix("shlibs:Depends=").expect(&known).to_owned();
        let said = field(package, "Depends");
        let mut libraries: Vec<_> = said.split(", ").filter(|one| !one.starts_with("systemd")).collect();
        libraries.sort_unstable();
        assert_eq!(libraries.join(", "), known, "{package}");
    }
}

#[test]
fn the_same_files_make_the_same_packages_on_another_day_from_another_folder() {
    let (tree, out) = (files::folder(), files::folder());
    copy_tree(tree.path());
    let mut again = Command::new("faketime");
    again.args(["2031-05-04 03:02:01", "sh", "-c", "umask 077; TZ=Asia/Tokyo LC_ALL=C.UTF-8 exec \"$@\"", "sh"]);
    again.arg(tree.path().join("board/debian/pack.sh")).arg(architecture()).arg(stage()).arg(out.path());
    succeeds(again.current_dir("/"));
    for package in PACKAGES {
        let (first, second) = (deb(debs(), package), deb(out.path(), package));
        assert_eq!(first.file_name(), second.file_name());
        files::assert_same(&first, &second);
    }
}

fn copy_tree(to: &Path) {
    for name in ["board", "CHANGELOG.md"] {
        succeeds(Command::new("cp").arg("-R").arg(Path::new(ROOT).join(name)).arg(to));
    }
}

/// All crates that the binary holds stand in `copyright`, each with its own licence.
#[test]
fn the_copyright_file_names_every_crate_that_is_inside() {
    let copyright = fs::read_to_string(Path::new(ROOT).join("board/debian/copyright")).expect("a file");
    let licence = |name: &str| {
        let rest = copyright.split_once(&format!("\nFiles: crates/{name}/*\n"))?.1;
        rest.split_once("\nLicense: ")?.1.lines().next().map(str::to_owned)
    };
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}|{l}"]);
    for line in succeeds(tree.current_dir(ROOT)).lines().filter(|line| !line.starts_with("firepush ")) {
        let (name, said) = (line.split(' ').next().expect("a name"), line.split('|').nth(1).expect("a licence"));
        let there = licence(name).unwrap_or_else(|| panic!("board/debian/copyright lacks {line}"));
        for one in said.trim_end_matches(" (*)").split(" OR ").flat_map(|one| one.split(" AND ")) {
            let one = if one == "MIT" { "Expat" } else { one };
            assert!(there.split(' ').any(|word| word == one), "{line}: {there}");
            assert!(copyright.contains(&format!("\nLicense: {one}\n ")), "the text of {one}");
        }
    }
}

/// A later package of the same version of firepush, whose default configuration is another.
fn later() -> &'static Path {
    static LATER: OnceLock<PathBuf> = OnceLock::new();
    LATER.get_or_init(|| {
        let (tree, out) = (files::folder(), kept("later"));
        copy_tree(tree.path());
        let changelog = tree.path().join("board/debian/changelog");
        let before = fs::read_to_string(&changelog).expect("a changelog");
        fs::write(&changelog, before.replacen("-1)", "-2)", 1)).expect("a changelog");
        let conf = tree.path().join("board/debian/firepush.conf");
        fs::write(&conf, fs::read_to_string(&conf).expect("a file") + "#new = default\n").expect("a file");
        pack(tree.path(), stage(), &out, &["firepush"]);
        out
    })
}

/// What a package may leave anywhere: names, users; into a file.
const TRACES: &str = "{
find /etc /usr /opt /root /run /var -xdev \\( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache \
    -o -path '/etc/*-' -o -path /run/systemd -o -path /run/log -o -path /run/credentials -o -path /run/adduser \
    -o -path '/var/lib/systemd/*' \\) -prune -o -print | sort
getent passwd
getent group
find /var/lib/systemd /run/systemd/system -name '*firepush*'
dpkg -l '*firepush*' 2>/dev/null | grep firepush || true
} >/tmp/traces";

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn it_is_installed_upgraded_and_purged_and_leaves_nothing() {
    let machine = Machine::with_systemd();
    [debs(), later()].iter().for_each(|folder| machine.share(&deb(folder, "firepush")));
    machine.ok(&format!("{TRACES}; mv /tmp/traces /tmp/before"));

    machine.ok("dpkg -i /mnt/firepush_*-1_*.deb");
    assert_eq!(machine.ok("firepush --version"), format!("firepush {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        machine.ok("systemctl is-enabled firepush.timer; systemctl is-active firepush.timer"),
        "enabled\nactive"
    );
    assert_eq!(machine.run("systemctl is-enabled firepush-receive.service").stdout, ["disabled"]);
    assert_eq!(machine.ok("stat -c '%a %U %G' /var/lib/firepush-receive"), "750 _firepush _firepush");
    assert_eq!(machine.ok("dpkg --verify firepush"), "");
    machine.ok("man -w firepush firepush-as-service; man -w 5 firepush.conf");

    machine.ok("echo 'jid = device@example.test' >/etc/firepush.conf; systemctl disable --now firepush.timer");
    machine.ok("dpkg --force-confdef --force-confold -i /mnt/firepush_*-2_*.deb </dev/null");
    assert_eq!(machine.ok("cat /etc/firepush.conf"), "jid = device@example.test");
    assert!(machine.ok("cat /etc/firepush.conf.dpkg-dist").ends_with("#new = default"));
    assert_eq!(machine.run("systemctl is-enabled firepush.timer").stdout, ["disabled"], "as the administrator left it");

    machine.ok("echo secret >/etc/firepush.password; mkdir -p /var/lib/private/firepush/queue; dpkg -r firepush");
    assert_eq!(
        machine.ok("ls /etc/firepush*; command -v firepush || true"),
        "/etc/firepush.conf\n/etc/firepush.conf.dpkg-dist\n/etc/firepush.password"
    );
    machine.ok("dpkg -P firepush");
    machine.ok(&format!("{TRACES}; diff /tmp/before /tmp/traces"));
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn an_upgrade_takes_the_new_default_where_nobody_changed_the_old_one() {
    let machine = Machine::with_systemd();
    [debs(), later()].iter().for_each(|folder| machine.share(&deb(folder, "firepush")));
    machine.ok("dpkg -i /mnt/firepush_*-1_*.deb; dpkg -i /mnt/firepush_*-2_*.deb </dev/null");
    assert!(machine.ok("cat /etc/firepush.conf").ends_with("#new = default"));
    assert_eq!(machine.ok("systemctl is-active firepush.timer"), "active");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn it_is_installed_where_no_systemd_runs_and_keeps_what_was_received() {
    let machine = Machine::without_systemd();
    machine.share(&deb(debs(), "firepush"));
    machine.ok("dpkg -i /mnt/firepush_*.deb; firepush --version");
    machine.ok("touch /var/lib/firepush-receive/messages");
    let purged = machine.run("dpkg -P firepush");
    assert!(purged.code == 0 && purged.stderr.contains("/var/lib/firepush-receive"), "{}", purged.stderr);
    machine.ok("test -e /var/lib/firepush-receive/messages; getent passwd _firepush");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn a_program_is_built_with_the_library_of_the_packages() {
    let machine = Machine::without_systemd();
    let folder = files::folder();
    let source = folder.path().join("version.c");
    let text = "#include <firepush.h>\n#include <stdio.h>\nint main(void) { return puts(firepush_version()) < 0; }\n";
    fs::write(&source, text).expect("a file");
    for file in [&source, &deb(debs(), "libfirepush0"), &deb(debs(), "libfirepush-dev")] {
        machine.share(file);
    }
    machine.ok("dpkg -i /mnt/*.deb");
    let build = |how: &str, library: &str| {
        format!(
            "cd /tmp; cc {how} /mnt/version.c $(pkg-config --cflags --libs {library} firepush) -o version; ./version"
        )
    };
    assert_eq!(machine.ok(&build("", "")), env!("CARGO_PKG_VERSION"));
    assert_eq!(machine.ok(&build("-static", "--static")), env!("CARGO_PKG_VERSION"));
    machine.ok("dpkg -P libfirepush-dev libfirepush0; test ! -e /usr/include/firepush.h");
}

/// The packages that people get, of each architecture, and what lintian says of them.
#[test]
#[ignore = "three builds: `make check-full`"]
fn make_deb_makes_packages_that_lintian_takes() {
    succeeds(&mut Command::new(Path::new(ROOT).join("board/cross/setup.sh")));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deb");
    for arch in ["amd64", "armhf", "arm64"] {
        let out = files::folder();
        let mut build = Command::new(Path::new(ROOT).join("board/debian/build.sh"));
        build.arg(arch).arg(out.path()).env("CARGO_TARGET_DIR", &target).env("CARGO", env!("CARGO"));
        succeeds(&mut build);
        let mut lintian = Command::new("lintian");
        lintian.args(["--profile", "debian", "--allow-root", "--fail-on", "error,warning"]);
        let said = succeeds(lintian.args(PACKAGES.map(|package| deb(out.path(), package))));
        assert_eq!(said, "", "{arch}");
    }
}
