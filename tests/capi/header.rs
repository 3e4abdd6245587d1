//! `firepush.h` against the Rust side: numbers, version, and every parameter of every function.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use firepush::error::Kind;

/// What a type of the header is on the Rust side.
const TYPES: [(&str, &str); 23] = [
    ("char *", "*mut c_char"),
    ("void", "()"),
    ("int", "c_int"),
    ("uint64_t", "u64"),
    ("size_t", "usize"),
    ("uint64_t *", "*mut u64"),
    ("void *", "*mut c_void"),
    ("const void *", "*const c_void"),
    ("const char *", "*const c_char"),
    ("firepush_log_fn", "Option<LogFn>"),
    ("firepush_read_fn", "Option<ReadFn>"),
    ("firepush_write_fn", "Option<WriteFn>"),
    ("firepush_config *", "Name<Config>"),
    ("firepush_client *", "Name<Client>"),
    ("firepush_job *", "Name<Job>"),
    ("firepush_inbox *", "Name<Inbox>"),
    ("firepush_delivery *", "Name<Delivery>"),
    ("firepush_config **", "*mut Name<Config>"),
    ("firepush_client **", "*mut Name<Client>"),
    ("firepush_job **", "*mut Name<Job>"),
    ("firepush_inbox **", "*mut Name<Inbox>"),
    ("firepush_delivery **", "*mut Name<Delivery>"),
    ("ptrdiff_t", "isize"),
];

/// The result and the parameters of each function, in the types of the Rust side.
type Functions = BTreeMap<String, (String, Vec<String>)>;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/capi"))
}

/// The header without its comments, its lines joined.
pub fn header() -> String {
    let text = fs::read_to_string(folder().join("firepush.h")).expect("the header");
    let mut code = String::new();
    for piece in text.split("/*") {
        code += piece.split_once("*/").map_or(piece, |(_, after)| after);
    }
    code
}

fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A parameter of the header without its name.
fn rust_type(c: &str) -> String {
    let c = one_space(c);
    let plain = c.strip_prefix("const firepush_").map(|rest| format!("firepush_{rest}")).unwrap_or(c);
    let end = plain.rfind(['*', ' ']).map_or(plain.len(), |at| at + 1);
    let (kind, _name) = plain.split_at(if plain == "void" { plain.len() } else { end });
    let found = TYPES.iter().find(|(name, _)| *name == kind.trim());
    found.unwrap_or_else(|| panic!("{plain:?} is no known type")).1.to_owned()
}

fn declared() -> Functions {
    let mut found = Functions::new();
    let code = header();
    let start = code.split_once("extern \"C\" {").expect("the declarations").1;
    let plain: Vec<_> = start.lines().filter(|line| !line.starts_with('#')).collect();
    for declaration in plain.join("\n").split(';').map(one_space) {
        let Some((before, parameters)) = declaration.split_once('(') else { continue };
        if declaration.contains("typedef") {
            continue;
        }
        let name = before.rsplit([' ', '*']).next().expect("a name").to_owned();
        let parameters = parameters.trim_end_matches(')').split(',').map(rust_type).filter(|kind| kind != "()");
        found.insert(name, (rust_type(before), parameters.collect()));
    }
    found
}

fn defined() -> Functions {
    let mut found = Functions::new();
    for file in fs::read_dir(folder()).expect("the sources").map(|file| file.expect("a source").path()) {
        if file.extension().is_none_or(|ext| ext != "rs") || file.ends_with("fault.rs") {
            continue;
        }
        let code = one_space(&fs::read_to_string(file).expect("a source"));
        for function in code.split("extern \"C\" fn ").skip(1).filter(|rest| rest.starts_with("firepush_")) {
            let (name, rest) = function.split_once('(').expect("parameters");
            let (parameters, rest) = rest.split_once(')').expect("parameters");
            let result = rest.split_once('{').expect("a body").0.trim();
            let kinds = parameters.split(", ").filter_map(|parameter| parameter.split_once(": "));
            let kinds = kinds.map(|(_, kind)| kind.trim_end_matches([',', ' ']).to_owned()).collect();
            let result = result.strip_prefix("-> ").unwrap_or("()").to_owned();
            found.insert(name.to_owned(), (result, kinds));
        }
    }
    found
}

#[test]
fn every_function_is_declared_as_it_is_defined() {
    let (declared, defined) = (declared(), defined());
    assert!(declared.len() > 40, "the declarations were not found");
    assert_eq!(declared.keys().collect::<BTreeSet<_>>(), defined.keys().collect::<BTreeSet<_>>());
    for (name, signature) in &declared {
        assert_eq!(signature, &defined[name], "{name}");
    }
}

#[test]
fn every_kind_of_error_has_its_number() {
    let code = header();
    let body = code.split_once("enum firepush_error {").expect("the enum").1.split_once('}').expect("its end").0;
    let numbers: BTreeMap<String, i32> = body
        .split(',')
        .filter_map(|line| line.split_once('='))
        .map(|(name, number)| (name.trim().to_owned(), number.trim().parse().expect("a number")))
        .collect();
    let mut wanted: BTreeMap<String, i32> = Kind::ALL
        .iter()
        .map(|kind| (format!("FIREPUSH_ERROR_{}", kind.name().to_uppercase().replace('-', "_")), kind.code()))
        .collect();
    wanted.insert("FIREPUSH_OK".into(), 0);
    wanted.insert("FIREPUSH_PENDING".into(), 1);
    wanted.insert("FIREPUSH_DONE".into(), 2);
    assert_eq!(numbers, wanted);
}

#[test]
fn the_version_is_that_of_the_package() {
    let wanted = format!("#define FIREPUSH_VERSION \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(header().contains(&wanted), "{wanted}");
}

/// Neither the tables nor the callbacks' types are in the prototypes that were compared above.
#[test]
fn the_callbacks_take_what_the_header_says() {
    let code = one_space(&header());
    let sources: String = ["log.rs", "push.rs", "inbox.rs"]
        .map(|file| one_space(&fs::read_to_string(folder().join(file)).expect("a source")))
        .concat();
    for (c, rust) in [("firepush_log_fn", "LogFn"), ("firepush_read_fn", "ReadFn"), ("firepush_write_fn", "WriteFn")] {
        let (before, after) = code.split_once(&format!("(*{c})(")).expect(c);
        let result = before.rsplit("typedef ").next().expect("its result").trim();
        let parameters: Vec<_> = after.split_once(')').expect("its end").0.split(',').map(rust_type).collect();
        let start = format!("type {rust} = unsafe extern \"C\" fn(");
        let defined = sources.split_once(&start).expect(rust).1.split_once(';').expect("its end").0;
        let (kinds, defined_result) = defined.split_once(')').expect("its end");
        let kinds: Vec<_> = kinds
            .split(", ")
            .filter_map(|one| one.split_once(": "))
            .map(|(_, kind)| kind.trim_end_matches([',', ' ']))
            .collect();
        assert_eq!(parameters, kinds, "{c}");
        let result = TYPES.iter().find(|(name, _)| *name == result).expect("a known type").1;
        assert_eq!(defined_result.trim().strip_prefix("-> ").unwrap_or("()"), result, "{c}");
    }
}
