//! What makes it run: cron, a link that came up, the clock that was set; and the jail it runs in.

use std::process::Command;

use super::{OTHERS_CRONTAB, Router};
use crate::chroot::ended;

const LOG: &str = "kernel: Linux version";

#[test]
fn cron_pushes_the_log_of_the_router() {
    let mut router = Router::new();
    assert_eq!(router.line().unwrap(), "*/15 * * * * /etc/init.d/firepush run # by /etc/init.d/firepush");
    assert!(router.root.read("etc/crontabs/root").starts_with(OTHERS_CRONTAB));
    router.cron();
    assert!(router.people.arrival().contains(LOG));
    router.cron();
    assert_eq!((router.runs(), router.people.arrived()), (2, 1), "{:?}", router.told());
}

#[test]
fn the_flash_is_written_and_cron_restarted_only_when_the_line_changes() {
    let router = Router::new();
    let restarts = || router.told().iter().filter(|line| *line == "cron restart").count();
    let written = || router.root.path("etc/crontabs/root").metadata().unwrap().modified().unwrap();
    let first = written();
    router.service("boot");
    router.service("reload");
    assert_eq!((restarts(), written()), (1, first));
    router.set(&[("schedule.cron", "0 3 * * mon")]);
    router.service("reload");
    assert!(router.line().unwrap().starts_with("0 3 * * mon /etc/init.d/firepush run"));
    assert_eq!(restarts(), 2);
    assert_eq!(router.root.mode("etc/crontabs/root"), 0o600);
}

#[test]
fn a_run_that_is_on_its_way_outlives_new_settings_but_no_removal() {
    let router = Router::new();
    let told_last = || router.told().into_iter().rfind(|line| line.starts_with("firepush ")).unwrap();
    router.service("reload");
    assert_eq!(told_last(), "firepush add trigger firepush ");
    router.service("stop");
    assert_eq!(told_last(), "firepush delete");
    let links = ended(Command::new("ls").arg(router.root.path("etc/rc.d"))).stdout;
    assert_eq!(links, ["S49firepush"], "a shutdown must not write the crontab");
}

#[test]
fn it_runs_once_when_the_clock_is_set() {
    let mut router = Router::new();
    router.set(&[("global.splay", "1s")]);
    router.service("reload");
    router.shell("ACTION=step hotplug-call ntp").expect(0);
    assert_eq!(router.runs(), 0, "it is not known to be right yet");
    for action in ["stratum", "step", "stratum", "periodic", "unsync", "stratum"] {
        router.shell(&format!("ACTION={action} hotplug-call ntp")).expect(0);
    }
    assert!(router.people.arrival().contains(LOG));
    assert_eq!(router.runs(), 1, "{:?}", router.told());
    let command = router.told().into_iter().find(|line| line.contains("/usr/bin/firepush")).unwrap();
    assert!(!command.contains("--now"), "no splay: {command}");
    router.shell("rm -r /var/run/firepush.clock; ACTION=stratum hotplug-call ntp").expect(0);
    assert_eq!(router.runs(), 2, "after a boot, again");
}

#[test]
fn it_runs_when_a_link_came_up_that_is_meant() {
    let mut router = Router::new();
    router.add(&[("schedule.interface", "wwan")]);
    let event = |action: &str, interface: &str| {
        router.shell(&format!("ACTION={action} INTERFACE={interface} hotplug-call iface")).expect(0);
        router.runs()
    };
    assert_eq!(event("ifup", "lan"), 0);
    assert_eq!(event("ifdown", "wan"), 0);
    assert_eq!(event("ifup", "wan6"), 0);
    assert_eq!(event("ifup", "wwan"), 1);
    assert_eq!(event("ifup", "wan"), 2);
    assert!(router.people.arrival().contains(LOG));
}

#[test]
fn several_links_at_once_send_a_file_once() {
    let mut router = Router::new();
    let event = "(ACTION=ifup INTERFACE=wan hotplug-call iface)";
    router.shell(&format!("{event} & {event} & firepush run & {event} & {event} & wait")).expect(0);
    assert!(router.people.arrival().contains(LOG));
    router.cron();
    assert_eq!(router.people.arrived(), 1, "{:?}", router.told());
}

#[test]
fn nothing_runs_before_it_is_enabled() {
    let router = Router::unpacked();
    router.shell(". /lib/functions.sh; default_postinst").expect(0);
    router.shell("ACTION=ifup INTERFACE=wan hotplug-call iface; ACTION=stratum hotplug-call ntp").expect(0);
    assert_eq!(router.root.read("etc/crontabs/root"), OTHERS_CRONTAB);
    assert!(!router.told().iter().any(|line| line.contains("/usr/bin/firepush")), "{:?}", router.told());
    let told = router.shell("firepush config").expect(78);
    assert!(told.stderr.contains("/etc/firepush.conf:6: the job [syslog] has no recipient"), "{}", told.stderr);
}

#[test]
fn a_schedule_that_would_be_two_lines_is_none() {
    let router = Router::new();
    for bad in ["* * * * *\n* * * * * reboot #", "* * * * * reboot;", "* * * *", "@reboot", "$(reboot) * * * *"] {
        router.set(&[("schedule.cron", bad)]);
        router.service("reload");
        assert_eq!(router.root.read("etc/crontabs/root"), OTHERS_CRONTAB, "{bad}");
        router.service("run");
    }
    assert_eq!(router.runs(), 0);
}

#[test]
fn a_jailed_run_sees_what_its_settings_name_and_no_more() {
    let mut router = Router::new();
    jail(&router);
    router.root.write("root/captures/a.pcap", "captured");
    router.root.write("root/secret", "nobody's business");
    router.shell("uci set firepush.captures=job").expect(0);
    router.add(&[("captures.files", "/root/captures/*.pcap"), ("captures.to", &router.people.ops.jid)]);
    router.set(&[("captures.after", "delete"), ("global.status_file", "/var/log/firepush.json")]);
    router.service("reload");
    router.shell("rm -r /var/spool").expect(0);
    router.cron();
    let mut arrived = [router.people.arrival(), router.people.arrival()];
    arrived.sort_by_key(|text| text.len());
    assert!(arrived[0] == "captured" && arrived[1].contains(LOG), "{arrived:?}");
    assert!(!router.root.exists("root/captures/a.pcap"), "it should have been deleted");
    assert!(router.root.exists("tmp/spool/firepush/queue") && router.root.exists("tmp/log/firepush.json"));
    let told = router.told().join("\n");
    assert!(told.contains("ended with 0 in a jail"), "{told}");
    let reached = router.root.read("tmp/etc/firepush.jail");
    assert!(reached.contains("rw /root/captures\n") && !reached.contains("/root\n"), "{reached}");
}

#[test]
fn what_the_settings_do_not_name_is_not_in_the_jail() {
    let router = Router::new();
    router.root.write("root/captures/a.pcap", "captured");
    router.root.write("root/secret", "nobody's business");
    router.set(&[
        ("syslog.output_of", "/sbin/logread -l 100"),
        ("syslog.files", "/root/captures/*.pcap, /tmp/log/[ab]*"),
    ]);
    router.service("reload");
    let reached = router.root.read("tmp/etc/firepush.jail");
    let named = ["ro /etc/firepush.password", "ro /etc/firepush.pem", "ro /root/captures", "ro /tmp/log"];
    let always = ["ubus /sbin/logread", "own /var/spool/firepush"];
    let mut lines: Vec<_> = reached.lines().collect();
    lines.sort_unstable();
    let mut expected = [&named[..], &always[..]].concat();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn a_path_that_procd_would_split_means_no_jail() {
    let router = Router::new();
    for path in ["/root/my logs/*", "/root/$(reboot)/x", "/*.log", "relative/*"] {
        router.set(&[("syslog.files", path)]);
        router.service("reload");
        assert_eq!(router.root.read("tmp/etc/firepush.jail"), "", "{path}");
    }
}

#[test]
fn a_job_that_no_jail_can_hold_runs_without() {
    let mut router = Router::new();
    jail(&router);
    router.root.write("usr/bin/report", "#!/bin/sh\ncat /etc/hostname\n");
    router.root.set_mode("usr/bin/report", 0o755);
    router.root.write("etc/hostname", "gateway-7\n");
    router.set(&[("syslog.output_of", "/usr/bin/report")]);
    router.service("reload");
    router.cron();
    assert_eq!(router.people.arrival(), "gateway-7\n");
    assert!(!router.told().join("\n").contains("in a jail"));
}

#[test]
fn the_jail_can_be_switched_off() {
    let mut router = Router::new();
    jail(&router);
    router.set(&[("schedule.jail", "0")]);
    router.service("reload");
    router.cron();
    assert!(router.people.arrival().contains(LOG));
    assert!(!router.told().join("\n").contains("in a jail"));
}

/// The package procd-ujail.
fn jail(router: &Router) {
    router.root.copy(&super::repository("tests/packages/openwrt/ujail"), "sbin/ujail");
}
