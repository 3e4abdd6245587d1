//! Finding the way to the server: names and addresses, with a real name server.

#[path = "support/command.rs"]
mod command;
mod support;

#[path = "network/dns.rs"]
mod dns;
#[path = "network/families.rs"]
mod families;
#[path = "network/names.rs"]
mod names;
#[path = "network/proxies.rs"]
mod proxies;
