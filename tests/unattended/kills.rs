//! `kill -9` at any moment: each file arrives whole, and again only where the kill came between its last byte and the
//! note that it was sent.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::bed::Device;
use crate::five::{Five, NOWHERE, nothing_is_left};
use crate::full;

/// How many kills there are.
fn kills_wanted() -> usize {
    if full() { 300 } else { 40 }
}

#[test]
fn a_run_that_is_killed_at_any_moment_loses_nothing() {
    let mut chance = Chance::new();
    let mut five = Five::new();
    five.begin(2);
    let began = Instant::now();
    five.deliver();
    let whole = began.elapsed();
    let mut kills = 0;
    for parallel in [1, 2].into_iter().cycle() {
        five.begin(parallel);
        for _ in 0..=chance.below(3) {
            if killed_within(five.run(), b"", chance.part_of(whole)) {
                five.blow();
                kills += 1;
            }
        }
        five.deliver();
        if kills >= kills_wanted() {
            break;
        }
    }
    println!("{kills} kills, {} files came again", five.check());
}

#[test]
fn standard_input_is_in_the_spool_as_soon_as_it_is_said_whenever_it_is_killed() {
    let mut chance = Chance::new();
    let device = Device::new();
    device.configure("spool_size = 64M");
    let input: Vec<u8> = (0..15_000u32).flat_map(u32::to_le_bytes).collect();
    let words = [&NOWHERE, &["--to", &device.ops.jid, "--name", "a.pcap", "-"][..]].concat();
    let began = Instant::now();
    device.fed("send", &words, &input).expect(75);
    let whole = began.elapsed();
    let mut kept = 1;
    for _ in 0..kills_wanted() {
        let was_killed = killed_within(device.words("send", &words), &input, chance.part_of(whole));
        let now = device.queue().len();
        assert!(was_killed || now == kept + 1, "it ended by itself, and nothing was kept");
        assert!((kept..=kept + 1).contains(&now), "{now} instead of {kept}");
        kept = now;
    }
    let mut receiver = device.receiver();
    let exit = device.run(&["--now"]).expect(0);
    assert_eq!(exit.events("sent").len(), kept);
    for _ in 0..kept {
        let file = receiver.event("file");
        let path = device.path("inbox").join(file["name"].as_str().expect("a name"));
        assert!(std::fs::read(path).expect("a file") == input);
    }
    nothing_is_left(&device);
}

/// Runs it with something to read and kills it after that time, unless it has ended by then.
fn killed_within(mut command: Command, input: &[u8], time: Duration) -> bool {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let input = input.to_vec();
    let feeder = thread::spawn(move || drop(std::io::Write::write_all(&mut stdin, &input)));
    let (ended, end) = channel();
    let reader = thread::spawn(move || {
        let mut said = String::new();
        let _ = stdout.read_to_string(&mut said);
        let _ = ended.send(());
    });
    let is_late = end.recv_timeout(time).is_err();
    if is_late {
        child.kill().expect("it is ours");
    }
    let status = child.wait().expect("it ends");
    feeder.join().and_then(|()| reader.join()).expect("it was fed and read");
    status.code().is_none()
}

/// Numbers by chance, the same again with `FIREPUSH_SEED`.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let given = std::env::var("FIREPUSH_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()) << 20 ^ now());
        println!("FIREPUSH_SEED={seed}");
        Chance(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn part_of(&mut self, whole: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(whole.as_micros()).expect("short") + 1))
    }
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::from(now.subsec_nanos())
}
