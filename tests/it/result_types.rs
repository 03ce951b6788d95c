//! The types that columns are told to have, against those of PostgreSQL 18: `tests/golden/result_types.txt`.

use std::path::Path;

use crate::client::Answer;
use crate::harness::Server;

#[test]
fn columns_have_postgresqls_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/result_types.txt");
    let text = std::fs::read_to_string(file).expect("the file can be read");
    let server = Server::start();
    let mut client = server.client();
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut differences = Vec::new();
    let mut queries = 0;
    while let Some(line) = lines.next() {
        if let Some(statement) = line.strip_prefix("> ") {
            client.run(statement);
            continue;
        }
        let expected = lines.next().expect("a query has its types");
        let found = match client.query(line).answers.first() {
            Some(Answer::Rows { columns, .. }) => {
                let oids = columns.iter().map(|column| column.type_oid.to_string());
                format!("= {}", oids.collect::<Vec<_>>().join(" "))
            }
            other => format!("{other:?}"),
        };
        queries += 1;
        if found != expected {
            differences.push(format!("{line}\n  - {expected}\n  + {found}"));
        }
    }
    assert!(queries > 30, "there are queries");
    assert!(differences.is_empty(), "{} of {queries} differ\n{}", differences.len(), differences.join("\n"));
}
