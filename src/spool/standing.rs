//! How we stand with the server and with each recipient: who failed us, why, and when we ask again.

use std::fs;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use super::fields::{Fields, Line};
use super::replace;
use super::tries::Tries;
use crate::base::error::{Error, Kind, Result};
use crate::base::table::Table;
use crate::os::disk;

/// How a recipient was seen last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// We don't know.
    #[default]
    Unknown,
    /// Nobody was there to take a file: offline, or away.
    Absent,
    /// Somebody was there.
    Present,
}

/// How we stand with one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct With {
    pub tries: Tries,
    pub seen: Seen,
}

/// What is known of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The server: address, network, TLS, refusals for the time being.
    pub server: Tries,
    pub login: Tries,
    /// With which password and settings: others are tried at once.
    pub tried_with: String,
    pub recipients: Table<String, With>,
    /// The login mechanism that worked: a hint that spares a round trip.
    pub mechanism: String,
    /// The hash of what the program of each job printed last, and how many were kept before it.
    pub outputs: Table<String, (String, u64)>,
    /// Files that were given up for want of room.
    pub dropped: u64,
}

/// What a folder remembers of the others. Written only when it changed.
pub struct Standing {
    path: PathBuf,
    known: Known,
    /// As it was read: of what another process writes meanwhile, only what we changed is overwritten.
    before: Known,
    written: String,
}

impl Deref for Standing {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.known
    }
}

impl DerefMut for Standing {
    fn deref_mut(&mut self) -> &mut Known {
        &mut self.known
    }
}

impl Standing {
    /// What can't be read counts as nothing.
    pub fn read(folder: &Path) -> Standing {
        let path = folder.join("standing");
        let written = fs::read_to_string(&path).unwrap_or_default();
        let known = Known::parse(&written);
        Standing { path, before: known.clone(), known, written }
    }

    /// An error when it can't be written now.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn check_writable(&self) -> Result<()> {
        disk::takes_writes(self.path.parent().unwrap_or(Path::new("/"))).map_err(|e| self.failed(e))
    }

    /// # Errors
    /// [`Kind::Write`].
    pub fn save(&mut self) -> Result<()> {
        let current = fs::read_to_string(&self.path).unwrap_or_default();
        if current != self.written {
            self.known.merge(&self.before, Known::parse(&current));
        }
        let text = self.known.text();
        if text != current {
            replace(&self.path, text.as_bytes()).map_err(|e| self.failed(e))?;
        }
        self.before.clone_from(&self.known);
        self.written = text;
        Ok(())
    }

    fn failed(&self, cause: io::Error) -> Error {
        let what = format!("can't remember in {} when to try again: {cause}", self.path.display());
        Error::new(Kind::Write, what).because(cause)
    }
}

impl Known {
    fn parse(text: &str) -> Known {
        let mut known = Known::default();
        text.lines().filter_map(Fields::parse).for_each(|fields| known.take(&fields));
        known
    }

    /// Takes over what others changed and we did not.
    fn merge(&mut self, before: &Known, theirs: Known) {
        fn unchanged<T: PartialEq>(ours: &mut T, before: &T, theirs: T) {
            if ours == before {
                *ours = theirs;
            }
        }
        unchanged(&mut self.server, &before.server, theirs.server);
        unchanged(&mut self.login, &before.login, theirs.login);
        unchanged(&mut self.tried_with, &before.tried_with, theirs.tried_with);
        unchanged(&mut self.mechanism, &before.mechanism, theirs.mechanism);
        merge_tables(&mut self.recipients, &before.recipients, &theirs.recipients);
        merge_tables(&mut self.outputs, &before.outputs, &theirs.outputs);
        self.dropped = theirs.dropped + self.dropped.saturating_sub(before.dropped);
    }

    fn take(&mut self, fields: &Fields) {
        let tries = Tries::read(fields).unwrap_or_default();
        match fields.text("with").as_deref() {
            Some("server") => self.server = tries,
            Some("login") => self.login = tries,
            Some("settings") => self.tried_with = fields.text("hash").unwrap_or_default(),
            Some("mechanism") => self.mechanism = fields.text("name").unwrap_or_default(),
            Some("output") => {
                let (job, hash) = (fields.text("job").unwrap_or_default(), fields.text("hash").unwrap_or_default());
                self.outputs.insert(job, (hash, fields.number("count").unwrap_or(0)));
            }
            Some("room") => self.dropped = fields.number("dropped").unwrap_or(0),
            Some(recipient) => {
                let seen = match fields.text("seen").as_deref() {
                    Some("absent") => Seen::Absent,
                    Some("present") => Seen::Present,
                    _ => Seen::Unknown,
                };
                self.recipients.insert(recipient.to_owned(), With { tries, seen });
            }
            None => {}
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let line = |with: &str| Line::default().with("with", with);
        if self.server.attempts > 0 {
            text += &self.server.write(line("server")).finish();
        }
        if self.login.attempts > 0 {
            text += &self.login.write(line("login")).finish();
        }
        if self.server.attempts + self.login.attempts > 0 {
            text += &line("settings").with("hash", &self.tried_with).finish();
        }
        if !self.mechanism.is_empty() {
            text += &line("mechanism").with("name", &self.mechanism).finish();
        }
        if self.dropped > 0 {
            text += &line("room").number("dropped", self.dropped).finish();
        }
        for (job, (hash, count)) in self.outputs.iter() {
            text += &line("output").with("job", job).with("hash", hash).number("count", *count).finish();
        }
        for (recipient, With { tries, seen }) in self.recipients.iter().filter(|(_, with)| with.tries.attempts > 0) {
            let seen = match seen {
                Seen::Unknown => "unknown",
                Seen::Absent => "absent",
                Seen::Present => "present",
            };
            text += &tries.write(line(recipient)).with("seen", seen).finish();
        }
        text
    }

    /// Everything may be tried at once.
    pub fn forgive(&mut self) {
        self.server = Tries::default();
        self.login = Tries::default();
        self.recipients.clear();
    }
}

fn merge_tables<T: Clone + PartialEq>(
    ours: &mut Table<String, T>,
    before: &Table<String, T>,
    theirs: &Table<String, T>,
) {
    ours.retain(|(key, value)| before.get(key) != Some(value) || theirs.has(key));
    for (key, value) in theirs.iter() {
        if ours.get(key) == before.get(key) {
            ours.insert(key.clone(), value.clone());
        }
    }
}
