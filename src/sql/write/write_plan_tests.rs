//! Statements that write, from their text to what they leave behind.

use std::sync::Arc;

use crate::db::{Cancel, Clock, Database, DatabaseOptions, Row, Transaction};
use crate::error::{Error, Result};
use crate::metrics::StatementKind;
use crate::settings::Settings;
use crate::sql::parse::parse::parse;
use crate::sql::write::column_defaults::plan_column_defaults;
use crate::statement::{
    Change, DependsOn, Planned, Planning, QueryFunction, ReadRun, RowSource, Statement, StatementTree, Touch,
    TouchedObject, WriteRun,
};
use crate::store::KeySource;
use crate::types::{ColumnType, Value};

async fn opened(
    source: &dyn RowSource,
    transaction: &Transaction,
    parameters: &[Value],
    settings: &Settings,
) -> Result<Vec<Row>> {
    let run = ReadRun { view: transaction.view(), parameters, settings, cancel: &Cancel::new() };
    Ok(source.open(run).await?.collect().await?.0)
}

struct Fixture {
    runtime: tokio::runtime::Runtime,
    database: Database,
    settings: Settings,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let options = DatabaseOptions {
            data_directory: directory.path().join("data"),
            key_directory: directory.path().join("keys"),
            key_source: KeySource::File,
            cache_bytes: 8 << 20,
            sync: false,
            clock: Clock::System,
            row_compiler: crate::sql::compile_stored,
        };
        Fixture {
            runtime: tokio::runtime::Runtime::new().unwrap(),
            database: Database::open(&options).unwrap(),
            settings: Settings::new("nebulus", "nebulus"),
            _directory: directory,
        }
    }

    fn plan(&self, transaction: &Transaction, text: &str) -> Result<Planned> {
        let parsed = parse(text)?;
        let query_function: Arc<QueryFunction> = Arc::new(|_, _| Err(Error::internal("no other language")));
        let planning = Planning {
            view: transaction.view(),
            settings: &self.settings,
            text,
            cancel: &Cancel::new(),
            query_function: &query_function,
            column_defaults: plan_column_defaults,
        };
        parsed.plan(&[], &planning)
    }

    fn try_run(&self, text: &str, parameters: &[Value]) -> Result<String> {
        let mut transaction = self.database.begin();
        let planned = self.plan(&transaction, text)?;
        let (settings, cancel) = (&self.settings, &Cancel::new());
        self.runtime.block_on(async {
            let (rows, tag) = match &planned.body {
                Statement::Explain(explain) if explain.changes() => {
                    let run = WriteRun::new(&mut transaction, parameters, settings, cancel);
                    (Change::execute(explain, run).await?.rows.into_rows(), None)
                }
                Statement::Read(source) => (opened(&**source, &transaction, parameters, settings).await?, None),
                Statement::Explain(explain) => (opened(explain, &transaction, parameters, settings).await?, None),
                Statement::Change(change) => {
                    let run = WriteRun::new(&mut transaction, parameters, settings, cancel);
                    let written = change.execute(run).await?;
                    (written.rows.into_rows(), Some(written.tag.to_string()))
                }
                _ => panic!("{text} is none of these"),
            };
            transaction.commit().await?;
            let text = |value: &Value| if value.is_null() { "null".to_string() } else { value.to_text() };
            let rows = rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join("|"));
            Ok(tag.into_iter().chain(rows).collect::<Vec<_>>().join("; "))
        })
    }

    fn run(&self, text: &str) -> String {
        self.run_with(text, &[])
    }

    fn run_with(&self, text: &str, parameters: &[Value]) -> String {
        match self.try_run(text, parameters) {
            Ok(shown) => shown,
            Err(error) => match error.position() {
                Some(position) => format!("{} at {position}: {}", error.sqlstate(), error.message()),
                None => format!("{}: {}", error.sqlstate(), error.message()),
            },
        }
    }

    /// Runs statement after statement and compares what each gives.
    fn script(&self, steps: &[(&str, &str)]) {
        for (text, expected) in steps {
            assert_eq!(self.run(text), *expected, "{text}");
        }
    }
}

const ITEMS: &str = "CREATE TABLE items (id bigserial PRIMARY KEY, name varchar(10) NOT NULL, price numeric(8,2), \
                     n int DEFAULT 5, made timestamptz DEFAULT now(), v vector(3), doc jsonb, code text UNIQUE)";

#[test]
fn rows_are_inserted() {
    let fixture = Fixture::new();
    fixture.script(&[
        (ITEMS, "CREATE TABLE"),
        ("INSERT INTO items (name, price, v, doc) VALUES ('a', 1.005, '[1,2,3]', '{\"x\": 1}')", "INSERT 0 1"),
        ("SELECT id, name, price, n, made IS NULL, v, doc FROM items", "1|a|1.01|5|f|[1,2,3]|{\"x\": 1}"),
        (
            "INSERT INTO items (name, n) VALUES ('b', DEFAULT), ('c', 1 + 2) RETURNING id, n + 1 AS m, upper(name)",
            "INSERT 0 2; 2|6|B; 3|4|C",
        ),
        (
            "INSERT INTO items (id, name, made) VALUES (10, 'd', '2024-01-02') RETURNING *",
            "INSERT 0 1; 10|d|null|5|2024-01-02 00:00:00+00|null|null|null",
        ),
        ("INSERT INTO items (id, name) SELECT id + 100, name FROM items WHERE id < 3", "INSERT 0 2"),
        ("WITH x AS (SELECT 7 AS n) INSERT INTO items (name, n) SELECT 'w', n FROM x RETURNING n", "INSERT 0 1; 7"),
        ("INSERT INTO items (name) VALUES (lower('ABC')) RETURNING name", "INSERT 0 1; abc"),
        (
            "INSERT INTO items (id, name) VALUES (1, 'again')",
            "23505: duplicate key value violates unique constraint \"items_pkey\"",
        ),
        (
            "INSERT INTO items (name) VALUES (NULL)",
            "23502: null value in column \"name\" of relation \"items\" violates not-null constraint",
        ),
        (
            "INSERT INTO items (name) VALUES ('far too long')",
            "22001 at 34: value too long for type character varying(10)",
        ),
        ("INSERT INTO items (name, n) VALUES ('x', 'y')", "22P02 at 42: invalid input syntax for type integer: \"y\""),
        (
            "INSERT INTO items (name, n) VALUES ('x', true)",
            "42804 at 42: column \"n\" is of type integer but expression is of type boolean",
        ),
        ("INSERT INTO items (name, v) VALUES ('x', '[1,2]')", "22000 at 42: expected 3 dimensions, not 2"),
        ("INSERT INTO items (name) VALUES ('x', 'y')", "42601 at 39: INSERT has more expressions than target columns"),
        ("INSERT INTO items (name, n) VALUES ('x')", "42601: INSERT has more target columns than expressions"),
        ("INSERT INTO items (nam) VALUES ('x')", "42703 at 20: column \"nam\" of relation \"items\" does not exist"),
        ("INSERT INTO nothing VALUES (1)", "42P01 at 13: relation \"nothing\" does not exist"),
        ("INSERT INTO memory_facts VALUES (1)", "0A000 at 13: cannot write to view \"memory_facts\""),
        ("INSERT INTO pg_class VALUES (1)", "42501 at 13: permission denied: \"pg_class\" is a system catalog"),
    ]);
}

#[test]
fn conflicts_are_resolved() {
    let fixture = Fixture::new();
    fixture.script(&[
        ("CREATE TABLE t (id int PRIMARY KEY, n int, name text UNIQUE)", "CREATE TABLE"),
        ("INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')", "INSERT 0 2"),
        ("INSERT INTO t VALUES (1, 9, 'z') ON CONFLICT DO NOTHING RETURNING id", "INSERT 0 0"),
        (
            "INSERT INTO t VALUES (1, 10, 'a') ON CONFLICT (id) DO UPDATE SET n = t.n + EXCLUDED.n RETURNING n",
            "INSERT 0 1; 11",
        ),
        ("INSERT INTO t AS x VALUES (1, 10, 'a') ON CONFLICT (id) DO UPDATE SET n = 0 WHERE x.n < 5", "INSERT 0 0"),
        (
            "INSERT INTO t VALUES (3, 10, 'b') ON CONFLICT (name) DO UPDATE SET n = greatest(t.n, excluded.n)",
            "INSERT 0 1",
        ),
        (
            "INSERT INTO t VALUES (3, 10, 'b') ON CONFLICT (id) DO NOTHING",
            "23505: duplicate key value violates unique constraint \"t_name_key\"",
        ),
        (
            "INSERT INTO t VALUES (4, 1, 'x'), (4, 2, 'x') ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n",
            "21000: ON CONFLICT DO UPDATE command cannot affect row a second time",
        ),
        ("INSERT INTO t VALUES (5, 1, 'y'), (5, 2, 'y') ON CONFLICT DO NOTHING", "INSERT 0 1"),
        (
            "INSERT INTO t VALUES (1, 1, 'a') ON CONFLICT (n) DO NOTHING",
            "42P10 at 47: there is no unique or exclusion constraint matching the ON CONFLICT specification",
        ),
        (
            "INSERT INTO t VALUES (1, 1, 'a') ON CONFLICT DO UPDATE SET n = 1",
            "42601: ON CONFLICT DO UPDATE requires inference specification or constraint name",
        ),
        ("INSERT INTO t VALUES (1, 1, 'a') ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET n = DEFAULT", "INSERT 0 1"),
        ("SELECT id, n, name FROM t ORDER BY id", "1|null|a; 2|10|b; 5|1|y"),
    ]);
}

#[test]
fn upserts_are_prepared_once() {
    let fixture = Fixture::new();
    fixture.run("CREATE TABLE t (id bigint PRIMARY KEY, v vector(2), n int)");
    let text = "INSERT INTO t (id, v, n) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v, n = $3";
    let planned = fixture.plan(&fixture.database.begin(), text).unwrap();
    assert_eq!(planned.parameters, [ColumnType::Int8, ColumnType::Vector(None), ColumnType::Int4]);
    let Statement::Change(write) = &planned.body else { panic!("an INSERT") };
    assert_eq!(write.kind(), StatementKind::Insert);
    assert!(write.is_short());
    for n in 1..3 {
        let parameters = [Value::Int8(1), Value::Vector([1.0, 2.0].into()), Value::Int4(n)];
        assert_eq!(fixture.run_with(text, &parameters), "INSERT 0 1");
    }
    assert_eq!(fixture.run("SELECT id, v, n FROM t"), "1|[1,2]|2");
    let update = fixture.plan(&fixture.database.begin(), "UPDATE t SET n = n + $1 WHERE id = $2").unwrap();
    assert_eq!(update.parameters, [ColumnType::Int4, ColumnType::Int8]);
    let Statement::Change(write) = &update.body else { panic!("an UPDATE") };
    assert!(write.is_short());
    assert_eq!(
        fixture.run_with("UPDATE t SET n = n + $1 WHERE id = $2", &[Value::Int4(5), Value::Int8(1)]),
        "UPDATE 1"
    );
    assert_eq!(fixture.run_with("DELETE FROM t WHERE id = $1 RETURNING n", &[Value::Int8(1)]), "DELETE 1; 7");
    assert_eq!(fixture.run_with("DELETE FROM t WHERE id = $1", &[Value::Null]), "DELETE 0");
}

#[test]
fn plans_name_what_they_touch_and_what_they_depend_on() {
    let fixture = Fixture::new();
    fixture.run("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 1 + 1)");
    fixture.run("CREATE TABLE other (id int PRIMARY KEY)");
    let noted = |text: &str| {
        let transaction = fixture.database.begin();
        let planned = fixture.plan(&transaction, text).unwrap();
        let name = |touch: &Touch| match touch.object {
            TouchedObject::Collection(id) => {
                format!("{:?} {}", touch.privilege, transaction.catalog().collection_by_id(id).unwrap().name)
            }
            object => format!("{:?} {object:?}", touch.privilege),
        };
        let depends_on = match &planned.depends_on {
            DependsOn::Nothing => "nothing",
            DependsOn::Collections(_) => "collections",
            DependsOn::Catalog(_) => "catalog",
            DependsOn::Moment => "moment",
        };
        format!("{}; {depends_on}", planned.touches.iter().map(name).collect::<Vec<_>>().join(", "))
    };
    for (text, expected) in [
        ("SELECT 1", "; nothing"),
        ("BEGIN", "; nothing"),
        ("SELECT n FROM t WHERE id = 1", "Select t; collections"),
        ("SELECT count(*) FROM t JOIN other USING (id)", "Select t, Select other; catalog"),
        ("SELECT relname FROM pg_class", "Select System { schema: \"pg_catalog\", name: \"pg_class\" }; moment"),
        ("INSERT INTO t VALUES (1, 2)", "Insert t; collections"),
        ("UPDATE t SET n = 2 WHERE id = 1", "Update t, Select t; collections"),
        ("DELETE FROM t WHERE n IN (SELECT id FROM other)", "Delete t, Select t, Select other; catalog"),
        ("INSERT INTO t SELECT id FROM other", "Insert t, Select other; collections"),
        ("EXPLAIN DELETE FROM t WHERE id = 1", "Delete t, Select t; collections"),
        ("COPY t FROM STDIN", "Insert t; collections"),
        ("COPY other TO STDOUT", "Select other; collections"),
        ("DECLARE c CURSOR FOR SELECT * FROM t", "Select t; collections"),
        ("EXECUTE p((SELECT max(id) FROM t))", "Select t; catalog"),
        ("TRUNCATE t", "Truncate t, Create Catalog; catalog"),
        ("DROP TABLE t", "Own t, Create Catalog; catalog"),
        ("ALTER TABLE t RENAME TO u", "Own t, Create Catalog; catalog"),
        ("CREATE TABLE u AS SELECT * FROM t", "Select t, Create Catalog; catalog"),
        ("SELECT nebulus_leave_network('n')", "Own Networks; nothing"),
    ] {
        assert_eq!(noted(text), expected, "{text}");
    }
    let before = fixture.database.begin();
    let planned = fixture.plan(&before, "SELECT n FROM t WHERE id = 1").unwrap();
    fixture.run("CREATE TABLE third (id int)");
    assert!(planned.depends_on.is_current(fixture.database.begin().catalog()), "another table changes nothing");
    fixture.run("ALTER TABLE t ADD COLUMN more int");
    assert!(!planned.depends_on.is_current(fixture.database.begin().catalog()));
}

#[test]
fn rows_are_updated_and_deleted() {
    let fixture = Fixture::new();
    fixture.script(&[
        ("CREATE TABLE t (id int PRIMARY KEY, n int, name varchar(5), doc jsonb)", "CREATE TABLE"),
        ("CREATE TABLE other (id int, bonus int)", "CREATE TABLE"),
        ("INSERT INTO t VALUES (1, 1, 'a', '{\"k\": 1}'), (2, 2, 'b', '{}'), (3, 3, 'c', NULL)", "INSERT 0 3"),
        ("INSERT INTO other VALUES (1, 10), (1, 20), (2, 30)", "INSERT 0 3"),
        ("UPDATE t SET n = n * 10, name = upper(name)", "UPDATE 3"),
        ("UPDATE t SET n = n + 1 WHERE id = 2 AND n > 5 RETURNING id, n", "UPDATE 1; 2|21"),
        ("UPDATE t SET n = 0 WHERE id = 2 AND n > 50", "UPDATE 0"),
        ("UPDATE t SET (n, name) = (7, 'x') WHERE name = 'C'", "UPDATE 1"),
        ("UPDATE t SET doc = doc || '{\"z\": true}' WHERE id = 1 RETURNING doc", "UPDATE 1; {\"k\": 1, \"z\": true}"),
        ("UPDATE t SET doc = jsonb_set(doc, '{k}', '5') WHERE id = 1 RETURNING doc->>'k'", "UPDATE 1; 5"),
        ("UPDATE t SET n = t.n + o.bonus FROM other o WHERE o.id = t.id AND o.bonus > 25", "UPDATE 1"),
        ("UPDATE t SET n = (SELECT max(bonus) FROM other) WHERE id = 3 RETURNING n", "UPDATE 1; 30"),
        ("UPDATE t SET id = 9 WHERE id = 3 RETURNING id", "UPDATE 1; 9"),
        ("UPDATE t SET id = 1 WHERE id = 9", "23505: duplicate key value violates unique constraint \"t_pkey\""),
        ("UPDATE t SET name = 'too long' WHERE n > 0", "22001 at 21: value too long for type character varying(5)"),
        (
            "UPDATE t SET n = name WHERE id = 1",
            "42804 at 18: column \"n\" is of type integer but expression is of type character varying(5)",
        ),
        ("UPDATE t SET n = n / 0 WHERE id = 1", "22012: division by zero"),
        ("UPDATE t SET nn = 1", "42703 at 14: column \"nn\" of relation \"t\" does not exist"),
        ("UPDATE t SET n = 1, n = 2", "42601: multiple assignments to same column \"n\""),
        ("SELECT id, n, name FROM t ORDER BY id", "1|10|A; 2|51|B; 9|30|x"),
        ("DELETE FROM t USING other o WHERE o.id = t.id AND o.bonus = 30 RETURNING t.id", "DELETE 1; 2"),
        ("DELETE FROM other", "DELETE 3"),
        ("DELETE FROM t WHERE id IN (1, 9)", "DELETE 2"),
        ("SELECT count(*) FROM t", "0"),
    ]);
}

#[test]
fn memories_and_secrets_are_written() {
    let fixture = Fixture::new();
    fixture.script(&[
        ("INSERT INTO memory (id, metadata, vector) VALUES ('m', '{\"a\": 1, \"b\": \"x\"}', '[1,2]')", "INSERT 0 1"),
        ("UPDATE memory SET metadata = metadata || '{\"c\": 3}' WHERE id = 'm'", "UPDATE 1"),
        ("UPDATE memory SET metadata = metadata - 'a', _stage = 'post-pending' WHERE id = 'm'", "UPDATE 1"),
        ("SELECT metadata, _stage FROM memory", "{\"b\": \"x\", \"c\": 3}|post-pending"),
        ("UPDATE memory SET _stage = NULL WHERE metadata->>'b' = 'x'", "UPDATE 1"),
        ("SELECT _stage FROM memory", "null"),
        ("UPDATE memory SET _stage = 'gone'", "22023: invalid value for _stage: \"gone\""),
        ("UPDATE memory SET _timestamp = now()", "0A000 at 19: cannot assign to system column \"_timestamp\""),
        ("UPDATE memory SET metadata = '[1]'", "22P02: metadata must be a JSON object"),
        ("INSERT INTO auth VALUES ('k', 'hush')", "INSERT 0 1"),
        ("INSERT INTO auth VALUES ('k', 'hush2') ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value", "INSERT 0 1"),
        ("SELECT value FROM auth WHERE key = 'k'", "hush2"),
        ("UPDATE auth SET value = 'new' WHERE key = 'k'", "UPDATE 1"),
        ("UPDATE auth SET value = value || '!'", "UPDATE 1"),
        ("DELETE FROM auth RETURNING key, value", "DELETE 1; k|new!"),
        ("DELETE FROM memory WHERE id = 'm'", "DELETE 1"),
    ]);
}

#[test]
fn tables_and_indexes_are_defined() {
    let fixture = Fixture::new();
    fixture.script(&[
        (ITEMS, "CREATE TABLE"),
        (ITEMS, "42P07: relation \"items\" already exists"),
        ("CREATE TABLE IF NOT EXISTS items (a int)", "CREATE TABLE"),
        ("CREATE INDEX ON items (n, name)", "CREATE INDEX"),
        ("CREATE INDEX ON items (n, name)", "CREATE INDEX"),
        ("CREATE INDEX ON items USING hnsw (v vector_cosine_ops) WITH (m = 8, ef_construction = 32)", "CREATE INDEX"),
        ("CREATE INDEX IF NOT EXISTS items_v_idx ON items USING hnsw (v)", "CREATE INDEX"),
        ("CREATE INDEX ON memory ((metadata->>'source'))", "CREATE INDEX"),
        ("DROP INDEX items_n_name_idx, items_n_name_idx1", "DROP INDEX"),
        ("DROP INDEX nothing", "42704 at 12: index \"nothing\" does not exist"),
        ("DROP INDEX IF EXISTS nothing", "DROP INDEX"),
        ("CREATE INDEX ON items USING ivfflat (v vector_l2_ops) WITH (lists = 10)", "CREATE INDEX"),
        (
            "CREATE INDEX ON items USING ivfflat (v vector_l2_ops) WITH (lists = 0)",
            "22023: value 0 out of bounds for option \"lists\"",
        ),
        ("CREATE INDEX ON items USING hnsw (v) WITH (lists = 5)", "22023: unrecognized parameter \"lists\""),
        (
            "CREATE INDEX ON items (v)",
            "42704: data type vector(3) has no default operator class for access method \"btree\"",
        ),
        ("CREATE INDEX ON items (x)", "42703 at 24: column \"x\" does not exist"),
        ("INSERT INTO items (name) VALUES ('a')", "INSERT 0 1"),
        ("ALTER TABLE items ADD COLUMN extra int DEFAULT 3", "ALTER TABLE"),
        ("SELECT extra FROM items", "3"),
        ("ALTER TABLE items RENAME TO things", "ALTER TABLE"),
        ("ALTER TABLE things DROP COLUMN n", "ALTER TABLE"),
        ("CREATE TABLE copy AS SELECT id, name, v FROM things", "SELECT 1"),
        ("SELECT name INTO names FROM things", "SELECT 1"),
        ("SELECT * FROM names", "a"),
        ("TRUNCATE things, copy", "TRUNCATE TABLE"),
        ("SELECT count(*) FROM things", "0"),
        ("DROP TABLE things, copy, names CASCADE", "DROP TABLE"),
        ("DROP TABLE things", "42P01 at 12: table \"things\" does not exist"),
        ("DROP TABLE IF EXISTS things", "DROP TABLE"),
        ("CREATE TABLE k (a int, b text, PRIMARY KEY (a, b), CONSTRAINT ub UNIQUE (b))", "CREATE TABLE"),
        ("INSERT INTO k VALUES (1, 'x')", "INSERT 0 1"),
        ("UPDATE k SET b = 'y' WHERE a = 1 AND b = 'x'", "UPDATE 1"),
        ("CREATE TABLE c (a int CHECK (a))", "42804 at 30: argument of CHECK must be type boolean, not type integer"),
        ("CREATE TABLE c (a int REFERENCES k(a) MATCH FULL)", "0A000: MATCH FULL is not offered"),
        ("CREATE TABLE c (a nonsense)", "42704 at 19: type \"nonsense\" does not exist"),
        ("CREATE TABLE c (a int DEFAULT 'x')", "22P02 at 31: invalid input syntax for type integer: \"x\""),
        ("CREATE TABLE c (a int, a text)", "42701 at 24: column \"a\" specified more than once"),
        ("CREATE EXTENSION IF NOT EXISTS vector", "CREATE EXTENSION"),
        ("CREATE EXTENSION pg_trgm", "0A000: extension \"pg_trgm\" is not available"),
        ("CREATE VIEW x AS SELECT 1", "CREATE VIEW"),
        ("CREATE UNLOGGED TABLE u (a int)", "CREATE TABLE"),
        ("INSERT INTO u (a) OVERRIDING SYSTEM VALUE VALUES (1)", "INSERT 0 1"),
    ]);
}

#[test]
fn plans_are_explained() {
    let fixture = Fixture::new();
    fixture.run("CREATE TABLE t (id int PRIMARY KEY, n int)");
    assert_eq!(fixture.run("EXPLAIN UPDATE t SET n = 1 WHERE id = 1"), "Update on t;   ->  Key lookup");
    assert!(fixture.run("EXPLAIN ANALYZE INSERT INTO t VALUES (1, 2)").contains("Rows: 1"));
    assert_eq!(fixture.run("SELECT n FROM t"), "2");
    assert!(fixture.run("EXPLAIN (FORMAT YAML) SELECT 1").starts_with("- Plan: \n    Node Type: "));
    assert!(fixture.run("EXPLAIN (FORMAT CSV) SELECT 1").starts_with("22023"));
    assert!(fixture.run("EXPLAIN (ANALYZE off, VERBOSE) DELETE FROM t WHERE n = 2").starts_with("Delete on t;   ->"));
}
