//! Receiving files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::base::config::{Allow, Config};
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::client::Client;
use crate::os::file::read_regular;
use crate::os::stop::Stop;
use crate::os::until::Patience;
use crate::transfer::Context;
use crate::transfer::delivery::Method;
use crate::transfer::folder::Folder;
use crate::transfer::queue::{self, Happening, Known, Open, Policy};
use crate::transfer::receive::Receipt;
use crate::transfer::sink::{Place, Stored, Taker};

/// Takes the files that others offer; what happens to them comes out in order.
///
/// Dropped, it takes no more offers. One inbox a client: a second one takes the offers from the first.
pub struct Inbox {
    client: Client,
    /// Ended by nothing: what is under way when all is stopped still tells how it ended.
    patience: Patience,
    /// Ends what is under way.
    stop: Stop,
    open: Open,
}

/// What happened to an offered file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Somebody who is allowed offers a file.
    Offer {
        /// The sid of the offer.
        id: String,
        /// The id that the file keeps however often it is sent, when the sender is firepush and says it.
        transfer: Option<String>,
        /// The full address of the sender.
        from: Jid,
        /// The name as the sender gave it: not safe as the name of a file.
        name: String,
        /// How many bytes, if the sender says so.
        size: Option<u64>,
    },
    /// A file is whole, checked, safe on the disk, and has its name.
    File {
        /// The sid of the offer.
        id: String,
        /// The id that the file keeps, as above.
        transfer: Option<String>,
        /// The full address of the sender.
        from: Jid,
        /// The name that it was stored under.
        name: String,
        /// Where it is; empty when the program took the bytes.
        path: PathBuf,
        /// How many bytes.
        size: u64,
        /// SHA-256 of the bytes, in hex.
        sha256: String,
        /// How it was carried.
        method: Method,
    },
    /// A transfer failed; nothing of it is left in the folder.
    Failed {
        /// The sid of the offer.
        id: String,
        /// The id that the file keeps, as above.
        transfer: Option<String>,
        /// The full address of the sender.
        from: Jid,
        /// The name as the sender gave it.
        name: String,
        /// Why.
        error: Error,
    },
}

impl Inbox {
    pub(crate) fn open(client: Client, context: Context, policy: Policy) -> Result<Inbox> {
        let patience = Patience::new(&context.config.waits, &Stop::new()?);
        let context = Context { patience: context.patience.child()?, ..context };
        let stop = context.patience.stop().clone();
        Ok(Inbox { client, patience, stop, open: queue::open(context, policy)? })
    }

    /// Takes no more offers, and ends what is under way.
    pub fn end(&self) {
        self.client.stop_receiving(&self.open.offers);
        self.stop.stop();
    }

    /// Whether [`Config::count`] files were received, and no more come for that.
    pub fn is_complete(&self) -> bool {
        self.open.is_complete.load(Ordering::SeqCst)
    }

    /// Waits briefly until all that is under way has ended.
    pub fn join(&self) {
        // Whoever is the last to use the client ends its stream too.
        self.open.thread.join(&self.patience.until_after(Wait::Close, 3 * self.patience.limit(Wait::Close)));
    }

    /// Waits for the next event; `None` when none came within `limit`.
    ///
    /// # Errors
    /// What ended the session, or [`Kind::Stopped`].
    pub fn next(&self, limit: Duration) -> Result<Option<Event>> {
        let until = self.patience.until_after(Wait::Idle, limit);
        Ok(self.open.happenings.take_within(&until)?.map(event))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.client.stop_receiving(&self.open.offers);
    }
}

fn event(happening: Happening) -> Event {
    match happening {
        Happening::Offered { known: Known { id, transfer, from, name }, size } => {
            Event::Offer { id, transfer, from, name, size }
        }
        Happening::Failed { known: Known { id, transfer, from, name }, error } => {
            Event::Failed { id, transfer, from, name, error }
        }
        Happening::Received { known: Known { id, transfer, from, .. }, receipt } => {
            let Receipt { stored: Stored { name, path, size, sha256 }, method } = receipt;
            Event::File { id, transfer, from, name, path, size, sha256, method }
        }
    }
}

/// A list of senders is at most this long, in bytes.
const LIST_MAX: usize = 1 << 20;

/// Who may send, into the folder that is configured.
pub(crate) fn policy(config: &Config) -> Result<Policy> {
    let dir = config.dir.as_deref().ok_or_else(|| {
        Error::new(Kind::Config, "no folder for received files is given").advise("name it with --dir DIR")
    })?;
    let allowed = allowed(config)?;
    let folder = Folder::open(dir)?;
    folder.clean();
    let (place, parallel) = (Place::Folder(folder), config.parallel.unwrap_or(4).max(1));
    Ok(Policy { allowed, place, parallel, count: config.count })
}

/// Who may send, to the program, which gets one file after the other unless it wants more at once.
pub(crate) fn policy_of(config: &Config, taker: Arc<dyn Taker>) -> Result<Policy> {
    let (place, parallel) = (Place::Program(taker), config.parallel.unwrap_or(1).max(1));
    Ok(Policy { allowed: allowed(config)?, place, parallel, count: config.count })
}

fn allowed(config: &Config) -> Result<Vec<Allow>> {
    let mut allowed = config.from.clone();
    if let Some(path) = &config.from_file {
        allowed.extend(read_allowed(path)?);
    }
    if allowed.is_empty() {
        let error = Error::new(Kind::Config, "nobody is allowed to send");
        return Err(error.advise("name senders with --from user@domain or --from @domain"));
    }
    Ok(allowed)
}

fn read_allowed(path: &Path) -> Result<Vec<Allow>> {
    let bad = |why: String| Error::new(Kind::Config, format!("the list of senders {} {why}", path.display()));
    let text = String::from_utf8(read_regular(path, LIST_MAX, "list of senders")?);
    let text = text.map_err(|_| bad("is not UTF-8 text".into()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).enumerate();
    let entries = lines.filter(|(_, line)| !line.is_empty());
    entries.map(|(n, line)| line.parse().map_err(|e: Error| bad(format!("line {}: {}", n + 1, e.what())))).collect()
}
