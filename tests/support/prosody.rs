//! Prosody 0.12.

use std::fs;
use std::path::Path;

use super::process::supervised;
use super::server::{Plan, Ports, Start, Tls};

pub(super) fn configure(plan: &Plan) -> Start {
    let config = plan.folder.join("prosody.cfg.lua");
    fs::write(&config, main_config(plan)).expect("write");
    fs::write(plan.folder.join("groups.txt"), groups(plan)).expect("write");
    write_accounts(plan);
    let mut command = supervised("prosody", Some(plan.folder));
    command.args(["-F", "--config"]).arg(config).current_dir(plan.folder);
    let Ports { starttls, direct_tls, proxy } = plan.ports;
    let ready = [starttls, direct_tls, proxy].map(|port| format!("on [127.0.0.1]:{port}")).to_vec();
    Start { command, ready, port_taken: "Failed to open server port" }
}

fn main_config(plan: &Plan) -> String {
    let Ports { starttls, direct_tls, proxy } = plan.ports;
    let (domain, proxy_host) = (plan.options.domain, plan.options.proxy_host);
    let (folder, pem) = (plan.folder.display(), plan.pem.display());
    let refused = if plan.options.plain_only { r#""SCRAM-SHA-1", "SCRAM-SHA-256""# } else { "" };
    let protocol = match plan.options.tls {
        None => "",
        Some(Tls::V12) => r#", protocol = "tlsv1_2""#,
        Some(Tls::V13) => r#", protocol = "tlsv1_3""#,
    };
    format!(
        r#"
run_as_root = true
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
certificates = "{folder}"
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}

interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {starttls} }}
c2s_direct_tls_ports = {{ {direct_tls} }}
proxy65_ports = {{ {proxy} }}
s2s_ports, http_ports, https_ports = {{}}, {{}}, {{}}

modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "groups", "offline" }}
modules_disabled = {{ "s2s" }}
groups_file = "{folder}/groups.txt"
authentication = "internal_plain"
disable_sasl_mechanisms = {{ {refused} }}
c2s_require_encryption = true
ssl = {{ key = "{pem}", certificate = "{pem}"{protocol} }}

VirtualHost "{domain}"
Component "proxy.{domain}" "proxy65"
    proxy65_address = "{proxy_host}"
"#
    )
}

fn groups(plan: &Plan) -> String {
    let domain = plan.options.domain;
    let section = |group: &super::server::Group| {
        let members = group.members.iter().map(|user| format!("{}@{domain}\n", user.name));
        format!("[{}]\n{}", group.name, members.collect::<String>())
    };
    plan.groups.iter().map(section).collect()
}

fn write_accounts(plan: &Plan) {
    let folder = plan.folder.join("data").join(plan.options.domain.replace('.', "%2e")).join("accounts");
    fs::create_dir_all(&folder).expect("create");
    for user in plan.groups.iter().flat_map(|group| &group.members) {
        write_account(&folder, &user.name, &user.password);
    }
}

fn write_account(folder: &Path, name: &str, password: &str) {
    let text = format!("return {{ [\"password\"] = \"{password}\" }};\n");
    fs::write(folder.join(format!("{name}.dat")), text).expect("write");
}
