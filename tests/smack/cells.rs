//! Files arrive whole: generation × direction × method × server × size.

use std::fmt;
use std::io::Write;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::thread;

use crate::support::files;
use crate::support::run::Program::{Firepush, Smack};
use crate::support::run::Run;
use crate::support::server::Kind::{self, Ejabberd, Prosody};
use crate::{GENERATIONS, compare, full, ready, server};

/// Around the block size of both ends, and one that takes many blocks.
const SIZES: [u64; 3] = [1, 61441, 16 << 20];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Send,
    Receive,
}

use Direction::{Receive, Send};

#[derive(Clone, Copy)]
struct Cell(&'static str, Direction, &'static str, Kind);

/// One a generation: together they have every direction, method and server.
const FEW: [Cell; 5] = [
    Cell(GENERATIONS[0], Send, "socks5", Prosody),
    Cell(GENERATIONS[1], Receive, "ibb", Ejabberd),
    Cell(GENERATIONS[2], Receive, "socks5", Prosody),
    Cell(GENERATIONS[3], Send, "ibb", Ejabberd),
    Cell(GENERATIONS[4], Receive, "socks5", Ejabberd),
];

#[test]
fn every_generation_sends_and_receives_every_size() {
    let cells = if full() { all() } else { FEW.to_vec() };
    let (queue, results) = (Mutex::new(cells.iter()), Mutex::new(Vec::new()));
    let next = || queue.lock().expect("no panic").next();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(cell) = next() {
                    let whole = catch_unwind(|| cell.run()).is_ok();
                    results.lock().expect("no panic").push((cell.to_string(), whole));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic");
    results.sort();
    if full() {
        print(&results);
    }
    let failed: Vec<_> = results.iter().filter(|(_, whole)| !whole).map(|(cell, _)| cell).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for version in GENERATIONS {
        for direction in [Send, Receive] {
            for method in ["socks5", "ibb"] {
                cells.extend([Prosody, Ejabberd].map(|kind| Cell(version, direction, method, kind)));
            }
        }
    }
    cells
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell(version, direction, method, kind) = self;
        write!(f, "| {version:9} | {:7} | {method:6} | {:8} |", format!("{direction:?}"), format!("{kind:?}"))
    }
}

/// Past the test harness, which shows only what failing tests print.
fn print(results: &[(String, bool)]) {
    let line =
        |(cell, whole): &(String, bool)| format!("{cell} {} |\n", if *whole { "identical" } else { "FAILED   " });
    let head = format!("| Smack     | we      | by     | server   | {SIZES:?} bytes |\n|---|---|---|---|---|\n");
    let table: String = results.iter().map(line).collect();
    let _ = write!(std::io::stderr(), "\n{head}{table}");
}

impl Cell {
    /// All sizes in one login of each side.
    fn run(&self) {
        let Cell(version, direction, method, kind) = *self;
        let (device, ops) = server(kind).pair();
        let (folder, inbox) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let sent = SIZES.map(|size| files::make(folder.path(), &format!("{size}.log"), size));
        let (from, to) = if direction == Send { (Firepush, Smack(version)) } else { (Smack(version), Firepush) };
        // Smack offers and takes what there is, so that it is we who choose.
        let by = |run: Run, program| if program == Firepush { run.args(["--method", method]) } else { run };
        let receiver = Run::receive(to, &ops, inbox.path()).args(["--count", &SIZES.len().to_string()]);
        let (mut receiver, jid) = ready(by(receiver, to));
        by(Run::send(from, &device, &jid), from).args(&sent).end().expect(0);
        for file in &sent {
            let event = receiver.event("file");
            compare(file, &event);
            assert_eq!(event["method"], method, "{self}");
        }
        receiver.wait().expect(0);
    }
}
