//! The configuration in force: files, command line, defaults, and where each value came from.

mod read;

use std::path::{Path, PathBuf};

use crate::base::config::Preference;
use crate::base::error::{Error, Kind, Result, escape_controls};
use crate::base::settings::{Place, Row, Settings, rows};
use crate::base::task::Compress;

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
pub struct Configuration {
    /// What is in force in front of the jobs.
    pub settings: Settings,
    /// The jobs in the order of the files.
    pub jobs: Vec<Job>,
    given: Vec<Given>,
}

impl Configuration {
    /// Reads the files and lets the command line win over them. Without a named file `usual` is read, if it is
    /// there.
    ///
    /// # Errors
    /// [`Kind::Config`] with file and line.
    pub fn load(files: &[PathBuf], usual: &Path, line: &[(Row, String)]) -> Result<Configuration> {
        let (mut given, sections) = match files {
            [] if read::is_missing(usual) => Default::default(),
            [] => read::files(&[usual.to_owned()])?,
            files => read::files(files)?,
        };
        let told = |(row, value): &(Row, String)| Given {
            job: None,
            row: *row,
            value: value.clone(),
            origin: "command line".into(),
            rank: usize::MAX,
            file: usize::MAX,
        };
        given.extend(line.iter().map(told));
        let settings = applied(Settings::default(), given.iter().filter(|given| given.job.is_none()))?;
        let mut configuration = Configuration { settings, jobs: Vec::new(), given };
        configuration.jobs = configuration.named_jobs(&sections)?;
        if configuration.jobs.is_empty() && has_work(&configuration.settings) {
            configuration.jobs.push(Job { name: ONLY.into(), settings: configuration.settings.clone() });
        }
        Ok(configuration)
    }

    /// What no job can do without, and what goes against each other.
    ///
    /// # Errors
    /// [`Kind::Config`], where the job is set.
    pub fn check_jobs(&self) -> Result<()> {
        self.jobs.iter().try_for_each(|job| {
            let own = self.given.iter().find(|given| given.job.as_ref() == Some(&job.name));
            check(job).map_err(|e| own.iter().fold(e, |e, given| e.at(&given.origin)))
        })
    }

    /// Each job has what stands in front of all, its own over it, and the command line over both.
    fn named_jobs(&self, names: &[String]) -> Result<Vec<Job>> {
        let job = |name: &String| {
            let own = self.given.iter().filter(|given| given.job.as_ref() == Some(name));
            let line = self.given.iter().filter(|given| given.rank == usize::MAX && given.row.place == Place::Job);
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
        self.given.iter().any(|given| given.job.as_ref() == Some(&job.name))
    }

    fn line(&self, row: &Row, job: Option<&str>) -> Option<String> {
        let given = self.given.iter().filter(|given| given.row.name == row.name);
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
