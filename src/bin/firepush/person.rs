//! What only a person can cure, said on standard error once: cron mails what it finds there.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use firepush::Error;
use firepush::error::{Kind, Retry, escape_controls};
use firepush::settings::Settings;

use crate::exchange::exchange;
use crate::logger;

/// The file that remembers what was said.
const SAID: &str = "said";

/// What a run has for a person.
pub struct Person {
    file: PathBuf,
    /// What was said in earlier runs.
    before: Vec<String>,
    /// What it is about this time.
    now: Vec<String>,
}

impl Person {
    pub fn new(settings: &Settings) -> Person {
        let folder = settings.config.state.as_ref().unwrap_or(&settings.keep.spool);
        let file = folder.join(SAID);
        let before = fs::read_to_string(&file).unwrap_or_default().lines().map(str::to_owned).collect();
        Person { file, before, now: Vec::new() }
    }

    /// Something that waiting doesn't cure: said at once when it is news. Without a syslog all of it stands on
    /// standard error already.
    pub fn tell(&mut self, about: impl Into<String>, line: &str) {
        let about = escape_controls(&about.into());
        if self.now.contains(&about) || !logger::is_unattended() {
            return;
        }
        let is_news = !self.before.contains(&about);
        self.now.push(about);
        if is_news {
            let _ = writeln!(std::io::stderr(), "firepush: {}", escape_controls(line));
            self.remember(&[self.before.as_slice(), &self.now].concat());
        }
    }

    /// An error, if it is one that waiting doesn't cure.
    pub fn tell_error(&mut self, error: &Error) {
        self.tell_stored(error.kind(), &error.to_string());
    }

    /// The same of an error that an earlier run met.
    pub fn tell_stored(&mut self, kind: Kind, text: &str) {
        if kind.retry() != Retry::Later {
            self.tell(format!("{} {text}", kind.name()), text);
        }
    }

    /// What is no more is news when it comes back.
    pub fn finish(self) {
        if logger::is_unattended() && self.now != self.before {
            self.remember(&self.now);
        }
    }

    /// In a folder of ours only: in that of others it could lead anywhere.
    fn remember(&self, abouts: &[String]) {
        let folder = self.file.parent().map(fs::symlink_metadata);
        // SAFETY: geteuid has no arguments and can't fail.
        let user = unsafe { libc::geteuid() };
        let is_ours =
            |meta: &fs::Metadata| meta.is_dir() && meta.mode() & 0o022 == 0 && [0, user].contains(&meta.uid());
        if !folder.is_some_and(|meta| meta.is_ok_and(|meta| is_ours(&meta))) {
            return;
        }
        let done = match abouts {
            [] => fs::remove_file(&self.file),
            abouts => exchange(&self.file, &(abouts.join("\n") + "\n"), 0o600),
        };
        if let Err(e) = done {
            log::debug!("can't remember in {} what was said: {e}", self.file.display());
        }
    }
}
