//! `firepush send`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use firepush::config::Empty;
use firepush::error::{Result, Retry};
use firepush::settings::Settings;
use firepush::{Client, Config, Delivery, Error, Jid, Source};

use crate::events::{Event, Output};
use crate::{logger, signals, terminal};

/// Sends each file in turn over one login. Every file is tried; the exit code is that of the first failure that
/// trying again can't cure by itself, else that of the first failure.
pub fn run(settings: Settings, files: &[PathBuf]) -> ExitCode {
    logger::start(&settings);
    let output = Output::new(&settings);
    let Some(to) = settings.to.clone() else { return ExitCode::FAILURE };
    let name = settings.name.clone();
    let mut sending = Sending { output, to, config: settings.into_config(), failures: Vec::new() };
    let sources = sending.open(files, name.as_deref());
    if !sources.is_empty() {
        sending.send(sources);
    }
    sending.exit_code()
}

struct Sending {
    output: Output,
    to: Jid,
    config: Config,
    failures: Vec<Error>,
}

impl Sending {
    /// What can be sent of the files; the rest is reported.
    fn open(&mut self, files: &[PathBuf], name: Option<&str>) -> Vec<Source> {
        let mut sources = Vec::new();
        for path in files {
            match Source::path(path) {
                Ok(source) if source.size() == 0 && self.config.empty == Empty::Skip => self.skip(path),
                Ok(source) => sources.push(match name {
                    Some(name) => source.named(name),
                    None => source,
                }),
                Err(error) => self.report(&path.to_string_lossy(), 0, Err(error)),
            }
        }
        sources
    }

    fn skip(&self, path: &Path) {
        log::info!("{} is empty and was skipped; --empty send sends it", path.display());
        self.output.emit(Event::new("skipped").text("name", &path.to_string_lossy()).jid("to", &self.to));
    }

    fn send(&mut self, sources: Vec<Source>) {
        let client = match connect(&self.config) {
            Ok(client) => client,
            Err(error) => return self.give_up(&sources, &error),
        };
        let mut sources = sources.into_iter();
        while let Some(source) = sources.next() {
            let (name, size) = (source.name().to_owned(), source.size());
            let sent = client.push(&self.to, source).and_then(|job| terminal::watch(job, &name, self.output));
            self.report(&name, size, sent);
            if let Some(cause) = client.ended().filter(|_| sources.len() > 0) {
                return self.give_up(sources.as_slice(), &cause);
            }
        }
    }

    fn report(&mut self, name: &str, size: u64, sent: Result<Delivery>) {
        match sent {
            Ok(delivery) => self.output.emit(sent_event(&delivery)),
            Err(error) => {
                self.output.complain(&error.to_string());
                self.fail(name, size, error);
            }
        }
    }

    /// No file of these can be sent, for one reason, which is said once.
    fn give_up(&mut self, sources: &[Source], error: &Error) {
        let rest = if self.failures.is_empty() { String::new() } else { format!("{} more not sent: ", sources.len()) };
        self.output.complain(&format!("{rest}{error}"));
        for source in sources {
            self.fail(source.name(), source.size(), error.clone());
        }
    }

    fn fail(&mut self, name: &str, size: u64, error: Error) {
        let event = Event::new("failed").text("name", name).number("size", size).jid("to", &self.to);
        self.output.emit(event.error(&error));
        self.failures.push(error);
    }

    fn exit_code(&self) -> ExitCode {
        let lasting = self.failures.iter().find(|e| e.retry() != Retry::Later);
        let decisive = lasting.or(self.failures.first());
        decisive.map_or(ExitCode::SUCCESS, |e| ExitCode::from(e.exit_code()))
    }
}

fn connect(config: &Config) -> Result<Client> {
    Client::connect_until(config, &signals::stop()?)
}

fn sent_event(delivery: &Delivery) -> Event {
    Event::new("sent")
        .text("id", &delivery.id)
        .text("name", &delivery.name)
        .number("size", delivery.bytes)
        .jid("to", &delivery.to)
        .method(delivery.method)
        .text("tier", delivery.tier.name())
        .seconds("seconds", delivery.elapsed.as_secs_f64())
}
