//! The one login of a run, when it is due.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::deliver::Delivery;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::route::Bind;
use crate::base::settings::Settings;
use crate::client::Client;
use crate::spool::standing::Seen;
use crate::spool::tries::{LOGIN, Tries};

/// More recipients that are not asked now are not looked after in a run.
const WATCHED_MAX: usize = 16;

impl Delivery<'_, '_> {
    /// `None` when it isn't due or failed: then everything waits.
    ///
    /// # Errors
    /// [`Kind::Config`], which no waiting cures.
    pub(super) fn log_in(&mut self) -> Result<Option<Client>> {
        let settings = &self.run.configuration.settings;
        let tried_with = fingerprint(settings);
        let standing = &mut self.state.standing;
        if standing.tried_with != tried_with {
            (standing.login, standing.server) = (Tries::default(), Tries::default());
        }
        standing.tried_with = tried_with;
        if let Some(tries) = self.not_due() {
            let (left, last) = (tries.left(self.state.clock.now()).as_secs(), tries.last());
            log::info!("not tried again for {left} s: {}", tries.what);
            self.outcome.not_due = last;
            self.is_over = true;
            return Ok(None);
        }
        let mut config = settings.clone().into_config();
        config.state.get_or_insert_with(|| super::state::folder(settings));
        match Client::connect_knowing(&config, &self.run.stop, &self.state.standing.mechanism) {
            Ok(client) => {
                client.mechanism().clone_into(&mut self.state.standing.mechanism);
                (self.state.standing.login, self.state.standing.server) = (Tries::default(), Tries::default());
                self.welcome_back(&client)?;
                Ok(Some(client))
            }
            Err(error) => self.not_logged_in(error).map(|()| None),
        }
    }

    fn not_due(&self) -> Option<&Tries> {
        let (now, standing) = (self.state.clock.now(), &self.state.standing);
        [&standing.login, &standing.server].into_iter().find(|tries| !self.run.now && !tries.is_due(now))
    }

    fn not_logged_in(&mut self, error: Error) -> Result<()> {
        self.is_over = true;
        let (clock, pace) = (self.state.clock.clone(), self.state.pace());
        match error.kind() {
            Kind::Config => return Err(error),
            Kind::Stopped => {}
            _ if error.is_auth() => self.state.standing.login.failed(&error, LOGIN, &*clock),
            _ => self.state.standing.server.failed(&error, pace, &*clock),
        }
        self.outcome.reason = Some(error);
        Ok(())
    }

    /// Who was away or offline when a file came, and is there now, may be asked at once.
    fn welcome_back(&mut self, client: &Client) -> Result<()> {
        let now = self.state.clock.now();
        let waiting = self.state.standing.recipients.iter().filter(|(_, with)| !with.tries.is_due(now));
        let waiting: Vec<(Jid, Seen)> =
            waiting.filter_map(|(jid, with)| Some((jid.parse().ok()?, with.seen))).take(WATCHED_MAX).collect();
        for (jid, before) in waiting {
            match (before, client.sees(&jid)?) {
                (Seen::Absent, Seen::Present) => {
                    log::info!("{jid} is back");
                    self.state.standing.recipients.remove(jid.as_str());
                }
                (_, seen) => {
                    if let Some(with) = self.state.standing.recipients.get_mut(jid.as_str()) {
                        with.seen = seen;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What a login depends on: when it changed, a refused one is tried again at once. Of files, only when they were
/// changed; nothing of what they hold is kept.
fn fingerprint(settings: &Settings) -> String {
    let config = &settings.config;
    // Sixteen bits tell two passwords apart well enough, and help nobody to guess one.
    let password = config.password.as_ref().map(|secret| sha1_smol::Sha1::from(secret.reveal()).digest().to_string());
    let file = |path: &Option<std::path::PathBuf>| path.as_deref().map_or(String::new(), changed);
    let server = config.server.as_ref().map(|server| format!("{} {}", server.host, server.port.unwrap_or(0)));
    let parts = [
        words(&config.jid) + " " + &words(&server) + " " + &words(&config.via),
        format!("{} {:?} {}", config.direct_tls, config.min_auth, words(&config.pins)),
        words(config.resolve.iter().map(|fixed| format!("{} {}", fixed.endpoint, fixed.address))),
        words(config.bind.as_ref().map(|bind| match bind {
            Bind::Address(address) => address.to_string(),
            Bind::Interface(name) => name.clone(),
        })),
        password.map(|digest| digest[..4].to_owned()).unwrap_or_default(),
        file(&config.password_file),
        file(&config.ca_file),
        file(&config.cert_file),
        file(&config.key_file),
    ];
    sha1_smol::Sha1::from(parts.join("\n")).digest().to_string()
}

/// By Display: not all builds have Debug say what is inside.
fn words<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let words: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    words.join(" ")
}

fn changed(path: &Path) -> String {
    let meta = std::fs::metadata(path);
    meta.map_or(String::new(), |meta| {
        format!("{} {} {} {}", path.display(), meta.mtime(), meta.mtime_nsec(), meta.size())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::settings::find;

    #[test]
    fn whatever_a_login_depends_on_changes_its_fingerprint() {
        let of = |name: &str, value: &str| {
            let mut settings = Settings::default();
            find(name).expect("a setting").apply(&mut settings, value).expect("a value");
            fingerprint(&settings)
        };
        let pins = ["a", "b"].map(|digit| format!("sha256:{}", digit.repeat(64)));
        let values = [
            ("jid", ["a@example.org", "b@example.org"]),
            ("server", ["192.0.2.1", "192.0.2.1:5223"]),
            ("direct_tls", ["no", "yes"]),
            ("pin", [&pins[0], &pins[1]]),
            ("min_auth", ["scram-sha-1", "scram-plus"]),
            ("resolve", ["a.example:1:192.0.2.1", "a.example:1:192.0.2.2"]),
            ("bind", ["wwan0", "192.0.2.1"]),
            ("via", ["socks5://a:1", "http://a:1"]),
        ];
        let mut all: Vec<_> = values.iter().flat_map(|(name, two)| two.map(|value| of(name, value))).collect();
        assert!(all.contains(&fingerprint(&Settings::default())), "direct_tls is no unless set");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 2 * values.len());
    }
}
