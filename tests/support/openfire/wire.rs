//! One connection: TCP, then TLS; a thread writes what is queued, another one reads.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use super::framing::{Frame, Framing};
use super::options::{Cut, Fault, Options, chance};
use super::socket;

/// The connection is over, whoever ended it.
pub struct Over;

pub type Flow<T> = Result<T, Over>;

/// A fault that drips or freezes ends when its connection does, or after this.
const HANG: Duration = Duration::from_secs(60);
const DRIP: Duration = Duration::from_millis(2);

enum Message {
    Bytes(Vec<u8>),
    Flush(Sender<()>),
    End,
}

/// The part that any thread may use.
#[derive(Clone)]
pub struct Wire {
    socket: Arc<TcpStream>,
    tls: Arc<Mutex<Option<ServerConnection>>>,
    queue: Sender<Message>,
}

/// The part of the thread that serves the connection.
pub struct Connection {
    pub wire: Wire,
    pub framing: Framing,
    raw: Vec<u8>,
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Option<ServerConnection>> {
        self.tls.lock().expect("no panic")
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is connected")
    }

    pub fn say(&self, text: &str) {
        let _ = self.queue.send(Message::Bytes(text.as_bytes().to_vec()));
    }

    pub fn say_bytes(&self, bytes: &[u8]) {
        let _ = self.queue.send(Message::Bytes(bytes.to_vec()));
    }

    /// Waits until all that was said is written.
    pub fn flush(&self) {
        let (done, wait) = channel();
        if self.queue.send(Message::Flush(done)).is_ok() {
            let _ = wait.recv();
        }
    }

    /// Says what is queued, then ends in order.
    pub fn end(&self) {
        let _ = self.queue.send(Message::End);
    }

    pub fn reset(&self) {
        socket::reset(&self.socket);
    }

    fn run(self, messages: &Receiver<Message>, cut: Cut) {
        let mut count = 0;
        while let Ok(message) = messages.recv() {
            match message {
                Message::Bytes(bytes) => {
                    if !self.write(&bytes, cut, &mut count) {
                        let _ = self.socket.shutdown(Shutdown::Both);
                        return;
                    }
                }
                Message::Flush(done) => drop(done.send(())),
                Message::End => {
                    if let Some(tls) = self.lock().as_mut() {
                        tls.send_close_notify();
                    }
                    let _ = self.put(&[]);
                    let _ = self.socket.shutdown(Shutdown::Write);
                    return;
                }
            }
        }
    }

    fn write(&self, bytes: &[u8], cut: Cut, count: &mut u64) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            *count += 1;
            let size = match cut {
                Cut::Whole => 16 * 1024,
                Cut::Every(size) => size,
                Cut::Random(seed) => 1 + (chance(seed, *count) % 40) as usize,
            };
            let (now, later) = rest.split_at(size.min(rest.len()));
            if !self.put(now) {
                return false;
            }
            rest = later;
        }
        true
    }

    /// Encrypts under the lock and writes without it.
    fn put(&self, plain: &[u8]) -> bool {
        let mut records = Vec::new();
        match self.lock().as_mut() {
            None => records.extend_from_slice(plain),
            Some(tls) => {
                let _ = tls.writer().write_all(plain);
                take_records(tls, &mut records);
            }
        }
        (&*self.socket).write_all(&records).is_ok()
    }
}

impl Connection {
    pub fn new(socket: TcpStream, options: &Options) -> Connection {
        let _ = socket.set_nodelay(true);
        let _ = socket.set_write_timeout(Some(options.timers.write));
        let (queue, messages) = channel();
        let wire = Wire { socket: Arc::new(socket), tls: Arc::default(), queue };
        let (writer, cut) = (wire.clone(), options.cut);
        thread::spawn(move || writer.run(&messages, cut));
        Connection { wire, framing: Framing::new(), raw: vec![0; 16 * 1024] }
    }

    /// The next frame; `None` when none came before the deadline.
    pub fn frame(&mut self, deadline: Option<Instant>) -> Flow<Option<Frame>> {
        loop {
            if let Some(frame) = self.framing.next() {
                return Ok(Some(frame));
            }
            match self.read(deadline)? {
                Some(plain) => self.framing.push(&plain),
                None => return Ok(None),
            }
        }
    }

    /// What came, decrypted; `None` at the deadline.
    pub fn read(&mut self, deadline: Option<Instant>) -> Flow<Option<Vec<u8>>> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(None);
        }
        self.wire.socket.set_read_timeout(left).map_err(|_| Over)?;
        match (&*self.wire.socket).read(&mut self.raw) {
            Ok(0) => Err(Over),
            Ok(n) => self.decrypt(n).map(Some),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(e) if e.kind() == ErrorKind::Interrupted => Ok(Some(Vec::new())),
            Err(_) => Err(Over),
        }
    }

    fn decrypt(&self, n: usize) -> Flow<Vec<u8>> {
        let mut raw = &self.raw[..n];
        let mut tls = self.wire.lock();
        match tls.as_mut() {
            None => Ok(raw.to_vec()),
            Some(tls) => feed(tls, &mut raw),
        }
    }

    /// Accepts TLS; gives what came with the client's last message, and whether it is TLS 1.3.
    pub fn accept_tls(&mut self, config: Arc<ServerConfig>, fault: Option<&Fault>) -> Flow<(Vec<u8>, bool)> {
        let mut tls = ServerConnection::new(config).map_err(|_| Over)?;
        let mut plain = Vec::new();
        self.wire.socket.set_read_timeout(None).map_err(|_| Over)?;
        while tls.is_handshaking() {
            let n = (&*self.wire.socket).read(&mut self.raw).ok().filter(|n| *n > 0).ok_or(Over)?;
            let fed = feed(&mut tls, &mut &self.raw[..n]);
            let mut records = Vec::new();
            take_records(&mut tls, &mut records);
            if let (Some(fault), false) = (fault, records.is_empty()) {
                return Err(self.fault_with(fault, &records));
            }
            (&*self.wire.socket).write_all(&records).map_err(|_| Over)?;
            plain.extend(fed?);
        }
        let modern = tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        *self.wire.lock() = Some(tls);
        Ok((plain, modern))
    }

    /// Does what goes wrong; `answer` is what would have been said.
    pub fn fault_with(&mut self, fault: &Fault, answer: &[u8]) -> Over {
        match fault {
            Fault::Stall | Fault::Instead(_) => self.drain(),
            Fault::Freeze => self.freeze(),
            Fault::Eof => self.hang_up(),
            Fault::Rst => {
                self.wire.flush();
                self.wire.reset();
                Over
            }
            Fault::Garbage(bytes) => {
                self.wire.say_bytes(bytes);
                self.drain()
            }
            Fault::Drip(text) => self.drip(text.as_bytes()),
            Fault::Half => {
                self.wire.say_bytes(&answer[..answer.len() / 2]);
                self.hang_up()
            }
        }
    }

    fn hang_up(&mut self) -> Over {
        self.wire.end();
        self.drain()
    }

    /// Reads on until the client gives up.
    pub fn drain(&mut self) -> Over {
        let end = Instant::now() + HANG;
        while let Ok(Some(_)) = self.read(Some(end)) {}
        Over
    }

    /// Leaves everything unread until the client has ended its side.
    fn freeze(&mut self) -> Over {
        let end = Instant::now() + HANG;
        while Instant::now() < end && !socket::peer_is_gone(&self.wire.socket) {
            thread::sleep(DRIP);
        }
        Over
    }

    fn drip(&mut self, bytes: &[u8]) -> Over {
        let last = *bytes.last().expect("something to drip");
        let end = Instant::now() + HANG;
        self.wire.say_bytes(bytes);
        while Instant::now() < end && self.read(Some(Instant::now() + DRIP)).is_ok() {
            self.wire.say_bytes(&[last]);
        }
        Over
    }
}

fn feed(tls: &mut ServerConnection, raw: &mut &[u8]) -> Flow<Vec<u8>> {
    let mut plain = Vec::new();
    while !raw.is_empty() {
        tls.read_tls(raw).ok().filter(|n| *n > 0).ok_or(Over)?;
        tls.process_new_packets().map_err(|_| Over)?;
        let _ = tls.reader().read_to_end(&mut plain);
    }
    Ok(plain)
}

fn take_records(tls: &mut ServerConnection, records: &mut Vec<u8>) {
    while tls.wants_write() && tls.write_tls(records).is_ok() {}
}
