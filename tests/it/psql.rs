//! What psql prints for a reply: aligned tables, tags, errors with the line and a caret.
//!
//! NULL shows as `NULL`, line ends inside values as `\n`, a row of one empty text as `''`, and no line ends in blanks or is
//! empty, so that golden files stay readable.

use std::fmt::Write;

use crate::client::{Answer, Column, Failure, Reply, Row};

/// OIDs of the types that psql aligns to the right: int8, int2, int4, oid, float4, float8, numeric.
const RIGHT_ALIGNED: [u32; 7] = [20, 21, 23, 26, 700, 701, 1700];

/// The reply to `text`, one line after the other.
pub fn show(text: &str, reply: &Reply) -> String {
    let mut shown = String::new();
    for notice in &reply.notices {
        writeln!(shown, "{}: {}", notice.severity, notice.message).expect("text grows");
    }
    for answer in &reply.answers {
        match answer {
            Answer::Rows { columns, rows, tag } => {
                show_table(&mut shown, columns, rows);
                if !tag.starts_with("SELECT") && !tag.starts_with("SHOW") && !tag.starts_with("EXPLAIN") {
                    writeln!(shown, "{tag}").expect("text grows");
                }
            }
            Answer::Done { tag } => writeln!(shown, "{tag}").expect("text grows"),
            Answer::Empty => shown.push_str("(empty)\n"),
            Answer::Failed(failure) => show_failure(&mut shown, text, failure),
        }
    }
    shown
}

fn show_table(shown: &mut String, columns: &[Column], rows: &[Row]) {
    let show_cell = |cell: &Option<String>| match cell.as_deref() {
        None => "NULL".to_string(),
        Some("") if columns.len() == 1 => "''".to_string(),
        Some(text) => text.replace('\n', "\\n"),
    };
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(show_cell).collect()).collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(number, column)| {
            let longest = cells.iter().map(|row| row[number].chars().count()).max().unwrap_or(0);
            longest.max(column.name.chars().count())
        })
        .collect();
    let heads = columns.iter().zip(&widths).map(|(column, width)| format!(" {:^width$} ", column.name, width = *width));
    if columns.is_empty() {
        shown.push_str("--\n");
    } else {
        push_line(shown, &heads.collect::<Vec<_>>().join("|"));
        let rules = widths.iter().map(|width| "-".repeat(width + 2));
        push_line(shown, &rules.collect::<Vec<_>>().join("+"));
    }
    for row in cells.iter().filter(|row| !row.is_empty()) {
        let padded = row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| {
            if RIGHT_ALIGNED.contains(&column.type_oid) {
                format!(" {cell:>width$} ", width = *width)
            } else {
                format!(" {cell:<width$} ", width = *width)
            }
        });
        push_line(shown, &padded.collect::<Vec<_>>().join("|"));
    }
    let noun = if rows.len() == 1 { "row" } else { "rows" };
    writeln!(shown, "({} {noun})", rows.len()).expect("text grows");
}

fn show_failure(shown: &mut String, text: &str, failure: &Failure) {
    writeln!(shown, "{} {}: {}", failure.severity, failure.code, failure.message).expect("text grows");
    if let Some(position) = failure.position {
        let before: String = text.chars().take(position - 1).collect();
        let number = before.matches('\n').count();
        let column = before.chars().rev().take_while(|character| *character != '\n').count();
        let head = format!("LINE {}: ", number + 1);
        push_line(shown, &format!("{head}{}", text.lines().nth(number).unwrap_or_default()));
        push_line(shown, &format!("{}^", " ".repeat(head.len() + column)));
    }
    for (label, part) in [("DETAIL", &failure.detail), ("HINT", &failure.hint)] {
        if let Some(part) = part {
            writeln!(shown, "{label}: {part}").expect("text grows");
        }
    }
}

fn push_line(shown: &mut String, line: &str) {
    shown.push_str(line.trim_end());
    shown.push('\n');
}
