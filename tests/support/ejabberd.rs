//! ejabberd 23.01, started without a node name: so it needs no epmd and no fixed port.

use std::fs;
use std::path::PathBuf;

use super::process::supervised;
use super::server::{Group, Plan, Ports, Start, Tls, User};

/// Runs after the start, for without a node name there is no `ejabberdctl`; after a restart all is there.
const MAKE_ACCOUNTS: &str = r#"
{ok, [Host, Groups]} = file:consult("accounts.term"),
Join = fun(Group, {Name, Password}) ->
    ejabberd_auth:try_register(Name, Host, Password),
    true = ejabberd_auth:user_exists(Name, Host),
    mod_shared_roster:add_user_to_group(Host, {Name, Host}, Group)
end,
[begin
    {atomic, ok} = mod_shared_roster:create_group(Host, Group, [{name, Group}, {displayed_groups, [Group]}]),
    [Join(Group, User) || User <- Users]
end || {Group, Users} <- Groups],
io:format("accounts made~n").
"#;

const BETTER_THAN_PLAIN: &str = r#""DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS", "X-OAUTH2""#;

pub(super) fn configure(plan: &Plan) -> Start {
    let config = plan.folder.join("ejabberd.yml");
    fs::write(&config, main_config(plan)).expect("write");
    fs::write(plan.folder.join("accounts.term"), accounts(plan)).expect("write");
    let mut command = supervised("erl", Some(plan.folder));
    command
        .current_dir(plan.folder)
        .arg("-noinput")
        .arg("-pa")
        .arg(programs())
        .args(["-mnesia", "dir", "\"mnesia\"", "-s", "ejabberd", "-eval", MAKE_ACCOUNTS])
        .env("HOME", plan.folder)
        .env("EJABBERD_CONFIG_PATH", config)
        .env("EJABBERD_LOG_PATH", plan.folder.join("ejabberd.log"))
        .env("ERL_CRASH_DUMP", "/dev/null");
    let Ports { starttls, direct_tls, proxy } = plan.ports;
    let listening = [starttls, direct_tls, proxy].map(|port| format!("connections at 127.0.0.1:{port}"));
    let ready = listening.into_iter().chain(["accounts made".to_owned()]).collect();
    Start { command, ready, port_taken: "Failed to open socket" }
}

/// Debian's folder of ejabberd's compiled modules; its name has the version and the architecture.
fn programs() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("/usr/lib").flatten();
    let inside = folders.filter_map(|folder| fs::read_dir(folder.path()).ok()).flat_map(|entries| entries.flatten());
    inside
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("ejabberd-"))
        .map(|entry| entry.path().join("ebin"))
        .find(|ebin| ebin.is_dir())
        .expect("ejabberd is not installed (`make check` installs it)")
}

fn main_config(plan: &Plan) -> String {
    let Ports { starttls, direct_tls, proxy } = plan.ports;
    let (domain, proxy_host, pem) = (plan.options.domain, plan.options.proxy_host, plan.pem.display());
    // ejabberd takes no virtual host for it, and tells the address where it listens then.
    let hostname = if proxy_host == domain { String::new() } else { format!("hostname: \"{proxy_host}\", ") };
    let refused = if plan.options.plain_only { BETTER_THAN_PLAIN } else { "" };
    let verify =
        plan.options.client_ca.as_ref().map(|file| format!(", tls_verify: true, cafile: \"{}\"", file.display()));
    let verify = verify.unwrap_or_default();
    let without = match plan.options.tls {
        None => "",
        Some(Tls::V12) => "no_tlsv1, no_tlsv1_1, no_tlsv1_3",
        Some(Tls::V13) => "no_tlsv1, no_tlsv1_1, no_tlsv1_2",
    };
    format!(
        r#"
hosts: ["{domain}"]
loglevel: info
certfiles: ["{pem}"]
auth_method: internal
c2s_protocol_options: [{without}]
disable_sasl_mechanisms: [{refused}]
s2s_access: none
acme: {{auto: false}}
listen:
  - {{port: {starttls}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true{verify}}}
  - {{port: {direct_tls}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true{verify}}}
modules:
  mod_disco: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_proxy65: {{host: "proxy.{domain}", ip: "127.0.0.1", {hostname}port: {proxy}}}
  mod_roster: {{}}
  mod_shared_roster: {{}}
"#
    )
}

fn accounts(plan: &Plan) -> String {
    let user = |user: &User| format!("{{<<\"{}\">>, <<\"{}\">>}}", user.name, user.password);
    let group = |group: &Group| {
        format!("{{<<\"{}\">>, [{}]}}", group.name, group.members.iter().map(user).collect::<Vec<_>>().join(", "))
    };
    let groups = plan.groups.iter().map(group).collect::<Vec<_>>().join(",\n");
    format!("<<\"{}\">>.\n[{groups}].\n", plan.options.domain)
}
