//! Runs the golden scripts: lines after `> ` are a statement, what follows is the canonical form and the parameters, or
//! the error. `UPDATE_GOLDEN=1` writes what comes out now.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use nebulusdb::error::Error;
use nebulusdb::knirvql::{parameters, parse};

#[test]
fn golden_scripts_hold() {
    run_directory("tests/golden/knirvql", outcome);
}

/// Runs every script of a directory of the project; `outcome` tells what comes out for a statement.
pub fn run_directory(directory: &str, outcome: impl Fn(&str) -> String) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    for script in scripts {
        let written = std::fs::read_to_string(&script).unwrap();
        compare_or_update(&script, &written, &run(&written, &outcome));
    }
}

/// Compares a golden file with what comes out now, or rewrites it under `UPDATE_GOLDEN=1`.
pub fn compare_or_update(path: &Path, expected: &str, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(path, actual).unwrap();
        return;
    }
    for (number, (expected, actual)) in expected.lines().zip(actual.lines()).enumerate() {
        assert_eq!(expected, actual, "{}:{} (UPDATE_GOLDEN=1 rewrites it)", path.display(), number + 1);
    }
    assert_eq!(expected, actual, "{}", path.display());
}

/// The script with its outputs as they are now.
fn run(script: &str, outcome: impl Fn(&str) -> String) -> String {
    let mut output = String::new();
    let mut lines = script.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("> ") else {
            assert!(line.is_empty() || line.starts_with('#'), "output without a statement: {line}");
            writeln!(output, "{line}").unwrap();
            continue;
        };
        let mut statement = first.to_string();
        writeln!(output, "{line}").unwrap();
        while let Some(line) = lines.next_if(|line| line.starts_with('>')) {
            writeln!(output, "{line}").unwrap();
            statement.push('\n');
            statement.push_str(line.trim_start_matches('>').trim_start_matches(' '));
        }
        while lines.next_if(|line| !line.is_empty()).is_some() {}
        output.push_str(&outcome(&statement));
    }
    output
}

fn outcome(text: &str) -> String {
    let statement = match parse(text) {
        Ok(statement) => statement,
        Err(error) => return failure(text, &error),
    };
    let mut outcome = format!("{statement}\n");
    for role in parameters(&statement) {
        writeln!(outcome, "${} {:?}", role.number, role.place).unwrap();
    }
    outcome
}

/// The error as psql shows it: the line with a caret, then the message.
pub fn failure(text: &str, error: &Error) -> String {
    let mut shown = String::new();
    if let Some(position) = error.position() {
        let before: String = text.chars().take(position - 1).collect();
        let column = before.chars().rev().take_while(|character| *character != '\n').count();
        writeln!(shown, "{}^", " ".repeat(column + 2)).unwrap();
    }
    writeln!(shown, "{} {}", error.sqlstate(), error.message()).unwrap();
    if let Some(hint) = error.hint() {
        writeln!(shown, "HINT {hint}").unwrap();
    }
    shown
}
