//! The configuration in force: files, command line, defaults, and where each value came from.

mod read;

use std::path::{Path, PathBuf};

use crate::base::config::Preference;
use crate::base::error::{Error, Kind, Result, escape_controls};
use crate::base::secret::Secret;
use crate::base::settings::{Place, Row, Settings, rows};
use crate::base::task::Compress;
use read::Files;

/// The file that is read when none is named.
pub const USUAL: &str = "/etc/firepush.conf";

/// The name of the job that the keys in front of all jobs make, when there is no other.
const ONLY: &str = "default";

/// A value that was set.
#[derive(Clone)]
pub struct Given {
    /// The job that it is set for; none: for all.
    pub job: Option<String>,
    /// The setting.
    pub row: Row,
    /// Its value as it was written.
    pub value: String,
    /// `FILE:LINE`, or `command line`.
    pub origin: String,
    /// What stands later has a higher one; the command line has the highest.
    rank: usize,
    /// The number of its file.
    file: usize,
}

/// A job of the configuration.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name: that of its section.
    pub name: String,
    /// What is in force for it.
    pub settings: Settings,
}

/// All that was configured.
#[derive(Clone, Default)]
pub struct Configuration {
    /// What is in force in front of the jobs.
    pub settings: Settings,
    /// The jobs in the order of the files.
    pub jobs: Vec<Job>,
    files: Files,
    /// What is said beside the files, and wins over them.
    line: Vec<Given>,
}

impl Configuration {
    /// Reads the files and lets the command line win over them. Without a named file `usual` is read, if it is
    /// there.
    ///
    /// # Errors
    /// [`Kind::Config`] with file and line.
    pub fn load(files: &[PathBuf], usual: &Path, line: &[(Row, String)]) -> Result<Configuration> {
        let usual = [usual.to_owned()];
        let files = match files {
            [] if read::is_missing(&usual[0]) => files,
            [] => &usual,
            files => files,
        };
        let mut configuration = Configuration::default();
        configuration.files.read(files)?;
        configuration.line = line.iter().map(|(row, value)| said(*row, value)).collect();
        configuration.settle()
    }

    /// Reads a further file: what it says wins over the files before it. When it can't be used, nothing changes.
    ///
    /// # Errors
    /// [`Kind::Config`] with file and line.
    pub fn read(&mut self, path: &Path) -> Result<()> {
        let mut changed = self.clone();
        changed.files.read(&[path.to_owned()])?;
        *self = changed.settle()?;
        Ok(())
    }

    /// Sets what wins over every file; a list grows. When it can't be used, nothing changes.
    ///
    /// # Errors
    /// [`Kind::Config`].
    pub fn set(&mut self, row: Row, value: &str) -> Result<()> {
        row.apply(&mut Settings::default(), value)?;
        let mut changed = self.clone();
        if !row.is_list() {
            changed.line.retain(|given| given.row.name != row.name);
        }
        changed.line.push(said(row, value));
        *self = changed.settle()?;
        Ok(())
    }

    /// The password, wherever it comes from: it wins over every file of one.
    pub fn set_password(&mut self, password: &Secret) {
        let jobs = self.jobs.iter_mut().map(|job| &mut job.settings);
        jobs.chain([&mut self.settings]).for_each(|settings| settings.config.password = Some(password.clone()));
    }

    /// Works out what is in force.
    fn settle(mut self) -> Result<Configuration> {
        self.settings = applied(Settings::default(), self.given().filter(|given| given.job.is_none()))?;
        self.jobs = self.named_jobs(&self.files.sections)?;
        if self.jobs.is_empty() && has_work(&self.settings) {
            self.jobs.push(Job { name: ONLY.into(), settings: self.settings.clone() });
        }
        Ok(self)
    }

    fn given(&self) -> impl Iterator<Item = &Given> + Clone {
        self.files.given.iter().chain(&self.line)
    }

    /// What no job can do without, and what goes against each other.
    ///
    /// # Errors
    /// [`Kind::Config`], where the job is set.
    pub fn check_jobs(&self) -> Result<()> {
        self.jobs.iter().try_for_each(|job| {
            let own = self.given().find(|given| given.job.as_ref() == Some(&job.name));
            check(job).map_err(|e| own.iter().fold(e, |e, given| e.at(&given.origin)))
        })
    }

    /// Each job has what stands in front of all, its own over it, and the command line over both.
    fn named_jobs(&self, names: &[String]) -> Result<Vec<Job>> {
        let job = |name: &String| {
            let own = self.given().filter(|given| given.job.as_ref() == Some(name));
            let line = self.line.iter().filter(|given| given.row.place == Place::Job);
            Ok(Job { name: name.clone(), settings: applied(self.settings.clone(), own.chain(line))? })
        };
        names.iter().map(job).collect()
    }

    /// What is in force, as a configuration file; behind each value where it came from.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in rows().filter(|row| row.place != Place::Line) {
            text += &self.line(&row, None).unwrap_or_else(|| format!("# {} = {}\n", row.name, unset(&row)));
        }
        for job in self.jobs.iter().filter(|job| job.name != ONLY || self.is_set_for(job)) {
            text += &format!("\n[{}]\n", job.name);
            rows().filter_map(|row| self.line(&row, Some(&job.name))).for_each(|line| text += &line);
        }
        text
    }

    fn is_set_for(&self, job: &Job) -> bool {
        self.given().any(|given| given.job.as_ref() == Some(&job.name))
    }

    fn line(&self, row: &Row, job: Option<&str>) -> Option<String> {
        let given = self.given().filter(|given| given.row.name == row.name);
        let own = given.clone().filter(|given| given.job.as_deref() == job);
        let mut last = own.clone().map(|given| given.rank).max()?;
        // Over what a job sets stands what the command line says of all.
        if row.place == Place::Job && given.clone().any(|given| given.rank == usize::MAX) {
            last = usize::MAX;
        }
        let in_force: Vec<_> = if last == usize::MAX {
            given.filter(|given| given.rank == last).collect()
        } else {
            own.filter(|given| given.rank == last).collect()
        };
        let in_force = if row.is_list() { &in_force[..] } else { &in_force[in_force.len() - 1..] };
        let values: Vec<_> = in_force.iter().map(|given| row.shown(&given.value)).collect();
        let line = format!("{} = {}  # {}", row.name, quoted(&values.join(", ")), in_force.last()?.origin);
        Some(escape_controls(&line) + "\n")
    }
}

/// A value that stands over every file.
fn said(row: Row, value: &str) -> Given {
    let (value, origin) = (value.to_owned(), "command line".into());
    Given { job: None, row, value, origin, rank: usize::MAX, file: usize::MAX }
}

fn unset(row: &Row) -> String {
    match row.default {
        "" if row.is_switch() => "no".into(),
        "" => "not set".into(),
        default => format!("{default} (default)"),
    }
}

/// As it has to be written to be read the same.
fn quoted(value: &str) -> String {
    if value.starts_with(['"', '#']) || value.trim() != value || value.contains(" #") || value.contains("\t#") {
        return format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    value.to_owned()
}

/// A list of a later file, or of a job, replaces the one that was there.
fn applied<'g>(mut settings: Settings, given: impl Iterator<Item = &'g Given>) -> Result<Settings> {
    let mut ranks: Vec<(&str, usize)> = Vec::new();
    for Given { row, value, origin, rank, .. } in given {
        if !ranks.contains(&(row.name, *rank)) {
            row.clear(&mut settings);
            ranks.push((row.name, *rank));
        }
        row.apply(&mut settings, value).map_err(|e| e.at(origin))?;
    }
    Ok(settings)
}

fn has_work(settings: &Settings) -> bool {
    !settings.task.files.is_empty() || settings.task.output_of.is_some()
}

fn check(job: &Job) -> Result<()> {
    let bad = |why: &str| Err(Error::new(Kind::Config, format!("the job [{}] {why}", job.name)));
    let Settings { task, config, to, .. } = &job.settings;
    if to.is_empty() {
        return bad("has no recipient: to = user@domain");
    }
    if !has_work(&job.settings) {
        return bad("has nothing to send: files = /PATTERN or output_of = /PROGRAM");
    }
    if task.only_in_band() && config.method == Preference::Socks5 {
        return bad("wants method = socks5, but needs in-band (require_encryption, tier = acked, or after)");
    }
    if task.compress == Compress::Gzip && !cfg!(feature = "gzip") {
        return bad("wants compress = gzip, but this firepush was built without gzip");
    }
    Ok(())
}
