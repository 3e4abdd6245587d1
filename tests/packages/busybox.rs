//! board/busybox: nothing but BusyBox, the binary, a script and a line for cron.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::chroot::{People, Root, repository};

struct Gateway {
    root: Root,
    people: People,
    syslog: UnixDatagram,
}

impl Gateway {
    /// The files lie in /root/board; a log was rotated.
    fn new() -> Gateway {
        let (root, people) = (Root::new(), People::new());
        root.copy(Path::new(env!("CARGO_BIN_EXE_firepush")), "root/board/firepush");
        for file in ["firepush-run", "crontab"] {
            root.copy(&repository("board/busybox").join(file), &format!("root/board/{file}"));
        }
        root.add_libraries();
        root.copy(&people.ca_file(), "etc/firepush.pem");
        root.write("tmp/spool/cron/crontabs/root", "# mine\n30 4 * * * /sbin/reboot\n");
        root.write("tmp/log/messages.0", "first");
        let syslog = UnixDatagram::bind(root.path("dev/log")).expect("a syslog");
        syslog.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Gateway { root, people, syslog }
    }

    /// What README.md says to type, for this account and this server.
    fn set_up() -> Gateway {
        let gateway = Gateway::new();
        let text = fs::read_to_string(repository("board/busybox/README.md")).unwrap();
        let commands = text.split("```").nth(1).expect("a block of commands").trim();
        assert!(commands.lines().count() <= 5, "{commands}");
        let server = format!("'server = localhost:{}'", gateway.people.device.server.port());
        let typed = commands
            .replace("'splay = 10m'", &server)
            .replace("the password", &gateway.people.password())
            .replace("device@example.org", &gateway.people.device.jid)
            .replace("ops@example.org", &gateway.people.ops.jid);
        gateway.root.shell(&format!("cd /root/board; set -e\n{typed}")).expect(0);
        gateway
    }

    fn line(&self) -> String {
        let crontab = self.root.read("tmp/spool/cron/crontabs/root");
        crontab.lines().find(|line| line.contains("firepush-run")).expect("a line of ours").to_owned()
    }

    /// As cron does: the sixth field goes to the shell.
    fn cron(&self) {
        self.root.shell(self.line().splitn(6, ' ').last().unwrap()).expect(0);
    }

    /// As ntpd does, and waits for what the script leaves running.
    fn ntpd(&self, event: &str) {
        self.root.shell(&format!("set -- {event}; . /usr/sbin/firepush-run; wait")).expect(0);
    }

    fn logged(&self) -> String {
        let mut packet = [0; 4096];
        let length = self.syslog.recv(&mut packet).expect("a line in the syslog");
        String::from_utf8_lossy(&packet[..length]).into_owned()
    }
}

#[test]
fn five_lines_lead_to_a_file_and_cron_goes_on() {
    let mut gateway = Gateway::set_up();
    assert_eq!(gateway.people.arrival(), "first");
    assert_eq!(gateway.root.mode("etc/firepush.password"), 0o600);
    assert!(gateway.root.read("tmp/spool/cron/crontabs/root").starts_with("# mine\n30 4 * * * /sbin/reboot\n"));
    gateway.root.write("tmp/log/messages.1", "second");
    gateway.cron();
    assert_eq!(gateway.people.arrival(), "second");
    gateway.cron();
    assert_eq!(gateway.people.arrived(), 2);
}

#[test]
fn the_first_time_that_the_clock_is_set_in_a_boot_makes_one_run() {
    let mut gateway = Gateway::set_up();
    gateway.people.arrival();
    fs::remove_dir_all(gateway.root.path("tmp/run")).unwrap();
    gateway.root.write("tmp/log/messages.1", "second");
    gateway.ntpd("step");
    assert!(!gateway.root.exists("tmp/run/firepush.clock"));
    gateway.ntpd("stratum");
    assert_eq!(gateway.people.arrival(), "second");
    gateway.root.write("tmp/log/messages.2", "third");
    for event in ["periodic", "stratum", "unsync", "stratum"] {
        gateway.ntpd(event);
    }
    assert_eq!(gateway.people.arrived(), 2, "once a boot");
    fs::remove_dir(gateway.root.path("tmp/run/firepush.clock")).unwrap();
    gateway.ntpd("stratum");
    assert_eq!(gateway.people.arrival(), "third");
}

#[test]
fn what_is_wrong_is_in_the_syslog() {
    let gateway = Gateway::set_up();
    gateway.root.set_mode("etc/firepush.password", 0o644);
    gateway.root.write("tmp/log/messages.1", "second");
    gateway.cron();
    let line = std::iter::from_fn(|| Some(gateway.logged())).find(|line| line.contains("firepush.password")).unwrap();
    assert!(line.contains("chmod 600"), "{line}");
}

#[test]
fn it_runs_after_a_boot_that_emptied_var() {
    let mut gateway = Gateway::set_up();
    gateway.people.arrival();
    for folder in ["tmp/spool", "tmp/run"] {
        fs::remove_dir_all(gateway.root.path(folder)).unwrap();
    }
    gateway.root.write("tmp/log/messages.0", "after the boot");
    gateway.root.shell("firepush-run").expect(0);
    assert_eq!(gateway.people.arrival(), "after the boot");
}

#[test]
fn two_runs_at_once_send_a_file_once() {
    let mut gateway = Gateway::set_up();
    gateway.people.arrival();
    gateway.root.write("tmp/log/messages.1", "second");
    gateway.root.shell("firepush-run & firepush-run & firepush-run & wait").expect(0);
    assert_eq!(gateway.people.arrival(), "second");
    gateway.cron();
    assert_eq!(gateway.people.arrived(), 2);
}
