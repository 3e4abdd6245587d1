//! What must be refused, and what is called in the wrong order or too often.

use std::collections::BTreeSet;
use std::fs;

use crate::built::{How, include};
use crate::sides::{Sides, program};

const HOWS: [How; 3] = [How::C99, How::Sanitized, How::Valgrind];

/// All types of handles; each is tried as each other one.
const HANDLES: [&str; 5] = ["config", "client", "job", "delivery", "inbox"];

/// What is tried as any handle.
const NO_HANDLES: [&str; 5] = ["NULL", "garbage", "stack", "beside", "freed"];

#[test]
fn what_is_wrong_is_refused_for_each_pointer_of_the_header() {
    let wanted = wanted();
    assert!(wanted.len() > 300, "the header is not understood: {wanted:?}");
    for how in HOWS {
        let sides = Sides::new("");
        let file = sides.device.log("file", "content");
        let printed = sides.run(&program("misuse.c", how), &[], &[file.to_str().expect("UTF-8")]);
        let rows: BTreeSet<_> = printed.iter().filter_map(|line| line.strip_prefix("row ")).collect();
        let missing: Vec<_> = wanted.iter().filter(|row| !rows.contains(row.as_str())).collect();
        assert!(missing.is_empty(), "never tried: {missing:?}");
    }
}

#[test]
fn what_comes_too_early_too_late_or_twice_has_its_code() {
    for how in HOWS {
        let sides = Sides::new("");
        let file = sides.device.log("file", "content");
        sides.run(&program("order.c", how), &[], &[file.to_str().expect("UTF-8")]);
    }
}

/// A row for each pointer parameter in the header, and for each handle one of every wrong kind.
fn wanted() -> BTreeSet<String> {
    prototypes().iter().flat_map(|(function, parameters)| rows(function, parameters)).collect()
}

fn rows(function: &str, parameters: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for parameter in parameters.split(',').map(str::trim) {
        let name = parameter.rsplit([' ', '*']).next().unwrap_or_default();
        let kind = parameter.trim_end_matches(name).replace("const ", "");
        let handle = HANDLES.iter().find(|handle| kind.trim_end() == format!("firepush_{handle} *"));
        let wrong = match handle {
            Some(own) => NO_HANDLES.iter().chain(HANDLES.iter().filter(|other| *other != own)).copied().collect(),
            None if kind.contains('*') || kind.contains("_fn") => vec!["NULL"],
            None => vec![],
        };
        rows.extend(wrong.iter().map(|wrong| format!("{function} {name} {wrong}")));
    }
    rows
}

/// Each function of the header, and its parameters.
fn prototypes() -> Vec<(String, String)> {
    let header = fs::read_to_string(include().join("firepush.h")).expect("the header");
    let code: String = header.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code)).collect();
    let statements = code.split(';').filter(|statement| !statement.contains("typedef"));
    let flat = statements.map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "));
    let prototypes = flat.filter_map(|statement| {
        let (front, parameters) = statement.split_once('(')?;
        let name = front.rsplit([' ', '*']).next()?;
        name.starts_with("firepush_").then(|| (name.to_owned(), parameters.trim_end_matches(')').to_owned()))
    });
    prototypes.collect()
}
