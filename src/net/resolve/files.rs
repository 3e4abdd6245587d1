//! What `/etc/hosts` and `/etc/resolv.conf` say, read anew at each look-up: a modem changes them when it connects.

use std::net::IpAddr;
use std::time::Duration;

/// More servers than this are left out.
const SERVERS_MAX: usize = 8;

/// More domains to search in than this are left out.
const SEARCH_MAX: usize = 6;

/// How names are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conf {
    pub servers: Vec<IpAddr>,
    pub search: Vec<String>,
    /// Names with fewer dots are searched for first.
    pub dots: usize,
    pub timeout: Duration,
    pub attempts: usize,
}

impl Conf {
    /// As resolv.conf(5) has it; without a server, this machine is asked.
    pub fn parse(text: &str) -> Conf {
        let mut conf =
            Conf { servers: Vec::new(), search: Vec::new(), dots: 1, timeout: Duration::from_secs(5), attempts: 2 };
        for line in text.lines() {
            let mut words = line.split(['#', ';']).next().unwrap_or_default().split_whitespace();
            match words.next() {
                Some("nameserver") => conf.servers.extend(words.next().and_then(server)),
                Some("search" | "domain") => conf.search = words.take(SEARCH_MAX).map(str::to_owned).collect(),
                Some("options") => words.for_each(|word| conf.option(word)),
                _ => {}
            }
        }
        conf.servers.truncate(SERVERS_MAX);
        if conf.servers.is_empty() {
            conf.servers.push(IpAddr::from([127, 0, 0, 1]));
        }
        conf
    }

    fn option(&mut self, word: &str) {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        match (name, value.parse::<u64>()) {
            ("timeout", Ok(seconds)) => self.timeout = Duration::from_secs(seconds.clamp(1, 30)),
            ("attempts", Ok(number)) => self.attempts = usize::try_from(number.clamp(1, 5)).unwrap_or(1),
            ("ndots", Ok(number)) => self.dots = usize::try_from(number.min(15)).unwrap_or(1),
            _ => {}
        }
    }

    /// The names to ask for, in their order: a name that ends with a dot stands alone.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let searched = self.search.iter().map(|domain| format!("{name}.{}", domain.trim_matches('.')));
        let own = std::iter::once(name.to_owned());
        if name.matches('.').count() >= self.dots {
            own.chain(searched).collect()
        } else {
            searched.chain(own).collect()
        }
    }
}

/// A scope (`fe80::1%eth0`) names an interface, which plain addresses can't.
fn server(word: &str) -> Option<IpAddr> {
    word.split('%').next().and_then(|address| address.parse().ok())
}

/// The addresses that `/etc/hosts` has for a name.
pub fn hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let name = name.trim_end_matches('.');
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address: Option<IpAddr> = words.next().and_then(|word| word.parse().ok());
        if words.any(|word| word.eq_ignore_ascii_case(name)) {
            found.extend(address);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_is_read_as_its_manual_has_it() {
        let conf = Conf::parse(
            "# made by udhcpc\nsearch lan example.org\nnameserver 192.0.2.1 # one\nnameserver fe80::1%eth0\n\
             nameserver nonsense\noptions timeout:2 attempts:9 ndots:2 rotate\n",
        );
        assert_eq!(conf.servers, ["192.0.2.1".parse::<IpAddr>().unwrap(), "fe80::1".parse().unwrap()]);
        assert_eq!((conf.timeout.as_secs(), conf.attempts, conf.dots), (2, 5, 2));
        assert_eq!(conf.candidates("a.b"), ["a.b.lan", "a.b.example.org", "a.b"]);
        assert_eq!(conf.candidates("a.b.c"), ["a.b.c", "a.b.c.lan", "a.b.c.example.org"]);
        assert_eq!(conf.candidates("a."), ["a."]);
        let none = Conf::parse("");
        assert_eq!((none.servers.len(), none.candidates("a")), (1, vec!["a".to_owned()]));
        assert_eq!(Conf::parse(&"nameserver 192.0.2.1\n".repeat(50)).servers.len(), SERVERS_MAX);
    }

    #[test]
    fn hosts_are_found_by_any_of_their_names() {
        let text = "127.0.0.1 localhost\n192.0.2.7 xmpp.example.org XMPP # ours\n2001:db8::7 xmpp\nbad xmpp\n";
        assert_eq!(hosts(text, "xmpp").len(), 2);
        assert_eq!(hosts(text, "Xmpp.Example.Org."), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert!(hosts(text, "ours").is_empty());
    }
}
