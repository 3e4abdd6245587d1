//! How we stand with the server and with each recipient: who failed us, why, and when we ask again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::fields::{Fields, Line};
use super::replace;
use super::tries::Tries;
use crate::base::error::{Error, Kind, Result};

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

/// What a folder remembers of the others. Written only when it changed.
pub struct Standing {
    path: PathBuf,
    /// The server: address, network, TLS, refusals for the time being.
    pub server: Tries,
    pub login: Tries,
    /// With which password and settings: others are tried at once.
    pub tried_with: String,
    pub recipients: BTreeMap<String, With>,
    /// The login mechanism that worked: a hint that spares a round trip.
    pub mechanism: String,
    /// The hash of what the program of each job printed last.
    pub outputs: BTreeMap<String, String>,
    /// Files that were given up for want of room.
    pub dropped: u64,
    written: String,
}

impl Standing {
    /// What can't be read counts as nothing.
    pub fn read(folder: &Path) -> Standing {
        let path = folder.join("standing");
        let written = fs::read_to_string(&path).unwrap_or_default();
        let mut standing = Standing {
            path,
            server: Tries::default(),
            login: Tries::default(),
            tried_with: String::new(),
            recipients: BTreeMap::new(),
            mechanism: String::new(),
            outputs: BTreeMap::new(),
            dropped: 0,
            written: written.clone(),
        };
        written.lines().filter_map(Fields::parse).for_each(|fields| standing.take(&fields));
        standing
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
                self.outputs.insert(job, hash);
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
        for (job, hash) in &self.outputs {
            text += &line("output").with("job", job).with("hash", hash).finish();
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

    /// # Errors
    /// [`Kind::Write`].
    pub fn save(&mut self) -> Result<()> {
        let text = self.text();
        if text != self.written {
            replace(&self.path, text.as_bytes()).map_err(|e| {
                let what = format!("can't remember in {} when to try again: {e}", self.path.display());
                Error::new(Kind::Write, what).because(e)
            })?;
            self.written = text;
        }
        Ok(())
    }

    /// Everything may be tried at once.
    pub fn forgive(&mut self) {
        self.server = Tries::default();
        self.login = Tries::default();
        self.recipients.clear();
    }
}
