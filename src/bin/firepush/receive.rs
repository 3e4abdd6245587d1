//! `firepush receive`.

use std::process::ExitCode;
use std::time::Duration;

use firepush::config::Wait;
use firepush::error::{Kind, Result, Retry};
use firepush::settings::{Settings, Verb};
use firepush::{Client, Config, Error, Event as Happening, Inbox, Stop};

use crate::events::{Event, Output};
use crate::{logger, signals};

/// The pause before the first new login, doubled up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Receives until `--count` files are whole, or until a signal; a lost connection is made again unless `--count`
/// is given.
pub fn run(settings: Settings) -> ExitCode {
    logger::start(&settings, Verb::Receive);
    let output = Output::new(&settings);
    let config = settings.into_config();
    match signals::stop().and_then(|stop| Collector { output, config, stop }.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.fail(&error),
    }
}

struct Collector {
    output: Output,
    config: Config,
    stop: Stop,
}

impl Collector {
    fn collect(&self) -> Result<()> {
        let mut pause = PAUSE;
        let mut last: Option<Client> = None;
        loop {
            let error = match self.log_in(last.as_ref()) {
                Err(error) => error,
                Ok(client) => {
                    pause = PAUSE;
                    match self.receive(last.insert(client)) {
                        Ok(()) => return Ok(()),
                        Err(error) => error,
                    }
                }
            };
            if !self.worth_another_login(&error) {
                return Err(error);
            }
            self.output.complain(&format!("{error}; logging in again in {} s", pause.as_secs()));
            self.stop.sleep(pause)?;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Who took over our resource would lose it again to us, for ever (rule 13).
    fn worth_another_login(&self, error: &Error) -> bool {
        self.config.count.is_none()
            && error.retry() == Retry::Later
            && !matches!(error.kind(), Kind::Stopped | Kind::Conflict)
    }

    fn log_in(&self, last: Option<&Client>) -> Result<Client> {
        match last {
            Some(client) => client.reconnect(),
            None => Client::connect_until(&self.config, &self.stop),
        }
    }

    /// Receives until the session ends; `Ok` when all files are here.
    fn receive(&self, client: &Client) -> Result<()> {
        let inbox = client.inbox()?;
        self.output.emit(Event::new("ready").jid("jid", client.jid()));
        log::info!("ready to receive as {}", client.jid());
        self.take(&inbox)
    }

    fn take(&self, inbox: &Inbox) -> Result<()> {
        let mut missing = self.config.count;
        while missing != Some(0) {
            let Some(happening) = inbox.next(self.config.waits.limit(Wait::Idle))? else { continue };
            if self.tell(happening) {
                missing = missing.map(|n| n - 1);
            }
        }
        Ok(())
    }

    /// Says what happened; whether a file is whole.
    fn tell(&self, happening: Happening) -> bool {
        match happening {
            Happening::Offer { id, transfer, from, name, size } => {
                let event = known("offer", &id, transfer).text("name", &name).jid("from", &from);
                self.output.emit(match size {
                    Some(size) => event.number("size", size),
                    None => event,
                });
                false
            }
            Happening::File { id, transfer, from, name, path, size, sha256, method } => {
                let event = known("file", &id, transfer).text("name", &name);
                let event = event.text("path", &path.to_string_lossy()).number("size", size).text("sha256", &sha256);
                self.output.emit(event.jid("from", &from).method(method));
                self.output.say(&format!("{}: {size} bytes from {from} by {}", path.display(), method.name()));
                true
            }
            Happening::Failed { id, transfer, from, name, error } => {
                let event = known("failed", &id, transfer).text("name", &name).jid("from", &from);
                self.output.emit(event.error(&error));
                self.output.complain(&format!("{name} of {from} was not received: {error}"));
                false
            }
            _ => false,
        }
    }
}

/// An event about an offer, by the ids that it is known by.
fn known(name: &str, id: &str, transfer: Option<String>) -> Event {
    let event = Event::new(name).text("id", id);
    transfer.iter().fold(event, |event, transfer| event.text("transfer", transfer))
}
