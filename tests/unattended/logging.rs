//! What a run that nobody watches says, where, and how often.

use std::fs;
use std::os::unix::net::UnixDatagram;

use serde_json::Value;

use crate::bed::Device;
use crate::command::Plain;
use crate::support::process::Exit;
use crate::support::run::Run;

/// A device with a syslog.
struct Logged {
    device: Device,
    syslog: UnixDatagram,
}

impl Logged {
    fn new(more: &str) -> Logged {
        let device = Device::new();
        device.logs(&format!("wait_presence = 20ms\n{more}"));
        let conf = fs::read_to_string(device.path("conf")).unwrap();
        fs::write(device.path("conf"), conf.replace("log = stderr\n", "")).unwrap();
        let syslog = UnixDatagram::bind(device.path("sock")).unwrap();
        syslog.set_nonblocking(true).unwrap();
        Logged { device, syslog }
    }

    /// In a `/dev` of its own, which has a `/dev/log`.
    fn run(&self, more: &[&str]) -> Exit {
        let (dev, socket) = (self.device.path("dev"), self.device.path("sock"));
        fs::create_dir_all(&dev).unwrap();
        let mounts = format!(
            "cd {} && mount -t tmpfs none . && cd {0} && for f in null zero urandom random; do touch $f; \
             mount --bind /dev/$f $f; done && ln -s {} log && mount --rbind . /dev",
            dev.display(),
            socket.display()
        );
        let conf = self.device.path("conf").display().to_string();
        Plain::new("run").mounted(&mounts).args(["--config", &conf]).args(more).end()
    }

    fn lines(&self) -> Vec<String> {
        let mut line = [0; 4096];
        let next = || self.syslog.recv(&mut line).ok().map(|n| String::from_utf8_lossy(&line[..n]).into_owned());
        std::iter::from_fn(next).collect()
    }
}

#[test]
fn what_cures_itself_goes_to_the_syslog_and_cron_has_nothing_to_mail() {
    let logged = Logged::new("");
    logged.device.log("messages", "one");
    let exit = logged.run(&[]).expect(75);
    assert_eq!((exit.stdout.len(), exit.stderr.as_str()), (0, ""));
    let lines = logged.lines();
    let kept = lines.iter().find(|line| line.contains("kept for retry")).expect("a line");
    // A warning of a daemon; the time; the program and its process.
    assert!(kept.starts_with("<28>") && kept[20..].starts_with("firepush[") && &kept[7..8] == " ", "{kept}");
    assert!(lines.iter().any(|line| line.starts_with("<30>") && line.contains("logged in")), "{lines:?}");
    let exit = logged.run(&["--log", "stderr", "--now"]).expect(75);
    assert!(exit.stderr.contains("kept for retry") && logged.lines().is_empty(), "{}", exit.stderr);
}

#[test]
fn what_was_given_up_is_said_to_a_person_once() {
    let logged = Logged::new("");
    logged.device.log("messages", "one");
    let inbox = logged.device.path("inbox");
    let mut decliner = Run::receive_from("desk@example.test", &logged.device.ops, &inbox).start();
    decliner.event("ready");
    let exit = logged.run(&[]).expect(69);
    assert!(exit.stderr.contains("declined") && exit.stderr.contains("firepush retry"), "{}", exit.stderr);
    assert_eq!((exit.stderr.lines().count(), logged.run(&["--now"]).expect(0).stderr.as_str()), (1, ""));
}

#[test]
fn a_refused_login_is_said_to_a_person_once_until_it_changes() {
    let logged = Logged::new("");
    logged.device.log("messages", "one");
    let good = logged.device.account.password_file.clone();
    let wrong = crate::bed::server().account("desk").password_file;
    let password = |file: &std::path::Path| {
        let conf = fs::read_to_string(logged.device.path("conf")).unwrap();
        let line = conf.lines().find(|line| line.starts_with("password_file")).unwrap().to_owned();
        let conf = conf.replace(&line, &format!("password_file = {}", file.display()));
        fs::write(logged.device.path("conf"), conf).unwrap();
    };
    password(&wrong);
    let exit = logged.run(&[]).expect(75);
    assert!(exit.stderr.contains("not-authorized"), "{}", exit.stderr);
    for more in [&["--now"][..], &[], &["--now"]] {
        assert_eq!(logged.run(more).expect(75).stderr, "", "it was said; between two attempts too");
    }
    password(&good);
    assert_eq!(logged.run(&[]).expect(75).stderr, "");
    password(&wrong);
    assert!(logged.run(&["--now"]).expect(75).stderr.contains("not-authorized"), "it is news again");
}

#[test]
fn what_needs_a_person_reaches_one_whatever_it_is() {
    let logged = Logged::new("");
    logged.device.log("messages", "one");
    assert!(logged.run(&["mesages"]).expect(64).stderr.contains("the jobs are logs"));
    let untrusted = logged.run(&["--ca-file", "/etc/ssl/certs/ca-certificates.crt"]).expect(75);
    assert!(untrusted.stderr.contains("certificate"), "{}", untrusted.stderr);
}

#[test]
fn figures_are_kept_without_a_status_file_and_never_written_through_a_link() {
    let device = Device::new();
    let (metrics, victim) = (device.path("firepush.prom"), device.path("victim"));
    device.logs(&format!("metrics_file = {}", metrics.display()));
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, &metrics).unwrap();
    device.run(&[]).expect(0);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    let success = || {
        let text = fs::read_to_string(&metrics).unwrap();
        let line = text.lines().find(|line| line.starts_with("firepush_last_success")).unwrap().to_owned();
        line.split(' ').nth(1).unwrap().parse::<u64>().unwrap()
    };
    let first = success();
    device.log("messages", "one");
    device.run(&[]).expect(75);
    assert!(first > 1 << 30 && success() == first, "it is remembered");
}

#[test]
fn programs_find_what_a_run_came_to_in_a_file() {
    let device = Device::new();
    let (status, metrics) = (device.path("status.json"), device.path("firepush.prom"));
    device.logs(&format!("status_file = {}\nmetrics_file = {}", status.display(), metrics.display()));
    device.log("messages", "one");
    let read = || serde_json::from_str::<Value>(&fs::read_to_string(&status).unwrap()).unwrap();
    device.run(&[]).expect(75);
    let first = read();
    assert_eq!((&first["code"], &first["waiting"], &first["last_success"]), (&75.into(), &1.into(), &0.into()));
    let told = |status: &Value| (status["kind"].clone(), status["last_error"].as_str().unwrap().to_owned());
    assert!(first["kind"] == "offline" && told(&first).1.contains("is offline"), "{first}");
    let mut receiver = device.receiver();
    device.run(&["--now"]).expect(0);
    device.arrived(&mut receiver, "messages");
    let second = read();
    assert_eq!((&second["code"], &second["sent"], &second["waiting"]), (&0.into(), &1.into(), &0.into()));
    assert_eq!(second["last_success"], second["last_run"]);
    assert_eq!(told(&second), told(&first), "the last error is remembered");
    assert!(second["last_run"].as_u64() >= first["last_run"].as_u64() && second["last_run"].as_u64() > Some(1 << 30));
    let text = fs::read_to_string(&metrics).unwrap();
    for line in ["# TYPE firepush_waiting_files gauge", "firepush_waiting_files 0", "firepush_sent_files 1"] {
        assert!(text.lines().any(|there| there == line), "{text}");
    }
    receiver.stop();
    receiver.wait();
    device.log("messages.2", "two");
    device.run(&["--now"]).expect(75);
    assert_eq!(read()["last_success"], second["last_success"], "it is remembered");
}

#[test]
fn the_stream_is_shown_without_secrets_and_files() {
    let device = Device::new();
    device.logs("wait_presence = 20ms\nmethod = ibb");
    device.log("messages", "the content of the file");
    let mut receiver = device.receiver();
    let exit = device.run(&["--wire"]).expect(0);
    device.arrived(&mut receiver, "messages");
    for part in ["> <?xml", "<stream:stream ", "< <stream:features", "…(", "<si ", "> </stream:stream>"] {
        assert!(exit.stderr.contains(part), "{part}: {}", exit.stderr);
    }
    let password = fs::read_to_string(&device.account.password_file).unwrap();
    assert!(!exit.stderr.contains(password.trim()), "the password");
    let is_long =
        |text: &str| text.len() > 24 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let texts = exit.stderr.split('<').filter_map(|element| element.split_once('>'));
    assert!(!texts.into_iter().any(|(_, text)| is_long(text)), "of SASL, or of the file: {}", exit.stderr);
}
