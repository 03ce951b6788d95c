//! Functions against what PostgreSQL 18 says of the same calls: `tests/golden/functions`, written by `tests/differential/functions.py`.
//!
//! A line is a call, the next one `= ` with its result as text or `! ` with the SQLSTATE and the message of its error. Where this
//! server knowingly answers otherwise, a comment above begins with `# differs:` and what stands there is this server's answer.
//! A call may begin with settings in brackets: `[TimeZone=Europe/Berlin][DateStyle=German] date '2024-01-02'`.

use std::path::{Path, PathBuf};

use crate::client::{Answer, Client};
use crate::harness::Server;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/functions")
}

/// What the server says of a call, in the form of the files.
fn answer(client: &mut Client, call: &str) -> String {
    let reply = client.query(&format!("SELECT ({call})::text"));
    let one_line = |text: &str| text.replace('\\', "\\\\").replace('\n', "\\n");
    match reply.answers.first() {
        Some(Answer::Rows { rows, .. }) => match rows.first().and_then(|row| row.first()) {
            Some(Some(text)) => format!("= {}", one_line(text)),
            Some(None) => "= NULL".to_string(),
            None => "= (no row)".to_string(),
        },
        Some(Answer::Failed(failure)) => format!("! {} {}", failure.code, one_line(&failure.message)),
        _ => "(no answer)".to_string(),
    }
}

/// The settings that files name, with what they are where a call names none.
const SETTINGS: [(&str, &str); 5] = [
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
];

/// What the server says of a call behind settings.
fn answer_with_settings(client: &mut Client, line: &str) -> String {
    let mut rest = line;
    let mut given = Vec::new();
    while let Some((setting, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        given.push(setting.split_once('=').expect("a name and a value"));
        rest = after;
    }
    for (name, default) in SETTINGS {
        let value = given.iter().find(|(known, _)| *known == name).map_or(default, |(_, value)| *value);
        client.query(&format!("SET {name} = '{value}'"));
    }
    let call = rest.trim_start();
    let found = answer(client, call);
    for (name, default) in SETTINGS {
        client.query(&format!("SET {name} = '{default}'"));
    }
    found
}

#[test]
fn every_call_has_postgresqls_result() {
    let server = Server::start();
    let mut client = server.client();
    let mut differences = Vec::new();
    let mut calls = 0;
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory())
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        while let (Some(call), Some(expected)) = (lines.next(), lines.next()) {
            calls += 1;
            let found = match call.starts_with('[') {
                true => answer_with_settings(&mut client, call),
                false => answer(&mut client, call),
            };
            if found != expected {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                differences.push(format!("{name}: {call}\n  - {expected}\n  + {found}"));
            }
        }
    }
    assert!(calls > 0, "there are calls");
    assert!(differences.is_empty(), "{} of {calls} calls differ\n{}", differences.len(), differences.join("\n"));
}
