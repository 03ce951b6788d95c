//! KNIRVQL through its parser: golden scripts, the generated reference page, round trips and arbitrary input.

mod editors;
mod lowering;
mod pest;
mod properties;
mod railroad;
mod reference;
mod scripts;

use nebulusdb::knirvql::{ParameterPlace, Path, is_knirvql, parameters, parse, statement_end};

/// The four statements of the specification, with a real vector.
const SPECIFICATION: [&str; 4] = [
    r#"GET MEMORY WHERE metadata.source = "web-scrape" SIMILAR TO [0.45, 0.12, 0.3] LIMIT 10;"#,
    r#"SET AUTH key = "google_maps_api_key" value = "AIzaSy...";"#,
    r#"GET AUTH WHERE key = "google_maps_api_key";"#,
    r#"DELETE WHERE id = "entry-id-12345";"#,
];

#[test]
fn the_statements_of_the_specification_parse_letter_for_letter() {
    for text in SPECIFICATION {
        let commented = format!("// as in the specification\n{text}");
        assert!(is_knirvql(text) && is_knirvql(&commented), "{text}");
        assert_eq!(parse(text).unwrap(), parse(&commented).unwrap());
        assert_eq!(statement_end(text), Some(text.len()));
    }
}

#[test]
fn opening_words_of_knirvql_are_known() {
    let knirvql = [
        "get memory",
        "GET AUTH WHERE",
        "SET AUTH key = 'a' value = 'b'",
        "SET AUTH \"k\"",
        "SET MEMORY id = 'x'",
        "set memory in notes id = 1",
        "DELETE WHERE id = 'x'",
        "DELETE MEMORY WHERE",
        "DELETE AUTH WHERE",
        "DELETE IN notes WHERE",
        "STAGE MEMORY",
        "UNSTAGE MEMORY",
        "CREATE NETWORK x",
        "JOIN NETWORK x",
        "LEAVE NETWORK x",
        "ALTER NETWORK x ROTATE SECRET",
        "REVERT MEMORY WHERE",
        "ATTACH COLLECTION c",
        "DETACH COLLECTION c",
        "SYNC",
        "sync;",
        "SHOW NETWORKS",
        "SHOW peers",
        "SHOW SYNC",
        "SHOW COLLECTIONS",
        "SHOW TABLES",
        "DESCRIBE memory",
        "HELP",
        "COUNT MEMORY",
        "COUNT AUTH",
        "INSERT MEMORY id = 'x'",
        "INSERT MEMORY IF ABSENT id = 'x'",
        "UPDATE MEMORY SET metadata.a = 1 WHERE id = 'x'",
        "update memory set vector = $1, metadata.a = 1",
        "UPDATE MEMORY SET vector = [1] WHERE id = 'x'",
        "UPDATE MEMORY SET blob = $1 WHERE id = 'x'",
        "UPDATE MEMORY UNSET metadata.a WHERE id = 'x'",
        "UPDATE MEMORY IN notes SET title = 'x' WHERE id = 1",
        "UPDATE MEMORY SET vector = $1 WHERE metadata.a = 1",
        "EXPLAIN UPDATE MEMORY SET metadata.a = 1 WHERE id = 'x'",
        "GTE MEMORY",
        "UPDTE MEMORY SET metadata.a = 1",
        "EXPLAIN GET MEMORY",
        "EXPLAIN ANALYZE DELETE WHERE id = 'x'",
        "  \n-- c\n/* /* nested */ */ // d\n GET MEMORY",
        "EXPLAIN /* c */ SYNC",
    ];
    for text in knirvql {
        assert!(is_knirvql(text), "{text}");
    }
}

#[test]
fn everything_else_is_sql() {
    let sql = [
        "",
        "  ",
        ";",
        "SELECT 1",
        "SET auth = x",
        "SET auth TO x",
        "SET auth.x = 1",
        "SET memory = 1",
        "SET memory TO '1'",
        "SET work_mem = 1",
        "SET",
        "DELETE FROM memory",
        "DELETE",
        "CREATE TABLE network (a int)",
        "ALTER TABLE network ADD COLUMN b int",
        "ALTER ROLE nebulus PASSWORD 'x'",
        "CREATE",
        "SHOW server_version",
        "SHOW ALL",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN (ANALYZE) SELECT 1",
        "EXPLAIN",
        "EXPLAIN ANALYZE",
        "GETTING",
        "\"GET\" MEMORY",
        "'GET'",
        "/* unterminated GET MEMORY",
        "/* /* */ GET MEMORY */ SELECT 1",
        "WITH a AS (SELECT 1) SELECT 1",
        "UPDATE memory SET metadata = '{}'",
        "UPDATE MEMORY SET vector = $1 WHERE id = 'x'",
        "UPDATE memory SET metadata = m.doc FROM m WHERE metadata.id = 1",
        "UPDATE memory SET metadata = (SELECT metadata.doc FROM metadata)",
        "UPDATE memory SET metadata['a'] = '1'",
        "UPDATE memory m SET metadata = '{}'; SELECT metadata.x",
        "UPDATE notes SET metadata.a = 1",
        "INSERT INTO memory VALUES ('x')",
        "TABLE memory",
        "RESET memory",
        "LOCK memory",
        "COPY memory TO STDOUT",
        "BEGIN",
        "ATTACH DATABASE x",
        "JOIN",
        "$1",
        "1",
    ];
    for text in sql {
        assert!(!is_knirvql(text), "{text}");
    }
}

#[test]
fn a_statement_ends_at_its_own_semicolon() {
    let end = |text: &str| statement_end(text).map(|end| text[..end].to_string());
    assert_eq!(end("GET MEMORY; SELECT 1").as_deref(), Some("GET MEMORY;"));
    assert_eq!(end("GET MEMORY").as_deref(), None);
    assert_eq!(end("DELETE WHERE id = \"a;\\\";b\" ; x").as_deref(), Some("DELETE WHERE id = \"a;\\\";b\" ;"));
    assert_eq!(end("DELETE WHERE id = 'a\\' ; x").as_deref(), Some("DELETE WHERE id = 'a\\' ;"));
    assert_eq!(end("DELETE WHERE id = 'it''s;' ; x").as_deref(), Some("DELETE WHERE id = 'it''s;' ;"));
    assert_eq!(
        end("SYNC // a;\n-- b;\n/* c; /* d; */ */; x").as_deref(),
        Some("SYNC // a;\n-- b;\n/* c; /* d; */ */;")
    );
    assert_eq!(end("DELETE WHERE id = 'open ; x").as_deref(), None);
}

#[test]
fn limits_are_refused_before_they_hurt() {
    let state = |text: &str| parse(text).map(|_| "parsed").unwrap_or_else(|error| error.sqlstate());
    let nested = |levels: usize| format!("GET MEMORY WHERE {}a = 1{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(state(&nested(64)), "parsed");
    assert_eq!(state(&nested(65)), "54001");
    assert_eq!(state(&nested(1_000_000)), "54001");
    assert_eq!(state(&format!("GET MEMORY WHERE {} a = 1", "NOT ".repeat(64))), "parsed");
    assert_eq!(state(&format!("GET MEMORY WHERE {} a = 1", "NOT ".repeat(65))), "54001");
    let negated = format!("GET MEMORY WHERE {}a = 1{}", "NOT (".repeat(33), ")".repeat(33));
    assert_eq!(state(&negated), "54001");
    let json = |levels: usize| format!("SET MEMORY metadata = {}1{}", "{a:".repeat(levels), "}".repeat(levels));
    assert_eq!(state(&json(64)), "parsed");
    assert_eq!(state(&json(65)), "54001");
    let query = "GET MEMORY FIELDS id WHERE id IN (";
    let queries = |levels: usize| format!("{}GET MEMORY FIELDS id{}", query.repeat(levels), ")".repeat(levels));
    assert_eq!(state(&queries(64)), "parsed");
    assert_eq!(state(&queries(65)), "54001");
    let sum = |value: &str| format!("UPDATE MEMORY SET metadata.a = {value} WHERE id = 1");
    assert_eq!(state(&sum(&format!("{}1{}", "(".repeat(64), ")".repeat(64)))), "parsed");
    assert_eq!(state(&sum(&format!("{}1{}", "coalesce(1, ".repeat(64), ")".repeat(64)))), "parsed");
    assert_eq!(state(&sum(&format!("1{}", " + 1".repeat(256)))), "parsed");
    assert_eq!(state(&sum(&format!("1{}", " + 1".repeat(257)))), "54001");
    let comment = |levels: usize| format!("{}{} SYNC", "/*".repeat(levels), "*/".repeat(levels));
    assert_eq!(state(&comment(64)), "parsed");
    assert_eq!(state(&comment(100_000)), "42601");
    let vector =
        |dimension: usize| format!("GET MEMORY SIMILAR TO [{}1] LIMIT $1", "-0.12345678,".repeat(dimension - 1));
    assert_eq!(state(&vector(16_000)), "parsed");
    assert_eq!(state(&vector(16_001)), "54000");
    assert_eq!(state(&vector(1_000_000)), "54000");
    assert_eq!(state(&format!("SYNC{}", " ".repeat(16 * 1024 * 1024))), "54000");
}

#[test]
fn secrets_do_not_show() {
    let secret = "hunter2";
    let statements = [
        r#"SET AUTH key = "hunter2" value = "hunter2""#,
        r#"GET AUTH WHERE key = "hunter2" OR NOT value LIKE 'hunter2' AND key IN ("hunter2", 'a')"#,
        r#"DELETE AUTH WHERE key = "hunter2""#,
        r#"DELETE IN auth WHERE value = "hunter2""#,
        r#"DELETE WHERE value = "hunter2""#,
        r#"EXPLAIN SET AUTH key = "a" value = "hunter2""#,
        r#"CREATE NETWORK "n" WITH (secret = "hunter2", Pre_Shared_Key = 'hunter2')"#,
        r#"JOIN NETWORK n AT "/ip4/127.0.0.1/tcp/1" WITH (secret = 'hunter2')"#,
        r#"ALTER NETWORK n ROTATE SECRET "hunter2""#,
        r#"EXPLAIN ALTER NETWORK n SET (secret = 'hunter2')"#,
    ];
    for text in statements {
        let statement = parse(text).unwrap();
        assert!(!format!("{statement:?}").contains(secret), "{statement:?}");
        assert!(!statement.to_string().contains(secret), "{statement}");
        parse(&statement.to_string()).unwrap();
    }
    let mistakes = [
        r#"SET AUTH key = "a" value = hunter2"#,
        r#"SET AUTH key = "a" value = "x"hunter2"#,
        r#"SET AUTH key = "a" value = "hunter2\q""#,
        r#"SET AUTH key = "a" value = "hunter2"#,
        r#"GET AUTH WHERE key = hunter2"#,
        r#"GET AUTH WHERE hunter2"#,
        r#"GET AUTH WHERE key = "a" hunter2"#,
        r#"DELETE WHERE value = hunter2"#,
        r#"DELETE AUTH WHERE key = "hunter2" RETURNING value"#,
        r#"DELETE AUTH WHERE key = "a" hunter2"#,
        r#"GET AUTH WHERE key IN (GET MEMORY WHERE value = "hunter2")"#,
        r#"GET MEMORY WHERE id IN (GET MEMORY FIELDS value IN auth WHERE key = "hunter2")"#,
        r#"UPDATE MEMORY IN auth SET value = "hunter2" WHERE key = "a""#,
        r#"UPDATE MEMORY IN auth SET value = {"a": "hunter2"} WHERE key = "a""#,
        r#"INSERT MEMORY IN auth metadata = {"value": "hunter2"}"#,
        r#"COUNT MEMORY IN auth WHERE value = "hunter2""#,
        r#"EXPLAIN ANALYZE SET AUTH key = "a" value = hunter2"#,
        r#"CREATE NETWORK n WITH (secret = hunter2)"#,
        r#"JOIN NETWORK n AT "/ip4/1.2.3.4" WITH (secret = "a" hunter2)"#,
        r#"ALTER NETWORK n ROTATE SECRET hunter2"#,
        r#"ALTER NETWORK n ROTATE SECRET "a" hunter2"#,
        r#"ALTER NETWORK n ROTATE SECRET "hunter2\q""#,
        r#"ALTER NETWORK n SET (secret = hunter2)"#,
    ];
    for text in mistakes {
        let error = parse(text).unwrap_err();
        assert!(!format!("{error:?} {error}").contains(secret), "{error:?}");
    }
    for text in [r#"GET AUTH WHERE value = 1234"#, "CREATE NETWORK n WITH (secret = 1234)"] {
        let error = parse(text).unwrap_err();
        assert!(error.sqlstate() == "42601" && !error.to_string().contains("1234"), "{error:?}");
    }
}

#[test]
fn parameters_are_found_where_they_stand() {
    let places = |text: &str| {
        let roles = parameters(&parse(text).unwrap());
        roles.into_iter().map(|role| (role.number, role.place)).collect::<Vec<_>>()
    };
    assert_eq!(
        places("GET MEMORY WHERE id = $3 AND source LIKE $7 SIMILAR TO $1 WITHIN $4 WITH (ef = $5) LIMIT $2 OFFSET $6"),
        [
            (1, ParameterPlace::Vector),
            (2, ParameterPlace::Count),
            (3, ParameterPlace::Operand(Path::column("id"))),
            (4, ParameterPlace::Distance),
            (5, ParameterPlace::Count),
            (6, ParameterPlace::Count),
            (7, ParameterPlace::Pattern(Path::column("source"))),
        ]
    );
    assert_eq!(
        places("SET MEMORY id = $1 metadata = $2 vector = $3 blob = $4"),
        [
            (1, ParameterPlace::Id),
            (2, ParameterPlace::Metadata),
            (3, ParameterPlace::Vector),
            (4, ParameterPlace::Blob)
        ]
    );
    assert_eq!(
        places("EXPLAIN SET AUTH key = $2 value = $1"),
        [(1, ParameterPlace::AuthValue), (2, ParameterPlace::AuthKey)]
    );
    assert_eq!(places("GET MEMORY SIMILAR TO ENTRY $1"), [(1, ParameterPlace::EntryId)]);
}
