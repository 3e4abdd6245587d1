//! A TCP relay that a test holds, releases or cuts in the middle of a transfer: after a number of bytes, never a time.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

const HANG: Duration = Duration::from_secs(30);

pub struct Relay {
    pub address: SocketAddr,
    gate: Arc<Gate>,
}

/// What all connections pass through.
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Bytes that may still pass, both directions together.
    left: u64,
    held: bool,
    cut: bool,
    connections: Vec<TcpStream>,
}

impl Relay {
    /// Relays `listen` to `target` and holds everything once `bytes` have passed.
    pub fn start(listen: SocketAddr, target: SocketAddr, bytes: u64) -> Relay {
        let listener = TcpListener::bind(listen).expect("the relay's address is free");
        let address = listener.local_addr().expect("bound");
        let state = State { left: bytes, held: false, cut: false, connections: Vec::new() };
        let gate = Arc::new(Gate { state: Mutex::new(state), changed: Condvar::new() });
        let relay = Relay { address, gate: Arc::clone(&gate) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                gate.connect(client, target);
            }
        });
        relay
    }

    /// Returns when the bytes have passed; nothing moves from then on. False when they never do.
    #[must_use]
    pub fn wait_until_held(&self) -> bool {
        let waited = self.gate.changed.wait_timeout_while(self.gate.lock(), HANG, |state| !state.held);
        !waited.expect("no panic").1.timed_out()
    }

    pub fn release(&self) {
        let mut state = self.gate.lock();
        (state.held, state.left) = (false, u64::MAX);
        self.gate.changed.notify_all();
    }

    /// Ends every connection, as a process that dies does.
    pub fn cut(&self) {
        let mut state = self.gate.lock();
        state.cut = true;
        for connection in &state.connections {
            let _ = connection.shutdown(Shutdown::Both);
        }
        self.gate.changed.notify_all();
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn connect(self: &Arc<Gate>, client: TcpStream, target: SocketAddr) {
        let Ok(server) = TcpStream::connect(target) else {
            return;
        };
        let copy = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
        self.lock().connections.extend([copy(&client), copy(&server)]);
        self.forward(copy(&client), copy(&server));
        self.forward(server, client);
    }

    fn forward(self: &Arc<Gate>, mut from: TcpStream, mut to: TcpStream) {
        let gate = Arc::clone(self);
        thread::spawn(move || {
            let mut block = [0; 16 * 1024];
            while let Ok(read @ 1..) = from.read(&mut block) {
                if !gate.pass(read as u64) {
                    break;
                }
                if to.write_all(&block[..read]).is_err() {
                    // Who takes nothing more is gone, and the other side must see that.
                    let _ = from.shutdown(Shutdown::Both);
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }

    /// Waits while held; false when the connection is cut.
    fn pass(&self, bytes: u64) -> bool {
        let mut state = self.lock();
        state.left = state.left.saturating_sub(bytes);
        if state.left == 0 {
            state.held = true;
            self.changed.notify_all();
        }
        let state = self.changed.wait_while(state, |state| state.held && !state.cut).expect("no panic");
        !state.cut
    }
}
