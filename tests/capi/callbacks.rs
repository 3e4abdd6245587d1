//! Callbacks, waits that end, and handles that are freed in the middle: a rule of a program a test.

use crate::built::{How, Program};
use crate::sides::{Sides, good, is_full, program};

/// Every block of a file waits for its acknowledgement, so that nothing is sent before it is taken.
const IBB: &str = "method = ibb";
const ANY: &str = "";

#[test]
fn read_callbacks_keep_their_rules() {
    keeps_its_rules("reading.c", IBB, 8);
}

#[test]
fn write_callbacks_keep_their_rules() {
    keeps_its_rules("writing.c", IBB, 7);
}

#[test]
fn log_callbacks_keep_their_rules() {
    keeps_its_rules("logging.c", IBB, 7);
}

#[test]
fn what_goes_well_gives_what_the_header_says() {
    keeps_its_rules("values.c", ANY, 6);
}

#[test]
fn what_ends_a_wait_keeps_its_rules() {
    keeps_its_rules("ending.c", IBB, 10);
}

/// Each of them, and there are so many. All that are broken are told, not only the first.
#[track_caller]
fn keeps_its_rules(source: &str, method: &str, rules: usize) {
    let hows = [How::C99, How::Sanitized, How::Valgrind];
    let hows = if is_full() { &hows[..] } else { &hows[..2] };
    let broken: Vec<_> = hows.iter().flat_map(|how| broken(&program(source, *how), *how, method, rules)).collect();
    assert!(broken.is_empty(), "{source}:\n{}", broken.join("\n"));
}

fn broken(program: &Program, how: How, method: &str, rules: usize) -> Vec<String> {
    let all = list(program);
    assert_eq!(all.len(), rules, "{all:?}");
    let sides = Sides::new(method);
    all.iter().filter_map(|rule| keeps(program, &sides, rule).err()).map(|what| format!("{how:?}: {what}")).collect()
}

fn list(program: &Program) -> Vec<String> {
    good(program.start(&[]).wait(), &["the rules"])
}

fn keeps(program: &Program, sides: &Sides, rule: &str) -> Result<(), String> {
    let exit = sides.start(program, &[rule], &[]).wait();
    let is_kept = exit.code == 0 && exit.stderr.is_empty();
    if is_kept { Ok(()) } else { Err(format!("{rule} ended with {}:\n{}", exit.code, exit.stderr)) }
}
