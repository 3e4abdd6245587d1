//! `board/openfire/accounts.sh`: what it writes, what it refuses, and that a real ejabberd takes it, by the command that
//! `ejabberdctl import_piefxis` runs, so that the devices can push files.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use support::files::{self, assert_same};
use support::process::{Process, supervised};
use support::run::{Program::Firepush, Run};
use support::server::{Account, Kind, Server};
use tempfile::TempDir;

const DEVICES: [&str; 3] = ["cam1", "cam2", "pump-3.x"];
const LIST: &str = "# the fleet\ncam1\r\n\n  cam2\t# at the gate\npump-3.x";
/// Who has an account in the test bed, and nobody in the roster.
const OPERATOR: &str = "stranger";

#[test]
fn three_devices_and_an_operator() {
    let work = Work::new();
    let said = work.run(&[], LIST, &[], 0);
    let accounts = work.read("accounts.xml");
    let mut passwords = BTreeSet::new();
    for device in DEVICES {
        let password = work.password(device);
        assert!(password.len() == 40 && password.bytes().all(|byte| byte.is_ascii_hexdigit()), "160 bits");
        assert!(accounts.contains(&format!("<user name='{device}' password='{password}'>")), "{device}");
        assert!(!said.contains(&password), "a password was printed");
        assert!(passwords.insert(password), "two devices have the same password");
        let modes = ["", "firepush.password", "push"].map(|name| mode(&work.device(device).join(name)));
        assert_eq!(modes, [0o700, 0o600, 0o700], "{device}");
    }
    assert_eq!(fs::read_dir(work.out().join("devices")).unwrap().count(), DEVICES.len());
    let modes = ["", "devices", "accounts.xml", "operators.xml"].map(|name| mode(&work.out().join(name)));
    assert_eq!(modes, [0o700, 0o700, 0o600, 0o600]);
    assert_eq!(accounts.matches(&format!("jid='{OPERATOR}@example.test'")).count(), DEVICES.len());
    let operators = work.read("operators.xml");
    assert!(operators.contains(&format!("<user name='{OPERATOR}'>")) && !operators.contains("password"));
    assert_eq!(operators.matches("subscription='both'><group>Devices</group>").count(), DEVICES.len());

    let why = work.run(&[], LIST, &[], 73);
    assert!(why.contains("exists already") && passwords.contains(&work.password("cam1")), "{why}");
    let again = Work::new();
    again.run(&[], LIST, &[], 0);
    assert!(!passwords.contains(&again.password("cam1")), "the same password in every run");
}

#[test]
fn bad_lists_are_refused_line_by_line() {
    let too_long = "x".repeat(65);
    let wrong = [
        ("Cam1", "line 1: \"Cam1\" has other characters"),
        ("a\n\nb c", "line 3: \"b c\" has other characters"),
        ("a@example.test", "line 1: \"a@example.test\""),
        ("a'b", "line 1:"),
        ("a/b", "line 1:"),
        ("..", "line 1:"),
        ("-rf", "line 1:"),
        ("caf\u{e9}", "line 1:"),
        (&too_long, "line 1: the name is longer than 64"),
        ("a\nb # one\na", "line 3: \"a\" is line 1 already"),
        (OPERATOR, "is an operator already"),
        ("# nobody\n\n", "the list has no names"),
    ];
    for (list, complaint) in wrong {
        let work = Work::new();
        let why = work.run(&[], list, &[], 65);
        assert!(why.contains(complaint), "{list:?}: {why}");
        assert!(!work.out().exists(), "{list:?} left something");
    }
    let why = Work::new().run(&[], "A\nB\nc", &[], 65);
    assert!(why.contains("line 1:") && why.contains("line 2:") && !why.contains("line 3:"), "{why}");
}

#[test]
fn bad_command_lines_are_refused() {
    let wrong: [&[&str]; 8] = [
        &["--domain"],
        &["--domain", "Example.test"],
        &["--domain", "example.test'"],
        &["--operator", "ops@example.test"],
        &["--operator", OPERATOR],
        &["--operator", ""],
        &["--group", "a<b"],
        &["--frob"],
    ];
    for words in wrong {
        let work = Work::new();
        let why = work.run(words, LIST, &[], 64);
        assert!(why.contains("--help") && why.lines().count() == 1, "{words:?}: {why}");
        assert!(!work.out().exists(), "{words:?} left something");
    }
    let help = Command::new(script()).arg("--help").output().unwrap();
    assert!(help.status.success() && help.stderr.is_empty() && help.stdout.starts_with(b"usage: accounts.sh "));
    let work = Work::new();
    assert_eq!(run(work.command(&[]).args(["/nowhere/list", "/nowhere/out"])).0, 66);
    fs::write(work.list(), LIST).unwrap();
    assert_eq!(run(work.command(&[]).arg(work.list()).arg("/nowhere/out")).0, 73);
}

/// What an engineer adds jobs to; the same options as keys.
#[test]
fn each_device_has_a_configuration_that_firepush_reads() {
    let work = Work::new();
    let options = ["--server", "192.0.2.7:5222", "--direct-tls", "--ca-file=/etc/openfire.pem", "--json"];
    work.run(&[], LIST, &options, 0);
    let conf = work.device("cam1").join("firepush.conf");
    let words = ["config".as_ref(), "--config".as_ref(), conf.as_os_str()];
    let (code, said) = run(Command::new(env!("CARGO_BIN_EXE_firepush")).args(words));
    assert_eq!(code, 0, "{said}");
    for line in
        ["jid = cam1@example.test", "server = 192.0.2.7:5222", "ca_file = /etc/openfire.pem", "direct_tls = yes"]
    {
        assert!(said.lines().any(|there| there.starts_with(line)), "{line}: {said}");
    }
    assert!(said.contains(&format!("to = {OPERATOR}@example.test")), "{said}");
}

/// The options of `firepush send` reach it word by word, whatever is in them.
#[test]
fn options_for_the_device_keep_their_words() {
    let work = Work::new();
    work.run(&[], LIST, &["--name", "it's $HOME \"x\" \\", "-q"], 0);
    let fake = work.folder.path().join("firepush");
    fs::write(&fake, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let push = work.device("cam1").join("push");
    let words = run(Command::new(&push).arg("a b.log").env("PATH", path_with(work.folder.path()))).1;
    let password = push.with_file_name("firepush.password");
    let expected = format!(
        "send\n--jid\ncam1@example.test\n--password-file\n{}\n--name\nit's $HOME \"x\" \\\n-q\n--to\n{OPERATOR}@example.test\na b.log\n",
        password.display()
    );
    assert_eq!(words, expected);
}

#[test]
fn imported_devices_push_to_an_operator_who_was_there_before() {
    let (server, mut console) = Console::start();
    let operator = server.account(OPERATOR);
    let (address, ca_file) = (operator.server.to_string(), operator.trust[1].to_str().unwrap());
    let work = Work::new();
    work.run(&[], LIST, &["--server", &address, "--ca-file", ca_file], 0);
    assert_eq!(console.import(&work.out().join("accounts.xml")), "0");
    assert_eq!(console.import(&work.out().join("operators.xml")), "0");
    assert_eq!(console.mutual_items(OPERATOR), DEVICES.len().to_string());
    assert_eq!(console.mutual_items("cam1"), "1");

    // The operator's password is still the one of the test bed, or this would not log in.
    let inbox = files::folder();
    let mut receiver = Run::receive(Firepush, &operator, inbox.path()).args(["--count", "2"]).start();
    receiver.event("ready");
    let file = files::make(work.folder.path(), "some.log", 100_000);
    for device in ["cam1", "pump-3.x"] {
        let mut command = supervised(work.device(device).join("push"), None);
        command.arg(&file).env("PATH", path_with(Path::new(env!("CARGO_BIN_EXE_firepush")).parent().unwrap()));
        Process::start(command).wait().expect(0);
        let arrived = receiver.event("file");
        assert_eq!(arrived["from"].as_str().unwrap().split('/').next().unwrap(), format!("{device}@example.test"));
        assert_same(&file, Path::new(arrived["path"].as_str().unwrap()));
    }
    receiver.wait().expect(0);

    an_account_that_exists_is_not_overwritten(&server, &mut console);
}

/// A device that is named like somebody: the importer complains, and the old password stays the right one.
fn an_account_that_exists_is_not_overwritten(server: &Server, console: &mut Console) {
    let work = Work::new();
    work.run(&[], "desk", &[], 0);
    assert_ne!(console.import(&work.out().join("accounts.xml")), "0");
    let file = files::make(work.folder.path(), "some.log", 1);
    let desk = server.account("desk");
    let imposter = Account { password_file: work.device("desk").join("firepush.password"), ..desk.clone() };
    for (account, code) in [(desk, 69), (imposter, 77)] {
        Run::send(Firepush, &account, "ops@example.test").arg(&file).end().expect(code);
    }
}

/// A folder with a list in it, and with `out` when the script has run.
struct Work {
    folder: TempDir,
}

impl Work {
    fn new() -> Work {
        Work { folder: files::folder() }
    }

    fn list(&self) -> PathBuf {
        self.folder.path().join("list")
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn device(&self, name: &str) -> PathBuf {
        self.out().join("devices").join(name)
    }

    fn password(&self, device: &str) -> String {
        fs::read_to_string(self.device(device).join("firepush.password")).expect("a password").trim_end().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.out().join(name)).expect("written")
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(script());
        command.args(["--domain", "example.test", "--operator", OPERATOR]).args(options);
        command
    }

    /// Runs the script and returns what it said.
    #[track_caller]
    fn run(&self, options: &[&str], list: &str, for_devices: &[&str], expected: i32) -> String {
        fs::write(self.list(), list).expect("write");
        let mut command = self.command(options);
        let (code, said) = run(command.arg(self.list()).arg(self.out()).arg("--").args(for_devices));
        assert_eq!(code, expected, "{options:?}, {list:?}: {said}");
        said
    }
}

/// ejabberd's own commands, in the server that runs: it has no node name that `ejabberdctl` could call.
struct Console {
    lines: BufReader<TcpStream>,
}

/// Evaluates each line that comes and answers with its value.
const CONSOLE: &str = r#"
spawn(fun() ->
    {ok, Socket} = gen_tcp:connect({127,0,0,1}, PORT, [binary, {packet, line}, {active, false}, {buffer, 65536}]),
    Serve = fun Serve() ->
        {ok, Line} = gen_tcp:recv(Socket, 0),
        {ok, Tokens, _} = erl_scan:string(binary_to_list(Line)),
        {ok, Expressions} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Expressions, []),
        ok = gen_tcp:send(Socket, io_lib:format("~0p~n", [Value])),
        Serve()
    end,
    Serve()
end).
"#;

impl Console {
    fn start() -> (Server, Console) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let folder = files::folder();
        let script = folder.path().join("console");
        let port = listener.local_addr().expect("bound").port().to_string();
        fs::write(&script, CONSOLE.replace("PORT", &port)).expect("write");
        let flags = format!("-eval 'file:eval(\"{}\")'", script.display());
        // SAFETY: only Rust's library touches the environment of this program, and it takes turns.
        unsafe { std::env::set_var("ERL_ZFLAGS", flags) };
        let server = Server::start(Kind::Ejabberd);
        // A server that found its ports taken may have connected as well, and is gone.
        let consoles = listener.incoming().map(|stream| Console { lines: BufReader::new(stream.expect("accept")) });
        let console = { consoles }.find_map(|mut console| console.try_ask("ok").is_some().then_some(console));
        (server, console.expect("listeners go on for ever"))
    }

    /// What `ejabberdctl import_piefxis FILE` does in the server; its exit code.
    fn import(&mut self, file: &Path) -> String {
        self.ask(&format!("ejabberd_ctl:process([\"import_piefxis\", \"{}\"])", file.display()))
    }

    /// How many there are in that user's roster who see the user and are seen.
    fn mutual_items(&mut self, user: &str) -> String {
        let roster = format!("mod_roster:get_roster(<<\"{user}\">>, <<\"example.test\">>)");
        self.ask(&format!("length([1 || Item <- {roster}, lists:member(both, tuple_to_list(Item))])"))
    }

    fn ask(&mut self, expression: &str) -> String {
        self.try_ask(expression).unwrap_or_else(|| panic!("no answer to {expression}"))
    }

    fn try_ask(&mut self, expression: &str) -> Option<String> {
        let mut stream = self.lines.get_ref();
        stream.set_read_timeout(Some(Duration::from_secs(120))).ok()?;
        writeln!(stream, "{expression}.").ok()?;
        let mut answer = String::new();
        self.lines.read_line(&mut answer).ok().filter(|&read| read > 0)?;
        Some(answer.trim_end().to_owned())
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("board/openfire/accounts.sh")
}

/// Its exit code, and standard output and error.
fn run(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    (status.code().expect("an exit"), [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat())
}

fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").expect("PATH"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o7777
}
