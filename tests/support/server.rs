//! A real XMPP server on 127.0.0.1 with throw-away configuration, accounts and certificates.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ca::{self, Certificate, Flaw};
use super::files::random_hex;
use super::process::Process;
use super::{ejabberd, prosody};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Prosody,
    Ejabberd,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tls {
    V12,
    V13,
}

pub struct Options {
    pub domain: &'static str,
    pub flaw: Flaw,
    pub plain_only: bool,
    /// The only version of TLS that there is.
    pub tls: Option<Tls>,
    /// Where clients are told that the proxy is; on any address but 127.0.0.1 a relay has to stand there.
    pub proxy_host: &'static str,
    /// Who signs the certificates that clients may log in with; ejabberd only.
    pub client_ca: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            domain: "example.test",
            flaw: Flaw::None,
            plain_only: false,
            tls: None,
            proxy_host: "127.0.0.1",
            client_ca: None,
        }
    }
}

pub struct Server {
    pub domain: &'static str,
    pub ports: Ports,
    pub certificate: Certificate,
    start: Mutex<Start>,
    /// The last one runs; each takes the folder with it.
    processes: Mutex<Vec<Process>>,
    folder: PathBuf,
    pairs: AtomicUsize,
}

#[derive(Clone, Copy)]
pub struct Ports {
    pub starttls: u16,
    pub direct_tls: u16,
    pub proxy: u16,
}

/// What a client needs to log in; a test that wants it wrong changes a field.
#[derive(Clone)]
pub struct Account {
    pub jid: String,
    pub password_file: PathBuf,
    /// What the command line takes instead of the password file, unless it is empty.
    pub certificate: Vec<OsString>,
    pub server: SocketAddr,
    pub direct_tls: bool,
    /// `--ca-file` or `--pin`, and its value.
    pub trust: [OsString; 2],
}

/// What a server's configuration is made from.
pub(super) struct Plan<'a> {
    pub folder: &'a Path,
    pub options: &'a Options,
    pub ports: Ports,
    pub pem: &'a Path,
    pub groups: &'a [Group],
}

/// Users who have each other in their rosters.
pub(super) struct Group {
    pub name: String,
    pub members: Vec<User>,
}

pub(super) struct User {
    pub name: String,
    pub password: String,
}

/// How to start a server, and the words in its log that say how that went.
pub(super) struct Start {
    pub command: Command,
    pub ready: Vec<String>,
    pub port_taken: &'static str,
}

const PAIRS: usize = 150;
const ATTEMPTS: usize = 5;

impl Server {
    pub fn start(kind: Kind) -> Server {
        Server::with(kind, Options::default())
    }

    pub fn with(kind: Kind, options: Options) -> Server {
        (0..ATTEMPTS)
            .find_map(|_| Server::attempt(kind, &options))
            .unwrap_or_else(|| panic!("{kind:?} found its ports taken {ATTEMPTS} times"))
    }

    fn attempt(kind: Kind, options: &Options) -> Option<Server> {
        let folder = tempfile::Builder::new().prefix("firepush-").tempdir().expect("a folder").keep();
        let certificate = ca::issue(&folder, options.domain, options.flaw);
        let (groups, ports) = (groups(), free_ports());
        write_passwords(&folder, &groups);
        let plan = Plan { folder: &folder, options, ports, pem: &certificate.pem, groups: &groups };
        let mut start = match kind {
            Kind::Prosody => prosody::configure(&plan),
            Kind::Ejabberd => ejabberd::configure(&plan),
        };
        let processes = Mutex::new(vec![launch(&mut start)?]);
        let (start, pairs) = (Mutex::new(start), AtomicUsize::new(1));
        Some(Server { domain: options.domain, ports, certificate, start, processes, folder, pairs })
    }

    /// `device`, `ops` and `desk` know each other, `stranger` knows nobody.
    pub fn account(&self, name: &str) -> Account {
        Account {
            jid: format!("{name}@{}", self.domain),
            password_file: password_file(&self.folder, name),
            certificate: Vec::new(),
            server: SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.starttls)),
            direct_tls: false,
            trust: ["--ca-file".into(), self.certificate.ca_file.clone().into()],
        }
    }

    /// A device and an operator who know each other and whom no other test uses.
    pub fn pair(&self) -> (Account, Account) {
        let number = self.pairs.fetch_add(1, Ordering::Relaxed);
        assert!(number <= PAIRS, "more than {PAIRS} pairs");
        (self.account(&format!("device{number}")), self.account(&format!("ops{number}")))
    }

    /// The same account by direct TLS.
    pub fn direct_tls(&self, account: Account) -> Account {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.direct_tls));
        Account { server, direct_tls: true, ..account }
    }

    pub fn proxy_jid(&self) -> String {
        format!("proxy.{}", self.domain)
    }

    pub fn kill(&self) {
        self.with_process(Process::kill);
    }

    pub fn freeze(&self) {
        self.with_process(Process::freeze);
    }

    /// As an administrator does it: in order, on the same ports, with the same accounts.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    pub fn stop(&self) {
        let mut processes = self.processes.lock().expect("no panic");
        let last = processes.last_mut().expect("at least one");
        last.stop();
        while last.line().is_some() {}
    }

    pub fn start_again(&self) {
        let process = launch(&mut self.start.lock().expect("no panic")).expect("its ports are free");
        self.processes.lock().expect("no panic").push(process);
    }

    fn with_process(&self, act: fn(&Process)) {
        act(self.processes.lock().expect("no panic").last().expect("at least one"));
    }
}

impl Account {
    pub fn domain(&self) -> &str {
        let (account, _) = self.jid.split_once('/').unwrap_or((&self.jid, ""));
        account.split_once('@').expect("user@domain").1
    }

    /// As the command line takes it.
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["--jid".into(), self.jid.clone().into()];
        if self.certificate.is_empty() {
            words.extend(["--password-file".into(), self.password_file.clone().into()]);
        }
        words.extend(self.certificate.clone());
        words.extend(["--server".into(), self.server.to_string().into()]);
        words.extend(self.trust.clone());
        words.extend(self.direct_tls.then(|| "--direct-tls".into()));
        words
    }
}

fn groups() -> Vec<Group> {
    let pairs = (1..=PAIRS).map(|n| (format!("pair{n}"), vec![format!("device{n}"), format!("ops{n}")]));
    let known = ("team".to_owned(), ["device", "ops", "desk"].map(str::to_owned).to_vec());
    let alone = ("alone".to_owned(), vec!["stranger".to_owned()]);
    let user = |name| User { name, password: random_hex() };
    pairs
        .chain([known, alone])
        .map(|(name, members)| Group { name, members: members.into_iter().map(user).collect() })
        .collect()
}

fn write_passwords(folder: &Path, groups: &[Group]) {
    for user in groups.iter().flat_map(|group| &group.members) {
        let file = password_file(folder, &user.name);
        fs::write(&file, format!("{}\n", user.password)).expect("write");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
    }
}

fn password_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.password"))
}

/// Ports that are free now; somebody may take them before the server does.
fn free_ports() -> Ports {
    let held = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    let [starttls, direct_tls, proxy] = held.map(|listener| listener.local_addr().expect("bound").port());
    Ports { starttls, direct_tls, proxy }
}

fn launch(start: &mut Start) -> Option<Process> {
    let mut process = Process::spawn(&mut start.command);
    let mut ready = start.ready.clone();
    let mut log = Vec::new();
    while !ready.is_empty() {
        let Some(line) = process.line() else {
            let told = process.wait().stderr;
            panic!("the server did not start (`make check` installs it):\n{}\n{told}", log.join("\n"));
        };
        if line.contains(start.port_taken) {
            return None;
        }
        ready.retain(|sign| !line.contains(sign));
        log.push(line);
    }
    Some(process)
}
