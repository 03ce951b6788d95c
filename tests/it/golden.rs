//! Golden scripts: lines after `> ` are a statement, what follows up to an empty line is what comes out for it.
//! `UPDATE_GOLDEN=1` writes what comes out now. Empty lines and lines after `#` stay as they are.

use std::fmt::Write;
use std::path::Path;

/// Runs a script file and compares, or rewrites it under `UPDATE_GOLDEN=1`.
pub fn check(path: &Path, outcome: impl FnMut(&str) -> String) {
    let written = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    compare_or_update(path, &written, &run(&written, outcome));
}

/// Compares a golden file with what comes out now, or rewrites it under `UPDATE_GOLDEN=1`.
pub fn compare_or_update(path: &Path, expected: &str, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(path, actual).expect("the golden file is written");
        return;
    }
    let mut differences = String::new();
    for (number, (expected, actual)) in expected.lines().zip(actual.lines()).enumerate() {
        if expected != actual {
            writeln!(differences, "line {}\n  - {expected}\n  + {actual}", number + 1).expect("text grows");
            break;
        }
    }
    assert!(
        expected == actual,
        "{} differs (UPDATE_GOLDEN=1 rewrites it)\n{differences}\nall of it now:\n{actual}",
        path.display()
    );
}

/// The script with its outputs as they are now.
pub fn run(script: &str, mut outcome: impl FnMut(&str) -> String) -> String {
    let mut output = String::new();
    let mut lines = script.lines().peekable();
    while let Some(line) = lines.next() {
        output.push_str(line);
        output.push('\n');
        let Some(first) = line.strip_prefix("> ") else {
            assert!(line.is_empty() || line.starts_with('#'), "output without a statement: {line}");
            continue;
        };
        let mut statement = first.to_string();
        while let Some(line) = lines.next_if(|line| line.starts_with('>')) {
            output.push_str(line);
            output.push('\n');
            statement.push('\n');
            statement.push_str(line.trim_start_matches('>').strip_prefix(' ').unwrap_or_default());
        }
        while lines.next_if(|line| !line.is_empty()).is_some() {}
        output.push_str(&outcome(&statement));
    }
    output
}
