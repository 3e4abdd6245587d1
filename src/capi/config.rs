//! `firepush_config_*`.

use std::ffi::{c_char, c_int, c_void};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::guard::{entry, freeing, misuse};
use super::handles::{Kept, Name, Place};
use super::text::{bytes, text};
use crate::base::config::Config as ClientConfig;
use crate::base::error::{Error, Kind, Result};
use crate::base::secret::Secret;
use crate::base::settings::{self, Row};
use crate::configuration::Configuration;
use crate::os::file::read_password;

/// What the program configures.
#[derive(Default)]
pub struct Config(Mutex<Configured>);

#[derive(Clone, Default)]
pub struct Configured {
    pub configuration: Configuration,
    password: Option<Secret>,
}

impl Kept for Config {
    const WHAT: &'static str = "config";
    const IS_LIVE: bool = false;
}

impl Config {
    /// As it is now.
    ///
    /// # Errors
    /// [`Kind::Config`] for what only a program can do.
    pub fn now(&self) -> Result<Configured> {
        let mut now = self.lock().clone();
        if now.configuration.settings.via_env {
            return Err(no_environment());
        }
        if let Some(password) = &now.password {
            now.configuration.set_password(password);
        }
        Ok(now)
    }

    fn lock(&self) -> InUse<'_> {
        let using = using();
        InUse { configured: self.0.lock().unwrap_or_else(PoisonError::into_inner), _using: using }
    }
}

/// Held while any configuration is looked into, and during a fork: a child must not find one locked.
static USING: Mutex<()> = Mutex::new(());

pub fn using() -> MutexGuard<'static, ()> {
    USING.lock().unwrap_or_else(PoisonError::into_inner)
}

struct InUse<'c> {
    configured: MutexGuard<'c, Configured>,
    _using: MutexGuard<'static, ()>,
}

impl Deref for InUse<'_> {
    type Target = Configured;

    fn deref(&self) -> &Configured {
        &self.configured
    }
}

impl DerefMut for InUse<'_> {
    fn deref_mut(&mut self) -> &mut Configured {
        &mut self.configured
    }
}

impl Configured {
    /// The client's part.
    pub fn config(&self) -> ClientConfig {
        self.configuration.settings.clone().into_config()
    }
}

fn no_environment() -> Error {
    let error = Error::new(Kind::Config, "via = env: the library reads no environment");
    error.advise("set via to the address of the proxy")
}

/// Those that only a command line can mean.
const NOT_HERE: [&str; 6] = ["config", "password_fd", "queue", "part_size", "dry_run", "wire"];

fn row(name: &str) -> Result<Row> {
    let here = |row: &Row| !NOT_HERE.contains(&row.name);
    settings::find(name).filter(here).ok_or_else(|| {
        let meant = settings::nearest(&name.replace('-', "_"), here);
        let hint = meant.map(|row| format!("; did you mean {}?", row.name)).unwrap_or_default();
        misuse(format!("there is no setting {name:?}{hint}"))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_config_new(config: *mut Name<Config>) -> c_int {
    // SAFETY: the header asks for a place or NULL.
    entry(|| unsafe { Place::new(config) }?.keep(Config::default()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_config_load(config: Name<Config>, path: *const c_char) -> c_int {
    entry(|| {
        let config = config.find()?;
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text(path, "the path") }?;
        config.lock().configuration.read(Path::new(path))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_config_set(config: Name<Config>, name: *const c_char, value: *const c_char) -> c_int {
    entry(|| {
        let config = config.find()?;
        // SAFETY: the header asks for texts or NULL.
        let (name, value) = unsafe { (text(name, "the name")?, text(value, "the value")?) };
        let row = row(name)?;
        if row.name == "via" && value == "env" {
            return Err(no_environment());
        }
        config.lock().configuration.set(row, value)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_config_set_password(config: Name<Config>, from: *const c_void, size: usize) -> c_int {
    entry(|| {
        let config = config.find()?;
        // SAFETY: the header asks for bytes or NULL.
        let mut bytes = unsafe { bytes(from, size, "the password") }?;
        config.lock().password = Some(read_password(&mut bytes)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_config_free(config: Name<Config>) {
    freeing(|| drop(config.take()));
}
