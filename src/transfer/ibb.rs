//! In-band bytestreams, both ends (XEP-0047, rules 51–58, 63, 64).

use std::time::Duration;

use super::peer::{Peer, unexpected};
use super::sink::Sink;
use super::source::Source;
use super::turn::Permit;
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::Wait;
use crate::proto::ibb::{self, Close, Data, Open};
use crate::proto::iq::{ErrorType, StanzaError};
use crate::session::router::{Letter, Request};

/// Block sizes to try, in bytes: what Spark uses first, then what others can take (rule 52).
const BLOCK_SIZES: [u16; 5] = [61440, 4096, 2048, 1024, 512];

/// A file that fits one block is sooner there in-band than through a proxy.
pub const ONE_BLOCK: u64 = 61440;

/// A peer that takes small blocks only may not count past this many (rule 54).
const BLOCKS_MAX: u64 = 65536;

/// Opens the stream; gives the block size, the largest that the other side takes.
///
/// # Errors
/// [`Kind::NoBytestream`] when it is refused, [`Kind::Cancelled`], [`Kind::Incomplete`], or the timeout.
pub fn open(peer: &Peer<'_>, size: u64, wait: Wait) -> Result<u16> {
    let smallest = BLOCK_SIZES[BLOCK_SIZES.len() - 1];
    let slow = peer.context.pace.block().max(smallest.into());
    for block_size in BLOCK_SIZES.into_iter().filter(|size| u64::from(*size) <= slow) {
        let until = peer.context.patience.until(wait);
        let open = Open { sid: peer.sid.to_owned(), block_size, stanza_iq: true };
        match peer.ask(open.to_element(), &until)? {
            Ok(_) if block_size < BLOCK_SIZES[0] && size.div_ceil(block_size.into()) > BLOCKS_MAX => {
                peer.close_in_passing();
                return Err(too_many_blocks(peer, block_size));
            }
            Ok(_) => return Ok(block_size),
            Err(refusal) if refusal.condition == "resource-constraint" => {}
            Err(refusal) => return Err(open_refused(peer, &refusal).during(wait)),
        }
    }
    let what = format!("{} takes no block size, not even 512 bytes", peer.jid);
    Err(Error::new(Kind::NoBytestream, what).during(wait))
}

/// Sends the bytes block by block, each after the acknowledgement of the one before (rule 51), and closes once,
/// after the last (rule 55). Smack acknowledges a block before it is read, and the reader of 3.2.1 that still has a part
/// of it when the close arrives gets an error instead: `drain` gives it a moment.
///
/// # Errors
/// [`Kind::Cancelled`], [`Kind::Incomplete`], [`Kind::Busy`], those of the source, or the timeout.
pub fn carry(
    peer: &Peer<'_>,
    source: &mut Source,
    block_size: u16,
    drain: Duration,
    last: &mut Option<Permit>,
) -> Result<()> {
    if let Err(e) = send_blocks(peer, source, block_size, last) {
        if e.kind() != Kind::Cancelled {
            peer.close_in_passing();
        }
        return Err(e);
    }
    let _ = peer.context.patience.stop().sleep(drain);
    // Every block is acknowledged: what the other side says to this, or does at the same time, changes nothing.
    let close = Close { sid: peer.sid.to_owned() }.to_element();
    let closed = peer.ask(close, &peer.context.patience.until(Wait::Close));
    log::debug!("close acknowledged: {}", matches!(closed, Ok(Ok(_))));
    Ok(())
}

fn send_blocks(peer: &Peer<'_>, source: &mut Source, block_size: u16, last: &mut Option<Permit>) -> Result<()> {
    let mut buffer = vec![0; block_size.into()];
    let mut seq: u16 = 0;
    loop {
        if source.left() <= u64::from(block_size) && last.is_none() {
            *last = peer.context.last_bytes()?;
        }
        let block = source.fill(&mut buffer)?;
        if block.is_empty() {
            return Ok(());
        }
        let until = peer.context.patience.until(Wait::IbbAck);
        peer.ask(ibb::data(peer.sid, seq, block), &until)?.map_err(|refusal| block_refused(peer, &refusal))?;
        let sent = block.len() as u64;
        peer.context.progress.add(sent);
        peer.context.pace.spend(sent, peer.context.patience.stop())?;
        seq = seq.wrapping_add(1);
    }
}

fn open_refused(peer: &Peer<'_>, refusal: &StanzaError) -> Error {
    Error::new(Kind::NoBytestream, format!("{} refused the in-band bytestream: {refusal}", peer.jid))
        .advise("send again; if it stays so, let its user log in again")
}

fn block_refused(peer: &Peer<'_>, refusal: &StanzaError) -> Error {
    let (kind, what) = match refusal.condition.as_str() {
        "resource-constraint" => (Kind::Busy, "can't take more"),
        "service-unavailable" | "recipient-unavailable" => (Kind::Incomplete, "went offline"),
        _ => (Kind::Incomplete, "refused a block"),
    };
    Error::new(kind, format!("{} {what}: {refusal}", peer.jid)).during(Wait::IbbAck)
}

fn too_many_blocks(peer: &Peer<'_>, block_size: u16) -> Error {
    let what = format!("{} takes blocks of {block_size} bytes only and may not count past {BLOCKS_MAX}", peer.jid);
    Error::new(Kind::Unable, what).advise("use --method socks5, or send smaller files").during(Wait::Open)
}

/// Accepts the sender's stream and writes what comes until the sender closes.
///
/// # Errors
/// [`Kind::Protocol`], [`Kind::Incomplete`], [`Kind::Write`], or the timeout.
pub fn receive(peer: &Peer<'_>, request: Request, open: &Open, sink: &mut Sink) -> Result<()> {
    if !open.stanza_iq {
        peer.answer(&request.refuse(StanzaError::new(ErrorType::Cancel, "feature-not-implemented")))?;
        let what = "the sender wants to put the blocks into messages, which get lost";
        return Err(Error::new(Kind::Protocol, what).during(Wait::Initiation));
    }
    peer.answer(&request.result(None))?;
    let taken = take_blocks(peer, open.block_size, sink);
    if taken.is_err() {
        peer.close_in_passing();
    }
    taken.map_err(|e| e.during(Wait::Data))
}

fn take_blocks(peer: &Peer<'_>, block_size: u16, sink: &mut Sink) -> Result<()> {
    let mut last: Option<u16> = None;
    let mut until = peer.context.patience.until(Wait::Data);
    loop {
        match peer.next(&until) {
            Ok(Letter::Data(request, data)) => {
                take_block(peer, request, &data, last, block_size, sink)?;
                last = Some(data.seq);
                let wait = if sink.is_full() { Wait::Close } else { Wait::Data };
                until = peer.context.patience.until(wait);
            }
            Ok(Letter::Close(request)) => {
                peer.answer(&request.result(None))?;
                return sink.check_complete();
            }
            Ok(Letter::BadData(request)) => {
                peer.answer(&request.refuse(StanzaError::new(ErrorType::Modify, "bad-request")))?;
                return Err(Error::new(Kind::Protocol, format!("{} sent a block that is no base64", peer.jid)));
            }
            Ok(other) => peer.answer(&other.into_request().refuse(unexpected()))?,
            // Every byte is here and acknowledged: whatever keeps the close from coming, the file is whole.
            Err(_) if sink.is_full() => return sink.check_complete(),
            Err(e) => return Err(e),
        }
    }
}

/// Acknowledges a block after it is written and before it is safe on the disk (rule 63).
fn take_block(
    peer: &Peer<'_>,
    request: Request,
    data: &Data,
    last: Option<u16>,
    block_size: u16,
    sink: &mut Sink,
) -> Result<()> {
    if !follows(last, data.seq) {
        peer.answer(&request.refuse(unexpected()))?;
        let after = last.map_or_else(|| "nothing".to_owned(), |last| last.to_string());
        let what = format!("{} sent block {} after {after}", peer.jid, data.seq);
        return Err(Error::new(Kind::Protocol, what));
    }
    if data.data.len() > block_size.into() {
        peer.answer(&request.refuse(StanzaError::new(ErrorType::Modify, "bad-request")))?;
        return Err(Error::new(Kind::Protocol, format!("{} sent a block that is larger than agreed", peer.jid)));
    }
    if let Err(e) = sink.write(&data.data) {
        let condition = if e.kind() == Kind::Write { "resource-constraint" } else { "bad-request" };
        peer.answer(&request.refuse(StanzaError::new(ErrorType::Cancel, condition)))?;
        return Err(e);
    }
    peer.context.progress.add(data.data.len() as u64);
    peer.answer(&request.result(None))
}

/// Smack up to 4.3 goes from 65534 to 0 (rule 64).
fn follows(last: Option<u16>, seq: u16) -> bool {
    match last {
        None => seq == 0,
        Some(last) => seq == last.wrapping_add(1) || (last == 65534 && seq == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bed, zeros};
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::thread;
    use std::time::Duration;

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

    /// Acknowledges so many blocks; gives their numbers.
    fn acknowledge(server: &mut TcpStream, blocks: usize) -> Vec<usize> {
        let (mut seen, mut heard, mut bytes) = (Vec::new(), String::new(), [0; 4096]);
        while seen.len() < blocks {
            let n = server.read(&mut bytes).unwrap();
            heard += std::str::from_utf8(&bytes[..n]).unwrap();
            if !heard.ends_with("</iq>") {
                continue;
            }
            let value = |name| heard.split(name).nth(1).unwrap().split('"').next().unwrap();
            seen.push(value("seq=\"").parse().unwrap());
            let ack = format!("<iq type='result' id='{}' from='ops@x/Spark'/>", value("id=\""));
            server.write_all(ack.as_bytes()).unwrap();
            heard.clear();
        }
        seen
    }

    #[test]
    fn rule_53_the_number_after_65535_is_0() {
        let bed = Bed::new().waiting(Wait::Close, Duration::from_millis(100));
        let mut server = bed.server.try_clone().unwrap();
        server.set_nodelay(true).unwrap();
        let reads = thread::spawn(move || acknowledge(&mut server, 65_538));
        let to = "ops@x/Spark".parse().unwrap();
        let peer = Peer::open(&bed.context, &to, "s1").unwrap();
        carry(&peer, &mut zeros(65_538), 1, Duration::ZERO, &mut None).unwrap();
        assert!(reads.join().unwrap().into_iter().enumerate().all(|(n, seq)| seq == n % 65_536));
    }
}
