//! docs/GUARANTEES.md: every promise names tests that exist.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The rows of the table of promises, cell by cell.
fn promises(text: &str) -> Vec<Vec<&str>> {
    let behind = text.split_once("## Promises\n").expect("the promises").1;
    let table = behind.split("\n## ").next().unwrap_or_default();
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Every test function of the crate and of its tests.
fn known() -> HashSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = HashSet::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                known.extend(functions(&fs::read_to_string(path).unwrap()));
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

fn faults(text: &str, known: &HashSet<String>) -> Vec<String> {
    promises(text).iter().filter_map(|cells| fault(cells, known)).collect()
}

fn fault(cells: &[&str], known: &HashSet<String>) -> Option<String> {
    let names: Vec<_> = cells.get(2)?.split('`').skip(1).step_by(2).collect();
    match names.iter().find(|name| !known.contains(**name)) {
        Some(name) => Some(format!("{}: there is no test {name}", cells[0])),
        None => names.is_empty().then(|| format!("{}: no test", cells[0])),
    }
}

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/GUARANTEES.md")).unwrap()
}

#[test]
fn every_promise_names_tests_that_exist() {
    assert!(promises(&document()).len() > 15, "the table was not found");
    assert_eq!(faults(&document(), &known()), Vec::<String>::new());
}

#[test]
fn the_check_notices_a_wrong_name_and_an_empty_cell() {
    let (text, known) = (document(), known());
    let name = "two_runs_at_once_send_each_file_once";
    assert_eq!(faults(&text.replace(name, "gone"), &known), ["two runs at once: there is no test gone"]);
    let nothing = text.replace("`a_run_with_nothing_to_do_writes_nothing`", "");
    assert_eq!(faults(&nothing, &known), ["there is nothing to do: no test"]);
}
