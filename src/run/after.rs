//! What becomes of a file that everyone has got.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::deliver::Delivery;
use super::find::Found;
use super::plan::transfer_of;
use crate::base::error::{Error, Kind, Result};
use crate::base::task::After;
use crate::configuration::Job;
use crate::os::dir::move_no_replace;
use crate::os::writers::while_nobody_writes;

impl Delivery<'_, '_> {
    /// Whether all recipients of the job have got the file as it was when it was sent.
    pub(super) fn has_everyone(&self, job: &Job, found: &Found) -> bool {
        let Ok((file, _)) = Found::open(&found.path) else { return false };
        let Ok(print) = found.print(&file) else { return false };
        job.settings.to.iter().all(|to| self.state.history.has(&transfer_of(&job.name, to, &print)))
    }

    /// Deletes or moves it, unless it has changed since, or somebody writes to it.
    pub(super) fn clear_away(&self, job: &str, found: &Found) {
        let after = self.run.job(Some(job)).map(|job| job.settings.task.after.clone()).unwrap_or_default();
        if after == After::Keep {
            return;
        }
        match cleared(found, after) {
            Ok(true) => {}
            Ok(false) => {
                log::info!("{} is left for the next run: it changed, or is being written", found.path.display())
            }
            Err(e) => log::warn!("{e}"),
        }
    }
}

/// Whether it was done.
fn cleared(found: &Found, after: After) -> Result<bool> {
    let (file, now) = match Found::open(&found.path) {
        Err(e) if e.kind() == Kind::NoFile => return Ok(true),
        opened => opened?,
    };
    if now != *found {
        return Ok(false);
    }
    let sent = found.clone();
    let act = move |file: &File| clear(&sent, &after, file);
    let kept = file.try_clone().map_err(|e| failed(&found.path, &e))?;
    match while_nobody_writes(file, move || act(&kept))? {
        None => Ok(false),
        Some(done) => done.map_err(|e| failed(&found.path, &e)),
    }
}

/// Looks once more, while nobody can begin to write.
fn clear(found: &Found, after: &After, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (held, named) = (file.metadata()?, fs::symlink_metadata(&found.path)?);
    let same = (held.dev(), held.ino()) == (named.dev(), named.ino());
    if !same || Found::new(found.path.clone(), &held) != *found {
        return Ok(false);
    }
    match after {
        After::Keep => {}
        After::Delete => fs::remove_file(&found.path)?,
        After::Move(folder) => move_to(&found.path, folder)?,
    }
    Ok(true)
}

/// Under its own name, or a numbered one where that is taken; to another file system, by a copy.
fn move_to(path: &Path, folder: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 0..=999 {
        let name = if n == 0 { name.clone() } else { crate::transfer::name::numbered(&name, n) };
        let target = folder.join(name);
        match move_no_replace(path, &target) {
            // A crash came between its new name and the end of the old one.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && is_same(path, &target) => {
                return fs::remove_file(path);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) if e.raw_os_error() == Some(libc::EXDEV) => return copy_to(path, folder),
            moved => return moved,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn is_same(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    id(a).is_some() && id(a) == id(b)
}

fn copy_to(path: &Path, folder: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part: PathBuf = folder.join(format!(".{name}.part"));
    let copied = copy_anew(path, &part);
    for n in 0..=999 {
        let name = if n == 0 { name.clone() } else { crate::transfer::name::numbered(&name, n) };
        match copied
            .as_ref()
            .map_err(|e| io::Error::from(e.kind()))
            .and_then(|()| move_no_replace(&part, &folder.join(name)))
        {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Ok(()) => return File::open(folder)?.sync_all().and_then(|()| fs::remove_file(path)),
            Err(e) => {
                let _ = fs::remove_file(&part);
                return Err(e);
            }
        }
    }
    let _ = fs::remove_file(&part);
    Err(io::ErrorKind::AlreadyExists.into())
}

/// In the place of what a crash left, never through a link.
fn copy_anew(path: &Path, part: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    match fs::remove_file(part) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut from = File::open(path)?;
    let meta = from.metadata()?;
    let mut to = OpenOptions::new().write(true).create_new(true).mode(meta.mode() & 0o777).open(part)?;
    io::copy(&mut from, &mut to)?;
    to.set_modified(meta.modified()?)?;
    to.sync_all()
}

fn failed(path: &Path, cause: &io::Error) -> Error {
    Error::new(Kind::Write, format!("{} was sent, but can't be moved or deleted: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_the_place_of_what_a_crash_left_never_through_a_link() {
        let folder = std::env::temp_dir().join(format!("firepush-after-{}", crate::os::random::token(12).unwrap()));
        let (log, sent, other) = (folder.join("log"), folder.join("sent"), folder.join("other"));
        fs::create_dir_all(&sent).unwrap();
        fs::write(&other, "precious").unwrap();
        fs::write(sent.join("log"), "of yesterday").unwrap();
        std::os::unix::fs::symlink(&other, sent.join(".log.part")).unwrap();
        fs::write(&log, "of today").unwrap();
        let changed = fs::metadata(&log).unwrap().modified().unwrap();
        copy_to(&log, &sent).unwrap();
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((text(&other).as_str(), text(&sent.join("log")).as_str()), ("precious", "of yesterday"));
        let copy = sent.join(crate::transfer::name::numbered("log", 1));
        assert_eq!((text(&copy).as_str(), fs::metadata(&copy).unwrap().modified().unwrap()), ("of today", changed));
        assert!(!log.exists() && !sent.join(".log.part").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
