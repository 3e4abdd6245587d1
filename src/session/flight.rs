//! Several requests in one write.

use std::sync::Arc;

use super::conversation::written;
use super::pending::Pending;
use super::router::Asked;
use super::shared::Session;
use crate::base::error::Result;
use crate::base::jid::Jid;
use crate::os::mailbox::Mailbox;
use crate::os::random;
use crate::os::until::Until;
use crate::proto::iq::Iq;
use crate::proto::roster;
use crate::xml::element::Element;

/// Stanzas that leave in one write.
pub struct Flight<'s> {
    pub(super) session: &'s Arc<Session>,
    pub(super) until: &'s Until,
    pub(super) text: String,
}

impl Flight<'_> {
    pub fn get(&mut self, to: &Jid, child: Element) -> Result<Pending> {
        self.request(to, child, Iq::get, None)
    }

    pub fn set(&mut self, to: &Jid, child: Element) -> Result<Pending> {
        self.request(to, child, Iq::set, None)
    }

    /// Asks for the roster, of which only the item of `of` is kept.
    pub fn roster_item(&mut self, of: &Jid) -> Result<Pending> {
        let account = self.session.me.bare();
        self.request(&account, roster::query(), Iq::get, Some(of.bare()))
    }

    fn request(
        &mut self,
        to: &Jid,
        child: Element,
        make: fn(&Jid, String, Element) -> Iq,
        keep: Option<Jid>,
    ) -> Result<Pending> {
        let id = random::token(12)?;
        let reply = Arc::new(Mailbox::new(1)?);
        let asked = Asked { of: to.clone(), reply: Arc::clone(&reply), keep, kept: Vec::new() };
        self.session.expect(id.clone(), asked).map_err(|e| e.during(self.until.wait()))?;
        self.text += &written(&make(to, id.clone(), child).to_element());
        Ok(Pending::new(Arc::clone(self.session), id, reply))
    }

    /// Sends them.
    ///
    /// # Errors
    /// What ended the session, [`Kind::Stopped`], or a timeout.
    pub fn send(self) -> Result<()> {
        self.session.write(&self.text, self.until)
    }
}
