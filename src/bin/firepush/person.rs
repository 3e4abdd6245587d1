//! What only a person can cure, said on standard error once: cron mails what it finds there.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use firepush::Error;
use firepush::error::{Kind, escape_controls};
use firepush::settings::Settings;

use crate::logger;

/// The file that remembers what was said.
const SAID: &str = "said";

/// What a run has for a person.
pub struct Person {
    file: PathBuf,
    /// What each is about, by which it is known in the next run, and the line.
    news: Vec<(String, String)>,
}

impl Person {
    pub fn new(settings: &Settings) -> Person {
        let folder = settings.config.state.as_ref().unwrap_or(&settings.keep.spool);
        Person { file: folder.join(SAID), news: Vec::new() }
    }

    /// Something that waiting doesn't cure.
    pub fn tell(&mut self, about: impl Into<String>, line: impl Into<String>) {
        self.news.push((escape_controls(&about.into()), line.into()));
    }

    /// An error, if it is one that waiting doesn't cure: a login or a configuration.
    pub fn tell_error(&mut self, error: &Error) {
        if error.is_auth() || error.kind() == Kind::Config {
            self.tell(format!("{} {}", error.kind().name(), error.what()), error.to_string());
        }
    }

    /// Says what was not said before. Without a syslog all of it stands on standard error already.
    pub fn finish(self) {
        if !logger::is_syslog() {
            return;
        }
        let mut abouts: Vec<&str> = self.news.iter().map(|(about, _)| about.as_str()).collect();
        abouts.dedup();
        let (before, now) = (fs::read_to_string(&self.file).unwrap_or_default(), abouts.join("\n"));
        let is_new = |about: &str| !before.lines().any(|said| said == about);
        for (_, line) in self.news.iter().filter(|(about, _)| is_new(about)) {
            let _ = writeln!(std::io::stderr(), "firepush: {}", escape_controls(line));
        }
        match now.is_empty() {
            _ if now == before => {}
            true => drop(fs::remove_file(&self.file)),
            false => drop(fs::write(&self.file, now)),
        }
    }
}
