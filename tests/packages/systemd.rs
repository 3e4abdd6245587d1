//! The units, run by the real systemd of a machine of its own, where the package is installed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::debs::{deb, debs};
use crate::machine::Machine;
use crate::support::files;
use crate::support::process::Process;
use crate::support::run::{Program, Run};
use crate::support::server::{Account, Kind, Server};

fn server() -> &'static Server {
    static PROSODY: OnceLock<Server> = OnceLock::new();
    PROSODY.get_or_init(|| Server::start(Kind::Prosody))
}

fn machine() -> Machine {
    let machine = Machine::with_systemd();
    machine.share(&deb(debs(), "firepush"));
    machine.ok("dpkg -i /mnt/firepush_*.deb");
    machine
}

/// How to log in, as keys of a configuration; the password goes where the unit takes it from.
fn account(machine: &Machine, account: &Account, name: &str, more: &str) {
    fs::copy(&account.trust[1], machine.path("/etc/openfire.pem")).expect("a copy");
    fs::set_permissions(machine.path("/etc/openfire.pem"), Permissions::from_mode(0o644)).expect("chmod");
    fs::copy(&account.password_file, machine.path(&format!("/etc/{name}.password"))).expect("a copy");
    let text = format!("jid = {}\nserver = {}\nca_file = /etc/openfire.pem\n{more}\n", account.jid, account.server);
    fs::write(machine.path(&format!("/etc/{name}.conf")), text).expect("a configuration");
}

/// A machine with a log that adm may read, and the account that it is sent from.
struct Device {
    machine: Machine,
    account: Account,
    ops: Account,
    inbox: TempDir,
}

impl Device {
    fn new() -> Device {
        let (account, ops) = server().pair();
        let device = Device { machine: machine(), account, ops, inbox: files::folder() };
        device.configure("");
        device
            .machine
            .ok("echo 'a line' >/var/log/one.log; chown root:adm /var/log/one.log; chmod 640 /var/log/one.log");
        device
    }

    fn configure(&self, more: &str) {
        let job = format!("{more}\n[log]\nfiles = /var/log/one.log\nto = {}\nname = {{name}}", self.ops.jid);
        account(&self.machine, &self.account, "firepush", &job);
    }

    fn receiver(&self) -> Process {
        let mut receiver = Run::receive(Program::Firepush, &self.ops, self.inbox.path()).start();
        receiver.event("ready");
        receiver
    }

    #[track_caller]
    fn run(&self) {
        let started = self.machine.run("systemctl start firepush.service");
        assert_eq!(started.code, 0, "{}", self.machine.ok("journalctl --no-pager -u firepush.service"));
    }

    /// What the last start of the service came to: `success 0`.
    fn result(&self) -> String {
        self.machine.ok("systemctl show firepush.service -P Result -P ExecMainStatus").replace('\n', " ")
    }

    fn drop_in(&self, unit: &str, text: &str) {
        let folder = self.machine.path(&format!("/etc/systemd/system/{unit}.d"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("test.conf"), text).expect("a file");
        self.machine.ok("systemctl daemon-reload");
    }
}

fn arrived(inbox: &Path, receiver: &mut Process) {
    receiver.event("file");
    assert_eq!(fs::read_to_string(inbox.join("one.log")).expect("the log"), "a line\n");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn systemd_finds_no_fault_with_the_units_and_they_are_exposed_to_little() {
    let machine = machine();
    let units = "/usr/lib/systemd/system/firepush.service /usr/lib/systemd/system/firepush.timer \
                 /usr/lib/systemd/system/firepush-receive.service";
    let verified = machine.run(&format!("systemd-analyze verify {units}"));
    assert_eq!((verified.code, verified.stderr.as_str()), (0, ""));
    for unit in ["firepush.service", "firepush-receive.service"] {
        // In tenths: 2.0.
        machine.ok(&format!("systemd-analyze security --offline=true --threshold=20 /usr/lib/systemd/system/{unit}"));
        let strict = machine.run(&format!("systemd-analyze security --offline=true --threshold=5 {unit}"));
        assert_ne!(strict.code, 0, "the threshold is looked at");
    }
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn the_service_sends_a_log_of_adm_as_a_user_of_its_own() {
    let device = Device::new();
    let mut receiver = device.receiver();
    device.run();
    assert_eq!(device.result(), "success 0");
    arrived(device.inbox.path(), &mut receiver);
    let spool = fs::metadata(device.machine.path("/var/lib/private/firepush")).expect("the spool");
    assert!(
        (61184..=65519).contains(&spool.uid()) && spool.mode() & 0o777 == 0o700,
        "{} {:o}",
        spool.uid(),
        spool.mode()
    );
    let status = device.machine.ok("cat /run/firepush/status.json");
    assert!(status.contains("\"sent\":1"), "{status}");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn without_the_group_the_log_cannot_be_read() {
    let device = Device::new();
    device.drop_in("firepush.service", "[Service]\nSupplementaryGroups=\n");
    device.machine.run("systemctl start firepush.service");
    let status = device.machine.ok("cat /run/firepush/status.json");
    assert!(status.contains("\"sent\":0") && status.contains("Permission denied"), "{status}");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn what_waits_is_no_failure_and_a_mistake_is_one() {
    let device = Device::new();
    device.configure("wait_presence = 50ms");
    device.run();
    assert_eq!(device.result(), "success 75");
    device.configure("wait_presence = soon");
    assert_ne!(device.machine.run("systemctl start firepush.service").code, 0);
    assert_eq!(device.result(), "exit-code 78");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn nothing_is_tried_before_there_is_a_password() {
    let machine = machine();
    machine.ok("systemctl start firepush.service firepush-receive.service");
    assert_eq!(machine.ok("systemctl show firepush.service firepush-receive.service -P ConditionResult"), "no\n\nno");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn root_looks_after_the_spool_as_the_service_does() {
    let device = Device::new();
    device.configure("wait_presence = 50ms\nretry_first = 1d");
    device.run();
    device.machine.ok("systemctl start dbus.socket");
    let status = device.machine.ok("firepush-as-service status");
    assert!(status.contains("one.log"), "{status}");
    device.machine.ok("firepush-as-service retry");
    let mut receiver = device.receiver();
    let doctor = device.machine.run(&format!("firepush-as-service doctor --to {}", device.ops.jid));
    assert_eq!(doctor.code, 0, "{}\n{}", doctor.stdout.join("\n"), doctor.stderr);
    device.run();
    assert_eq!(device.result(), "success 0");
    arrived(device.inbox.path(), &mut receiver);
    let exit = device.machine.run("firepush-as-service send /etc/passwd");
    assert!(exit.code == 64 && exit.stderr.contains("send is none of"), "{}", exit.stderr);
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn a_drop_in_with_a_user_that_there_is_lets_it_delete() {
    let device = Device::new();
    device.machine.ok("useradd --system --user-group captures; install -d -o captures /var/captures");
    device.machine.ok("echo 'a line' >/var/captures/one.log; chown captures /var/captures/one.log");
    device.drop_in("firepush.service", "[Service]\nUser=captures\nReadWritePaths=/var/captures\n");
    let job = "[log]\nfiles = /var/captures/*.log\nafter = delete\nname = {name}\nto =";
    account(&device.machine, &device.account, "firepush", &format!("{job} {}", device.ops.jid));
    let mut receiver = device.receiver();
    device.run();
    arrived(device.inbox.path(), &mut receiver);
    assert_eq!(device.machine.ok("ls /var/captures"), "");
    device.machine.ok("systemctl start dbus.socket; firepush-as-service status");
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn the_timer_runs_soon_what_was_missed_and_keeps_its_minute() {
    let device = Device::new();
    let shown =
        device.machine.ok("systemctl show firepush.timer -p Persistent -p FixedRandomDelay -p RandomizedDelayUSec");
    for property in ["Persistent=yes", "FixedRandomDelay=yes", "RandomizedDelayUSec=15min"] {
        assert!(shown.contains(property), "{shown}");
    }
    device
        .machine
        .ok("systemctl stop firepush.timer; touch -d '2 days ago' /var/lib/systemd/timers/stamp-firepush.timer");
    device.drop_in("firepush.timer", "[Timer]\nRandomizedDelaySec=0\n");
    let mut receiver = device.receiver();
    device.machine.ok("systemctl start firepush.timer");
    arrived(device.inbox.path(), &mut receiver);
}

#[test]
#[ignore = "a machine of its own: `make check-full`"]
fn the_collector_receives_for_the_people_of_its_group() {
    let (device, collector) = server().pair();
    let machine = machine();
    account(&machine, &collector, "firepush-receive", &format!("from = {}", device.jid));
    machine.ok("systemctl start firepush-receive.service");
    let folder = files::folder();
    let log = files::make(folder.path(), "messages", 100_000);
    // It is offline until it has logged in.
    let sent = (0..200).any(|_| Run::send(Program::Firepush, &device, &collector.jid).arg(&log).end().code == 0);
    assert!(sent, "{}", machine.ok("journalctl --no-pager -u firepush-receive.service"));
    files::assert_same(&log, &machine.path("/var/lib/firepush-receive/messages"));
    assert_eq!(machine.ok("stat -c '%a %U %G' /var/lib/firepush-receive/messages"), "640 _firepush _firepush");
    machine.ok("systemctl stop firepush-receive.service");
    assert_eq!(machine.ok("systemctl show firepush-receive.service -P Result"), "success");
}
