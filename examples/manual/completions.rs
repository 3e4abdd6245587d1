//! Completions for bash, zsh and fish.

use std::fmt::Write as _;

use firepush::settings::{Row, Verb, rows};

/// Each file with its name.
pub fn all() -> Vec<(&'static str, String)> {
    vec![("completions/firepush.bash", bash()), ("completions/_firepush", zsh()), ("completions/firepush.fish", fish())]
}

fn option(row: &Row) -> String {
    format!("--{}", row.name.replace('_', "-"))
}

fn options(verb: Verb) -> String {
    let all: Vec<_> = rows().filter(|row| row.is_option_of(verb)).map(|row| option(&row)).collect();
    all.join(" ")
}

fn verbs() -> String {
    let all: Vec<_> = Verb::ALL.iter().map(|verb| verb.name()).collect();
    all.join(" ") + " help"
}

/// The words that a value is one of; none when it is something else.
fn words(row: &Row) -> Option<String> {
    let is_word = |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let all: Vec<_> = row.value.split('|').collect();
    (all.len() > 1 && all.iter().all(|word| is_word(word))).then(|| all.join(" "))
}

/// Options whose values are files or folders, or one of some words.
fn values(file: &str, word: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let files: Vec<_> =
        rows().filter(|row| matches!(row.value, "FILE" | "DIR" | "PEM")).map(|row| option(&row)).collect();
    let _ = writeln!(text, "        {}) {file} ;;", files.join("|"));
    for row in rows() {
        if let Some(words) = words(&row) {
            let _ = writeln!(text, "        {}) {} ;;", option(&row), word(&words));
        }
    }
    let rest =
        rows().filter(|row| !row.is_switch() && words(row).is_none() && !matches!(row.value, "FILE" | "DIR" | "PEM"));
    let rest: Vec<_> = rest.map(|row| option(&row)).collect();
    let _ = writeln!(text, "        {}) return ;;", rest.join("|"));
    text
}

/// What stands behind each command.
fn operands(file: &str, word: impl Fn(&str) -> String) -> String {
    format!(
        "        send) {file} ;;\n        run) {} ;;\n        retry|drop) {} ;;\n        help) {} ;;\n",
        word("$(firepush config 2>/dev/null | sed -n 's/^\\[\\(.*\\)\\]$/\\1/p')"),
        word("$(firepush status 2>/dev/null | sed -n 's/^\\([0-9a-f]\\{20\\}\\) .*/\\1/p')"),
        word(&verbs()),
    )
}

fn by_verb() -> String {
    Verb::ALL.iter().map(|verb| format!("        {}) options='{}' ;;\n", verb.name(), options(*verb))).collect()
}

fn bash() -> String {
    let word = |words: &str| format!("COMPREPLY=($(compgen -W \"{words}\" -- \"$current\"))");
    let file = "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
    format!(
        "# bash completion of firepush; made from its tables.

_firepush() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}} options=
    COMPREPLY=()
    if [ \"$COMP_CWORD\" = 1 ]; then
        {}
        return
    fi
    case $previous in
{}        *) false ;;
    esac && return
    case $verb in
{}    esac
    case $current in
        -*) {} ; return ;;
    esac
    case $verb in
{}    esac
}}
complete -o filenames -F _firepush firepush
",
        word(&(verbs() + " --help --version")),
        values(file, word),
        by_verb(),
        word("$options --help"),
        operands(file, word),
    )
}

fn zsh() -> String {
    let word = |words: &str| format!("compadd -- ${{=:-{words}}}");
    let command = |words: &str| if words.starts_with('$') { format!("compadd -- {words}") } else { word(words) };
    format!(
        "#compdef firepush
# zsh completion of firepush; made from its tables.

_firepush() {{
    local current=$words[CURRENT] previous=$words[CURRENT-1] verb=$words[2] options=
    if (( CURRENT == 2 )); then
        {}
        return
    fi
    case $previous in
{}        *) false ;;
    esac && return
    case $verb in
{}    esac
    case $current in
        -*) compadd -- ${{=options}} --help; return ;;
    esac
    case $verb in
{}    esac
}}
_firepush \"$@\"
",
        word(&(verbs() + " --help --version")),
        values("_files", word),
        by_verb(),
        operands("_files", command),
    )
}

fn fish() -> String {
    let mut text = "# fish completion of firepush; made from its tables.\n\ncomplete -c firepush -f\n".to_owned();
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    for verb in Verb::ALL {
        let about = verb.about().split(". ").next().unwrap_or_default().trim_end_matches('.');
        let _ = writeln!(text, "complete -c firepush -n __fish_use_subcommand -a {} -d {}", verb.name(), quoted(about));
    }
    let _ = writeln!(text, "complete -c firepush -n __fish_use_subcommand -a help -d 'Explains a command'");
    for row in rows() {
        let verbs: Vec<_> = Verb::ALL.iter().filter(|verb| row.is_option_of(**verb)).map(|verb| verb.name()).collect();
        let condition = quoted(&format!("__fish_seen_subcommand_from {}", verbs.join(" ")));
        let value = match (row.is_switch(), row.value, words(&row)) {
            (true, ..) => String::new(),
            (_, "FILE" | "DIR" | "PEM", _) => " -r -F".into(),
            (.., Some(words)) => format!(" -x -a {}", quoted(&words)),
            _ => " -x".into(),
        };
        let name = row.name.replace('_', "-");
        let _ = writeln!(text, "complete -c firepush -n {condition} -l {name}{value} -d {}", quoted(row.help));
    }
    let jobs = "(firepush config 2>/dev/null | string match -rg '^\\[(.*)\\]$')";
    let ids = "(firepush status 2>/dev/null | string match -rg '^([0-9a-f]{20}) ')";
    for (verbs, from) in [("run", jobs), ("retry drop", ids)] {
        let _ = writeln!(text, "complete -c firepush -n '__fish_seen_subcommand_from {verbs}' -a {}", quoted(from));
    }
    text + "complete -c firepush -n '__fish_seen_subcommand_from send' -F\n"
}
