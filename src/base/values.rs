//! How the values of settings are read from text.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::error::Error;
use super::jid::Jid;
use super::units;

/// Adds what stands between the commas; no text empties the list.
pub(super) fn list<T>(
    field: &mut Vec<T>,
    text: Option<&str>,
    parse: fn(&str) -> Result<T, String>,
) -> Result<(), String> {
    match text {
        None => field.clear(),
        Some(text) => {
            for part in text.split(',').map(str::trim) {
                field.push(parse(part)?);
            }
        }
    }
    Ok(())
}

/// As [`list`], but each only once.
pub(super) fn set<T: PartialEq>(
    field: &mut Vec<T>,
    text: Option<&str>,
    parse: fn(&str) -> Result<T, String>,
) -> Result<(), String> {
    let mut added = Vec::new();
    list(&mut added, text, parse)?;
    if text.is_none() {
        field.clear();
    }
    for one in added {
        if !field.contains(&one) {
            field.push(one);
        }
    }
    Ok(())
}

pub(super) fn file_name(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("the path is empty".into()) } else { Ok(text.into()) }
}

pub(super) fn account(text: &str) -> Result<Jid, String> {
    let jid: Jid = parsed(text)?;
    if jid.local().is_some() { Ok(jid) } else { Err(format!("{text:?} has no user part (user@domain)")) }
}

/// Cron has another working folder than a person.
pub(super) fn absolute(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err(format!("{text:?} is no absolute path")) }
}

/// A stanza has to stay far below what servers take.
pub(super) fn message(text: &str) -> Result<String, String> {
    if text.len() > 4096 { Err("the text is longer than 4096 bytes".into()) } else { Ok(text.to_owned()) }
}

pub(super) fn parsed<T: FromStr<Err = Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: Error| e.what())
}

pub(super) fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| format!("{text:?} is none of {}", names.join(", ")))
}

/// A time further off than that is taken for one of a wrong clock.
const PAUSE_MAX: Duration = Duration::from_secs(86400);

pub(super) fn pause(text: &str) -> Result<Duration, String> {
    let limit = units::duration(text)?;
    if limit > PAUSE_MAX { Err(format!("{text:?} is longer than a day (24h)")) } else { Ok(limit) }
}

/// Openfire forgets an offer after ten minutes.
const ANSWER_MAX: Duration = Duration::from_secs(595);

pub(super) fn answer(text: &str) -> Result<Duration, String> {
    let limit = units::duration(text)?;
    if limit > ANSWER_MAX {
        return Err(format!("{text:?} is longer than the 595 s that an offer lives on Openfire"));
    }
    Ok(limit)
}
