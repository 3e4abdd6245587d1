//! Whether others could read or replace the spool.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::base::error::{Error, Kind, Result};
use crate::os::file::is_ours;

const STICKY: u32 = 0o1000;

/// The folder is ours, others have none of the rights `closed`, and nobody but root and we may put another in its
/// place.
///
/// # Errors
/// [`Kind::Config`] that says what to run.
pub fn check(folder: &Path, name: &str, closed: u32) -> Result<()> {
    let shown = folder.display();
    let bad = |why: String| Err(Error::new(Kind::Config, format!("the {name} {shown} {why}")));
    let meta = match fs::symlink_metadata(folder) {
        Ok(meta) => meta,
        Err(e) => return bad(format!("can't be looked at: {e}")),
    };
    if !meta.is_dir() {
        return bad("is no folder".into());
    }
    if !is_ours(&meta) {
        return bad("belongs to another user".into());
    }
    if meta.mode() & closed != 0 {
        return bad(format!("is open to others; run: chmod 700 {shown}"));
    }
    // As it is named, and where links on the way lead.
    let ways = [std::path::absolute(folder), fs::canonicalize(folder)];
    for folder in ways.iter().flatten().flat_map(|way| way.ancestors().skip(1)) {
        let Ok(meta) = fs::metadata(folder) else { continue };
        let others_write = meta.mode() & 0o022 != 0 && meta.mode() & STICKY == 0;
        if others_write || !is_ours(&meta) {
            return bad(format!("could be replaced by another user, who may write {}", folder.display()));
        }
    }
    Ok(())
}
