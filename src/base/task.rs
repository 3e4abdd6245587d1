//! What a job of the configuration is: which files go to whom, and what is done with them then.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::error::{Error, Kind, Result};
use super::jid::Jid;

/// The keys of a job.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// Paths, the last part of which may be a pattern; so may the folders in front.
    pub files: Vec<String>,
    /// A program whose output is sent.
    pub output_of: Option<Program>,
    /// How files are made smaller on the way.
    pub compress: Compress,
    /// What is done with a file that everyone has got.
    pub after: After,
    /// How sure it has to be that a file arrived before `after` is done.
    pub tier: Option<Sure>,
    /// Run before the job's files are looked for; when it fails, the job is skipped.
    pub before: Option<Program>,
    /// Run after each file that was sent.
    pub on_success: Option<Program>,
    /// Run after each file that went to `failed/`.
    pub on_failure: Option<Program>,
    /// The bytes must be encrypted on their whole way: in-band only.
    pub require_encryption: bool,
    /// What is done with files that some process has open for writing.
    pub open_files: Option<OpenFiles>,
    /// A file that was changed less long ago waits.
    pub min_age: Duration,
    /// A file that was changed longer ago is not sent; zero is no limit.
    pub max_age: Duration,
    /// Which file goes first.
    pub order: Order,
}

/// How the spool is kept and when it is tried again.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The folder of what waits.
    pub spool: PathBuf,
    /// Bytes kept there at most.
    pub spool_size: u64,
    /// Files kept there at most.
    pub spool_files: u64,
    /// What is done when there is no room.
    pub when_full: WhenFull,
    /// The longest pause before the second attempt.
    pub retry_first: Duration,
    /// The longest pause of all.
    pub retry_cap: Duration,
    /// A file that could not be sent for so long goes to `failed/`.
    pub retry_for: Duration,
    /// The longest pause before a run, by which a fleet spreads.
    pub splay: Duration,
    /// No further file is begun after so long; zero is no limit.
    pub run_for: Duration,
    /// How long a clock that isn't set is waited for.
    pub wait_for_clock: Duration,
}

impl Default for Keep {
    fn default() -> Self {
        Keep {
            spool: PathBuf::from("/var/spool/firepush"),
            spool_size: 16 << 20,
            spool_files: 1000,
            when_full: WhenFull::Oldest,
            retry_first: Duration::from_secs(30),
            retry_cap: Duration::from_secs(3600),
            retry_for: Duration::from_secs(7 * 86400),
            splay: Duration::ZERO,
            run_for: Duration::ZERO,
            wait_for_clock: Duration::from_secs(120),
        }
    }
}

/// How files are made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compress {
    /// Not at all.
    #[default]
    None,
    /// By gzip; the name gains `.gz`.
    Gzip,
}

/// What is done with a file that everyone has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// It stays, and is not sent again.
    #[default]
    Keep,
    /// It is removed.
    Delete,
    /// It is moved to this folder.
    Move(PathBuf),
}

/// How sure it has to be that a file arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// The recipient's client acknowledged every block: in-band only.
    Acked,
    /// The proxy took every byte.
    Forwarded,
}

/// What is done with files that some process has open for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenFiles {
    /// They are left for the next run.
    Wait,
    /// They are sent as they are.
    Send,
}

/// Which file goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// That which was changed first.
    #[default]
    Oldest,
    /// That which was changed last.
    Newest,
    /// By name.
    Name,
}

/// What is done when the spool is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The oldest entry makes room.
    #[default]
    Oldest,
    /// The new one is dropped.
    Newest,
    /// The new one is refused with an error.
    Refuse,
}

/// A program with its arguments: words between blanks, no shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its absolute path.
    pub path: PathBuf,
    /// The words that follow.
    pub arguments: Vec<String>,
}

/// Recipients of which one gets the file: the first that is able.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recipients(pub Vec<Jid>);

impl Task {
    /// What is done with open files: `after = delete` and `move` must not lose what is still being written.
    pub fn open_files(&self) -> OpenFiles {
        let usual = if self.after == After::Keep { OpenFiles::Send } else { OpenFiles::Wait };
        self.open_files.unwrap_or(usual)
    }

    /// Whether in-band is the only method that will do.
    pub fn only_in_band(&self) -> bool {
        let sure = self.tier.unwrap_or(if self.after == After::Keep { Sure::Forwarded } else { Sure::Acked });
        self.require_encryption || sure == Sure::Acked
    }
}

impl FromStr for Program {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`] when it is not named by its absolute path.
    fn from_str(text: &str) -> Result<Program> {
        let mut words = text.split_whitespace().map(str::to_owned);
        match words.next() {
            Some(path) if path.starts_with('/') => Ok(Program { path: path.into(), arguments: words.collect() }),
            _ => Err(Error::new(Kind::Config, format!("{text:?} names no program by its absolute path"))),
        }
    }
}

impl FromStr for After {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`].
    fn from_str(text: &str) -> Result<After> {
        match text.split_once(':') {
            Some(("move", dir)) if dir.starts_with('/') => Ok(After::Move(dir.into())),
            None if text == "keep" => Ok(After::Keep),
            None if text == "delete" => Ok(After::Delete),
            _ => Err(Error::new(Kind::Config, format!("{text:?} is none of keep, delete, move:/FOLDER"))),
        }
    }
}

impl FromStr for Recipients {
    type Err = Error;

    /// # Errors
    /// [`Kind::Config`] for what is no address.
    fn from_str(text: &str) -> Result<Recipients> {
        text.split('|').map(|jid| jid.trim().parse()).collect::<Result<Vec<Jid>>>().map(Recipients)
    }
}

impl fmt::Display for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(Jid::as_str).collect();
        f.write_str(&names.join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_afterwards_must_be_acknowledged_unless_less_will_do() {
        let delete = Task { after: After::Delete, ..Task::default() };
        assert!(delete.only_in_band() && delete.open_files() == OpenFiles::Wait);
        assert!(!Task { tier: Some(Sure::Forwarded), ..delete.clone() }.only_in_band());
        assert!(Task { tier: Some(Sure::Forwarded), require_encryption: true, ..delete }.only_in_band());
        assert!(!Task::default().only_in_band() && Task::default().open_files() == OpenFiles::Send);
        assert!(Task { tier: Some(Sure::Acked), ..Task::default() }.only_in_band());
    }

    #[test]
    fn values_are_read_as_they_are_written() {
        assert_eq!("move:/srv/sent".parse::<After>().unwrap(), After::Move("/srv/sent".into()));
        assert!("move:sent".parse::<After>().is_err() && "remove".parse::<After>().is_err());
        let program: Program = "/sbin/logread  -l 50".parse().unwrap();
        assert_eq!(program.arguments, ["-l", "50"]);
        assert!("logread".parse::<Program>().is_err() && "".parse::<Program>().is_err());
        let recipients: Recipients = "a@x | b@x".parse().unwrap();
        assert_eq!((recipients.0.len(), recipients.to_string().as_str()), (2, "a@x | b@x"));
    }
}
