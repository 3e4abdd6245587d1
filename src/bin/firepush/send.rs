//! `firepush send`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use firepush::config::Empty;
use firepush::error::{Kind, Result, Retry};
use firepush::settings::{Configuration, Recipients, Template, Verb};
use firepush::unattended::file_name;
use firepush::{Client, Config, Delivery, Error, Jid, Source};

use crate::events::{Event, Output, sent_event};
#[cfg(feature = "jobs")]
use crate::queued;
use crate::{logger, signals, terminal};

/// Sends each file in turn over one login. Every file is tried; the exit code is that of the first failure that
/// trying again can't cure by itself, else that of the first failure.
pub fn run(configuration: &Configuration, files: &[PathBuf]) -> ExitCode {
    let settings = &configuration.settings;
    logger::start(settings, Verb::Send);
    let output = Output::new(settings);
    #[cfg(feature = "jobs")]
    if settings.line.queue || files.iter().any(|file| file.as_os_str() == "-") {
        return queued::send(configuration, files, output);
    }
    let (to, name) = (settings.to.clone(), settings.name.clone());
    let mut sending = Sending { output, to, name, config: settings.clone().into_config(), failures: Vec::new() };
    let files: Vec<_> = files.iter().map(PathBuf::as_path).filter(|file| sending.is_worth_a_login(file)).collect();
    if !files.is_empty() {
        sending.send(&files);
    }
    sending.exit_code()
}

struct Sending {
    output: Output,
    to: Vec<Recipients>,
    name: Option<Template>,
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
                self.report(path, &self.all(), Err(error));
                false
            }
        }
    }

    fn all(&self) -> String {
        let all: Vec<_> = self.to.iter().map(ToString::to_string).collect();
        all.join(", ")
    }

    fn skip(&self, path: &Path) {
        log::info!("{} is empty and was skipped; --empty send sends it", path.display());
        self.output.emit(Event::new("skipped").text("name", &path.to_string_lossy()).text("to", &self.all()));
    }

    fn send(&mut self, files: &[&Path]) {
        let pairs = files.iter().flat_map(|file| self.to.iter().map(|to| (*file, to.clone())));
        let pairs: Vec<_> = pairs.collect();
        let client = match connect(&self.config) {
            Ok(client) => client,
            Err(error) => return self.give_up(&pairs, &error),
        };
        for (done, (file, to)) in pairs.iter().enumerate() {
            let sent = self.send_to_first(&client, file, to);
            self.report(file, &to.to_string(), sent);
            let rest = &pairs[done + 1..];
            if let Some(cause) = client.ended().filter(|_| !rest.is_empty()) {
                return self.give_up(rest, &cause);
            }
        }
        client.close();
    }

    /// To the first of several that is able.
    fn send_to_first(&self, client: &Client, path: &Path, to: &Recipients) -> Result<Delivery> {
        let mut last = None;
        for jid in &to.0 {
            match self.send_one(client, path, jid) {
                Err(error) if is_unable(&error) => last = Some(error),
                sent => return sent,
            }
        }
        last.map_or_else(|| Err(Error::new(Kind::Usage, "there is no recipient")), Err)
    }

    /// A file is opened when its turn comes, and its size fixed then.
    fn send_one(&self, client: &Client, path: &Path, to: &Jid) -> Result<Delivery> {
        let source = Source::path(path)?;
        let source = match &self.name {
            Some(name) => {
                let name = file_name(name, path, &self.config)?;
                source.named(&name)
            }
            None => source,
        };
        let shown = source.name().to_owned();
        terminal::watch(client.push(to, source)?, &shown, self.output)
    }

    fn report(&mut self, path: &Path, to: &str, sent: Result<Delivery>) {
        match sent {
            Ok(delivery) => self.output.emit(sent_event(&delivery)),
            Err(error) => {
                self.output.complain(&error.to_string());
                self.fail(path, to, error);
            }
        }
    }

    /// No file of these can be sent, for one reason, which is said once.
    fn give_up(&mut self, pairs: &[(&Path, Recipients)], error: &Error) {
        let rest = if self.failures.is_empty() { String::new() } else { format!("{} more not sent: ", pairs.len()) };
        self.output.complain(&format!("{rest}{error}"));
        for (file, to) in pairs {
            self.fail(file, &to.to_string(), error.clone());
        }
    }

    fn fail(&mut self, path: &Path, to: &str, error: Error) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let event = Event::new("failed").text("name", &name).text("path", &path.to_string_lossy());
        self.output.emit(event.text("to", to).error(&error));
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

/// Another of `a | b` may be able.
fn is_unable(error: &Error) -> bool {
    matches!(error.kind(), Kind::Offline | Kind::NotShared | Kind::Unable | Kind::Busy)
}
