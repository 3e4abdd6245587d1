//! Reading configuration files, with those that they include.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Given;
use crate::base::conf::{FILE_MAX, Line, parse};
use crate::base::error::{Error, Kind, Result};
use crate::base::settings::{Place, Row, Settings, find, nearest};
use crate::os::file::{is_ours, open_regular};

/// Files include each other so deep, and no deeper.
const DEPTH_MAX: usize = 8;

/// What decides what is run, or which secret is shown: not for others to write.
const POWERFUL: [&str; 6] = ["before", "on_success", "on_failure", "output_of", "password_file", "key_file"];

/// All that the files set, in their order.
///
/// # Errors
/// [`Kind::Config`] with file and line.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Given>> {
    let mut reading = Reading { given: Vec::new(), files: 0 };
    paths.iter().try_for_each(|path| reading.file(path, 0))?;
    Ok(reading.given)
}

struct Reading {
    given: Vec<Given>,
    files: usize,
}

/// One file that is being read.
struct Here<'p> {
    path: &'p Path,
    rank: usize,
    depth: usize,
    others_write: bool,
    others_read: bool,
}

impl Here<'_> {
    fn bad(&self, line: usize, why: &str) -> Error {
        Error::new(Kind::Config, format!("{}:{line}: {why}", self.path.display()))
    }
}

impl Reading {
    fn file(&mut self, path: &Path, depth: usize) -> Result<()> {
        let (bytes, mode) = contents(path)?;
        self.files += 1;
        let place =
            Here { path, rank: self.files, depth, others_write: mode & 0o022 != 0, others_read: mode & 0o077 != 0 };
        let lines = parse(&bytes).map_err(|(line, why)| place.bad(line, &why))?;
        let mut job = None;
        for (number, line) in lines {
            match line {
                Line::Section(name) => job = Some(name),
                Line::Set { name, value } => self.set(&place, number, job.as_ref(), &name, value)?,
                Line::Include { path, optional } => self.include(&place, number, Path::new(&path), optional)?,
            }
        }
        Ok(())
    }

    fn include(&mut self, place: &Here<'_>, number: usize, path: &Path, optional: bool) -> Result<()> {
        if optional && !path.exists() {
            return Ok(());
        }
        if place.depth == DEPTH_MAX {
            return Err(place.bad(number, "files include each other too deep"));
        }
        let path = place.path.parent().map_or(path.to_owned(), |folder| folder.join(path));
        self.file(&path, place.depth + 1).map_err(|e| e.at(format!("{}:{number}", place.path.display())))
    }

    fn set(&mut self, place: &Here<'_>, number: usize, job: Option<&String>, name: &str, value: String) -> Result<()> {
        let row = row(name, job.is_some()).map_err(|why| place.bad(number, &why))?;
        if place.others_write && POWERFUL.contains(&name) {
            let why = format!("{name} may not stand in a file that others can write; run: chmod go-w");
            return Err(place.bad(number, &why));
        }
        if place.others_read && row.holds_password(&value) {
            let why = format!("{name} holds a password, and others can read this file; run: chmod 600");
            return Err(place.bad(number, &why));
        }
        let twice = |given: &&Given| given.rank == place.rank && given.row.name == name && given.job.as_ref() == job;
        if let Some(first) = self.given.iter().find(twice).filter(|_| !row.is_list()) {
            return Err(place.bad(number, &format!("{name} is set twice, first at {}", first.origin)));
        }
        row.apply(&mut Settings::default(), &value).map_err(|e| place.bad(number, &e.what()))?;
        let origin = format!("{}:{number}", place.path.display());
        self.given.push(Given { job: job.cloned(), row, value, origin, rank: place.rank });
        Ok(())
    }
}

/// The setting of that name, if it may stand here.
fn row(name: &str, in_job: bool) -> std::result::Result<Row, String> {
    let here = |row: &Row| row.place == Place::Job || (row.place == Place::Global && !in_job);
    match find(name) {
        Some(row) if here(&row) => Ok(row),
        Some(row) if row.place == Place::Line => Err(format!("{name} can only be given on the command line")),
        Some(_) => Err(format!("{name} is not for a single job; it stands in front of the first [job]")),
        None => {
            let meant = nearest(&name.replace('-', "_"), here);
            let hint = meant.map(|row| format!("; did you mean {}?", row.name)).unwrap_or_default();
            Err(format!("there is no setting {name:?}{hint}"))
        }
    }
}

/// The bytes, and who may read and write them: all, when it is neither root's nor ours.
fn contents(path: &Path) -> Result<(Vec<u8>, u32)> {
    let bad = |why: String| Error::new(Kind::Config, format!("the configuration {} {why}", path.display()));
    let file = open_regular(path).map_err(|e| Error::new(Kind::Config, format!("the configuration: {}", e.what())))?;
    let meta = file.metadata().map_err(|e| bad(format!("can't be looked at: {e}")))?;
    let mut bytes = Vec::new();
    let read = |file: File, bytes: &mut Vec<u8>| file.take(FILE_MAX as u64 + 1).read_to_end(bytes);
    read(file, &mut bytes).map_err(|e| bad(format!("can't be read: {e}")))?;
    if bytes.len() > FILE_MAX {
        return Err(bad(format!("is longer than {} KiB", FILE_MAX / 1024)));
    }
    Ok((bytes, if is_ours(&meta) { meta.mode() } else { 0o777 }))
}
