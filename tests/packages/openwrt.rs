//! board/openwrt: installed, used and removed in a BusyBox root. Stand-ins are procd and uci, what OpenWrt's shell
//! libraries and programs make of them (functions.sh, rc.common, hotplug-call, ujail), its logread, and the call of cron:
//! the test runs the line of the crontab itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::chroot::{People, Root, ended, repository};
use crate::support::files;
use crate::support::process::Exit;

#[path = "openwrt/feed.rs"]
mod feed;
#[path = "openwrt/runs.rs"]
mod runs;
#[path = "openwrt/settings.rs"]
mod settings;

const OTHERS_CRONTAB: &str = "# mine\n30 4 * * * /sbin/reboot\n";
const STUBS: [(&str, &str); 8] = [
    ("functions.sh", "lib/functions.sh"),
    ("procd.sh", "lib/functions/procd.sh"),
    ("rc.common", "etc/rc.common"),
    ("cron", "etc/init.d/cron"),
    ("uci", "sbin/uci"),
    ("uci.awk", "usr/lib/uci.awk"),
    ("hotplug-call", "sbin/hotplug-call"),
    ("logread", "sbin/logread"),
];

/// A recipe of the package's Makefile, with stand-ins for what it includes.
fn make(goal: &str, variables: &[(&str, &Path)]) -> Exit {
    let mut command = Command::new("make");
    command.arg("-sC").arg(repository("board/openwrt")).arg(goal);
    command.arg(format!("TOPDIR={}", repository("tests/packages/openwrt/make").display()));
    command.args(variables.iter().map(|(name, value)| format!("{name}={}", value.display())));
    ended(command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL")).expect(0)
}

fn variable(name: &str) -> String {
    make("show", &[("WHAT", Path::new(name))]).stdout.join("\n")
}

struct Router {
    root: Root,
    people: People,
}

impl Router {
    /// OpenWrt with a crontab of its owner's, the package unpacked but not yet set up.
    fn unpacked() -> Router {
        let root = Root::new();
        for (stub, place) in STUBS {
            root.copy(&repository("tests/packages/openwrt").join(stub), place);
        }
        root.write("tmp/run/ubus/ubus.sock", "");
        root.write("etc/crontabs/root", OTHERS_CRONTAB);
        fs::create_dir(root.path("etc/rc.d")).unwrap();
        let built = files::folder();
        fs::create_dir(built.path().join("bin")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_firepush"), built.path().join("bin/firepush")).unwrap();
        make("install", &[("DESTDIR", &root.path("")), ("PKG_INSTALL_DIR", built.path())]);
        root.add_libraries();
        Router { root, people: People::new() }
    }

    /// Installed, with an account and a recipient, and enabled.
    fn new() -> Router {
        let router = Router::unpacked();
        router.shell(". /lib/functions.sh; default_postinst").expect(0);
        router.add_account();
        router.set(&[("global.splay", "0"), ("global.log", "stderr"), ("schedule.enabled", "1")]);
        router.service("reload");
        router
    }

    fn add_account(&self) {
        self.root.write("etc/firepush.password", &self.people.password());
        self.root.set_mode("etc/firepush.password", 0o600);
        self.root.copy(&self.people.ca_file(), "etc/firepush.pem");
        self.set(&[
            ("global.jid", &self.people.device.jid),
            ("global.ca_file", "/etc/firepush.pem"),
            ("global.server", &format!("xmpp.example.test:{}", self.people.device.server.port())),
        ]);
        self.add(&[("syslog.to", &self.people.ops.jid)]);
    }

    fn set(&self, options: &[(&str, &str)]) {
        self.uci("set", options);
    }

    fn add(&self, options: &[(&str, &str)]) {
        self.uci("add_list", options);
    }

    fn uci(&self, how: &str, options: &[(&str, &str)]) {
        let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
        let lines = options.iter().map(|(name, value)| format!("uci {how} firepush.{name}={}\n", quoted(value)));
        self.shell(&format!("set -e\n{}", lines.collect::<String>())).expect(0);
    }

    fn shell(&self, script: &str) -> Exit {
        self.root.shell(script)
    }

    fn service(&self, action: &str) {
        self.shell(&format!("/etc/init.d/firepush {action}")).expect(0);
    }

    /// Our line of the crontab.
    fn line(&self) -> Option<String> {
        let crontab = self.root.read("etc/crontabs/root");
        crontab.lines().find(|line| line.contains("firepush")).map(str::to_owned)
    }

    /// As cron does: the sixth field and all behind it go to the shell.
    fn cron(&self) {
        let line = self.line().expect("a line of ours");
        let command = line.splitn(6, ' ').last().expect("a command").to_owned();
        self.shell(&command).expect(0);
    }

    /// What procd and cron were told, a line each.
    fn told(&self) -> Vec<String> {
        self.root.read("tmp/run/procd.log").lines().map(str::to_owned).collect()
    }

    fn runs(&self) -> usize {
        self.told().iter().filter(|line| line.contains("ended with 0")).count()
    }
}
