//! The package as the build system takes it, and the way of README.md from nothing to a file.

use std::fs;
use std::process::Command;

use super::{Router, repository, variable};
use crate::chroot::{Root, ended};
use crate::support::files;

#[test]
fn the_makefile_is_that_of_this_version() {
    assert_eq!(variable("PKG_NAME"), env!("CARGO_PKG_NAME"));
    assert_eq!(variable("PKG_VERSION"), env!("CARGO_PKG_VERSION"));
    assert_eq!(variable("PKG_LICENSE"), env!("CARGO_PKG_LICENSE"));
    assert_eq!(variable("RUST_PACKAGE"), "firepush");
    let lock = fs::read_to_string(repository("Cargo.lock")).unwrap();
    let entry = format!("name = \"firepush\"\nversion = \"{}\"\n", variable("PKG_VERSION"));
    assert!(lock.contains(&entry), "cargo install --locked needs it");
    for licence in variable("PKG_LICENSE_FILES").split_whitespace() {
        assert!(repository(licence).is_file(), "{licence}");
    }
}

#[test]
fn the_source_is_a_crate_with_its_hash_or_none_yet() {
    let version = variable("PKG_VERSION");
    let url = format!("https://static.crates.io/crates/firepush/firepush-{version}.crate?");
    assert_eq!(variable("PKG_SOURCE_URL"), url);
    assert_eq!(variable("PKG_SOURCE"), format!("firepush-{version}.tar.gz"));
    let hash = variable("PKG_HASH");
    let is_hash = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    assert!(is_hash || hash == "skip", "{hash}");
}

#[test]
fn the_script_inside_the_makefile_is_as_clean_as_the_others() {
    let folder = files::folder();
    let script = folder.path().join("postrm");
    fs::write(&script, variable("Package/firepush/postrm")).unwrap();
    for check in [&["shellcheck"][..], &["busybox", "ash", "-n"]] {
        let exit = ended(Command::new(check[0]).args(&check[1..]).arg(&script));
        assert!(exit.code == 0 && exit.stderr.is_empty(), "{}{}", exit.stdout.join("\n"), exit.stderr);
    }
}

#[test]
fn each_file_is_where_openwrt_looks_for_it() {
    let router = Router::unpacked();
    for (path, mode) in [
        ("usr/bin/firepush", 0o755),
        ("etc/config/firepush", 0o600),
        ("etc/init.d/firepush", 0o755),
        ("etc/uci-defaults/90-firepush", 0o755),
        ("etc/hotplug.d/iface/90-firepush", 0o644),
        ("etc/hotplug.d/ntp/90-firepush", 0o644),
        ("lib/upgrade/keep.d/firepush", 0o644),
    ] {
        assert_eq!(router.root.mode(path), mode, "{path}");
    }
    assert_eq!(fs::read_link(router.root.path("etc/firepush.conf")).unwrap().to_str(), Some("/var/etc/firepush.conf"));
}

/// `sysupgrade` saves what keep.d names, and of the package's configuration files those that were changed.
#[test]
fn a_new_firmware_knows_account_password_and_pins() {
    let router = Router::new();
    let kept = "cd / && tar cf /tmp/kept $(sed 's,^/,,' lib/upgrade/keep.d/firepush | while read -r f; \
                do [ ! -e $f ] || echo $f; done)";
    router.shell(kept).expect(0);
    let conffiles = variable("Package/firepush/conffiles");
    let keep = fs::read_to_string(repository("board/openwrt/files/firepush.keep")).unwrap();
    assert!(conffiles.lines().all(|file| keep.lines().any(|kept| kept == file)), "{conffiles}");
    let fresh = Root::new();
    fs::copy(router.root.path("tmp/kept"), fresh.path("tmp/kept")).unwrap();
    fresh.shell("cd / && tar xf /tmp/kept").expect(0);
    for file in ["etc/config/firepush", "etc/firepush.password", "etc/firepush.pem"] {
        assert_eq!(fresh.read(file), router.root.read(file), "{file}");
        assert!(fresh.exists(file), "{file}");
    }
    assert_eq!(fresh.mode("etc/firepush.password"), 0o600);
}

/// The commands of README.md, as one types them.
fn commands() -> Vec<String> {
    let text = fs::read_to_string(repository("board/openwrt/README.md")).unwrap();
    let block = text.split("```").nth(1).expect("a block of commands");
    block.trim().lines().map(str::to_owned).collect()
}

#[test]
fn five_lines_lead_from_nothing_to_a_file() {
    let mut router = Router::unpacked();
    let lines = commands();
    assert!(lines.len() == 5 && lines[0].starts_with("apk add"), "{lines:?}");
    router.root.copy(&router.people.ca_file(), "etc/firepush.pem");
    let server = format!("localhost:{}", router.people.device.server.port());
    router.set(&[("global.server", &server), ("global.ca_file", "/etc/firepush.pem"), ("global.log", "stderr")]);
    router.shell(". /lib/functions.sh; default_postinst").expect(0);
    let typed = lines[1..].join("\n").replace("the password", &router.people.password());
    let typed = typed.replace("device@example.org", &router.people.device.jid);
    let typed = typed.replace("ops@example.org", &router.people.ops.jid);
    let typed = typed.replace("uci add_list firepush.global.pin=sha256:HEX", ":");
    router.shell(&format!("set -e\n{typed}")).expect(0);
    assert!(router.people.arrival().contains("kernel: Linux version"));
    assert!(router.line().is_some(), "cron goes on");
    let config = router.shell("firepush config").expect(0).stdout.join("\n");
    let to = format!("\nto = {}  # ", router.people.ops.jid);
    assert!(config.contains(&to), "nobody else: {config}");
}

#[test]
fn the_password_of_the_readme_is_the_owners_alone() {
    let router = Router::unpacked();
    router.shell(&commands()[1]).expect(0);
    assert_eq!(router.root.mode("etc/firepush.password"), 0o600);
    assert_eq!(router.root.read("etc/firepush.password"), "the password");
}
