//! What a client is configured with: plain fields.

use std::path::PathBuf;

use super::endpoint::Server;
use super::error::{Error, Kind, Result};
use super::jid::Jid;
use super::pin::Pin;
use super::route::{Bind, Fixed, Via};
use super::secret::Secret;
use super::waits::Waits;

/// Everything that a client needs to know. Every field is a row of the settings table, under the same name.
#[derive(Clone, Debug)]
pub struct Config {
    /// The account. Its resource, if given, is asked for; else one that is unique is made up (rule 13).
    pub jid: Option<Jid>,
    /// The password; wins over `password_file`.
    pub password: Option<Secret>,
    /// A file that holds the password, closed to group and others.
    pub password_file: Option<PathBuf>,
    /// Where to connect; default: the domain of the JID, port 5222 (5223 with direct TLS).
    pub server: Option<Server>,
    /// Addresses of hosts, whatever DNS says.
    pub resolve: Vec<Fixed>,
    /// The address or interface that connections are made from; look-ups of names are not.
    pub bind: Option<Bind>,
    /// The proxy of the network that all connections are made through.
    pub via: Option<Via>,
    /// TLS from the first byte instead of STARTTLS.
    pub direct_tls: bool,
    /// Certificates (PEM) to trust instead of the web's authorities.
    pub ca_file: Option<PathBuf>,
    /// Pins of the server's certificate or key; any matches. With `ca_file` both must hold.
    pub pins: Vec<Pin>,
    /// Our own certificate (PEM, with its chain), for SASL EXTERNAL.
    pub cert_file: Option<PathBuf>,
    /// Its private key (PEM), closed to group and others.
    pub key_file: Option<PathBuf>,
    /// The weakest login mechanism that may be used.
    pub min_auth: MinAuth,
    /// The SOCKS5 proxy to use instead of those that the server names.
    pub proxy: Option<Jid>,
    /// Offer our own address as a streamhost too, for recipients in the same network.
    pub direct: bool,
    /// How bytes are carried.
    pub method: Preference,
    /// What is done with empty files.
    pub empty: Empty,
    /// Make a second offer when the first method failed; the operator sees a second popup.
    pub reoffer: bool,
    /// A chat message to the recipient, once, before the first offer.
    pub announce: Option<String>,
    /// What is done when the recipient is offline.
    pub if_offline: IfOffline,
    /// A folder for what is to be remembered from run to run.
    pub state: Option<PathBuf>,
    /// How long each wait may last.
    pub waits: Waits,
    /// The folder that received files go to.
    pub dir: Option<PathBuf>,
    /// Who may send to us.
    pub from: Vec<Allow>,
    /// A file with more of them, one a line, `#` comments.
    pub from_file: Option<PathBuf>,
    /// How many files are on the way at once; default: 4 when receiving, 2 when sending.
    pub parallel: Option<usize>,
    /// No more files than this are received; `None` is no limit.
    pub count: Option<u64>,
    /// A larger file is not taken, in bytes; 0 is no limit.
    pub max_size: u64,
    /// So many bytes a second are sent at most; 0 is no limit.
    pub rate: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            jid: None,
            password: None,
            password_file: None,
            server: None,
            resolve: Vec::new(),
            bind: None,
            via: None,
            direct_tls: false,
            ca_file: None,
            pins: Vec::new(),
            cert_file: None,
            key_file: None,
            min_auth: MinAuth::Plain,
            proxy: None,
            direct: false,
            method: Preference::Auto,
            empty: Empty::Skip,
            reoffer: false,
            announce: None,
            if_offline: IfOffline::Fail,
            state: None,
            waits: Waits::default(),
            dir: None,
            from: Vec::new(),
            from_file: None,
            parallel: None,
            count: None,
            max_size: 0,
            rate: 0,
        }
    }
}

impl Config {
    /// A configuration for the account with its password.
    pub fn new(jid: Jid, password: Secret) -> Self {
        Config { jid: Some(jid), password: Some(password), ..Config::default() }
    }

    /// The account.
    ///
    /// # Errors
    /// [`Kind::Config`] when it is not set or has no local part.
    pub fn account(&self) -> Result<&Jid> {
        let jid = self.jid.as_ref().ok_or_else(|| Error::new(Kind::Config, "no account is given"));
        let jid = jid.map_err(|e| e.advise("name it with --jid user@domain"))?;
        if jid.local().is_none() {
            return Err(Error::new(Kind::Config, format!("the account {jid} has no user part (user@domain)")));
        }
        Ok(jid)
    }
}

/// The weakest login mechanism that may be used. PLAIN is allowed by default, inside TLS only: Openfire with LDAP
/// offers nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinAuth {
    /// The password itself goes to the server, inside TLS.
    #[default]
    Plain,
    /// The server must prove that it knows the password.
    ScramSha1,
    /// The same with SHA-256.
    ScramSha256,
    /// SCRAM bound to the TLS channel: nobody can stand in between.
    ScramPlus,
}

/// How bytes are to be carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// Both are offered; the answer decides.
    #[default]
    Auto,
    /// SOCKS5 bytestreams where we choose; in-band is offered too, for some receivers take nothing else.
    Socks5,
    /// In-band bytestreams only.
    Ibb,
}

/// What is done with empty files: Spark shows them as 0 % for ever, so the default is not to send them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// Offered, in-band only.
    Send,
    /// Counted as done without an offer.
    #[default]
    Skip,
}

/// What is done when the recipient is offline. The file stays unsent in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfOffline {
    /// Nothing.
    #[default]
    Fail,
    /// A chat message is left, which the server keeps: once until the recipient was seen online again.
    Message,
}

/// Who may send to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// One account, whatever its resource.
    Account(Jid),
    /// Every account of a domain.
    Domain(String),
}

impl Allow {
    /// Whether the sender is meant.
    pub fn allows(&self, sender: &Jid) -> bool {
        match self {
            Allow::Account(account) => *account == sender.bare(),
            Allow::Domain(domain) => sender.local().is_some() && domain == sender.domain(),
        }
    }
}

impl std::str::FromStr for Allow {
    type Err = Error;

    /// Reads `user@domain` or `@domain`.
    ///
    /// # Errors
    /// [`Kind::Config`].
    fn from_str(text: &str) -> Result<Allow> {
        if let Some(domain) = text.strip_prefix('@') {
            return Ok(Allow::Domain(domain.parse::<Jid>()?.domain().to_owned()));
        }
        let jid: Jid = text.parse()?;
        match jid.local() {
            Some(_) => Ok(Allow::Account(jid.bare())),
            None => Err(Error::new(Kind::Config, format!("{text:?} is neither user@domain nor @domain"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_61_the_allow_list_goes_by_bare_jid() {
        let sender: Jid = "Device@Example.org/x".parse().unwrap();
        for (allow, expected) in [
            ("device@example.org", true),
            ("DEVICE@example.org/other", true),
            ("@example.org", true),
            ("other@example.org", false),
            ("@example.com", false),
        ] {
            assert_eq!(allow.parse::<Allow>().unwrap().allows(&sender), expected, "{allow}");
        }
        assert!(!"@example.org".parse::<Allow>().unwrap().allows(&"example.org".parse().unwrap()));
        assert!("example.org".parse::<Allow>().is_err());
    }
}
