//! What a run knows from the runs before it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Kind, Result};
use crate::base::settings::Settings;
use crate::base::task::Keep;
use crate::os::clock::Clock;
use crate::spool::history::History;
use crate::spool::standing::Standing;
use crate::spool::tries::Pace;
use crate::spool::{Spool, safe};

/// The spool and the memory beside it.
pub struct State {
    spool: Option<Spool>,
    pub history: History,
    pub standing: Standing,
    pub clock: Arc<dyn Clock>,
    pub keep: Keep,
}

impl State {
    /// Reads what is remembered, in `state` or in the spool.
    ///
    /// # Errors
    /// [`Kind::Read`] when it is there and can't be read, [`Kind::Write`] when its folder can't be made, [`Kind::Config`]
    /// when others may write there.
    pub fn read(spool: Option<Spool>, settings: &Settings, clock: &Arc<dyn Clock>) -> Result<State> {
        let folder = folder(settings);
        let is_own = folder != settings.keep.spool;
        if spool.is_some() && !folder.exists() {
            let made = DirBuilder::new().mode(0o700).create(&folder);
            made.map_err(|e| {
                Error::new(Kind::Write, format!("can't make the folder {}: {e}", folder.display())).because(e)
            })?;
        }
        if is_own && folder.exists() {
            // Who may write there could say that everything was sent.
            safe::check(&folder, "state folder", 0o022)?;
        }
        let (history, standing) = (History::read(&folder)?, Standing::read(&folder));
        Ok(State { spool, history, standing, clock: Arc::clone(clock), keep: settings.keep.clone() })
    }

    /// The spool, if there is one: who only looks makes none.
    pub fn spool(&self) -> Option<&Spool> {
        self.spool.as_ref()
    }

    /// The spool, which who sends has made.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn must_spool(&self) -> Result<&Spool> {
        self.spool.as_ref().ok_or_else(|| Error::new(Kind::Write, "there is no spool"))
    }

    /// An error when nothing could be remembered: what is sent would be sent again, and a refused login made again.
    ///
    /// # Errors
    /// [`Kind::Write`].
    pub fn check_writable(&self) -> Result<()> {
        self.must_spool()?.check_writable()?;
        self.standing.check_writable()
    }

    /// How the usual pauses grow.
    pub fn pace(&self) -> Pace {
        Pace { first: self.keep.retry_first, cap: self.keep.retry_cap, jitter: true }
    }

    /// Whether something is given up that has failed since then.
    pub fn is_too_old(&self, since: u64) -> bool {
        let limit: Duration = self.keep.retry_for;
        since >= crate::os::clock::built() && self.clock.now().saturating_sub(since) > limit.as_secs()
    }
}

/// Where is remembered what must outlive a run.
pub fn folder(settings: &Settings) -> PathBuf {
    settings.config.state.as_deref().unwrap_or(Path::new(&settings.keep.spool)).to_owned()
}
