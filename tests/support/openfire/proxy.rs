//! Openfire's file transfer proxy: who comes first is the target, and a reset of the initiator is a clean end.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::notes::Notes;
use super::options::{Fault, Options, ProxyPhase, Timers};
use super::socket;

/// A connection that is stalled is kept for this long at most.
const HANG: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    port: AtomicU16,
    /// A port on which nobody listens, held so that nobody will.
    dead: TcpListener,
    timers: Timers,
    fault: Option<(ProxyPhase, Fault)>,
    fault_at: usize,
    greetings: AtomicUsize,
    /// Small buffers both ways, so that what the other side hasn't read is noticed.
    buffer: Option<usize>,
    offers: Mutex<HashMap<String, Instant>>,
    transfers: Mutex<HashMap<String, Transfer>>,
    notes: Arc<Notes>,
}

struct Transfer {
    since: Instant,
    target: TcpStream,
    initiator: Option<TcpStream>,
    active: bool,
}

pub fn digest(sid: &str, initiator: &str, target: &str) -> String {
    sha1_smol::Sha1::from(format!("{sid}{initiator}{target}")).digest().to_string()
}

impl Proxy {
    pub fn start(options: &Options, notes: Arc<Notes>) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        if let Some(bytes) = options.receive_buffer {
            socket::receive_buffer(&listener, bytes);
        }
        let inner = Inner {
            port: AtomicU16::new(listener.local_addr().expect("bound").port()),
            dead: socket::deaf(),
            timers: options.timers,
            fault: options.proxy_fault.clone(),
            fault_at: options.proxy_fault_at,
            greetings: AtomicUsize::new(0),
            buffer: options.receive_buffer,
            offers: Mutex::default(),
            transfers: Mutex::default(),
            notes,
        };
        let proxy = Proxy(Arc::new(inner));
        let accepting = proxy.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let proxy = accepting.clone();
                thread::spawn(move || proxy.serve(client));
            }
        });
        proxy
    }

    /// The port that clients are told.
    pub fn advertised(&self) -> u16 {
        self.0.port.load(Ordering::SeqCst)
    }

    /// Tells clients another port, where a relay stands.
    pub fn advertise(&self, port: u16) {
        self.0.port.store(port, Ordering::SeqCst);
    }

    pub fn dead_port(&self) -> u16 {
        self.0.dead.local_addr().expect("bound").port()
    }

    pub fn saw_offer(&self, digest: String) {
        self.0.offers.lock().expect("no panic").insert(digest, Instant::now());
    }

    fn note(&self, what: &str) {
        self.0.notes.add(what);
    }

    fn serve(&self, mut client: TcpStream) {
        let _ = client.set_nodelay(true);
        if let Some(bytes) = self.0.buffer {
            socket::send_buffer(&client, bytes);
        }
        let mut greeting = [0; 2];
        if client.read_exact(&mut greeting).is_err() || greeting[0] != 5 {
            return;
        }
        let mut methods = vec![0; greeting[1].into()];
        if client.read_exact(&mut methods).is_err() || !methods.contains(&0) {
            return;
        }
        self.note("greeting");
        let number = self.0.greetings.fetch_add(1, Ordering::SeqCst) + 1;
        if !self.answer(&mut client, number, ProxyPhase::Method, &[5, 0]) {
            return;
        }
        let Some(digest) = connect(&mut client) else { return self.note("torn CONNECT") };
        self.note("CONNECT");
        let known = self
            .0
            .offers
            .lock()
            .expect("no panic")
            .get(&digest)
            .is_some_and(|seen| seen.elapsed() < self.0.timers.offer);
        let reply = [&[5, if known { 0 } else { 2 }, 0, 3, 40][..], digest.as_bytes(), &[0, 0]].concat();
        if !known {
            self.note("refused CONNECT");
            let _ = client.write_all(&reply);
            return;
        }
        // Paired before it is answered, for the answer lets the other side go on.
        self.pair(&digest, &client);
        self.answer(&mut client, number, ProxyPhase::Reply, &reply);
    }

    /// The first is the target, whoever it is; after the pairing time that is so again.
    fn pair(&self, digest: &str, client: &TcpStream) {
        let client = client.try_clone().expect("a descriptor");
        let mut transfers = self.0.transfers.lock().expect("no panic");
        transfers.retain(|_, transfer| transfer.active || transfer.since.elapsed() < self.0.timers.pairing);
        match transfers.get_mut(digest) {
            Some(transfer) => transfer.initiator = Some(client),
            None => {
                let transfer = Transfer { since: Instant::now(), target: client, initiator: None, active: false };
                transfers.insert(digest.to_owned(), transfer);
            }
        }
    }

    /// False when the connection is over.
    fn answer(&self, client: &mut TcpStream, number: usize, phase: ProxyPhase, bytes: &[u8]) -> bool {
        match self.0.fault.as_ref().filter(|(at, _)| *at == phase && number == self.0.fault_at) {
            None => client.write_all(bytes).is_ok(),
            Some((_, fault)) => {
                self.note("proxy fault");
                fail(client, fault, bytes)
            }
        }
    }

    pub fn activate(&self, digest: &str) -> Result<(), &'static str> {
        let mut transfers = self.0.transfers.lock().expect("no panic");
        transfers.retain(|_, transfer| transfer.active || transfer.since.elapsed() < self.0.timers.pairing);
        let Some(transfer) = transfers.get_mut(digest) else { return Err("not-allowed") };
        let Some(initiator) = &transfer.initiator else { return Err("not-allowed") };
        if transfer.active {
            // The data is lost then.
            let _ = initiator.shutdown(Shutdown::Both);
            let _ = transfer.target.shutdown(Shutdown::Both);
            return Err("service-unavailable");
        }
        transfer.active = true;
        let (from, to) = (initiator.try_clone(), transfer.target.try_clone());
        let proxy = self.clone();
        thread::spawn(move || proxy.copy(from.expect("a descriptor"), to.expect("a descriptor")));
        Ok(())
    }

    /// To the initiator's end, also a broken one; nothing goes the other way.
    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut left = match self.0.fault {
            Some((ProxyPhase::Data(bytes), _)) => bytes,
            _ => usize::MAX,
        };
        let mut block = [0; 8192];
        while left > 0 {
            let wanted = block.len().min(left);
            match from.read(&mut block[..wanted]) {
                Ok(n @ 1..) if to.write_all(&block[..n]).is_ok() => left -= n,
                _ => break,
            }
        }
        if let (0, Some((_, fault))) = (left, &self.0.fault) {
            self.note("proxy fault");
            fail(&mut from, fault, &[]);
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}

/// The header is read once: 5 bytes, then 40; a torn one ends the connection without a reply.
fn connect(client: &mut TcpStream) -> Option<String> {
    let mut head = [0; 5];
    if client.read(&mut head).ok()? != 5 || head != [5, 1, 0, 3, 40] {
        return None;
    }
    let mut digest = [0; 40];
    if client.read(&mut digest).ok()? != 40 {
        return None;
    }
    client.read_exact(&mut [0; 2]).ok()?;
    String::from_utf8(digest.to_vec()).ok()
}

fn fail(client: &mut TcpStream, fault: &Fault, answer: &[u8]) -> bool {
    match fault {
        Fault::Stall | Fault::Freeze => stall(client),
        Fault::Eof => drop(client.shutdown(Shutdown::Both)),
        Fault::Rst => socket::reset(client),
        Fault::Garbage(bytes) => {
            let _ = client.write_all(bytes);
            stall(client);
        }
        Fault::Instead(text) => return client.write_all(text.as_bytes()).is_ok(),
        Fault::Drip(_) => {
            // Right, but byte by byte.
            return answer.iter().all(|byte| client.write_all(&[*byte]).is_ok());
        }
        Fault::Half => {
            let _ = client.write_all(&answer[..answer.len() / 2]);
            let _ = client.shutdown(Shutdown::Both);
        }
    }
    false
}

/// Neither reads nor writes: the other end has to give up by itself.
fn stall(client: &TcpStream) {
    let _keep = client;
    thread::sleep(HANG);
}
