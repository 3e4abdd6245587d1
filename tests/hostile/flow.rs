//! Bytes that are cut, resets at any place, and servers that write and don't read.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use firepush::config::Wait;

use crate::bed::{Bed, OPS, assert_says};
use crate::openfire::options::{Fault, Options, ProxyPhase};
use crate::openfire::puppet::{Act, Manners};
use crate::openfire::socket;

/// A relay that ends both sides once so many bytes have passed, both directions together.
struct Guillotine {
    port: u16,
}

impl Guillotine {
    fn start(target: u16, bytes: i64, reset: bool) -> Guillotine {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        socket::receive_buffer(&listener, 4096);
        let port = listener.local_addr().expect("bound").port();
        let left = Arc::new(AtomicI64::new(bytes));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).expect("the target listens");
                let both = Arc::new([client, server]);
                for from in [0, 1] {
                    let (both, left) = (Arc::clone(&both), Arc::clone(&left));
                    thread::spawn(move || forward(&both, from, &left, reset));
                }
            }
        });
        Guillotine { port }
    }
}

/// One byte is read first, so that what may not pass stays with the sender's kernel as far as it can.
fn forward(both: &[TcpStream; 2], from: usize, left: &AtomicI64, reset: bool) {
    let mut block = [0; 1024];
    loop {
        let room = left.load(Ordering::SeqCst).clamp(0, 1024) as usize;
        if room == 0 {
            return both.iter().for_each(|stream| end(stream, reset));
        }
        let Ok(n @ 1..) = (&both[from]).read(&mut block[..room]) else {
            let _ = both[1 - from].shutdown(Shutdown::Write);
            return;
        };
        left.fetch_sub(n as i64, Ordering::SeqCst);
        if (&both[1 - from]).write_all(&block[..n]).is_err() {
            return;
        }
    }
}

fn end(stream: &TcpStream, reset: bool) {
    if reset { socket::reset(stream) } else { drop(stream.shutdown(Shutdown::Both)) }
}

const PLACES: [i64; 16] =
    [1, 2, 5, 100, 300, 1000, 2000, 3000, 4000, 6000, 8000, 9000, 12_000, 30_000, 65_536, 100_000];

#[test]
fn row_25_the_server_connection_may_break_at_any_byte() {
    let mut bytes = PLACES.to_vec();
    bytes.extend((0..14).map(|n| 500 + n * 633));
    for bytes in bytes {
        for reset in [true, false] {
            let bed = Bed::new(Options::default(), Manners::ibb());
            let mut account = bed.server.device();
            account.server.set_port(Guillotine::start(account.server.port(), bytes, reset).port);
            let exit = bed.run_as(&account, &["--wait-close", "1s"]).arg(&bed.file).end();
            let whole = bed.ops.so_far().first().is_some_and(|got| got.bytes.len() == 100_000);
            assert!(exit.code == 75 || (exit.code == 0 && whole), "{bytes}: {} {}", exit.code, exit.stderr);
            if exit.code == 75 {
                assert_says(&exit, &["while"]);
            }
        }
    }
}

#[test]
fn row_25_the_proxy_connection_may_break_at_any_byte() {
    for bytes in PLACES {
        for reset in [true, false] {
            let bed = Bed::of_size(Options::default(), Manners::default(), 6_000_000);
            let guillotine = Guillotine::start(bed.server.proxy_port(), bytes, reset);
            bed.server.advertise(guillotine.port);
            let exit =
                bed.send(&["--wait-streamhost-used", "2s", "--wait-stall", "2s", "--wait-proxy", "2s"]).expect(75);
            assert_says(&exit, &["while"]);
        }
    }
}

#[test]
fn row_26_rule_47_a_proxy_that_ends_after_90_per_cent_is_no_success() {
    for fault in [Fault::Eof, Fault::Rst] {
        let fault = Options::proxy_fault(ProxyPhase::Data(5_400_000), fault);
        let bed = Bed::of_size(Options { receive_buffer: Some(4096), ..fault }, Manners::default(), 6_000_000);
        bed.fails(&[], 75, &[Wait::Stall.doing()]);
    }
}

#[test]
fn row_26_rule_47_a_target_that_leaves_after_90_per_cent_is_no_success() {
    let manners = Manners { read: Some((5_400_000, true)), receive_buffer: Some(32_768), ..Manners::default() };
    let options = Options { receive_buffer: Some(32_768), ..Options::default() };
    Bed::of_size(options, manners, 6_000_000).fails(&[], 75, &[Wait::Stall.doing()]);
}

#[test]
fn rule_77_a_recipient_who_vanishes_in_the_middle_ends_the_transfer() {
    let bed = Bed::new(Options::default(), Manners::at_block(1, Act::Vanish));
    bed.fails(&[], 75, &["offline", Wait::IbbAck.doing()]);
}

#[test]
fn a_server_that_writes_8_mib_before_it_reads_while_we_send_is_no_deadlock() {
    for direct in [false, true] {
        let options = Options { flood: 8 << 20, receive_buffer: Some(4096), ..Options::default() };
        let bed = Bed::new(options, Manners::ibb());
        let account = if direct { bed.server.direct(bed.server.device()) } else { bed.server.device() };
        bed.run_as(&account, &[]).arg(&bed.file).end().expect(0);
        assert!(bed.server.happened("flooded"));
        bed.assert_arrived();
    }
}

#[test]
fn row_19_rule_14_the_servers_pings_are_answered_during_a_long_transfer() {
    let mut options = Options::proxy_fault(ProxyPhase::Data(1000), Fault::Stall);
    options.timers.idle = std::time::Duration::from_millis(100);
    options.receive_buffer = Some(4096);
    let bed = Bed::of_size(options, Manners::default(), 6_000_000);
    bed.fails(&["--wait-stall", "1s"], 75, &[Wait::Stall.doing()]);
    assert!(bed.server.count("asked ping") >= 2, "{:?}", bed.server.notes());
    assert!(!bed.server.happened("stream error connection-timeout"));
}

#[test]
fn row_17_a_flood_does_not_keep_a_wait_from_its_end() {
    let presences = r#"<presence from="a@example.test/x"/><message from="b@example.test/y"><body>x</body></message>"#;
    let flood = Arc::new(Mutex::new(Some(presences.repeat(100_000))));
    let options = Options::intercept(move |stanza| {
        stanza.find("si", crate::openfire::element::SI).and_then(|_| flood.lock().expect("no panic").take())
    });
    Bed::new(options, Manners::default()).fails(&["--wait-answer", "300ms"], 75, &[Wait::Answer.doing()]);
}

#[test]
fn row_17_a_flood_of_questions_is_answered_or_ends_the_session() {
    let question =
        r#"<iq type="get" id="qID" from="example.test"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>"#;
    let questions: String = (0..20_000).map(|n| question.replace("ID", &n.to_string())).collect();
    let flood = Arc::new(Mutex::new(Some(questions)));
    let options = Options::intercept(move |stanza| {
        stanza.find("si", crate::openfire::element::SI).and_then(|_| flood.lock().expect("no panic").take())
    });
    let bed = Bed::new(options, Manners::default());
    let exit = bed.send(&["--wait-answer", "2s"]).expect(75);
    assert_says(&exit, &["while"]);
    assert!(bed.server.count("result disco#info") > 0, "no question was answered: {OPS}");
}
