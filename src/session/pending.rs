//! A request that has been sent and whose reply is awaited later.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::Session;
use crate::base::error::Result;
use crate::os::mailbox::Mailbox;
use crate::os::until::Until;
use crate::proto::iq::StanzaError;
use crate::xml::element::Element;

/// What the addressee said: the child of its result, if any, or its refusal.
pub type Answer = std::result::Result<Option<Element>, StanzaError>;

/// The place where one reply arrives. Dropping it forgets the request; a late reply is ignored.
pub struct Pending {
    session: Arc<Session>,
    id: String,
    reply: Arc<Mailbox<Answer>>,
}

impl Pending {
    pub(super) fn new(session: Arc<Session>, id: String, reply: Arc<Mailbox<Answer>>) -> Self {
        Pending { session, id, reply }
    }

    /// Waits for the reply.
    ///
    /// # Errors
    /// The timeout of the wait, [`crate::error::Kind::Stopped`], or what ended the session. A refusal is no error here.
    pub fn wait(&self, until: &Until) -> Result<Answer> {
        self.reply.take(until)
    }

    /// Waits for the reply; `None` is silence, for who must not spoil the rest.
    ///
    /// # Errors
    /// [`crate::error::Kind::Stopped`], or what ended the session.
    pub fn wait_briefly(&self, until: &Until) -> Result<Option<Answer>> {
        self.reply.take_within(until)
    }

    /// The reply, if it is here.
    ///
    /// # Errors
    /// What ended the session.
    pub fn try_wait(&self) -> Result<Option<Answer>> {
        self.reply.try_take()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.session.forget(&self.id);
    }
}

impl AsFd for Pending {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reply.as_fd()
    }
}
