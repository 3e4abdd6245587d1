//! Reading configuration files, with those that they include.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Given;
use crate::base::conf::{FILE_MAX, Line, parse};
use crate::base::error::{Error, Kind, Result};
use crate::base::settings::{Place, Row, Settings, find, nearest};
use crate::os::file::{is_ours, open_regular, read_most};

/// Files include each other so deep, and no deeper.
const DEPTH_MAX: usize = 8;

/// What decides what is run, or which secret is shown: not for others to write.
const POWERFUL: [&str; 6] = ["before", "on_success", "on_failure", "output_of", "password_file", "key_file"];

/// A file that can't be looked at is not missing.
pub fn is_missing(path: &Path) -> bool {
    std::fs::metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

/// All that files set, in their order, and the jobs.
#[derive(Clone, Default)]
pub struct Files {
    pub given: Vec<Given>,
    pub sections: Vec<String>,
    files: usize,
    ranks: usize,
    /// A file that others may write, and what to do about it.
    open: Option<String>,
}

/// One file that is being read.
struct Here<'p> {
    path: &'p Path,
    file: usize,
    /// What is set behind an included file stands over it.
    rank: usize,
    depth: usize,
    /// The job in which it is included.
    inside: Option<String>,
    /// What lets others write it.
    open: Option<String>,
    others_read: bool,
}

impl Here<'_> {
    fn bad(&self, line: usize, why: &str) -> Error {
        Error::new(Kind::Config, format!("{}:{line}: {why}", self.path.display()))
    }
}

impl Files {
    /// Reads further files.
    ///
    /// # Errors
    /// [`Kind::Config`] with file and line.
    pub fn read(&mut self, paths: &[PathBuf]) -> Result<()> {
        paths.iter().try_for_each(|path| self.file(path, 0, None))?;
        self.check_open()
    }

    fn file(&mut self, path: &Path, depth: usize, inside: Option<String>) -> Result<()> {
        let Contents { bytes, open, others_read } = contents(path)?;
        self.files += 1;
        self.ranks += 1;
        self.open = self.open.take().or(open.clone());
        let (file, rank) = (self.files, self.ranks);
        let mut place = Here { path, file, rank, depth, inside, open, others_read };
        let lines = parse(&bytes).map_err(|(line, why)| place.bad(line, &why))?;
        let mut job = None;
        for (number, line) in lines {
            match line {
                Line::Section(name) => {
                    if !self.sections.contains(&name) {
                        self.sections.push(name.clone());
                    }
                    job = Some(name);
                }
                Line::Set { name, value } => self.set(&place, number, job.as_ref(), &name, value)?,
                Line::Include { path, optional } => {
                    self.include(&place, number, Path::new(&path), optional, job.clone())?;
                    self.ranks += 1;
                    place.rank = self.ranks;
                }
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        place: &Here<'_>,
        number: usize,
        path: &Path,
        optional: bool,
        job: Option<String>,
    ) -> Result<()> {
        let path = place.path.parent().map_or(path.to_owned(), |folder| folder.join(path));
        if optional && is_missing(&path) {
            return Ok(());
        }
        if place.depth == DEPTH_MAX {
            return Err(place.bad(number, "files include each other too deep"));
        }
        let inside = job.or(place.inside.clone());
        self.file(&path, place.depth + 1, inside).map_err(|e| e.at(format!("{}:{number}", place.path.display())))
    }

    fn set(&mut self, place: &Here<'_>, number: usize, job: Option<&String>, name: &str, value: String) -> Result<()> {
        let row = row(name, job.is_some()).map_err(|why| place.bad(number, &why))?;
        if let (None, Some(inside)) = (job, &place.inside) {
            let why =
                format!("this file is included in [{inside}]: a key in front of its first [job] would be for all");
            return Err(place.bad(number, &why));
        }
        if let Some(open) = place.open.as_ref().filter(|_| POWERFUL.contains(&name)) {
            return Err(place.bad(number, &format!("{name} may not stand in a file that others can write; {open}")));
        }
        if place.others_read && row.holds_password(&value) {
            let path = place.path.display();
            let why = format!("{name} holds a password, and others can read this file; run: chmod 600 {path}");
            return Err(place.bad(number, &why));
        }
        let twice = |given: &&Given| given.file == place.file && given.row.name == name && given.job.as_ref() == job;
        if let Some(first) = self.given.iter().find(twice).filter(|_| !row.is_list()) {
            return Err(place.bad(number, &format!("{name} is set twice, first at {}", first.origin)));
        }
        row.apply(&mut Settings::default(), &value).map_err(|e| place.bad(number, &e.what()))?;
        let origin = format!("{}:{number}", place.path.display());
        self.given.push(Given { job: job.cloned(), row, value, origin, rank: place.rank, file: place.file });
        Ok(())
    }

    /// Who may write one file decides with whom a secret of another is shared.
    fn check_open(&self) -> Result<()> {
        let powerful = self.given.iter().find(|given| POWERFUL.contains(&given.row.name));
        match (&self.open, powerful) {
            (Some(open), Some(given)) => {
                let what = format!("a configuration file can be written by others, and {} is set", given.row.name);
                Err(Error::new(Kind::Config, format!("{}: {what}; {open}", given.origin)))
            }
            _ => Ok(()),
        }
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
            Err(format!("there is no setting {}{hint}", shown(name)))
        }
    }
}

/// A file of passwords may have been named by mistake.
fn shown(name: &str) -> String {
    let is_name = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if is_name { format!("{name:?}") } else { "of that name".into() }
}

struct Contents {
    bytes: Vec<u8>,
    open: Option<String>,
    others_read: bool,
}

/// The bytes, and who else may read and write them.
fn contents(path: &Path) -> Result<Contents> {
    let bad = |why: String| Error::new(Kind::Config, format!("the configuration {} {why}", path.display()));
    let mut file =
        open_regular(path).map_err(|e| Error::new(Kind::Config, format!("the configuration: {}", e.what())))?;
    let meta = file.metadata().map_err(|e| bad(format!("can't be looked at: {e}")))?;
    let mut bytes = Vec::new();
    read_most(&mut file, FILE_MAX + 1, &mut bytes).map_err(|e| bad(format!("can't be read: {e}")))?;
    if bytes.len() > FILE_MAX {
        return Err(bad(format!("is longer than {} KiB", FILE_MAX / 1024)));
    }
    let open = match (is_ours(&meta), meta.mode() & 0o022) {
        (false, _) => Some(format!("{0} belongs to another user; run: chown 0 {0}", path.display())),
        (true, 0) => None,
        _ => Some(format!("run: chmod go-w {}", path.display())),
    };
    Ok(Contents { bytes, open, others_read: !is_ours(&meta) || meta.mode() & 0o077 != 0 })
}
