//! Plays a transcript, line by line.

use std::sync::mpsc::Receiver;

use super::client::{self, Outcome, Running};
use super::memory::{Call, Cut, Memory, Op};
use super::pattern::{Match, Names};
use super::peer::Peer;
use super::quiet::wait_until_quiet;
use super::script::{Script, Step};
use super::tls::{self, Identity};
use super::{PASSWORD, Played, WATCHDOG, payload};

/// Plays it; gives what the client did with the stream's connection.
///
/// # Errors
/// The line where the client did something else than is written down, and what.
pub fn play(script: &Script, cut: Cut) -> Played<Vec<Op>> {
    let (dialer, calls) = Memory::new();
    let (user, domain) = script.head.account();
    let identity = tls::identity(&domain);
    let running = client::start(script, dialer);
    let mut player = Player {
        names: Names::new(&user, identity.hash.clone(), payload(script.head.file.1)),
        identity,
        cut,
        calls,
        waiting: Vec::new(),
        stream: None,
        proxy: None,
        taken: 0,
        writes: 0,
    };
    for (n, line) in script.lines.iter().enumerate() {
        let next = script.lines.get(n + 1).map(|line| &line.step);
        player.step(&line.step, next).map_err(|why| format!("{}: {why}{}", line.at, told(&running)))?;
    }
    compare(&script.head.expect, &running)?;
    let stream = player.stream.ok_or("no stream was ever opened")?;
    let log = stream.log.lock().expect("no panic").clone();
    Ok(log)
}

struct Player {
    identity: Identity,
    names: Names,
    cut: Cut,
    calls: Receiver<Call>,
    /// Connections that the client wants and no line has mentioned yet.
    waiting: Vec<Call>,
    stream: Option<Peer>,
    proxy: Option<Peer>,
    /// So many bytes of the file have gone through the proxy's connection.
    taken: usize,
    /// So many writes of the client to the proxy have been compared.
    writes: usize,
}

impl Player {
    fn step(&mut self, step: &Step, next: Option<&Step>) -> Played<()> {
        match step {
            Step::Client(line) => self.client_writes(std::slice::from_ref(line)),
            Step::ClientAnyOrder(lines) => self.client_writes(lines),
            Step::Server(line) => self.server_writes(line, matches!(next, Some(Step::Server(_)))),
            Step::ProxyClient(line) => self.client_writes_to_proxy(line),
            Step::Proxy(line) => self.proxy_writes(line),
            Step::Dial { to, wait, taken } => self.dial(to, wait, *taken),
            Step::Tls(version) => self.start_tls(version),
            Step::Until(_) => Ok(()),
            Step::Eof => self.nothing_more().and_then(|()| stream(&mut self.stream)?.finish()),
            Step::Close => self.close(),
            Step::Gone { anyhow } => self.gone(*anyhow),
        }
    }

    /// Takes the lines in any order.
    fn client_writes(&mut self, lines: &[String]) -> Played<()> {
        let peer = stream(&mut self.stream)?;
        let mut left: Vec<&String> = lines.iter().collect();
        while !left.is_empty() {
            let mut compared = Vec::new();
            for line in &left {
                compared.push(self.names.compare(line, &peer.unread)?);
            }
            if let Some((at, length)) = full(&compared) {
                peer.unread.drain(..length);
                left.remove(at);
            } else if !compared.contains(&Match::More) {
                return Err(compared.into_iter().map(Match::why).collect::<Vec<_>>().join("\nor "));
            } else if peer.ended {
                return Err(missing("it hung up", left[0], &peer.unread));
            } else {
                peer.read().map_err(|why| missing(&why, left[0], &peer.unread))?;
            }
        }
        Ok(())
    }

    /// Lines that follow each other are one write.
    fn server_writes(&mut self, line: &str, more_follows: bool) -> Played<()> {
        if stream(&mut self.stream)?.held.is_empty() {
            self.nothing_more()?;
        }
        let text = self.names.expand(line)?;
        let peer = stream(&mut self.stream)?;
        peer.held.extend_from_slice(text.as_bytes());
        if more_follows {
            return Ok(());
        }
        let held = std::mem::take(&mut peer.held);
        peer.write(&held)
    }

    fn client_writes_to_proxy(&mut self, line: &str) -> Played<()> {
        let expected = match line.split_once(' ') {
            Some(("@data", size)) => self.data(size)?,
            _ if line == "@eof" => Vec::new(),
            _ => self.names.bytes(line)?,
        };
        let peer = self.proxy.as_mut().ok_or("no connection to the proxy is open")?;
        while peer.unread.len() < expected.len() && !peer.ended {
            peer.read()?;
        }
        let got: Vec<u8> = peer.unread.drain(..expected.len().min(peer.unread.len())).collect();
        if got != expected {
            return Err(format!("expected {}\n     got {}", hex(&expected), hex(&got)));
        }
        if line == "@eof" {
            return at_end(peer);
        }
        if !line.starts_with('@') {
            let size = peer.writes().get(self.writes).copied();
            self.writes += 1;
            if size != Some(expected.len()) {
                return Err(format!("{} bytes were expected in one write, got {size:?}", expected.len()));
            }
        }
        Ok(())
    }

    fn proxy_writes(&mut self, line: &str) -> Played<()> {
        self.nothing_more()?;
        let bytes = match line.split_once(' ') {
            Some(("@data", size)) => self.data(size)?,
            _ if line == "@eof" => Vec::new(),
            _ => self.names.bytes(line)?,
        };
        let peer = self.proxy.as_mut().ok_or("no connection to the proxy is open")?;
        if line == "@eof" { peer.finish() } else { peer.write(&bytes) }
    }

    fn data(&mut self, size: &str) -> Played<Vec<u8>> {
        let from = self.taken;
        self.taken += size.parse::<usize>().map_err(|e| e.to_string())?;
        self.names.payload(from, self.taken).map(<[u8]>::to_vec)
    }

    fn dial(&mut self, to: &str, wait: &str, taken: bool) -> Played<()> {
        let call = loop {
            if let Some(at) = self.waiting.iter().position(|call| call.to == to && call.wait == wait) {
                break self.waiting.swap_remove(at);
            }
            let call = self.calls.recv_timeout(WATCHDOG);
            self.waiting.push(call.map_err(|_| format!("no such connection was opened{}", self.wanted()))?);
        };
        if !taken {
            return Ok(());
        }
        let (socket, log) = call.accept(self.cut);
        let peer = Peer::new(socket, log, self.cut);
        match wait {
            "connect" => self.stream = Some(peer),
            "probe" => {}
            _ => (self.proxy, self.writes, self.taken) = (Some(peer), 0, 0),
        }
        Ok(())
    }

    fn wanted(&self) -> String {
        self.waiting.iter().map(|call| format!("; the client wants {} ({})", call.to, call.wait)).collect()
    }

    fn start_tls(&mut self, version: &str) -> Played<()> {
        let peer = stream(&mut self.stream)?;
        let unread = std::mem::take(&mut peer.unread);
        if !unread.is_empty() {
            return Err(format!("before TLS the client wrote {}", shown(&unread)));
        }
        peer.start_tls(self.identity.server(version))
    }

    /// The client is at rest and has done nothing that no line has mentioned.
    fn nothing_more(&mut self) -> Played<()> {
        wait_until_quiet()?;
        self.waiting.extend(self.calls.try_iter());
        if !self.waiting.is_empty() {
            return Err(format!("it opened a connection too early{}", self.wanted()));
        }
        for (peer, name) in [(&mut self.stream, "server"), (&mut self.proxy, "proxy")] {
            let Some(peer) = peer else { continue };
            peer.look()?;
            if !peer.unread.is_empty() {
                return Err(format!("it wrote too early to the {name}: {}", shown(&peer.unread)));
            }
            if peer.ended && !peer.may_end {
                return Err(format!("it ended the connection to the {name} too early"));
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Played<()> {
        const CLOSE: &str = "</stream:stream>";
        self.client_writes(&[CLOSE.to_owned()])?;
        self.server_writes(CLOSE, false)?;
        self.gone(false)
    }

    fn gone(&mut self, anyhow: bool) -> Played<()> {
        let peer = stream(&mut self.stream)?;
        while !peer.ended {
            peer.read()?;
        }
        let text = String::from_utf8_lossy(&peer.unread).into_owned();
        if anyhow && !text.contains("<auth") && !text.contains(PASSWORD) {
            return Ok(());
        }
        at_end(peer)
    }
}

fn full(compared: &[Match]) -> Option<(usize, usize)> {
    compared.iter().enumerate().find_map(|(at, m)| if let Match::Full(length) = m { Some((at, *length)) } else { None })
}

fn stream(peer: &mut Option<Peer>) -> Played<&mut Peer> {
    peer.as_mut().ok_or_else(|| "no stream is open".to_owned())
}

fn at_end(peer: &mut Peer) -> Played<()> {
    peer.may_end = true;
    while !peer.ended && peer.unread.is_empty() {
        peer.read()?;
    }
    match peer.unread.as_slice() {
        [] => Ok(()),
        more => Err(format!("its end was expected, it wrote {}", shown(more))),
    }
}

fn missing(why: &str, line: &str, text: &[u8]) -> String {
    format!("{why}; expected {line}\n     got {}", shown(text))
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned();
    text.replace(char::is_control, ".")
}

fn hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
    format!("{} bytes: {}", bytes.len(), shown.join(" "))
}

/// The outcome, if it is here already: it tells why a line was not met.
fn told(running: &Running) -> String {
    running.outcome.try_recv().map_or_else(|_| String::new(), |outcome| format!("\n outcome {outcome:?}"))
}

fn compare(expected: &str, running: &Running) -> Played<()> {
    let outcome: Outcome = running.outcome.recv_timeout(WATCHDOG).map_err(|_| "the client has no outcome")?;
    let mut words = expected.split_whitespace();
    let result = words.next().unwrap_or_default();
    let facts = words.map(|word| word.split_once('=').ok_or_else(|| format!("expect: {word:?} lacks `=`")));
    for fact in [Ok(("result", result))].into_iter().chain(facts) {
        let (key, value) = fact?;
        let got = outcome.get(key).map_or("", String::as_str);
        if got != value && !(key == "what" && got.contains(value)) {
            return Err(format!("{key}={value} was expected of the outcome, got {outcome:?}"));
        }
    }
    Ok(())
}
