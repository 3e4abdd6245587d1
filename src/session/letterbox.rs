//! Where what arrives for one transfer, or of one account, is waited for.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::answers::unknown_sid;
use super::router::Letter;
use super::shared::Session;
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::os::mailbox::Mailbox;
use crate::os::until::Until;

/// Where everything arrives that the other side sends for one transfer.
pub struct Letterbox {
    pub(super) session: Arc<Session>,
    pub(super) key: (Jid, String),
    pub(super) letters: Arc<Mailbox<Letter>>,
}

impl Letterbox {
    /// Waits for the next letter.
    ///
    /// # Errors
    /// The timeout of the wait, [`crate::error::Kind::Stopped`], or what ended the session.
    pub fn take(&self, until: &Until) -> Result<Letter> {
        self.letters.take(until)
    }

    /// The next letter, if there is one.
    ///
    /// # Errors
    /// What ended the session.
    pub fn try_take(&self) -> Result<Option<Letter>> {
        self.letters.try_take()
    }
}

impl AsFd for Letterbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.letters.as_fd()
    }
}

impl Drop for Letterbox {
    /// What nobody will look at any more is answered all the same (rule 18).
    fn drop(&mut self) {
        self.session.lock().transfers.remove(&self.key);
        while let Ok(Some(letter)) = self.letters.try_take() {
            self.session.tell_in_passing(&letter.into_request().refuse(unknown_sid()).to_element());
        }
        self.session.transfer_ended();
    }
}

/// Tells whenever a resource of an account comes online.
pub struct Watch {
    pub(super) session: Arc<Session>,
    pub(super) came: Arc<Mailbox<()>>,
}

impl Watch {
    /// Waits until a resource comes online; `false` when none came in time.
    ///
    /// # Errors
    /// [`crate::error::Kind::Stopped`], or what ended the session.
    pub fn take(&self, until: &Until) -> Result<bool> {
        Ok(self.came.take_within(until)?.is_some())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.session.lock().presences.unwatch(&self.came);
    }
}
