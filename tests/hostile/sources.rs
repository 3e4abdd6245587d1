//! Files that change while they are sent.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crate::bed::{Bed, assert_says};
use crate::openfire::element::SI;
use crate::openfire::options::Options;
use crate::openfire::puppet::Manners;
use crate::support::files;

const SIZE: u64 = 100_000;

/// Sends a file to which `change` happens when the offer is out.
fn changed(manners: Manners, change: fn(&PathBuf)) -> (Bed, crate::support::process::Exit) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Arc::new(files::make(folder.path(), "changing.log", SIZE));
    let changing = Arc::clone(&file);
    let options = Options::intercept(move |stanza| {
        if stanza.find("si", SI).is_some() {
            change(&changing);
        }
        None
    });
    let bed = Bed::new(options, manners);
    let exit = bed.run(&[]).arg(&*file).end();
    (bed, exit)
}

/// The bytes that were there when the offer was made.
fn original() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::read(files::make(folder.path(), "changing.log", SIZE)).expect("just written")
}

fn both() -> [Manners; 2] {
    [Manners::default(), Manners::ibb()]
}

#[test]
fn row_30_rule_37_a_file_that_grows_is_sent_as_it_was_offered() {
    for manners in both() {
        let (bed, exit) = changed(manners, |file| {
            OpenOptions::new().append(true).open(file).and_then(|mut f| f.write_all(&[7; 50_000])).expect("append");
        });
        exit.expect(0);
        assert!(bed.ops.received(1)[0].bytes == original());
    }
}

#[test]
fn row_30_rule_37_a_file_that_shrinks_fails_and_is_never_padded() {
    for manners in both() {
        let (bed, exit) = changed(manners, |file| {
            OpenOptions::new().write(true).open(file).and_then(|f| f.set_len(70_000)).expect("truncate");
        });
        assert_says(&exit.expect(65), &["became shorter"]);
        let got = bed.ops.so_far().remove(0).bytes;
        assert!(original().starts_with(&got), "other bytes were sent");
    }
}

#[test]
fn row_30_a_file_that_is_replaced_or_removed_is_sent_as_it_was() {
    for change in [
        |file: &PathBuf| fs::remove_file(file).expect("remove"),
        |file: &PathBuf| {
            let other = file.with_extension("new");
            fs::write(&other, vec![9; 200_000]).and_then(|()| fs::rename(&other, file)).expect("rename");
        },
    ] {
        for manners in both() {
            let (bed, exit) = changed(manners, change);
            exit.expect(0);
            assert!(bed.ops.received(1)[0].bytes == original());
        }
    }
}

#[test]
fn row_30_a_symbolic_link_is_sent_as_the_file_it_names() {
    let bed = Bed::new(Options::default(), Manners::ibb());
    let link = bed.folder.path().join("link.log");
    std::os::unix::fs::symlink(&bed.file, &link).expect("a link");
    bed.run(&[]).arg(&link).end().expect(0);
    assert_eq!(bed.ops.received(1)[0].name, "link.log");
    bed.assert_arrived();
}

#[test]
fn row_31_rule_31_names_arrive_safe() {
    let names = [
        ("../../etc/passwd", "passwd"),
        ("a/b", "b"),
        ("C:\\x\\y.log", "y.log"),
        ("line\r\nbreak", "line__break"),
        ("<&\"'>.log", "_&_'_.log"),
        ("CON.txt", "_CON.txt"),
        ("eth0_2026-01-01T10:00:00.pcap", "eth0_2026-01-01T10_00_00.pcap"),
        ("bidi\u{202e}gpj.exe", "bidi_gpj.exe"),
        ("日本 📷.png", "日本 📷.png"),
        (" . ", "file"),
    ];
    let bed = Bed::new(Options::default(), Manners::ibb());
    for (number, (name, expected)) in names.into_iter().enumerate() {
        bed.run(&["--name", name]).arg(&bed.file).end().expect(0);
        assert_eq!(bed.ops.received(number + 1)[number].name, expected);
    }
    bed.run(&["--name", &"é".repeat(255)]).arg(&bed.file).end().expect(0);
    assert!(bed.ops.received(names.len() + 1)[names.len()].name.len() <= 200);
}
