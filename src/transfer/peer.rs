//! The other side of one transfer, and what it says.

use std::os::fd::AsFd;

use super::Context;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::os::random;
use crate::os::until::{Ready, Until};
use crate::proto::ibb::Close;
use crate::proto::iq::{ErrorType, Iq, StanzaError};
use crate::session::Letterbox;
use crate::session::pending::Answer;
use crate::session::router::Letter;
use crate::xml::element::Element;

/// The other side of one transfer.
pub struct Peer<'c> {
    pub context: &'c Context,
    pub jid: &'c Jid,
    pub sid: &'c str,
    letters: Letterbox,
}

impl<'c> Peer<'c> {
    /// From now on what it sends for this sid is ours.
    ///
    /// # Errors
    /// [`Kind::Protocol`] when the sid is in use, or what ended the session.
    pub fn open(context: &'c Context, jid: &'c Jid, sid: &'c str) -> Result<Self> {
        Ok(Peer { context, jid, sid, letters: context.session.transfer(jid, sid)? })
    }

    /// Asks, waits for the reply, and minds what else it may say meanwhile.
    ///
    /// # Errors
    /// [`Kind::Cancelled`], [`Kind::Incomplete`] when it goes offline, [`Kind::Stopped`], or the timeout.
    pub fn ask(&self, child: Element, until: &Until) -> Result<Answer> {
        let asked = self.context.session.set(self.jid, child, until)?;
        loop {
            if let Some(answer) = asked.try_wait().map_err(|e| e.during(until.wait()))? {
                return Ok(answer);
            }
            while let Some(letter) = self.letters.try_take().map_err(|e| e.during(until.wait()))? {
                self.mind(letter).map_err(|e| e.during(until.wait()))?;
            }
            let news = [(asked.as_fd(), Ready::Read), (self.letters.as_fd(), Ready::Read)];
            until.any_ready(&news).map_err(|e| e.at(self.jid))?;
        }
    }

    /// A close before we are done is the user's cancel (rule 56).
    fn mind(&self, letter: Letter) -> Result<()> {
        match letter {
            Letter::Close(request) => {
                self.answer(&request.result(None))?;
                Err(Error::new(Kind::Cancelled, format!("{} cancelled the transfer", self.jid)))
            }
            other => self.answer(&other.into_request().refuse(unexpected())),
        }
    }

    /// Waits for what it says next.
    ///
    /// # Errors
    /// [`Kind::Incomplete`] when it goes offline, [`Kind::Stopped`], or the timeout.
    pub fn next(&self, until: &Until) -> Result<Letter> {
        self.letters.take(until)
    }

    /// Sends an answer.
    ///
    /// # Errors
    /// What ended the session, [`Kind::Stopped`], or a timeout.
    pub fn answer(&self, iq: &Iq) -> Result<()> {
        self.context.answer(iq)
    }

    /// Tells it that the in-band bytestream is over, without waiting.
    pub fn close_in_passing(&self) {
        let close = Close { sid: self.sid.to_owned() }.to_element();
        if let Ok(id) = random::token(12) {
            self.context.session.tell_in_passing(&Iq::set(self.jid, id, close).to_element());
        }
    }
}

impl Context {
    /// Sends an answer.
    ///
    /// # Errors
    /// What ended the session, [`Kind::Stopped`], or a timeout.
    pub fn answer(&self, iq: &Iq) -> Result<()> {
        self.session.tell(&iq.to_element(), &self.patience.until(Wait::Write))
    }
}

/// What fits no place in the conversation is answered with.
pub fn unexpected() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, "unexpected-request")
}
