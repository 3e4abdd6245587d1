//! The device itself: account, secret, clock, spool.

use std::path::Path;

use super::Report;
use crate::base::config::Config;
use crate::base::date::readable;
use crate::base::error::{Error, Kind};
use crate::configuration::Configuration;
use crate::os::clock::{Clock, SystemClock, built};
use crate::os::disk;
use crate::os::file::{read_private, read_secret};
use crate::spool::{Spool, safe};

pub fn account(config: &Config, report: &mut Report<'_>) {
    match config.account() {
        Ok(jid) => report.ok("account", jid.to_string()),
        Err(error) => report.fail("account", &error),
    }
}

/// Whether there is something to log in with.
pub fn secret(config: &Config, report: &mut Report<'_>) -> bool {
    let found = match (&config.password, &config.password_file, &config.key_file) {
        (Some(_), ..) => Ok("a password was given".to_owned()),
        (_, Some(path), _) => read_secret(path).map(|_| format!("{} can be read by its owner only", path.display())),
        (.., Some(path)) => read_private(path, 64 * 1024, "key file").map(|_| format!("the key {}", path.display())),
        (None, None, None) => {
            Err(Error::new(Kind::Config, "no password is given").advise("name it with --password-file FILE"))
        }
    };
    match found {
        Ok(text) => {
            report.ok("secret", text);
            true
        }
        Err(error) => {
            report.fail("secret", &error);
            false
        }
    }
}

/// Without a clock no certificate can be checked; a pin needs none.
pub fn clock(config: &Config, report: &mut Report<'_>) {
    let now = SystemClock.now();
    if now >= built() {
        return report.ok("clock", readable(now));
    }
    let what = format!("the clock is not set: it shows {}", readable(now));
    if config.pins.is_empty() || config.ca_file.is_some() {
        report.fail("clock", &Error::new(Kind::Clock, what));
    } else {
        report.warn("clock", what + "; the pin needs none", "set it (NTP): names of files and the schedule go by it");
    }
}

/// What can't be sent needs room, where jobs are configured.
pub fn spool(configuration: &Configuration, report: &mut Report<'_>) {
    let keep = &configuration.settings.keep;
    let path = &keep.spool;
    if !path.exists() {
        let parent = path.parent().unwrap_or(Path::new("/"));
        let text = format!("{} isn't there yet", path.display());
        return match is_writable(parent) {
            Ok(()) => report.ok("spool", text + "; the first run makes it"),
            Err(e) if configuration.jobs.is_empty() => {
                report.warn("spool", text, format!("only `run` and --queue need it: {e}"))
            }
            Err(e) => report.fail("spool", &Error::new(Kind::Write, format!("{text}, and can't be made: {e}"))),
        };
    }
    let shown = path.display();
    let writable =
        is_writable(path).map_err(|e| Error::new(Kind::Write, format!("can't write to the spool {shown}: {e}")));
    let safe = writable.and_then(|()| safe::check(path, "spool", 0o077));
    let held = safe.and_then(|()| Spool::existing(keep)).map(|spool| spool.map(|spool| (spool.held(), spool.limit())));
    match held {
        Err(error) if configuration.jobs.is_empty() => {
            report.warn("spool", error.what(), "only `run` and --queue need it")
        }
        Err(error) => report.fail("spool", &error),
        Ok(None) => report.ok("spool", format!("{shown} was not used yet")),
        Ok(Some((held, limit))) => {
            let text = format!("{shown}: {} files, {} of {limit} bytes", held.files, held.bytes);
            if held.bytes * 10 > limit * 9 || held.files * 10 > keep.spool_files * 9 {
                let advice = "it is nearly full: raise spool_size or spool_files, or see `firepush status`";
                report.warn("spool", text, advice);
            } else {
                report.ok("spool", text);
            }
        }
    }
}

fn is_writable(path: &Path) -> std::io::Result<()> {
    disk::takes_writes(path)?;
    disk::may_write(path)
}
