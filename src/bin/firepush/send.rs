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
    let mut sending = Sending { output, to, name, config: settings.into_config(), failures: Vec::new() };
    let files: Vec<_> = files.iter().map(PathBuf::as_path).filter(|file| sending.is_worth_a_login(file)).collect();
    if !files.is_empty() {
        sending.send(&files);
    }
    sending.exit_code()
}

struct Sending {
    output: Output,
    to: Jid,
    name: Option<String>,
    config: Config,
    failures: Vec<Error>,
}

impl Sending {
    /// Whether the file can be sent as far as it looks now; if not, that is reported.
    fn is_worth_a_login(&mut self, path: &Path) -> bool {
        match Source::path(path) {
            Ok(source) if source.size() == 0 && self.config.empty == Empty::Skip => {
                self.skip(path);
                false
            }
            Ok(_) => true,
            Err(error) => {
                self.report(path, Err(error));
                false
            }
        }
    }

    fn skip(&self, path: &Path) {
        log::info!("{} is empty and was skipped; --empty send sends it", path.display());
        self.output.emit(Event::new("skipped").text("name", &path.to_string_lossy()).jid("to", &self.to));
    }

    fn send(&mut self, files: &[&Path]) {
        let client = match connect(&self.config) {
            Ok(client) => client,
            Err(error) => return self.give_up(files, &error),
        };
        for (done, file) in files.iter().enumerate() {
            let sent = self.send_one(&client, file);
            self.report(file, sent);
            let rest = &files[done + 1..];
            if let Some(cause) = client.ended().filter(|_| !rest.is_empty()) {
                return self.give_up(rest, &cause);
            }
        }
        client.close();
    }

    /// A file is opened when its turn comes, and its size fixed then.
    fn send_one(&self, client: &Client, path: &Path) -> Result<Delivery> {
        let source = Source::path(path)?;
        let source = match &self.name {
            Some(name) => source.named(name),
            None => source,
        };
        let shown = source.name().to_owned();
        terminal::watch(client.push(&self.to, source)?, &shown, self.output)
    }

    fn report(&mut self, path: &Path, sent: Result<Delivery>) {
        match sent {
            Ok(delivery) => self.output.emit(sent_event(&delivery)),
            Err(error) => {
                self.output.complain(&error.to_string());
                self.fail(path, error);
            }
        }
    }

    /// No file of these can be sent, for one reason, which is said once.
    fn give_up(&mut self, files: &[&Path], error: &Error) {
        let rest = if self.failures.is_empty() { String::new() } else { format!("{} more not sent: ", files.len()) };
        self.output.complain(&format!("{rest}{error}"));
        for file in files {
            self.fail(file, error.clone());
        }
    }

    fn fail(&mut self, path: &Path, error: Error) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let event = Event::new("failed").text("name", &name).text("path", &path.to_string_lossy());
        self.output.emit(event.jid("to", &self.to).error(&error));
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
