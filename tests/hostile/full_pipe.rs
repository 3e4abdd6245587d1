//! A server that stops reading while we have something to say: the wait `write`, by the library.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use firepush::config::Wait;
use firepush::dial::{Dial, Endpoint, Purpose, Stream};
use firepush::error::{Kind, Result};
use firepush::{Client, Event, Stop};

use crate::bench::{IBB, bytes};
use crate::cancel::config;
use crate::openfire::options::{Fault, Options};
use crate::openfire::sender::Plan;
use crate::openfire::{Openfire, socket};

/// A connection whose kernel keeps little, so that a few answers fill it.
struct Narrow(TcpStream);

struct NarrowDialer;

impl AsFd for Narrow {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Stream for Narrow {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.0, buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &self.0, bytes)
    }

    fn finish(&self) -> io::Result<()> {
        self.0.shutdown(std::net::Shutdown::Write)
    }
}

impl Dial for NarrowDialer {
    fn dial(&self, to: &Endpoint, _: Purpose<'_>) -> Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((to.host.as_str(), to.port)).expect("it listens");
        socket::send_buffer(&stream, 4096);
        stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)).expect("TCP");
        Ok(Box::new(Narrow(stream)))
    }
}

#[test]
fn a_server_that_stops_reading_ends_the_wait_write() {
    // Frozen at the first acknowledgement; the sender's questions go on arriving and are answered.
    let options = Options { receive_buffer: Some(4096), ..Options::fault("result si", Fault::Freeze) };
    let server = Openfire::start(options);
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(&server.device());
    config.jid = Some("device@example.test/inbox".parse().expect("a JID"));
    config.dir = Some(folder.path().to_owned());
    config.from = vec!["@example.test".parse().expect("a domain")];
    config.waits.set(Wait::Write, Duration::from_millis(300));
    config.waits.set(Wait::Close, Duration::from_millis(300));
    let client = Client::connect_with(&config, &Stop::new().expect("a stop"), Arc::new(NarrowDialer)).expect("a login");
    let inbox = client.inbox().expect("an inbox");
    server.wait_for("presence");
    let question = |n| {
        format!(
            r#"<iq type="get" id="q{n}" to="device@example.test/inbox"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>"#
        )
    };
    let asking = server.sender_named("ops", "asking");
    let mut offering = server.sender_named("ops", "offering");
    std::thread::spawn(move || {
        let plan = Plan { silent: true, ..Plan::of("a.log", &bytes(10), IBB) };
        let _ = offering.send("device@example.test/inbox", &bytes(10), &plan);
    });
    server.wait_for("result si");
    (0..60).for_each(|n| asking.say(&question(n)));
    // What comes next has to be told by a thread that waits.
    let mut second = server.sender_named("ops", "second");
    std::thread::spawn(move || {
        let plan = Plan { sid: "second".to_owned(), silent: true, ..Plan::of("b.log", &bytes(10), IBB) };
        let _ = second.send("device@example.test/inbox", &bytes(10), &plan);
    });
    let error = loop {
        match inbox.next(Duration::from_secs(60)).expect("the session goes on") {
            Some(Event::Failed { error, .. }) => break error,
            Some(_) => {}
            None => panic!("nothing ended"),
        }
    };
    assert_eq!((error.kind(), error.wait()), (Kind::Timeout, Some(Wait::Write)), "{error}");
}
