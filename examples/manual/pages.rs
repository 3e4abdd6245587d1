//! The manual pages, in mdoc(7).

use std::fmt::Write as _;

use firepush::error::{Kind, Retry};
use firepush::settings::{Place, Row, Verb, rows};

const DATE: &str = "November 21, 2026";

/// Each page with its name.
pub fn all() -> Vec<(&'static str, String)> {
    vec![("firepush.1", wrapped(&command())), ("firepush.conf.5", wrapped(&configuration()))]
}

/// Lines of text are at most so long; those of macros and examples stay as they are.
const LINE_MAX: usize = 78;

fn wrapped(page: &str) -> String {
    let mut text = String::new();
    let mut is_literal = false;
    for line in page.lines() {
        is_literal = (is_literal || line.starts_with(".Bd")) && !line.starts_with(".Ed");
        let mut rest = line;
        while rest.len() > LINE_MAX && !is_literal && !line.starts_with('.') {
            let Some(at) = rest.char_indices().take_while(|(at, _)| *at <= LINE_MAX).filter(|(_, c)| *c == ' ').last()
            else {
                break;
            };
            text += &format!("{}\n", &rest[..at.0]);
            rest = &rest[at.0 + 1..];
            if rest.starts_with(['.', '\'']) {
                text += "\\&";
            }
        }
        text += &format!("{rest}\n");
    }
    text
}

/// As text of mdoc: nothing in it is a macro or an escape.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('~', "\\(ti").replace('^', "\\(ha");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// As arguments of a macro: words that look like macros or delimiters are none.
fn argument(text: &str) -> String {
    format!("\"{}\"", plain(text).replace('"', "\\(dq"))
}

/// One sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{}.", plain(&(first + letters.as_str())))
}

fn head(name: &str, section: u8, about: &str) -> String {
    let upper = name.to_uppercase();
    format!(".Dd {DATE}\n.Dt {upper} {section}\n.Os\n.Sh NAME\n.Nm {name}\n.Nd {about}\n")
}

fn literal(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| plain(line) + "\n").collect();
    format!(".Bd -literal -offset indent\n{lines}.Ed\n")
}

fn command() -> String {
    let mut page = head("firepush", 1, "push files to a user of an XMPP server, and receive them");
    page += ".Sh SYNOPSIS\n";
    for (verb, usage) in Verb::ALL.iter().flat_map(|verb| verb.usage().iter().map(move |usage| (verb, usage))) {
        let _ = writeln!(page, ".Nm\n.Cm {}\n.Ar {}", verb.name(), argument(usage));
    }
    page += "\
.Sh DESCRIPTION
.Nm
pushes logs and captures off a device and into the hands of a person, or of a collector, who is logged in to an XMPP
server: Openfire above all.
It sends through the server's SOCKS5 proxy, or in\\-band where that is the only way, and success means that the file
arrived as far as the protocol can tell.
.Pp
Without a terminal nothing is printed on success, and one line on failure: what happened, while doing what, whose fault it most likely is,
and what to do next.
.Ss Examples
Send a file, or several:
";
    page += &literal(
        "firepush send --jid device@example.org --password-file /etc/firepush.password \\\n    --to ops@example.org /var/log/messages",
    );
    page += ".Pp\nDo the jobs of\n.Xr firepush.conf 5 ,\nfrom cron:\n";
    page += &literal("*/15 * * * * /usr/local/bin/firepush run");
    page += ".Pp\nFind out why nothing arrives:\n";
    page += &literal("firepush doctor --to ops@example.org");
    page += ".Pp\nKeep a capture that never ends, in parts, whatever the network does:\n";
    page += &literal("tcpdump -w - | firepush send --to ops@example.org --name eth0.pcap --part-size 1M -");
    page += ".Pp\nReceive whatever the devices of a domain send:\n";
    page += &literal(
        "firepush receive --jid collector@example.org --password-file FILE \\\n    --dir /srv/logs --from @example.org",
    );
    page += ".Ss Commands\n.Bl -tag -width receive\n";
    for verb in Verb::ALL {
        let _ = writeln!(page, ".It Cm {}\n{}", verb.name(), paragraph(verb.about()));
    }
    page += ".El\n.Ss Options\nEach option is also a key of\n.Xr firepush.conf 5\nunless it says otherwise.\n.Bl -tag -width Ds\n";
    rows().for_each(|row| page += &option(&row));
    page += ".El\n";
    page += &files();
    page += &exit_status();
    page += ".Sh SEE ALSO\n.Xr crontab 1 ,\n.Xr firepush.conf 5\n.Sh STANDARDS\n\
             XMPP as of RFC 6120, RFC 6121 and RFC 7622; file transfer as of XEP\\-0096, XEP\\-0095, XEP\\-0065 and\n\
             XEP\\-0047; SOCKS5 as of RFC 1928.\n";
    page
}

/// Sentences, each on a line of its own.
fn paragraph(text: &str) -> String {
    text.replace(". ", ".\n").lines().map(plain).collect::<Vec<_>>().join("\n")
}

fn option(row: &Row) -> String {
    let name = plain(&row.name.replace('_', "-"));
    let value = if row.value.is_empty() { String::new() } else { format!(" Ar {}", argument(row.value)) };
    let commands: Vec<_> = row.verbs.iter().map(|verb| verb.name()).collect();
    let mut text = format!(".It Fl \\-{name}{value}\n{}\n", sentence(row.help));
    text += &details(row);
    if row.place == Place::Line {
        text += "On the command line only.\n";
    }
    if commands.len() < Verb::ALL.len() {
        let _ = writeln!(text, "Commands: {}.", commands.join(", "));
    }
    text
}

fn details(row: &Row) -> String {
    let mut text = String::new();
    if row.is_list() {
        text += "May be given several times.\n";
    }
    if !row.default.is_empty() {
        let _ = writeln!(text, "Default: {}.", plain(row.default));
    }
    text
}

fn files() -> String {
    ".Sh ENVIRONMENT
.Bl -tag -width CREDENTIALS_DIRECTORY
.It Ev CREDENTIALS_DIRECTORY
The password is the file
.Pa firepush.password
there, when no other is named; systemd sets it.
.It Ev HTTPS_PROXY
The proxy of the network, with
.Fl -via Ar env
only; also
.Ev https_proxy ,
.Ev ALL_PROXY
and
.Ev all_proxy .
.El
.Sh FILES
.Bl -tag -width /var/spool/firepush
.It Pa /etc/firepush.conf
The configuration.
.It Pa /var/spool/firepush
What waits, and what is remembered from run to run.
.El
"
    .to_owned()
}

fn exit_status() -> String {
    let mut page = ".Sh EXIT STATUS\nWhat waits is kept by\n.Cm run\nand tried again by this table: later, by itself; after a cure, by itself too, \
                    for somebody may have cured it; never, until\n.Cm retry\nbrings it back.\n\
                    .Bl -column \"code\" \"no-bytestream\" \"after a cure\" \"what to do\"\n\
                    .It Em code Ta Em kind Ta Em again Ta Em what to do\n.It 0 Ta done Ta \\- Ta nothing\n"
        .to_owned();
    let mut kinds: Vec<_> = Kind::ALL.to_vec();
    kinds.sort_by_key(|kind| kind.exit_code());
    for kind in kinds {
        let again = match kind.retry() {
            Retry::Later => "later",
            Retry::Cure => "after a cure",
            Retry::Never => "never",
        };
        let (code, name, advice) = (kind.exit_code(), plain(kind.name()), plain(kind.advice()));
        let _ = writeln!(page, ".It {code} Ta {name} Ta {again} Ta {advice}");
    }
    page + ".El\n"
}

fn configuration() -> String {
    let mut page = head("firepush.conf", 5, "configuration of firepush");
    page += "\
.Sh DESCRIPTION
.Nm
holds lines of the form
.Ql key = value .
A
.Ql #
begins a comment.
Keys in front of the first
.Ql [job]
are for all; those behind it are for that job, and a list there replaces the one for all.
Without any
.Ql [job] ,
files or a program in front make the job
.Ql default .
The name of a job has letters, digits,
.Ql - ,
.Ql _
and
.Ql \\&. ,
64 at most.
.Ss Examples
";
    page += &literal(
        "jid = device@example.org\npassword_file = /etc/firepush.password\n\n[messages]\nfiles = /var/log/messages.*\n\
         to = ops@example.org\n\n[capture]\nfiles = /var/captures/*.pcap\nto = ops@example.org, desk@example.org\n\
         compress = gzip\nafter = delete",
    );
    page += "\
.Ss Values
Times are numbers with a unit:
.Ql 50ms ,
.Ql 30s ,
.Ql 10m ,
.Ql 12h ,
.Ql 7d ;
a bare number is seconds.
Sizes are numbers with
.Ql k ,
.Ql M
or
.Ql G
(1024); a bare number is bytes.
Switches are
.Ql yes
or
.Ql no .
Lists have commas.
A value in double quotes keeps its blanks and its
.Ql # .
.Ss Other files
.Ql include = FILE
reads another file in its place;
.Ql include? = FILE
may be missing.
A relative path begins at the folder of the file that includes it.
What stands behind it is over what it set.
Inside a job only files that begin with a
.Ql [job]
can be included.
Of several files on the command line all are read, and a later one is over an earlier one.
.Ss Who may write it
A file that names a program or a secret, or stands beside one that does, must not be writable by others; one that holds
the password of a proxy must not be readable by others.
.Ss Placeholders
In
.Ic name :
.Ql {user}
of the account,
.Ql {host} ,
.Ql {job} ,
.Ql {name}
of the file, its
.Ql {base}
and
.Ql {ext} ,
and
.Ql {utc} ,
when it was changed;
.Ql {{
is a brace.
.Ss Programs
.Ic before ,
.Ic on_success ,
.Ic on_failure
and
.Ic output_of
are absolute paths with arguments, run without a shell.
They find
.Ev FIREPUSH_JOB
in their environment; after a file also
.Ev FIREPUSH_FILE ,
.Ev FIREPUSH_TO ,
.Ev FIREPUSH_TRANSFER ,
and when it was sent
.Ev FIREPUSH_NAME ,
.Ev FIREPUSH_SIZE ,
.Ev FIREPUSH_METHOD
and
.Ev FIREPUSH_TIER ,
else
.Ev FIREPUSH_ERROR ,
.Ev FIREPUSH_KIND
and
.Ev FIREPUSH_CODE .
.Ss Keys for all
.Bl -tag -width Ds
";
    rows().filter(|row| row.place == Place::Global).for_each(|row| page += &key(&row));
    page += ".El\n.Ss Keys for all, or for a job\n.Bl -tag -width Ds\n";
    rows().filter(|row| row.place == Place::Job).for_each(|row| page += &key(&row));
    page + ".El\n.Sh FILES\n.Bl -tag -width /etc/firepush.conf\n.It Pa /etc/firepush.conf\nRead when no other is named.\n.El\n.Sh SEE ALSO\n.Xr firepush 1\n"
}

fn key(row: &Row) -> String {
    let value = if row.value.is_empty() { "yes|no" } else { row.value };
    format!(".It Ic {} = Ar {}\n{}\n{}", plain(row.name), argument(value), sentence(row.help), details(row))
}
