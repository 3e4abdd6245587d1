//! Connections in memory: the client's end of a socket pair, read in pieces and watched.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use firepush::dial::{Dial, Endpoint, Purpose, Stream};
use firepush::error::{Error, Kind};

/// How much arrives at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    Whole,
    Bytes(usize),
    /// Pieces of 1 to 40 bytes; the seed makes them the same again.
    Random(u64),
}

/// The sizes of the pieces of one connection.
pub struct Pieces(Cut);

impl Pieces {
    pub fn new(cut: Cut) -> Self {
        Pieces(cut)
    }

    pub fn next(&mut self) -> usize {
        match &mut self.0 {
            Cut::Whole => usize::MAX,
            Cut::Bytes(size) => *size,
            Cut::Random(state) => {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                1 + (*state >> 33) as usize % 40
            }
        }
    }
}

/// What the client did with a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    Wrote(usize),
    Read,
}

pub type Log = Arc<Mutex<Vec<Op>>>;

/// The client wants a connection and waits for what becomes of it.
pub struct Call {
    pub to: String,
    pub wait: &'static str,
    answer: Sender<ClientEnd>,
}

impl Call {
    /// Lets the client have one end, gives the other and what the client does with its own.
    pub fn accept(self, cut: Cut) -> (UnixStream, Log) {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        theirs.set_nonblocking(true).expect("non-blocking");
        let log = Log::default();
        let pieces = Mutex::new(Pieces::new(cut));
        let _ = self.answer.send(ClientEnd { socket: theirs, pieces, log: Arc::clone(&log) });
        (ours, log)
    }
}

/// Opens connections as the transcript says.
pub struct Memory {
    calls: Sender<Call>,
}

impl Memory {
    pub fn new() -> (Arc<Memory>, Receiver<Call>) {
        let (calls, called) = channel();
        (Arc::new(Memory { calls }), called)
    }
}

impl Dial for Memory {
    fn dial(&self, to: &Endpoint, purpose: Purpose<'_>) -> firepush::error::Result<Box<dyn Stream>> {
        let (answer, answered) = channel();
        let _ = self.calls.send(Call { to: to.to_string(), wait: purpose.wait().name(), answer });
        match answered.recv() {
            Ok(end) => Ok(Box::new(end)),
            Err(_) => Err(Error::new(Kind::Network, format!("nobody listens at {to}"))),
        }
    }
}

struct ClientEnd {
    socket: UnixStream,
    pieces: Mutex<Pieces>,
    log: Log,
}

impl Stream for ClientEnd {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.pieces.lock().expect("no panic").next().min(buffer.len());
        let read = (&self.socket).read(&mut buffer[..most])?;
        self.log.lock().expect("no panic").push(Op::Read);
        Ok(read)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // The player sees the bytes only together with the note.
        let mut log = self.log.lock().expect("no panic");
        let written = (&self.socket).write(bytes)?;
        log.push(Op::Wrote(written));
        Ok(written)
    }

    fn finish(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }
}

impl AsFd for ClientEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
