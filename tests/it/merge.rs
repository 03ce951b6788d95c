//! MERGE through the extended protocol: parameters with types that the statement gives them, statements that are executed again, and
//! many rows.

use crate::harness::Server;

#[tokio::test(flavor = "multi_thread")]
async fn parameters_have_the_types_of_their_places() {
    let server = Server::start();
    let client = server.driver().await;
    client
        .batch_execute("CREATE TABLE t (id int8 PRIMARY KEY, name text, price numeric(6,2), seen timestamptz, n int2)")
        .await
        .unwrap();
    let text = "MERGE INTO t USING (SELECT $1::int8 AS id, $2::text AS name) AS s ON t.id = s.id AND t.n > $3 \
                WHEN MATCHED AND t.name = $4 THEN DELETE \
                WHEN MATCHED THEN UPDATE SET name = s.name, n = $5 \
                WHEN NOT MATCHED THEN INSERT (id, name, n, seen) VALUES (s.id, s.name, $5, $6) \
                RETURNING merge_action(), t.id, t.n, old.name";
    let merge = client.prepare(text).await.unwrap();
    let types: Vec<&str> = merge.params().iter().map(|ty| ty.name()).collect();
    assert_eq!(types, ["int8", "text", "int2", "text", "int2", "timestamptz"]);
    let columns: Vec<(&str, &str)> =
        merge.columns().iter().map(|column| (column.name(), column.type_().name())).collect();
    assert_eq!(columns, [("merge_action", "text"), ("id", "int8"), ("n", "int2"), ("name", "text")]);
    let seen = std::time::SystemTime::UNIX_EPOCH;
    let mut did = Vec::new();
    for (name, n) in [("one", 1_i16), ("two", 2), ("two", 3), ("three", 4)] {
        let row = client.query_one(&merge, &[&7_i64, &name, &0_i16, &"two", &n, &seen]).await.unwrap();
        let old: Option<String> = row.get(3);
        let (action, n): (String, i16) = (row.get(0), row.get(2));
        did.push(format!("{action} {} {n} {}", row.get::<_, i64>(1), old.unwrap_or_default()));
    }
    assert_eq!(did, ["INSERT 7 1 ", "UPDATE 7 2 one", "DELETE 7 2 two", "INSERT 7 4 "]);
    let none: Option<i64> = None;
    let error = client.query(&merge, &[&none, &"null", &0_i16, &"two", &1_i16, &seen]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "23502");
    assert_eq!(
        client
            .execute(
                "MERGE INTO t USING (VALUES (7)) s(id) ON t.id = s.id WHEN MATCHED AND t.n = $1 THEN DELETE",
                &[&4_i16]
            )
            .await
            .unwrap(),
        1
    );
}

#[test]
fn many_rows_are_changed_by_expressions_of_both_kinds() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, name text, n int)");
    client.run("INSERT INTO t SELECT i, 'row ' || i, i FROM generate_series(1, 6000) i");
    let text = "MERGE INTO t USING generate_series(3001, 9000) AS g ON t.id = g \
                WHEN MATCHED AND g % 2 = 0 AND left(t.name, 3) = 'row' THEN UPDATE SET name = upper(t.name), n = n + g \
                WHEN MATCHED THEN DELETE \
                WHEN NOT MATCHED THEN INSERT VALUES (g, repeat('x', g % 5), (SELECT max(n) FROM t)) \
                WHEN NOT MATCHED BY SOURCE AND t.id <= 1000 THEN UPDATE SET n = -1";
    assert_eq!(client.run(text), "MERGE 7000");
    let counted = |client: &mut crate::client::Client, what: &str| client.value(&format!("SELECT {what} FROM t"));
    assert_eq!(counted(&mut client, "count(*)"), "7500");
    assert_eq!(counted(&mut client, "count(*) FILTER (WHERE n = -1)"), "1000");
    assert_eq!(counted(&mut client, "count(*) FILTER (WHERE name = 'ROW ' || id AND n = 2 * id)"), "1500");
    assert_eq!(
        counted(&mut client, "count(*) FILTER (WHERE id > 6000 AND length(coalesce(name, '')) = id % 5 AND n = 6000)"),
        "3000"
    );
    assert_eq!(counted(&mut client, "count(*) FILTER (WHERE id BETWEEN 1001 AND 3000 AND n = id)"), "2000");
}

#[test]
fn a_prepared_statement_reads_the_rows_of_each_execution() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, name text)");
    client.run("CREATE TABLE s (id int, name text)");
    client.run(
        "PREPARE merging AS MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = upper(s.name) \
         WHEN NOT MATCHED AND length(s.name) > 1 THEN INSERT VALUES (s.id, reverse(s.name))",
    );
    for (values, tag, rows) in [
        ("(1, 'ab'), (2, 'c')", "MERGE 1", "1ba"),
        ("(1, 'de'), (2, 'fg')", "MERGE 2", "1DE 2gf"),
        ("(2, 'h')", "MERGE 1", "1DE 2H"),
    ] {
        client.run("DELETE FROM s");
        client.run(&format!("INSERT INTO s VALUES {values}"));
        assert_eq!(client.run("EXECUTE merging"), tag);
        assert_eq!(client.column("SELECT id || name FROM t ORDER BY id").join(" "), rows);
    }
}

#[test]
fn clauses_are_bounded() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, is_old bool)");
    let with = |count: usize| {
        format!(
            "MERGE INTO t USING t AS s ON t.id = s.id{}",
            " WHEN MATCHED AND t.is_old THEN DO NOTHING".repeat(count)
        )
    };
    assert_eq!(client.run(&with(250)), "MERGE 0");
    let error = client.error(&with(251));
    assert_eq!((error.code.as_str(), error.message.as_str()), ("54000", "MERGE has at most 250 WHEN clauses"));
}
