//! Opening what is offered: the bytes, their number, the name, and how they may be carried.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::deliver::{Delivery, Shared, Started};
use super::find::Found;
use super::plan::{From, Item, Plan, dropped, left, transfer_of};
use super::state::{State, folder};
use super::{Preview, Run};
use crate::base::config::{Config, Preference};
use crate::base::date;
use crate::base::error::Result;
use crate::base::settings::Settings;
use crate::base::task::{Compress, Recipients};
use crate::base::template::{Facts, Template};
use crate::configuration::Job;
use crate::os::clock::built;
use crate::os::device;
use crate::transfer::name::safe;
use crate::transfer::source::Source;

/// The name that files of jobs get unless another is set.
const USUAL: &str = "{user}-{base}-{utc}{ext}";

/// Sources that are ready to be offered.
type Opened = (Source, Shared, Started);

impl Delivery<'_, '_> {
    /// `None` when another process works on the entry, or it is gone.
    ///
    /// # Errors
    /// [`crate::error::Kind::NoFile`], [`crate::error::Kind::BadFile`], [`crate::error::Kind::Read`].
    pub(super) fn open(&self, item: &Item) -> Result<Option<Opened>> {
        let job = self.run.job(item.job.as_deref());
        let (source, started, in_band) = match &item.from {
            From::File(found) => {
                let (file, now) = found.again()?;
                let transfer = match job {
                    Some(job) if now != *found => match self.changed(job, &item.to, &file, &now)? {
                        Some(transfer) => transfer,
                        None => return Ok(None),
                    },
                    _ => item.transfer.clone(),
                };
                let name = self.run.name_of(job, &now)?;
                let source = Source::file(file, &name)?.cut_to(now.size);
                (source, Started { found: Some(now), transfer, claim: None }, false)
            }
            From::Spool(entry) => {
                let Some(claim) = self.state.must_spool()?.claim(&item.id)? else { return Ok(None) };
                let source = Source::file(claim.file()?, &entry.name)?.cut_to(entry.size);
                let transfer = entry.transfer.clone();
                (source, Started { found: None, transfer, claim: Some(claim) }, entry.in_band)
            }
        };
        let source = compressed(source, job)?.transfer_id(&started.transfer);
        Ok(Some((source, self.run.config_for(job, in_band), started)))
    }
}

impl Delivery<'_, '_> {
    /// The transfer of a file that changed since it was found; `None` when it is now one that is left, or was sent.
    fn changed(&self, job: &Job, to: &Recipients, file: &File, now: &Found) -> Result<Option<String>> {
        if let Some(why) = left(self.state, job, now) {
            log::info!("{} is left: {why}", now.path.display());
            return Ok(None);
        }
        let transfer = transfer_of(job, to, now, &now.print(file)?);
        let is_done = self.state.history.has(&transfer) || self.state.history.has(&dropped(&transfer));
        Ok(Some(transfer).filter(|_| !is_done))
    }
}

/// Smaller, where the job wants that.
fn compressed(source: Source, job: Option<&Job>) -> Result<Source> {
    match job.map(|job| job.settings.task.compress).unwrap_or_default() {
        Compress::None => Ok(source),
        #[cfg(feature = "gzip")]
        Compress::Gzip => super::gzip::compressed(source),
        #[cfg(not(feature = "gzip"))]
        Compress::Gzip => Ok(source),
    }
}

impl Run<'_> {
    /// What is in force for a file of this job.
    pub(super) fn config_for(&self, job: Option<&Job>, in_band: bool) -> Shared {
        let settings = job.map_or(&self.configuration.settings, |job| &job.settings);
        let in_band = in_band || settings.task.only_in_band();
        let mut config = settings.clone().into_config();
        if in_band {
            config.method = Preference::Ibb;
        }
        config.state.get_or_insert_with(|| folder(settings));
        Arc::new(config)
    }

    /// The name that a file is offered under.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when no account is configured.
    pub(super) fn name_of(&self, job: Option<&Job>, found: &Found) -> Result<String> {
        let own = own_name(&found.path);
        match job {
            Some(job) => self.name_for(job, &own, found.changed_at()),
            None => match &self.configuration.settings.name {
                Some(template) => Ok(template.expand(&self.facts("", &own, found.changed_at())?)),
                None => Ok(own),
            },
        }
    }

    /// The name that something of a job is offered under.
    pub(super) fn name_for(&self, job: &Job, own: &str, changed: u64) -> Result<String> {
        let usual: Template = USUAL.parse()?;
        let template = job.settings.name.as_ref().unwrap_or(&usual);
        Ok(template.expand(&self.facts(&job.name, own, changed)?))
    }

    /// The name of standard input, which is now.
    pub(super) fn name_of_stream(&self) -> Result<String> {
        let facts = self.facts("", "stdin", self.clock.now())?;
        Ok(self.configuration.settings.name.as_ref().map_or("stdin".into(), |name| name.expand(&facts)))
    }

    fn facts(&self, job: &str, own: &str, changed: u64) -> Result<Facts> {
        facts(&self.configuration.settings.config, job, own, changed)
    }

    /// What a run would do with each file.
    pub(super) fn previews(&self, state: &State, plan: Plan) -> Vec<Preview> {
        let left = plan.left.iter().map(|(path, why)| (Run::shown(path), why.clone()));
        let troubles = plan.troubles.iter().map(|(path, error)| (Run::shown(path), error.what()));
        let not = |(path, why): (String, String)| Preview {
            path,
            to: None,
            name: String::new(),
            how: "",
            why_not: Some(why),
        };
        let given_up = plan.given_up.iter().filter_map(|(id, entry)| entry.as_ref().map(|entry| (id, entry)));
        let given_up = given_up.map(|(id, entry)| Preview {
            path: entry.path.as_deref().map_or(entry.name.clone(), Run::shown),
            to: Some(entry.to.clone()),
            name: entry.name.clone(),
            how: "",
            why_not: Some(format!("it was given up; `firepush retry {id}` brings it back")),
        });
        let mut all: Vec<_> = plan.items.iter().map(|item| self.preview_of(state, item)).collect();
        self.jobs.iter().for_each(|job| all.extend(self.preview_of_output(job)));
        all.extend(given_up);
        all.extend(left.chain(troubles).map(not));
        all
    }

    /// What a program prints is known only when it runs.
    fn preview_of_output(&self, job: &Job) -> Vec<Preview> {
        let Some(program) = &job.settings.task.output_of else { return Vec::new() };
        let own = own_name(&program.path);
        let one = |to: &Recipients| Preview {
            path: format!("what {} prints, if it is new", program.path.display()),
            to: Some(to.clone()),
            name: with_ending(safe(&self.name_for(job, &own, self.clock.now()).unwrap_or_default()), &job.settings),
            how: if job.settings.task.only_in_band() { "ibb" } else { "socks5 or ibb" },
            why_not: None,
        };
        job.settings.to.iter().map(one).collect()
    }

    fn preview_of(&self, state: &State, item: &Item) -> Preview {
        let job = self.job(item.job.as_deref());
        let name = match &item.from {
            From::File(found) => self.name_of(job, found).unwrap_or_default(),
            From::Spool(entry) => entry.name.clone(),
        };
        let in_band = matches!(&item.from, From::Spool(entry) if entry.in_band);
        let how = match self.config_for(job, in_band).method {
            Preference::Auto => "socks5 or ibb",
            Preference::Socks5 => "socks5",
            Preference::Ibb => "ibb",
        };
        let why_not = if self.now {
            None
        } else {
            super::status::waits(state, item).map(|(left, what)| format!("not for {left} s: {what}"))
        };
        Preview {
            path: item.shown(),
            to: Some(item.to.clone()),
            name: with_ending(safe(&name), &self.settings_of(job)),
            how,
            why_not,
        }
    }

    fn settings_of(&self, job: Option<&Job>) -> Settings {
        job.map_or(&self.configuration.settings, |job| &job.settings).clone()
    }
}

/// The name that a template makes for a file.
///
/// # Errors
/// [`crate::error::Kind::Config`] when no account is configured, and as [`Source::path`].
pub fn file_name(template: &Template, path: &Path, config: &Config) -> Result<String> {
    let (_, found) = Found::open(path)?;
    Ok(template.expand(&facts(config, "", &own_name(path), found.changed_at())?))
}

fn facts(config: &Config, job: &str, own: &str, changed: u64) -> Result<Facts> {
    Ok(Facts {
        user: config.account()?.local().unwrap_or_default().to_owned(),
        host: device::host_name(),
        job: job.to_owned(),
        name: own.to_owned(),
        utc: if changed < built() / 2 { device::boot_and(changed) } else { date::compact(changed) },
    })
}

fn with_ending(name: String, settings: &Settings) -> String {
    if settings.task.compress == Compress::Gzip { name + ".gz" } else { name }
}

fn own_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
