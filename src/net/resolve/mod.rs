//! Looking up names: `/etc/hosts`, then DNS. Our own, for the C library's has no deadline, and musl's no SRV.

mod ask;
mod files;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Kind, Result};
use crate::base::host::ascii;
use crate::os::file::{open_regular, read_most};
use crate::os::random;
use crate::os::until::Until;
use crate::proto::dns::{self, Answer, Code, Data, Srv, Type};
use files::Conf;

/// More addresses of one name than this are left out.
const ADDRESSES_MAX: usize = 8;

/// So much of each file is read.
const FILE_MAX: usize = 256 * 1024;

/// More servers than this are not inquired of.
const INQUIRED_MAX: usize = 3;

/// Each server has so long for an inquiry.
const INQUIRY: Duration = Duration::from_secs(2);

/// What somebody knows of a name.
pub struct Inquiry {
    /// Who, and how fast.
    pub source: String,
    pub outcome: Result<Vec<IpAddr>>,
}

/// Where names are looked up.
pub struct Resolver {
    hosts: PathBuf,
    conf: PathBuf,
    /// The port of the name servers, where it isn't 53.
    port: Option<u16>,
}

impl Default for Resolver {
    fn default() -> Self {
        Resolver { hosts: "/etc/hosts".into(), conf: "/etc/resolv.conf".into(), port: None }
    }
}

impl Resolver {
    /// The addresses of an endpoint, IPv4 and IPv6 in turn.
    ///
    /// # Errors
    /// [`Kind::Network`], [`Kind::Stopped`], [`Kind::Config`] for what is no name, or the timeout of the wait.
    pub fn addresses(&self, endpoint: &Endpoint, until: &Until) -> Result<Vec<SocketAddr>> {
        let found = match endpoint.host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.look_up(&ascii(&endpoint.host)?, until)?,
        };
        Ok(in_turn(found).into_iter().map(|ip| SocketAddr::new(ip, endpoint.port)).collect())
    }

    fn look_up(&self, name: &str, until: &Until) -> Result<Vec<IpAddr>> {
        let known = files::hosts(&read(&self.hosts), name);
        if !known.is_empty() {
            return Ok(known);
        }
        let conf = Conf::parse(&read(&self.conf));
        let (found, is_no_name) = self.ask_all(&conf, name, until)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let why = if is_no_name { format!("there is no host {name}") } else { format!("{name} has no address") };
        let error = Error::new(Kind::Network, why).during(until.wait());
        Err(error.advise("check the name and the DNS settings, then try again"))
    }

    /// The addresses of the first name that has some, of those that may be meant; and whether one doesn't exist.
    fn ask_all(&self, conf: &Conf, name: &str, until: &Until) -> Result<(Vec<IpAddr>, bool)> {
        let mut is_no_name = false;
        for candidate in conf.candidates(name) {
            let answers = ask::ask(conf, self.port, &candidate, &ask::ADDRESSES, until).map_err(|e| e.at(name))?;
            let found: Vec<_> = answers.iter().flatten().flat_map(|answer| addresses(answer, &candidate)).collect();
            if !found.is_empty() {
                return Ok((found, false));
            }
            is_no_name |= answers.iter().flatten().any(|answer| answer.code == Code::NoName);
        }
        Ok((Vec::new(), is_no_name))
    }

    /// Asks everyone who could know a name, each on its own: for who wants to know what is wrong.
    ///
    /// # Errors
    /// [`Kind::Stopped`], [`Kind::Config`] for what is no name.
    pub fn inquire(&self, name: &str, until: &Until) -> Result<Vec<Inquiry>> {
        let name = &*ascii(name)?;
        let known = files::hosts(&read(&self.hosts), name);
        if !known.is_empty() {
            return Ok(vec![Inquiry { source: self.hosts.display().to_string(), outcome: Ok(known) }]);
        }
        let conf = Conf::parse(&read(&self.conf));
        let mut all = Vec::new();
        for server in conf.servers.iter().take(INQUIRED_MAX) {
            let mut own = until.at_most(INQUIRY);
            own.restart();
            let one = Conf { servers: vec![*server], attempts: 1, ..conf.clone() };
            let started = Instant::now();
            let outcome = match self.ask_all(&one, name, &own) {
                Err(e) if e.kind() == Kind::Stopped => return Err(e),
                Err(e) if e.kind() == Kind::Timeout => {
                    Err(Error::new(Kind::Network, format!("the name server {server} does not answer")))
                }
                asked => asked.map(|(found, _)| found),
            };
            let source = format!("{server} in {} ms", started.elapsed().as_millis());
            all.push(Inquiry { source, outcome });
        }
        Ok(all)
    }

    /// The hosts that serve a domain, in the order in which they are to be tried (RFC 2782): none when it doesn't
    /// say; `.` when it says that there is no such service.
    ///
    /// # Errors
    /// As [`Resolver::addresses`].
    pub fn services(&self, service: &str, domain: &str, until: &Until) -> Result<Vec<Srv>> {
        let (conf, domain) = (Conf::parse(&read(&self.conf)), ascii(domain)?);
        let name = format!("{service}.{}.", domain.trim_end_matches('.'));
        let answers = ask::ask(&conf, self.port, &name, &[Type::Srv], until).map_err(|e| e.at(domain))?;
        let records = answers.iter().flatten().flat_map(|answer| answer.of(&name));
        let hosts = records.filter_map(|data| if let Data::Srv(srv) = data { Some(srv.clone()) } else { None });
        // What is no name of a host could be anything where it is written.
        let is_name = |srv: &Srv| srv.target.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        Ok(dns::in_order(hosts.filter(is_name).collect(), |most| {
            random::number().map_or(0, |n| u32::from(n) % (most + 1))
        }))
    }
}

/// What can't be read says nothing; what is no regular file could keep us waiting.
fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = open_regular(path).map_err(|e| e.what());
    let read = read.and_then(|mut file| read_most(&mut file, FILE_MAX, &mut bytes).map_err(|e| e.to_string()));
    match read {
        Ok(length) => log::trace!("{}: {length} bytes", path.display()),
        Err(why) => log::trace!("{}: {why}", path.display()),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn addresses(answer: &Answer, name: &str) -> Vec<IpAddr> {
    let address = |data: &&Data| match data {
        Data::A(v4) => Some(IpAddr::V4(*v4)),
        Data::Aaaa(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    };
    answer.of(name).iter().filter_map(address).collect()
}

/// IPv4 first, then IPv6, then IPv4 …: whichever is broken costs one step.
fn in_turn(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = found.into_iter().partition(IpAddr::is_ipv4);
    let longest = v4.len().max(v6.len());
    let mut turns = Vec::new();
    for ip in (0..longest).flat_map(|at| [v4.get(at), v6.get(at)]).flatten() {
        if turns.len() < ADDRESSES_MAX && !turns.contains(ip) {
            turns.push(*ip);
        }
    }
    turns
}

#[cfg(test)]
mod tests;
