//! Runs the golden scripts of the parser: what comes out for a statement is its canonical form and its parameters, or the
//! error.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use nebulusdb::error::Error;
use nebulusdb::knirvql::{parameters, parse};

use crate::golden;

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
        golden::check(&script, &outcome);
    }
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
