//! What becomes of a file that everyone has got.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::deliver::Delivery;
use super::find::Found;
use super::plan::transfer_of;
use crate::base::error::{Error, Kind, Result};
use crate::base::task::After;
use crate::configuration::Job;
use crate::os::dir::move_no_replace;
use crate::os::file::each_piece;
use crate::os::writers::while_nobody_writes;

impl Delivery<'_, '_> {
    /// Whether all recipients of the job have got the file as it was when it was sent.
    pub(super) fn has_everyone(&self, job: &Job, found: &Found) -> bool {
        let Ok((file, _)) = found.again() else { return false };
        let Ok(print) = found.print(&file) else { return false };
        job.settings.to.iter().all(|to| self.state.history.has(&transfer_of(job, to, found, &print)))
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
    let (file, now) = match found.again() {
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
    if !is_as_sent(found, file)? {
        return Ok(false);
    }
    match after {
        After::Keep => Ok(true),
        After::Delete => fs::remove_file(&found.path).map(|()| true),
        After::Move(folder) => move_to(found, file, folder),
    }
}

/// Whether the file that was sent still has its name, and is as it was.
fn is_as_sent(found: &Found, file: &File) -> io::Result<bool> {
    let (held, named) = (file.metadata()?, fs::symlink_metadata(&found.path)?);
    let same = (held.dev(), held.ino()) == (named.dev(), named.ino());
    Ok(same && Found::new(found.path.clone(), &held, found.is_named) == *found)
}

/// Under its own name, or a numbered one where that is taken; to another file system, by a copy.
fn move_to(found: &Found, file: &File, folder: &Path) -> io::Result<bool> {
    let path = &found.path;
    for target in names_in(folder, path) {
        match move_no_replace(path, &target) {
            // A crash came between its new name and the end of the old one.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && is_same(path, &target) => {
                return fs::remove_file(path).map(|()| true);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) if e.raw_os_error() == Some(libc::EXDEV) => return copy_to(found, file, folder),
            moved => return moved.map(|()| true),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Its own name there, then numbered ones.
fn names_in(folder: &Path, path: &Path) -> impl Iterator<Item = PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let numbered = move |n| if n == 0 { name.clone() } else { crate::transfer::name::numbered(&name, n) };
    let folder = folder.to_owned();
    (0..=999).map(move |n| folder.join(numbered(n)))
}

fn is_same(a: &Path, b: &Path) -> bool {
    let id = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    id(a).is_some() && id(a) == id(b)
}

/// Copies what is held, and removes the name only when the copy is on the disk and the file is still the one that was
/// sent.
fn copy_to(found: &Found, file: &File, folder: &Path) -> io::Result<bool> {
    let name = found.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = folder.join(format!(".{name}.part"));
    let copied = copy_anew(file, &part).and_then(|()| publish(found, file, &part, folder));
    let _ = fs::remove_file(&part);
    copied
}

fn publish(found: &Found, file: &File, part: &Path, folder: &Path) -> io::Result<bool> {
    for target in names_in(folder, &found.path) {
        match move_no_replace(part, &target) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                // A crash came between the copy's name and the end of the old one.
                if !is_copy(part, &target) {
                    continue;
                }
            }
            moved => moved?,
        }
        File::open(folder)?.sync_all()?;
        if is_as_sent(found, file)? {
            return fs::remove_file(&found.path).map(|()| true);
        }
        return fs::remove_file(&target).map(|()| false);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Whether both hold the same, of the same time.
fn is_copy(part: &Path, target: &Path) -> bool {
    let Ok((a, b)) = File::open(part).and_then(|a| Ok((a, File::open(target)?))) else { return false };
    let of = |file: &File| file.metadata().and_then(|meta| Ok((meta.is_file(), meta.len(), meta.modified()?))).ok();
    let (mut x, mut y) = (BufReader::new(&a), BufReader::new(&b));
    of(&a).is_some_and(|meta| meta.0) && of(&a) == of(&b) && is_same_text(&mut x, &mut y).unwrap_or(false)
}

fn is_same_text(a: &mut impl BufRead, b: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let (x, y) = (a.fill_buf()?, b.fill_buf()?);
        let both = x.len().min(y.len());
        if both == 0 {
            return Ok(x.len() == y.len());
        }
        if x[..both] != y[..both] {
            return Ok(false);
        }
        a.consume(both);
        b.consume(both);
    }
}

/// In the place of what a crash left, never through a link.
fn copy_anew(mut from: &File, part: &Path) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let meta = from.metadata()?;
    let mut to = OpenOptions::new().write(true).create_new(true).mode(meta.mode() & 0o777).open(part)?;
    from.seek(io::SeekFrom::Start(0))?;
    each_piece(&mut from, |piece| to.write_all(piece))?;
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
        let (file, found) = Found::open(&log).unwrap();
        assert!(copy_to(&found, &file, &sent).unwrap());
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((text(&other).as_str(), text(&sent.join("log")).as_str()), ("precious", "of yesterday"));
        let copy = sent.join(crate::transfer::name::numbered("log", 1));
        assert_eq!((text(&copy).as_str(), fs::metadata(&copy).unwrap().modified().unwrap()), ("of today", changed));
        assert!(!log.exists() && !sent.join(".log.part").exists());
        // As a crash left it: the copy has its name, and so has the file. Then the file changes while it is copied.
        fs::copy(&copy, &log).unwrap();
        File::options().write(true).open(&log).unwrap().set_modified(changed).unwrap();
        let (file, found) = Found::open(&log).unwrap();
        assert!(copy_to(&found, &file, &sent).unwrap() && !log.exists());
        assert_eq!(fs::read_dir(&sent).unwrap().count(), 2, "no second copy");
        fs::write(&log, "of tomorrow").unwrap();
        let (file, found) = Found::open(&log).unwrap();
        fs::write(&log, "of tomorrow and of another day").unwrap();
        assert!(!copy_to(&found, &file, &sent).unwrap());
        assert_eq!((text(&log).as_str(), fs::read_dir(&sent).unwrap().count()), ("of tomorrow and of another day", 2));
        fs::remove_dir_all(folder).unwrap();
    }
}
