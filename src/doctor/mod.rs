//! `firepush doctor`: looks at everything that a push needs, in the order in which it needs it, and says what is wrong.

mod device;
mod echo;
mod network;
mod server;

use std::time::Duration;

use crate::base::config::{Config, IfOffline};
use crate::base::endpoint::{Endpoint, Server};
use crate::base::error::{Error, Kind, Result};
use crate::base::task::Recipients;
use crate::base::waits::Wait;
use crate::client::Client;
use crate::configuration::Configuration;
use crate::os::stop::Stop;
use crate::os::thread;
use crate::session::servers::Security;

/// All of it takes no longer, even when nothing answers.
const ALL: Duration = Duration::from_millis(14_500);

/// No single wait takes longer.
const ONE: Duration = Duration::from_secs(3);

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All is well.
    Ok,
    /// It works, but may not always.
    Warn,
    /// A push would fail.
    Fail,
}

impl Level {
    /// `ok`, `warn` or `fail`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked at: `dns`, `tls` …
    pub check: &'static str,
    /// How it is.
    pub level: Level,
    /// What was seen.
    pub text: String,
    /// What to do next; empty when there is nothing.
    pub advice: String,
    /// Why a push would fail.
    pub error: Option<Error>,
}

/// The examination of one configuration.
pub struct Doctor<'c> {
    configuration: &'c Configuration,
    stop: Stop,
}

/// Where findings go; knows the first failure.
struct Report<'r> {
    tell: &'r mut dyn FnMut(&Finding),
    first: Option<Error>,
    /// A push would get so far: what is slow from here on is no failure.
    is_logged_in: bool,
}

impl<'c> Doctor<'c> {
    /// Of what is configured, for the recipients in it.
    pub fn new(configuration: &'c Configuration, stop: &Stop) -> Doctor<'c> {
        Doctor { configuration, stop: stop.clone() }
    }

    /// Looks at everything, as far as it can be reached, within 15 s. `tell` hears each finding as it is made.
    ///
    /// # Errors
    /// The first failure, which is what a push would end with.
    pub fn examine(&self, tell: &mut dyn FnMut(&Finding)) -> Result<()> {
        let mut report = Report { tell, first: None, is_logged_in: false };
        let (whole, done) = (self.stop.child()?, self.stop.child()?);
        let (late, ended) = (whole.clone(), done.clone());
        thread::spawn("firepush-clock", move || {
            if ended.sleep(ALL).is_ok() {
                late.stop();
            }
        })?;
        let looked = self.look(&whole, &mut report);
        done.stop();
        match looked {
            Err(e) if e.kind() == Kind::Stopped && self.stop.check().is_ok() => {
                let what = "not everything could be looked at within 15 s";
                if report.is_logged_in {
                    report.warn("time", what, "look again with one recipient: --to JID");
                } else {
                    report.fail("time", &Error::new(Kind::Timeout, what));
                }
            }
            Err(e) if e.kind() == Kind::Stopped => return Err(e),
            Err(e) => report.fail("stream", &e),
            Ok(()) => {}
        }
        report.first.map_or(Ok(()), Err)
    }

    fn look(&self, stop: &Stop, report: &mut Report<'_>) -> Result<()> {
        let mut config = self.configuration.settings.clone().into_config();
        config.waits.cap(ONE);
        config.waits.set(Wait::Answer, ONE);
        // Openfire 4.7 needs two rounds for the first word after TLS (rule 72).
        config.waits.set(Wait::Login, 2 * ONE);
        (config.rate, config.announce, config.if_offline) = (0, None, IfOffline::Fail);
        device::account(&config, report);
        let secret = device::secret(&config, report);
        device::clock(&config, report);
        device::spool(self.configuration, report);
        let Some(reached) = network::reach(&config, secret, stop, report)? else { return Ok(()) };
        if !secret {
            return Ok(());
        }
        let (Endpoint { host, port }, security) = reached.host;
        config.server = Some(Server { host, port: Some(port) });
        config.direct_tls = security == Security::Direct;
        let Some(client) = server::log_in(&config, reached.dialer, stop, report)? else { return Ok(()) };
        report.is_logged_in = true;
        let looked = self.look_around(&client, &config, stop, report);
        // What ended the stream says more than who found it ended.
        let cause = client.ended().filter(|cause| cause.kind() != Kind::Stopped);
        client.close();
        looked.map_err(|error| cause.unwrap_or(error))
    }

    fn look_around(&self, client: &Client, config: &Config, stop: &Stop, report: &mut Report<'_>) -> Result<()> {
        server::software(client, report)?;
        server::proxies(client, config, report)?;
        for group in self.recipients() {
            server::recipients(client, &group, report)?;
        }
        echo::both_ways(client, config, stop, report)
    }

    /// Each of these must get a file; of `a | b` the first that is able.
    fn recipients(&self) -> Vec<Recipients> {
        let all = self.configuration.jobs.iter().flat_map(|job| &job.settings.to);
        let mut each = Vec::new();
        for to in self.configuration.settings.to.iter().chain(all) {
            if !each.contains(to) {
                each.push(to.clone());
            }
        }
        each
    }
}

impl Report<'_> {
    fn say(&mut self, check: &'static str, level: Level, text: impl Into<String>, advice: impl Into<String>) {
        let (text, advice) = (text.into(), advice.into());
        (self.tell)(&Finding { check, level, text, advice, error: None });
    }

    fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.say(check, Level::Ok, text, "");
    }

    fn warn(&mut self, check: &'static str, text: impl Into<String>, advice: impl Into<String>) {
        self.say(check, Level::Warn, text, advice);
    }

    /// What an error says, with its advice.
    fn fail(&mut self, check: &'static str, error: &Error) {
        let (text, advice) = (error.what(), error.advice().to_owned());
        (self.tell)(&Finding { check, level: Level::Fail, text, advice, error: Some(error.clone()) });
        self.first.get_or_insert(error.clone());
    }

    /// An error that ends the whole examination is passed on; any other is a finding.
    fn take<T>(&mut self, check: &'static str, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == Kind::Stopped => Err(error),
            Err(error) => {
                self.fail(check, &error);
                Ok(None)
            }
        }
    }
}
