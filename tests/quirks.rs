//! docs/QUIRKS.md holds every rule: each is named by a test that exists, or says why it does not apply.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

const RULES: RangeInclusive<u32> = 1..=80;

/// The lists of negative cases: C1 to C8.
const LISTS: RangeInclusive<u32> = 1..=8;

const EXEMPT: &str = "does not apply:";

/// A line of one of the tables: `| 35 | … | `tests` |` or `| C1 | … | `tests` |`.
struct Row<'d> {
    label: &'d str,
    text: &'d str,
    tests: Vec<&'d str>,
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

fn document() -> String {
    read("docs/QUIRKS.md").expect("docs/QUIRKS.md")
}

fn rows(document: &str) -> Vec<Row<'_>> {
    document.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row<'_>> {
    let cells: Vec<_> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let [label, text, tests] = cells[..] else { return None };
    label.trim_start_matches('C').parse::<u32>().ok()?;
    Some(Row { label, text, tests: tests.split('`').skip(1).step_by(2).collect() })
}

/// What is wrong with the document.
fn complaints(document: &str) -> Vec<String> {
    let rows = rows(document);
    let has = |label: &str| rows.iter().any(|row| row.label == label);
    let labels = RULES.map(|n| n.to_string()).chain(LISTS.map(|n| format!("C{n}")));
    let missing = labels.filter(|label| !has(label)).map(|label| format!("{}: no row", titled(&label)));
    missing.chain(rows.iter().flat_map(wrong)).collect()
}

fn titled(label: &str) -> String {
    if label.starts_with('C') { format!("list {label}") } else { format!("rule {label}") }
}

fn wrong(row: &Row<'_>) -> Vec<String> {
    let rule = row.label.parse::<u32>().ok();
    let reason = row.text.split_once(EXEMPT).map(|(_, reason)| reason.trim());
    let mut wrong: Vec<_> =
        row.tests.iter().filter(|test| !exists(test)).map(|test| format!("no test {test}")).collect();
    match (rule, reason, row.tests.is_empty()) {
        (Some(_), Some(reason), _) if !reason.is_empty() => {}
        (_, _, true) => wrong.push("no test".to_owned()),
        (Some(rule), _, false) if !row.tests.iter().any(|test| rules_named(test).contains(&rule)) => {
            wrong.push("no test that names it".to_owned());
        }
        _ => {}
    }
    wrong.into_iter().map(|what| format!("{}: {what}", titled(row.label))).collect()
}

/// `transcripts/NAME.xmpp`, `lib::MODULE::tests::NAME` or `TARGET::MODULE::NAME`.
fn exists(test: &str) -> bool {
    if let Some(name) = transcript(test) {
        return read(&format!("tests/{test}")).is_some() && is_played(name);
    }
    let Some((module, name)) = test.rsplit_once("::") else { return false };
    files(module).iter().filter_map(|file| read(file.to_str()?)).any(|code| has_test(&code, name))
}

fn transcript(test: &str) -> Option<&str> {
    test.strip_prefix("transcripts/")?.strip_suffix(".xmpp")
}

fn is_played(name: &str) -> bool {
    let runner = read("tests/transcripts.rs").expect("the runner of the transcripts");
    let list = runner.split("\ntranscripts! {").nth(1).expect("its list");
    list.lines().any(|line| line.trim() == name.replace('-', "_"))
}

/// Where the tests of a module may stand.
fn files(module: &str) -> Vec<PathBuf> {
    let path = module.replace("::", "/");
    match path.strip_prefix("lib/") {
        Some(path) => {
            let inside = path.strip_suffix("/tests").unwrap_or(path);
            [format!("src/{inside}.rs"), format!("src/{inside}/mod.rs"), format!("src/{path}.rs")].map(PathBuf::from)
        }
        None => [format!("tests/{path}.rs"), format!("tests/{path}/main.rs"), String::new()].map(PathBuf::from),
    }
    .to_vec()
}

fn has_test(code: &str, name: &str) -> bool {
    let lines: Vec<_> = code.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {name}(")))
}

/// The rules that a test names: in its name, or in the first comment of the transcript.
fn rules_named(test: &str) -> Vec<u32> {
    let Some(_) = transcript(test) else { return rules_in(&test.replace(['_', ':'], " ")) };
    let text = read(&format!("tests/{test}")).unwrap_or_default();
    let comment: Vec<_> = text.lines().map_while(|line| line.strip_prefix('#')).collect();
    rules_in(&comment.join(" "))
}

/// The numbers behind each `rule` or `rules`: `1, 3 and 5 to 7`.
fn rules_in(text: &str) -> Vec<u32> {
    let mut rules = Vec::new();
    for list in text.split("rule").skip(1) {
        let mut from = None;
        for word in list.trim_start_matches('s').split_whitespace() {
            match (word.trim_end_matches([',', ';', '.', ')', ':']).parse::<u32>(), word) {
                (Ok(number), _) => rules.extend(from.take().unwrap_or(number)..=number),
                (Err(_), "to") => from = rules.last().map(|last| last + 1),
                (Err(_), "and") => {}
                _ => break,
            }
        }
    }
    rules
}

#[test]
fn every_rule_is_held_by_a_test_that_names_it() {
    let complaints = complaints(&document());
    assert!(complaints.is_empty(), "docs/QUIRKS.md:\n{}", complaints.join("\n"));
}

/// The complaints about the document after one line of it was changed.
fn changed(label: &str, change: impl Fn(&str) -> String) -> Vec<String> {
    let document = document();
    let is_meant = |line: &str| row(line).is_some_and(|row| row.label == label);
    assert!(document.lines().any(is_meant), "{label} is not there");
    let lines = document.lines().map(|line| if is_meant(line) { change(line) } else { line.to_owned() });
    complaints(&lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_check_notices_what_it_is_for() {
    assert_eq!(changed("35", |_| String::new()), ["rule 35: no row"]);
    assert_eq!(changed("C4", |_| String::new()), ["list C4: no row"]);
    assert_eq!(changed("35", |_| "| 35 | two values | |".to_owned()), ["rule 35: no test"]);
    assert_eq!(changed("35", |_| "| 35 | does not apply: | |".to_owned()), ["rule 35: no test"]);
    assert_eq!(changed("35", |_| "| 35 | does not apply: we send nothing | |".to_owned()), Vec::<String>::new());
    assert_eq!(changed("C4", |_| "| C4 | does not apply: we send nothing | |".to_owned()), ["list C4: no test"]);
    let other = "openfire::rules::rule_36_the_bytestream_is_begun_within_a_second_of_the_accept";
    assert_eq!(changed("35", |_| format!("| 35 | x | `{other}` |")), ["rule 35: no test that names it"]);
}

#[test]
fn a_test_that_does_not_exist_is_noticed() {
    for misspelt in [
        "openfire::rules::rule_35_nothing",
        "openfire::nowhere::rule_36_the_bytestream_is_begun_within_a_second_of_the_accept",
        "transcripts/rule-35.xmpp",
        "transcripts/parts/accept-both.xmpp",
        "quirks::complaints",
        "rule_35",
    ] {
        let complaints = changed("35", |line| line.replacen("| `", &format!("| `{misspelt}`, `"), 1));
        assert_eq!(complaints, [format!("rule 35: no test {misspelt}")]);
    }
}

#[test]
fn rules_are_read_from_names_and_comments() {
    assert_eq!(rules_in("hostile flow row 19 rules 14 and 69 a timer of 3"), [14, 69]);
    assert_eq!(rules_in("(3.2.1; rules 25 to 28, 30). The rule of thumb; rule 7)"), [25, 26, 27, 28, 30, 7]);
    assert_eq!(rules_in("rules 14 45 to 47 the defaults"), [14, 45, 46, 47]);
}
