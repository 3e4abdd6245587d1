//! A look-up that never ends: the name server says nothing.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;

use firepush::config::Wait;

use crate::bed::{Bed, assert_says};
use crate::command::Plain;
use crate::openfire::options::Options;
use crate::openfire::puppet::Manners;

struct Lookup {
    bed: Bed,
    conf: PathBuf,
    server: UdpSocket,
}

impl Lookup {
    fn new() -> Lookup {
        let bed = Bed::new(Options::default(), Manners::default());
        let server = (1..=250u8)
            .find_map(|n| UdpSocket::bind((std::net::Ipv4Addr::new(127, 77, 0, n), 53)).ok())
            .expect("port 53 of 127.77.0.0");
        let conf = bed.folder.path().join("resolv.conf");
        let address = server.local_addr().expect("its address").ip();
        fs::write(&conf, format!("nameserver {address}\n")).expect("a file");
        Lookup { bed, conf, server }
    }

    fn command(&self, words: &[&str]) -> Plain {
        let words = [&["--server", "a-name.invalid:5222"], words].concat();
        self.bed.command(&words).mounted(&format!("mount --bind {} /etc/resolv.conf", self.conf.display()))
    }

    fn wait_for_question(&self) {
        self.server.recv_from(&mut [0; 1500]).expect("a question");
    }
}

#[test]
fn a_name_that_is_not_looked_up_in_time_ends_the_wait_resolve() {
    let exit = Lookup::new().command(&["--wait-resolve", "100ms"]).end().expect(75);
    assert_says(&exit, &[Wait::Resolve.doing(), Wait::Resolve.setting()]);
}

#[test]
fn a_signal_ends_the_wait_resolve() {
    let lookup = Lookup::new();
    let running = lookup.command(&[]).start();
    lookup.wait_for_question();
    running.signal(libc::SIGTERM);
    assert_says(&running.wait().expect(75), &["stopped", Wait::Resolve.doing()]);
}
