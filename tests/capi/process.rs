//! What becomes of the process that pushes: forks, signals, descriptors, and a defect of the library.

use std::net::{Ipv4Addr, SocketAddr};

use crate::bed::Device;
use crate::built::How;
use crate::sides::{Sides, program};
use crate::support::files;
use crate::support::relay::Relay;
use crate::support::server::{Kind, Options, Server};

/// Of the transfer that is cut: more than the login, less than the file.
const MIDDLE: u64 = 2 << 20;
const SIZE: u64 = 20_000_000;

/// The loopback address where the relay to the proxy stands.
const RELAYED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn a_process_may_fork_before_it_connects_while_it_is_connected_and_after() {
    for how in [How::C99, How::Sanitized] {
        let sides = Sides::new("");
        sides.device.configure(&format!("from = {}", sides.device.ops.jid));
        let files = ["child", "parent", "child-of-connected", "parent-goes-on", "child-of-freed"];
        let paths = files.map(|name| files::make(&sides.device.path("log"), name, 50_000));
        let mut receiver = sides.device.receiver();
        let words = [0, 1, 2, 3, 4].map(|n| paths[n].to_str().expect("UTF-8"));
        sides.run(&program("fork.c", how), &[], &words);
        for (name, path) in files.iter().zip(&paths) {
            sides.device.arrived(&mut receiver, name);
            files::assert_same(path, &sides.device.path("inbox").join(name));
        }
    }
}

#[test]
fn a_push_leaves_the_process_as_it_was() {
    for (how, method) in [(How::C99, "ibb"), (How::C99, "socks5"), (How::Sanitized, "ibb"), (How::Sanitized, "socks5")]
    {
        let sides = Sides::new(&format!("method = {method}"));
        let file = files::make(&sides.device.path("log"), "file", SIZE);
        let mut receiver = sides.device.receiver();
        let words = [file.to_str().expect("UTF-8"), "whole"];
        let exit = sides.start(&program("process.c", how), &[], &words).wait();
        assert_eq!((exit.code, exit.stdout.len(), exit.stderr.as_str()), (0, 0, "sent\n"), "{how:?}, {method}");
        sides.device.arrived(&mut receiver, "file");
        files::assert_same(&file, &sides.device.path("inbox/file"));
    }
}

#[test]
fn no_sigpipe_ends_a_process_whose_server_or_proxy_dies() {
    for how in [How::C99, How::Sanitized] {
        cut(how, "ibb");
        cut(how, "socks5");
    }
}

/// Through the proxy or in-band, a relay that ends both sides in the middle.
fn cut(how: How, method: &str) {
    let server = Server::with(Kind::Prosody, Options { proxy_host: "127.0.0.2", ..Options::default() });
    let (mut account, ops) = server.pair();
    let (listen, port) = match method {
        "socks5" => ((RELAYED, server.ports.proxy), server.ports.proxy),
        _ => ((Ipv4Addr::LOCALHOST, 0), server.ports.starttls),
    };
    let relay = Relay::start(SocketAddr::from(listen), SocketAddr::from((Ipv4Addr::LOCALHOST, port)), MIDDLE);
    if method == "ibb" {
        account.server = relay.address;
    }
    let sides = Sides::of(Device::of(account, ops), &format!("method = {method}\ntimeout = 10"));
    let file = files::make(&sides.device.path("log"), "file", SIZE);
    let _receiver = sides.device.receiver();
    let words = [file.to_str().expect("UTF-8"), "cut"];
    let program = program("process.c", how);
    let process = sides.start(&program, &[], &words);
    let is_held = relay.wait_until_held();
    relay.cut();
    let exit = process.wait();
    assert!(is_held && exit.code == 0 && exit.stdout.is_empty(), "{method}: {} {}", exit.code, exit.stderr);
}

#[test]
fn a_panic_is_the_code_of_a_bug_and_hurts_nothing_else() {
    for how in [How::C99, How::Sanitized, How::Valgrind] {
        for (rule, panics) in RULES {
            let exit = Sides::new("method = ibb\nparallel = 4").start(&program("panic.c", how), &[rule], &[]).wait();
            // Rust tells of each panic on standard error.
            let told = exit.stderr.lines().filter(|line| line.contains("a fault on demand")).count();
            assert_eq!((exit.code, told), (0, panics), "{how:?} {rule}: {}", exit.stderr);
        }
    }
}

/// Each with the panics in it.
const RULES: [(&str, usize); 2] =
    [("a_defect_is_told_and_the_rest_goes_on", 4), ("a_defect_in_a_receiving_thread_is_told_too", 2)];
