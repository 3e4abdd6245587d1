//! What was sent and stays where it is: a line for each transfer, so that it isn't sent again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::replace_durably;
use crate::base::error::{Error, Kind, Result};
use crate::base::table::Table;

/// What isn't seen any more is forgotten after so many seconds: a medium may have been away.
const FORGET: u64 = 90 * 86400;

/// The length of a line; empty lines count for what they are.
const LINE: usize = 32;

/// So many lines too many are worth a new file.
const DEAD_MAX: usize = 1000;

/// The transfers that are done, by their ids.
pub struct History {
    path: PathBuf,
    done: Table<u128, u64>,
    /// Lines of the file; more than one can stand for a transfer.
    lines: usize,
    /// The last line was cut by a crash.
    torn: bool,
    file: Option<File>,
}

impl History {
    /// Reads it; a file that isn't there is an empty one, and lines that can't be read are none.
    ///
    /// # Errors
    /// [`Kind::Read`].
    pub fn read(folder: &Path) -> Result<History> {
        let path = folder.join("history");
        let mut text = Vec::new();
        match File::open(&path).and_then(|mut file| file.read_to_end(&mut text)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(Error::new(Kind::Read, format!("can't read {}: {e}", path.display())).because(e));
            }
            _ => {}
        }
        let torn = text.last().is_some_and(|byte| *byte != b'\n');
        let done = text.split(|byte| *byte == b'\n').filter_map(parse).collect();
        Ok(History { path, done, lines: text.len() / LINE, torn, file: None })
    }

    pub fn has(&self, transfer: &str) -> bool {
        number(transfer).is_some_and(|id| self.done.has(&id))
    }

    /// Makes sure that it can be written, before anything is sent that couldn't be remembered.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn prepare(&mut self) -> Result<()> {
        if self.file.is_none() {
            let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path);
            let mut file = opened.map_err(|e| self.failed(e))?;
            // The end of a line costs nothing, and a full disk shows now.
            file.write_all(b"\n").map_err(|e| self.failed(e))?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Remembers a transfer, safe against a power cut.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn record(&mut self, transfer: &str, now: u64) -> Result<()> {
        let Some(id) = number(transfer) else { return Ok(()) };
        self.prepare()?;
        let line = format!("{transfer} {now}\n");
        let written =
            self.file.as_mut().map_or(Ok(()), |file| file.write_all(line.as_bytes()).and_then(|()| file.sync_data()));
        written.map_err(|e| self.failed(e))?;
        self.done.insert(id, now);
        self.lines += 1;
        Ok(())
    }

    /// Drops what is neither seen nor young, when there is much of it.
    ///
    /// # Errors
    /// [`Kind::Write`]; the old file is then still there.
    pub fn tidy(&mut self, seen: &[String], now: u64) -> Result<()> {
        let mut seen: Vec<_> = seen.iter().filter_map(|id| number(id)).collect();
        seen.sort_unstable();
        let alive = |(id, time): &(u128, u64)| seen.binary_search(id).is_ok() || time.saturating_add(FORGET) > now;
        let count = self.done.iter().filter(|done| alive(done)).count();
        if self.lines <= 2 * count + DEAD_MAX {
            return Ok(());
        }
        let lines = self.done.iter().filter(|done| alive(done)).map(|(id, time)| format!("{id:020x} {time}\n"));
        replace_durably(&self.path, lines.collect::<String>().as_bytes()).map_err(|e| self.failed(e))?;
        self.done.retain(alive);
        (self.lines, self.torn, self.file) = (count, false, None);
        Ok(())
    }

    fn failed(&self, cause: io::Error) -> Error {
        let what = format!("can't remember in {} what was sent: {cause}", self.path.display());
        Error::new(Kind::Write, what).because(cause)
    }
}

fn parse(line: &[u8]) -> Option<(u128, u64)> {
    let (id, time) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    Some((number(id)?, time.parse().ok()?))
}

/// Transfers of watched files have ids of 20 hex digits.
fn number(transfer: &str) -> Option<u128> {
    u128::from_str_radix(transfer, 16).ok().filter(|_| transfer.len() == 20)
}
