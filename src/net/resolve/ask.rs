//! One exchange with the name servers: UDP, and TCP for what was cut off.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::files::Conf;
use crate::base::error::{Error, Kind, Result};
use crate::net::dial::{read_some, write_all};
use crate::os::until::{Ready, Until};
use crate::os::{random, socket};
use crate::proto::dns::{self, Answer, Code, Type};

/// So long the second of two answers is waited for after a good first one (RFC 8305 §3, and a little more).
const SECOND: Duration = Duration::from_millis(250);

const PORT: u16 = 53;

/// A question that is out, and what came.
struct Asked {
    bytes: Vec<u8>,
    answer: Option<Answer>,
}

/// Asks one name for several types at once, server by server, until one answers. In the order of `wanted`; `None`
/// for what was not answered while another was.
///
/// # Errors
/// [`Kind::Network`] when no server answers, [`Kind::Stopped`], [`Kind::Config`] for what is no name, or the timeout.
pub fn ask(conf: &Conf, port: Option<u16>, name: &str, wanted: &[Type], until: &Until) -> Result<Vec<Option<Answer>>> {
    let mut last = None;
    let tries = conf.attempts * conf.servers.len();
    for round in 0..conf.attempts {
        for (at, server) in conf.servers.iter().enumerate() {
            let address = SocketAddr::new(*server, port.unwrap_or(PORT));
            // One that is dead leaves the others their share.
            let left = u32::try_from(tries - round * conf.servers.len() - at).unwrap_or(1).max(1);
            match ask_one(address, name, wanted, conf.timeout.min(until.left() / left), until) {
                Ok(answers) => return Ok(answers),
                Err(e) if matches!(e.kind(), Kind::Stopped | Kind::Config) => return Err(e),
                Err(e) => last = Some(e),
            }
            until.check()?;
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Kind::Network, "there is no name server")))
}

fn ask_one(
    server: SocketAddr,
    name: &str,
    wanted: &[Type],
    timeout: Duration,
    until: &Until,
) -> Result<Vec<Option<Answer>>> {
    let failed = |e| until.failed(Kind::Network, &format!("can't ask the name server {server}"), e);
    let mut asked = Vec::with_capacity(wanted.len());
    for kind in wanted {
        asked.push(Asked { bytes: dns::question(random::number()?, name, *kind)?, answer: None });
    }
    let socket = connected(server).map_err(failed)?;
    for question in &asked {
        socket.send(&question.bytes).map_err(failed)?;
    }
    let mut deadline = until.at_most(timeout);
    while asked.iter().any(|question| question.answer.is_none()) {
        match deadline.ready(&socket, Ready::Read) {
            Err(e) if e.kind() != Kind::Timeout => return Err(e),
            Err(_) if asked.iter().any(is_good) => break,
            Err(_) => {
                let what = format!("the name server {server} does not answer");
                return Err(Error::new(Kind::Network, what).during(until.wait()));
            }
            Ok(()) => take(&socket, &mut asked).map_err(failed)?,
        }
        if asked.iter().any(is_good) {
            deadline = deadline.at_most(SECOND);
        }
    }
    finished(server, asked, timeout, until)
}

fn is_good(question: &Asked) -> bool {
    question.answer.as_ref().is_some_and(|answer| answer.code == Code::Done && !answer.records.is_empty())
}

/// From a port of its own, and only from this server.
fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn take(socket: &UdpSocket, asked: &mut [Asked]) -> io::Result<()> {
    let mut bytes = [0; 1500];
    match socket.recv(&mut bytes) {
        Ok(n) => {
            for question in asked.iter_mut().filter(|question| question.answer.is_none()) {
                question.answer = dns::answer(&bytes[..n], &question.bytes);
            }
            Ok(())
        }
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(()),
        Err(e) => Err(e),
    }
}

/// Asks again over TCP for what was cut off; a server that can't tell is no answer.
fn finished(server: SocketAddr, asked: Vec<Asked>, timeout: Duration, until: &Until) -> Result<Vec<Option<Answer>>> {
    let mut answers = Vec::with_capacity(asked.len());
    for Asked { bytes, answer } in asked {
        answers.push(match answer {
            Some(answer) if answer.truncated => Some(by_tcp(server, &bytes, &until.at_most(timeout))?),
            answer => answer,
        });
    }
    match answers
        .iter()
        .flatten()
        .find_map(|answer| if let Code::Failed(code) = answer.code { Some(code) } else { None })
    {
        Some(code) if !answers.iter().flatten().any(|answer| answer.code == Code::Done) => {
            let what = format!("the name server {server} can't tell (code {code})");
            Err(Error::new(Kind::Network, what).during(until.wait()))
        }
        _ => Ok(answers),
    }
}

fn by_tcp(server: SocketAddr, question: &[u8], until: &Until) -> Result<Answer> {
    let stream = socket::connect(server, until)?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    write_all(&stream, &[&length.to_be_bytes(), question].concat(), until)?;
    let length = exactly(&stream, 2, until)?;
    let bytes = exactly(&stream, usize::from(u16::from_be_bytes([length[0], length[1]])), until)?;
    dns::answer(&bytes, question).ok_or_else(|| {
        let what = format!("the name server {server} answers nonsense over TCP");
        Error::new(Kind::Network, what).during(until.wait())
    })
}

fn exactly(stream: &std::net::TcpStream, length: usize, until: &Until) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match read_some(stream, &mut bytes[filled..], until)? {
            0 => return Err(until.failed(Kind::Network, "the name server ended", io::ErrorKind::UnexpectedEof.into())),
            n => filled += n,
        }
    }
    Ok(bytes)
}

/// Both kinds of address of a name.
pub const ADDRESSES: [Type; 2] = [Type::A, Type::Aaaa];
