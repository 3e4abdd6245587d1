//! What is in /etc/config/firepush is what firepush reads; and what a removal leaves.

use super::{OTHERS_CRONTAB, Router};

#[test]
fn values_arrive_as_they_were_set() {
    let router = Router::new();
    let odd = r#" it's "5" o'clock # in C:\temp $(reboot) `id` ${HOME} ; * "#;
    router.set(&[("global.announce", odd), ("syslog.name", "{host}.log")]);
    router.add(&[("syslog.to", "desk@example.org | night@example.org")]);
    router.service("reload");
    let config = router.shell("firepush config").expect(0).stdout.join("\n");
    let written = odd.replace('\\', r"\\").replace('"', "\\\"");
    assert!(config.contains(&format!("announce = \"{written}\"  # ")), "{config}");
    let to = format!("to = {}, desk@example.org | night@example.org  # ", router.people.ops.jid);
    assert!(config.contains("\n[syslog]\n") && config.contains(&to), "{config}");
    assert!(config.contains("\nname = {host}.log  # "), "{config}");
}

#[test]
fn a_setting_that_is_not_known_is_firepushs_to_refuse() {
    let router = Router::new();
    router.set(&[("syslog.recipient", "ops@example.org")]);
    router.service("reload");
    let conf = router.root.read("tmp/etc/firepush.conf");
    let line = 1 + conf.lines().position(|line| line.starts_with("recipient")).unwrap();
    let refused = router.shell("firepush run").expect(78);
    assert!(refused.stderr.contains(&format!("/etc/firepush.conf:{line}: there is no setting \"recipient\"")));
}

#[test]
fn a_line_break_in_a_value_sets_nothing_else() {
    let router = Router::new();
    for value in ["a\nbefore = /bin/reboot", "a\"\nbefore = /bin/reboot", "a\\\nbefore = /bin/reboot\n[job]\n#"] {
        router.set(&[("global.announce", value)]);
        router.service("reload");
        let refused = router.shell("firepush config").expect(78);
        assert!(refused.stderr.contains("quote is missing"), "{value:?}: {}", refused.stderr);
    }
}

#[test]
fn a_section_of_another_type_is_not_passed_over() {
    let router = Router::new();
    router.shell("uci set firepush.more=jobs; /etc/init.d/firepush reload").expect(0);
    let refused = router.shell("firepush config").expect(78);
    assert!(refused.stderr.contains("/etc/firepush.conf:"), "{}", refused.stderr);
    assert!(router.root.read("tmp/etc/firepush.conf").contains("config jobs 'more' is no section"));
}

#[test]
fn keys_for_all_stand_in_front_whatever_the_order_of_the_sections() {
    let router = Router::new();
    router.root.write(
        "etc/config/firepush",
        "config job syslog\n\toption output_of /sbin/logread\n\tlist to ops@example.org\n\n\
         config firepush 'global'\n\toption jid \"device@example.org\"\n\toption splay 1m # a comment\n",
    );
    router.service("reload");
    let config = router.shell("firepush config").expect(0).stdout.join("\n");
    assert!(config.contains("jid = device@example.org") && config.contains("splay = 1m"), "{config}");
}

#[test]
fn nobody_else_reads_what_was_made_of_it() {
    let router = Router::new();
    assert_eq!(router.root.mode("etc/config/firepush"), 0o600);
    assert_eq!(router.root.mode("tmp/etc/firepush.conf"), 0o600);
    assert_eq!(router.root.mode("tmp/spool/firepush"), 0o700);
}

#[test]
fn a_password_that_came_with_the_image_is_closed() {
    let router = Router::unpacked();
    router.root.write("etc/firepush.password", "from the repository of an image builder");
    router.root.set_mode("etc/firepush.password", 0o644);
    router.shell(". /lib/functions.sh; default_postinst").expect(0);
    assert_eq!(router.root.mode("etc/firepush.password"), 0o600);
    assert!(!router.root.exists("etc/uci-defaults/90-firepush"), "it should have been done with");
}

#[test]
fn removal_leaves_what_was_there_before() {
    let mut router = Router::new();
    router.shell("ACTION=stratum hotplug-call ntp").expect(0);
    router.people.arrival();
    router.root.write("usr/lib/postrm", &super::variable("Package/firepush/postrm"));
    router.shell(". /lib/functions.sh; default_prerm").expect(0);
    router.shell("sh /usr/lib/postrm").expect(0);
    assert_eq!(router.root.read("etc/crontabs/root"), OTHERS_CRONTAB);
    for gone in [
        "tmp/etc/firepush.conf",
        "tmp/etc/firepush.jail",
        "tmp/spool/firepush",
        "tmp/run/firepush.clock",
        "etc/rc.d/S49firepush",
        "etc/firepush.crontab",
    ] {
        assert!(!router.root.exists(gone), "{gone}");
    }
    assert!(router.told().contains(&"firepush delete".to_owned()), "a run that is on its way was not ended");
}

#[test]
fn a_crontab_that_was_not_there_is_not_there_again() {
    let router = Router::unpacked();
    std::fs::remove_file(router.root.path("etc/crontabs/root")).unwrap();
    router.set(&[("schedule.enabled", "1")]);
    router.shell(". /lib/functions.sh; default_postinst").expect(0);
    assert!(router.line().is_some());
    router.shell(". /lib/functions.sh; default_prerm").expect(0);
    assert!(!router.root.exists("etc/crontabs/root"));
}

#[test]
fn an_upgrade_keeps_what_waits() {
    let router = Router::new();
    router.root.write("tmp/log/crash", "down");
    router.shell("firepush send --queue --to nobody@example.test /var/log/crash").expect(0);
    let waiting = || router.shell("ls /var/spool/firepush/queue").stdout;
    let before = waiting();
    assert_eq!(before.len(), 1, "{before:?}");
    router.root.write("usr/lib/postrm", &super::variable("Package/firepush/postrm"));
    router.shell("export PKG_UPGRADE=1; . /lib/functions.sh; default_prerm; sh /usr/lib/postrm; default_postinst");
    assert_eq!(waiting(), before);
    assert!(router.line().is_some() && router.root.exists("etc/rc.d/S49firepush"));
}
