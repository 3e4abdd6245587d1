//! `docs/C.md`: its text with the table of errors.

use firepush::error::{Kind, Retry};

/// The page and its name.
pub fn all() -> Vec<(&'static str, String)> {
    vec![("C.md", include_str!("C.md").replace("{errors}\n", &errors()))]
}

fn errors() -> String {
    let rows = Kind::ALL.iter().map(|kind| {
        let name = kind.name().to_uppercase().replace('-', "_");
        let retry = match kind.retry() {
            Retry::Later => "later",
            Retry::Cure => "cure",
            Retry::Never => "never",
        };
        format!("| {} | `FIREPUSH_ERROR_{name}` | {retry} | {} | {} |\n", kind.code(), kind.about(), kind.advice())
    });
    let head = "| | code | again | what it means | what to do |\n|---|---|---|---|---|\n";
    head.to_owned() + &rows.collect::<String>()
}
