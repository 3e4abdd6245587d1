//! Where secrets come from: a descriptor, systemd's credentials, the environment; or a file that the library reads.

use std::fs::File;
use std::os::fd::FromRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use firepush::Error;
use firepush::config::{Via, read_password};
use firepush::error::{Kind, Result};
use firepush::settings::Configuration;

/// Where `via = env` finds the proxy: as curl has it.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The name of the credential in systemd's folder.
const CREDENTIAL: &str = "firepush.password";

/// Reads a password that doesn't lie in a file of our own.
///
/// # Errors
/// [`Kind::Config`].
pub fn take(configuration: &mut Configuration) -> Result<()> {
    let settings = &configuration.settings;
    let credential = credential(settings.config.password_file.as_deref());
    let password = match (settings.line.password_fd, credential) {
        (Some(number), _) => Some(read_password(&mut descriptor(number)?)?),
        (None, Some(path)) => Some(read_password(&mut credential_file(&path)?)?),
        (None, None) => None,
    };
    if let Some(password) = password {
        configuration.set_password(&password);
    }
    Ok(())
}

/// Takes the outbound proxy from the environment, where that is wanted; none there is none.
///
/// # Errors
/// [`Kind::Config`].
pub fn take_proxy(configuration: &mut Configuration) -> Result<()> {
    if !configuration.settings.via_env {
        return Ok(());
    }
    let set = |name: &&&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let Some(name) = PROXY_VARIABLES.iter().find(set) else { return Ok(()) };
    let value = std::env::var(name).unwrap_or_default();
    let value = if value.contains("://") { value } else { format!("http://{value}") };
    let via: Via = value.parse().map_err(|e: Error| Error::new(Kind::Config, format!("${name}: {}", e.what())))?;
    configuration.settings.config.via = Some(via.clone());
    configuration.jobs.iter_mut().for_each(|job| job.settings.config.via = Some(via.clone()));
    Ok(())
}

/// systemd makes its credentials 0440, and sees to it that nobody else reads them.
fn credential(password_file: Option<&Path>) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?);
    if !folder.is_absolute() {
        return None;
    }
    match password_file {
        Some(file) => (file.parent() == Some(&*folder) && file.file_name().is_some()).then(|| file.to_owned()),
        None => Some(folder.join(CREDENTIAL)).filter(|file| file.exists()),
    }
}

fn credential_file(path: &Path) -> Result<File> {
    let bad = |why: String| Error::new(Kind::Config, format!("the credential {} {why}", path.display()));
    let opened = File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = opened.map_err(|e| bad(format!("can't be opened: {e}")))?;
    if file.metadata().is_ok_and(|meta| meta.is_file()) { Ok(file) } else { Err(bad("is no regular file".into())) }
}

/// Standard input, output and error are something else.
fn descriptor(number: u64) -> Result<File> {
    let bad = |why: &str| Error::new(Kind::Config, format!("--password-fd {number}: {why}"));
    let number = i32::try_from(number).map_err(|_| bad("there is no such descriptor"))?;
    // SAFETY: fcntl with F_GETFD only asks whether the descriptor is open.
    if number < 3 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(bad("no such descriptor is open (3 and up)"));
    }
    // SAFETY: it is open, was handed to us for this, and nobody else in this process knows of it.
    Ok(unsafe { File::from_raw_fd(number) })
}
