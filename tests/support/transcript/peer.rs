//! The player's end of a connection: plain or inside TLS.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

use super::memory::{Cut, Log, Op, Pieces};
use super::{Played, WATCHDOG};

/// One end, and what the client wrote that no line has taken yet.
pub struct Peer {
    socket: UnixStream,
    tls: Option<Box<ServerConnection>>,
    pieces: Pieces,
    pub log: Log,
    pub unread: Vec<u8>,
    /// What is to be written together with what comes next.
    pub held: Vec<u8>,
    /// The client has ended its side.
    pub ended: bool,
    /// A line has said so.
    pub may_end: bool,
}

impl Peer {
    pub fn new(socket: UnixStream, log: Log, cut: Cut) -> Self {
        socket.set_read_timeout(Some(WATCHDOG)).expect("a limit");
        socket.set_write_timeout(Some(WATCHDOG)).expect("a limit");
        Peer {
            socket,
            tls: None,
            pieces: Pieces::new(cut),
            log,
            unread: Vec::new(),
            held: Vec::new(),
            ended: false,
            may_end: false,
        }
    }

    /// Does the handshake; what the client writes with the end of it is for the next lines.
    pub fn start_tls(&mut self, config: Arc<ServerConfig>) -> Played<()> {
        let mut tls = Box::new(ServerConnection::new(config).map_err(|e| e.to_string())?);
        while tls.is_handshaking() {
            if matches!(self.receive(&mut tls)?, None | Some(0)) {
                return Err("the client ended the TLS handshake".into());
            }
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Writes as the cut says: inside TLS each piece is a record.
    pub fn write(&mut self, mut bytes: &[u8]) -> Played<()> {
        let Some(tls) = &mut self.tls else { return self.send(bytes) };
        let mut records = Vec::new();
        while !bytes.is_empty() {
            let size = self.pieces.next().min(bytes.len());
            tls.writer().write_all(&bytes[..size]).map_err(|e| e.to_string())?;
            drain(tls, &mut records);
            bytes = &bytes[size..];
        }
        self.send(&records)
    }

    fn send(&mut self, bytes: &[u8]) -> Played<()> {
        self.socket.write_all(bytes).map_err(|e| format!("the client does not read: {e}"))
    }

    /// Ends our side, in TLS too.
    pub fn finish(&mut self) -> Played<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let mut records = Vec::new();
            drain(tls, &mut records);
            // The client may be gone.
            let _ = self.socket.write_all(&records);
        }
        let _ = self.socket.shutdown(Shutdown::Write);
        Ok(())
    }

    /// Waits for more of what the client writes, or for its end.
    pub fn read(&mut self) -> Played<()> {
        if self.read_some()? { Ok(()) } else { Err("it is silent".into()) }
    }

    /// Takes what the client has written up to now, without waiting.
    pub fn look(&mut self) -> Played<()> {
        self.socket.set_nonblocking(true).map_err(|e| e.to_string())?;
        let looked = loop {
            match self.read_some() {
                Ok(true) if !self.ended => {}
                other => break other,
            }
        };
        self.socket.set_nonblocking(false).map_err(|e| e.to_string())?;
        looked.map(|_| ())
    }

    /// `false` when nothing is there and the socket does not wait, or has waited for too long.
    fn read_some(&mut self) -> Played<bool> {
        let read = match self.tls.take() {
            None => self.receive_plain(),
            Some(mut tls) => {
                let read = self.receive(&mut tls);
                self.tls = Some(tls);
                read
            }
        };
        self.ended |= read == Ok(Some(0));
        read.map(|read| read.is_some())
    }

    fn receive_plain(&mut self) -> Played<Option<usize>> {
        let mut raw = [0; 16 * 1024];
        let read = there(self.socket.read(&mut raw))?;
        self.unread.extend_from_slice(&raw[..read.unwrap_or(0)]);
        Ok(read)
    }

    /// Reads raw bytes and answers them where TLS wants that; 0 is the end.
    fn receive(&mut self, tls: &mut ServerConnection) -> Played<Option<usize>> {
        let read = there(tls.read_tls(&mut self.socket))?;
        let state = tls.process_new_packets().map_err(|e| format!("the client's TLS: {e}"))?;
        let mut text = vec![0; state.plaintext_bytes_to_read()];
        tls.reader().read_exact(&mut text).map_err(|e| e.to_string())?;
        self.unread.extend(text);
        let mut records = Vec::new();
        drain(tls, &mut records);
        // The client may be gone.
        let _ = self.socket.write_all(&records);
        Ok(if state.peer_has_closed() { Some(0) } else { read })
    }

    /// The sizes of the client's writes so far.
    pub fn writes(&self) -> Vec<usize> {
        let log = self.log.lock().expect("no panic");
        log.iter().filter_map(|op| if let Op::Wrote(size) = op { Some(*size) } else { None }).collect()
    }
}

/// Nothing if there is nothing; a client that hangs up without reading all is gone, too.
fn there(read: io::Result<usize>) -> Played<Option<usize>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::ConnectionReset => Ok(Some(0)),
        Err(e) => Err(format!("the connection broke: {e}")),
    }
}

fn drain(tls: &mut ServerConnection, records: &mut Vec<u8>) {
    while tls.wants_write() {
        tls.write_tls(records).expect("a vector takes all");
    }
}
