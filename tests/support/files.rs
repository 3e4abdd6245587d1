//! Files to send, and their comparison with what arrived.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use tempfile::TempDir;

/// A folder that goes with the test; what a killed test leaves, `cargo clean` takes.
pub fn folder() -> TempDir {
    let parent = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(parent).expect("a folder")
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn random_hex() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the system's random source");
    hex(&bytes)
}

/// A file of `size` bytes that do not repeat, so that a lost, doubled or swapped block shows.
pub fn make(folder: &Path, name: &str, size: u64) -> PathBuf {
    let path = folder.join(name);
    let mut file = BufWriter::new(File::create(&path).expect("create"));
    for word in 0..size / 8 {
        file.write_all(&(word ^ size).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()).expect("write");
    }
    file.write_all(&b"\xff\x00<&]]>\n"[..(size % 8) as usize]).expect("write");
    file.flush().expect("write");
    path
}

pub fn sha256(path: &Path) -> String {
    let mut sum = Context::new(&SHA256);
    blocks(path, |block| sum.update(block));
    hex(sum.finish().as_ref())
}

pub fn assert_same(sent: &Path, arrived: &Path) {
    let (left, right) = (fs::metadata(sent).expect("sent"), fs::metadata(arrived).expect("arrived"));
    assert_eq!(left.len(), right.len(), "{} has another size", arrived.display());
    let mut other = BufReader::new(File::open(arrived).expect("open"));
    let mut there = Vec::new();
    blocks(sent, |block| {
        there.resize(block.len(), 0);
        other.read_exact(&mut there).expect("read");
        assert!(block == there, "{} has another content", arrived.display());
    });
}

fn blocks(path: &Path, mut each: impl FnMut(&[u8])) {
    let mut file = File::open(path).expect("open");
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block).expect("read") {
            0 => return,
            read => each(&block[..read]),
        }
    }
}
