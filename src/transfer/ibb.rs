//! In-band bytestreams, both ends (XEP-0047, rules 51–58, 63, 64).

use std::os::fd::AsFd;

use super::Context;
use super::sink::Sink;
use super::source::Source;
use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::os::until::{Ready, Until};
use crate::proto::ibb::{self, Close, Data, Open};
use crate::proto::iq::{ErrorType, Iq, StanzaError};
use crate::session::Letterbox;
use crate::session::pending::{Answer, Pending};
use crate::session::router::{Letter, Request};

/// Block sizes to try, in bytes: what Spark uses first, then what others can take (rule 52).
const BLOCK_SIZES: [u16; 5] = [61440, 4096, 2048, 1024, 512];

/// A file that fits one block is sooner there in-band than through a proxy.
pub const ONE_BLOCK: u64 = 61440;

/// A peer that takes small blocks only may not count past this many (rule 54).
const BLOCKS_MAX: u64 = 65536;

/// The sender's end.
pub struct Sending<'c> {
    pub context: &'c Context,
    pub peer: &'c Jid,
    pub sid: &'c str,
    pub letters: &'c Letterbox,
}

impl Sending<'_> {
    /// Opens the stream; gives the block size, the largest that the other side takes.
    ///
    /// # Errors
    /// [`Kind::NoBytestream`] when it is refused, [`Kind::Cancelled`], [`Kind::Incomplete`], or the timeout.
    pub fn open(&self, size: u64, wait: Wait) -> Result<u16> {
        for block_size in BLOCK_SIZES {
            let until = self.context.patience.until(wait);
            let open = Open { sid: self.sid.to_owned(), block_size, stanza_iq: true };
            let asked = self.context.session.set(self.peer, open.to_element(), &until)?;
            match self.reply(&asked, &until)? {
                Ok(_) if block_size < BLOCK_SIZES[0] && size.div_ceil(block_size.into()) > BLOCKS_MAX => {
                    return Err(self.too_many_blocks(block_size));
                }
                Ok(_) => return Ok(block_size),
                Err(refusal) if refusal.condition == "resource-constraint" => {}
                Err(refusal) => return Err(self.refused(&refusal).during(wait)),
            }
        }
        let what = format!("{} takes no block size, not even 512 bytes", self.peer);
        Err(Error::new(Kind::NoBytestream, what).during(wait))
    }

    /// Sends the bytes block by block, each after the acknowledgement of the one before (rule 51), and closes
    /// once, after the last (rule 55).
    ///
    /// # Errors
    /// [`Kind::Cancelled`], [`Kind::Incomplete`], [`Kind::Busy`], those of the source, or the timeout.
    pub fn carry(&self, source: &mut Source, block_size: u16) -> Result<()> {
        let sent = self.send_blocks(source, block_size);
        let close = Close { sid: self.sid.to_owned() }.to_element();
        let until = self.context.patience.until(Wait::Close);
        if let Err(e) = sent {
            self.context.session.tell_in_passing(&Iq::set(self.peer, self.fresh_id()?, close).to_element());
            return Err(e);
        }
        let closed = self.context.session.set(self.peer, close, &until).and_then(|asked| asked.wait(&until));
        log::debug!("close acknowledged: {}", matches!(closed, Ok(Ok(_))));
        Ok(())
    }

    fn fresh_id(&self) -> Result<String> {
        crate::os::random::token(12)
    }

    fn send_blocks(&self, source: &mut Source, block_size: u16) -> Result<()> {
        let mut buffer = vec![0; block_size.into()];
        let mut seq: u16 = 0;
        loop {
            let block = source.fill(&mut buffer)?;
            if block.is_empty() {
                return Ok(());
            }
            let until = self.context.patience.until(Wait::IbbAck);
            let data = ibb::data(self.sid, seq, block);
            let asked = self.context.session.set(self.peer, data, &until)?;
            self.reply(&asked, &until)?.map_err(|refusal| self.ended(&refusal))?;
            self.context.progress.add(block.len() as u64);
            seq = seq.wrapping_add(1);
        }
    }

    /// Waits for a reply, and minds what else the other side may say meanwhile.
    fn reply(&self, asked: &Pending, until: &Until) -> Result<Answer> {
        loop {
            if let Some(answer) = asked.try_wait().map_err(|e| e.during(until.wait()))? {
                return Ok(answer);
            }
            if let Some(letter) = self.letters.try_take().map_err(|e| e.during(until.wait()))? {
                self.mind(letter).map_err(|e| e.during(until.wait()))?;
            }
            let news = [(asked.as_fd(), Ready::Read), (self.letters.as_fd(), Ready::Read)];
            until.any_ready(&news).map_err(|e| e.at(self.peer))?;
        }
    }

    /// A close before we are done is the user's cancel (rule 56); a resource that went offline takes no more
    /// blocks, and some servers don't say so (rule 77).
    fn mind(&self, letter: Letter) -> Result<()> {
        let session = &self.context.session;
        match letter {
            Letter::Close(request) => {
                session.tell(&request.result(None).to_element())?;
                Err(Error::new(Kind::Cancelled, format!("{} cancelled the transfer", self.peer)))
            }
            Letter::Gone => Err(Error::new(Kind::Incomplete, format!("{} went offline", self.peer))),
            Letter::Open(request, _)
            | Letter::Data(request, _)
            | Letter::BadData(request)
            | Letter::Streamhosts(request, _) => session.tell(&request.refuse(unexpected()).to_element()),
        }
    }

    fn refused(&self, refusal: &StanzaError) -> Error {
        Error::new(Kind::NoBytestream, format!("{} refused the in-band bytestream: {refusal}", self.peer))
            .advise("send again; if it stays so, let its user log in again")
    }

    fn ended(&self, refusal: &StanzaError) -> Error {
        let (kind, what) = match refusal.condition.as_str() {
            "resource-constraint" => (Kind::Busy, "can't take more"),
            "service-unavailable" | "recipient-unavailable" => (Kind::Incomplete, "went offline"),
            _ => (Kind::Incomplete, "refused a block"),
        };
        Error::new(kind, format!("{} {what}: {refusal}", self.peer)).during(Wait::IbbAck)
    }

    fn too_many_blocks(&self, block_size: u16) -> Error {
        let what = format!("{} takes blocks of {block_size} bytes only and may not count past {BLOCKS_MAX}", self.peer);
        Error::new(Kind::Unable, what).advise("use --method socks5, or send smaller files").during(Wait::Open)
    }
}

/// The receiver's end: takes the blocks of an accepted offer until the sender closes.
pub struct Receiving<'c> {
    pub context: &'c Context,
    pub peer: &'c Jid,
    pub sid: &'c str,
    pub letters: &'c Letterbox,
}

impl Receiving<'_> {
    /// Accepts the stream and writes what comes.
    ///
    /// # Errors
    /// [`Kind::Protocol`], [`Kind::Incomplete`], [`Kind::Write`], or the timeout.
    pub fn receive(&self, request: Request, open: &Open, sink: &mut Sink) -> Result<()> {
        if !open.stanza_iq {
            self.tell(request.refuse(StanzaError::new(ErrorType::Cancel, "feature-not-implemented")))?;
            let what = "the sender wants to put the blocks into messages, which get lost";
            return Err(Error::new(Kind::Protocol, what).during(Wait::Initiation));
        }
        self.tell(request.result(None))?;
        let taken = self.take_blocks(open.block_size, sink);
        if taken.is_err() {
            let close = Close { sid: self.sid.to_owned() }.to_element();
            let id = crate::os::random::token(12)?;
            self.context.session.tell_in_passing(&Iq::set(self.peer, id, close).to_element());
        }
        taken.map_err(|e| e.during(Wait::Data))
    }

    fn take_blocks(&self, block_size: u16, sink: &mut Sink) -> Result<()> {
        let mut last: Option<u16> = None;
        loop {
            let wait = if sink.is_full() { Wait::Close } else { Wait::Data };
            match self.letters.take(&self.context.patience.until(wait)) {
                Ok(Letter::Data(request, data)) => {
                    self.take_block(request, &data, last, block_size, sink)?;
                    last = Some(data.seq);
                }
                Ok(Letter::Close(request)) => {
                    self.tell(request.result(None))?;
                    return sink.check_complete();
                }
                Ok(Letter::BadData(request)) => {
                    self.tell(request.refuse(StanzaError::new(ErrorType::Modify, "bad-request")))?;
                    return Err(Error::new(Kind::Protocol, format!("{} sent a block that is no base64", self.peer)));
                }
                Ok(Letter::Open(request, _) | Letter::Streamhosts(request, _)) => {
                    self.tell(request.refuse(unexpected()))?;
                }
                Ok(Letter::Gone) => return Err(Error::new(Kind::Incomplete, format!("{} went offline", self.peer))),
                // All bytes are here and the sender never closes.
                Err(e) if wait == Wait::Close && e.kind() == Kind::Timeout => return sink.check_complete(),
                Err(e) => return Err(e),
            }
        }
    }

    /// Acknowledges a block after it is written and before it is safe on the disk (rule 63).
    fn take_block(&self, request: Request, data: &Data, last: Option<u16>, size: u16, sink: &mut Sink) -> Result<()> {
        if !follows(last, data.seq) {
            self.tell(request.refuse(unexpected()))?;
            let what = format!("{} sent block {} after {last:?}", self.peer, data.seq);
            return Err(Error::new(Kind::Protocol, what));
        }
        if data.data.len() > size.into() {
            self.tell(request.refuse(StanzaError::new(ErrorType::Modify, "bad-request")))?;
            return Err(Error::new(Kind::Protocol, format!("{} sent a block that is larger than agreed", self.peer)));
        }
        if let Err(e) = sink.write(&data.data) {
            let condition = if e.kind() == Kind::Write { "resource-constraint" } else { "bad-request" };
            self.tell(request.refuse(StanzaError::new(ErrorType::Cancel, condition)))?;
            return Err(e);
        }
        self.context.progress.add(data.data.len() as u64);
        self.tell(request.result(None))
    }

    fn tell(&self, answer: Iq) -> Result<()> {
        self.context.session.tell(&answer.to_element())
    }
}

/// Smack up to 4.3 goes from 65534 to 0 (rule 64).
fn follows(last: Option<u16>, seq: u16) -> bool {
    match last {
        None => seq == 0,
        Some(last) => seq == last.wrapping_add(1) || (last == 65534 && seq == 0),
    }
}

fn unexpected() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, "unexpected-request")
}

#[cfg(test)]
mod tests {
    use super::follows;

    #[test]
    fn rule_64_the_count_wraps_after_65535_and_for_old_smack_after_65534() {
        for (last, seq, good) in [
            (None, 0, true),
            (None, 1, false),
            (Some(0), 1, true),
            (Some(0), 0, false),
            (Some(0), 2, false),
            (Some(65534), 65535, true),
            (Some(65534), 0, true),
            (Some(65535), 0, true),
            (Some(65535), 1, false),
            (Some(65533), 0, false),
        ] {
            assert_eq!(follows(last, seq), good, "{last:?} {seq}");
        }
    }
}
