//! docs/QUIRKS.md has a row for each of the 80 rules, docs/GUARANTEES.md for each promise, and every test that they name
//! exists.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

const RULES: usize = 80;

/// The second cells and the tests of a table, by its heading.
fn rows<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let behind = text.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("no {heading:?}")).1;
    let table = behind.split("\n## ").next().unwrap_or_default();
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Every test function, and every transcript.
fn known() -> HashSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = HashSet::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|extension| extension.to_str()) {
                None if path.is_dir() => folders.push(path),
                Some("xmpp") => drop(known.insert(path.file_name().unwrap().to_string_lossy().into_owned())),
                Some("rs") => known.extend(functions(&fs::read_to_string(path).unwrap())),
                _ => {}
            }
        }
    }
    known
}

fn functions(source: &str) -> Vec<String> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let tests = lines.windows(2).filter(|pair| pair[0] == "#[test]");
    let names = tests.filter_map(|pair| pair[1].strip_prefix("fn ")?.split('(').next());
    names.map(str::to_owned).collect()
}

/// What is wrong with the text.
fn faults(text: &str, known: &HashSet<String>) -> Vec<String> {
    let rules = rows(text, "The rules");
    let mut faults = Vec::new();
    for number in 1..=RULES {
        match rules.iter().filter(|cells| cells[0] == number.to_string()).count() {
            1 => {}
            count => faults.push(format!("rule {number} has {count} rows")),
        }
    }
    for cells in rules.iter().chain(&rows(text, "Made to go wrong")) {
        faults.extend(fault(cells, known));
    }
    faults
}

fn fault(cells: &[&str], known: &HashSet<String>) -> Option<String> {
    let tests = cells.last().filter(|_| cells.len() > 1).copied().unwrap_or_default();
    if let Some(why) = tests.strip_prefix("does not apply: ") {
        return why.is_empty().then(|| format!("{}: no reason", cells[0]));
    }
    let names: Vec<_> = tests.split(", ").map(|name| name.trim_matches('`')).filter(|name| !name.is_empty()).collect();
    match names.iter().find(|name| !known.contains(**name)) {
        Some(name) => Some(format!("{}: there is no test {name}", cells[0])),
        None => names.is_empty().then(|| format!("{}: no test", cells[0])),
    }
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

fn quirks() -> String {
    document("QUIRKS.md")
}

#[test]
fn every_rule_and_every_fault_names_tests_that_exist() {
    assert_eq!(faults(&quirks(), &known()), Vec::<String>::new());
    assert!(rows(&quirks(), "Made to go wrong").len() > 40, "the second table was not found");
}

#[test]
fn every_promise_names_tests_that_exist() {
    let (text, known) = (document("GUARANTEES.md"), known());
    let promises = rows(&text, "Promises");
    assert!(promises.len() > 15, "the table was not found");
    let faults: Vec<_> = promises.iter().filter_map(|cells| fault(cells, &known)).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_check_notices_a_missing_row_a_wrong_name_and_an_empty_cell() {
    let (text, known) = (quirks(), known());
    let row = text.lines().find(|line| line.starts_with("| 43 |")).unwrap();
    assert_eq!(faults(&text.replace(row, ""), &known), ["rule 43 has 0 rows"]);
    let name = "rule_43_the_digest_is_lower_hex_sha1_of_sid_initiator_and_target";
    assert_eq!(faults(&text.replace(name, "rule_43_gone"), &known), ["43: there is no test rule_43_gone"]);
    assert_eq!(faults(&text.replace(&format!("`{name}`"), ""), &known), ["43: no test"]);
    let none = text.replace(&format!("`{name}`"), "does not apply: nobody does it");
    assert!(faults(&none, &known).is_empty());
}
