//! SELECTs from their text to their rows: what they are called, how they run, what they give.

use crate::db::{Cancel, Clock, Database, DatabaseOptions, OnConflict};
use crate::error::{Error, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, CollectionId, CollectionKind, Column};
use crate::settings::Settings;
use crate::sql::analyze::analyzer::analyze;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::parse::parse;
use crate::sql::read::lower_query::{LoweredQuery, lower};
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::statement::PlanNotes;
use crate::store::KeySource;
use crate::types::{ColumnType, Value};

struct Fixture {
    runtime: tokio::runtime::Runtime,
    database: Database,
    settings: Settings,
    _directory: tempfile::TempDir,
}

/// What a statement gave, as text.
#[derive(Debug, PartialEq)]
struct Answer {
    names: Vec<String>,
    types: Vec<String>,
    rows: Vec<String>,
    is_short: bool,
}

impl Fixture {
    fn new() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = DatabaseOptions {
            data_directory: directory.path().join("data"),
            key_directory: directory.path().join("keys"),
            key_source: KeySource::File,
            cache_bytes: 8 << 20,
            sync: false,
            clock: Clock::System,
            row_compiler: crate::sql::compile_stored,
        };
        let database = Database::open(&options).unwrap();
        let fixture =
            Fixture { runtime, database, settings: Settings::new("nebulus", "nebulus"), _directory: directory };
        fixture.fill().unwrap();
        fixture
    }

    fn fill(&self) -> Result<()> {
        let mut transaction = self.database.begin();
        let column = |name: &str, ty: ColumnType, not_null| Column { not_null, ..Column::new(name, ty) };
        let columns = vec![
            column("id", ColumnType::Int4, true),
            column("name", ColumnType::Text, false),
            column("price", ColumnType::Numeric(Some((10, 2))), false),
            column("weight", ColumnType::Float8, false),
            column("made", ColumnType::TimestampTz, false),
            column("flag", ColumnType::Bool, false),
            column("v", ColumnType::Vector(Some(2)), false),
            column("doc", ColumnType::Jsonb, false),
            column("code", ColumnType::Uuid, false),
        ];
        transaction.create_collection(Collection {
            primary_key: vec![0],
            ..Collection::new(CollectionId(100), "items", CollectionKind::Table, columns)
        })?;
        let items = transaction.catalog().expect_collection("items")?.clone();
        for n in 0..20_i32 {
            let text = |text: String, ty: ColumnType| Value::text(text).cast(&ty, true).map(Some);
            let row = vec![
                Some(Value::Int4(n)),
                Some(Value::text(format!("name {n}"))),
                text(format!("{n}.50"), ColumnType::Numeric(None))?,
                Some(Value::Float8(f64::from(n) / 2.0)),
                text(format!("2024-01-{:02} 00:00:00+00", n + 1), ColumnType::TimestampTz)?,
                if n == 7 { Some(Value::Null) } else { Some(Value::Bool(n % 2 == 0)) },
                text(format!("[{n},0]"), ColumnType::Vector(None))?,
                text(format!("{{\"kind\": \"k{}\", \"n\": {n}}}", n % 3), ColumnType::Jsonb)?,
                text(format!("00000000-0000-0000-0000-0000000000{n:02}"), ColumnType::Uuid)?,
            ];
            transaction.insert(&items, row, OnConflict::Fail)?;
        }
        let memory = transaction.catalog().expect_collection("memory")?.clone();
        for n in 0..6_i32 {
            let metadata = format!("{{\"source\": \"s{}\", \"score\": {n}, \"tags\": [\"a\", {n}]}}", n % 2);
            let row = vec![
                Some(Value::text(format!("m{n}"))),
                Some(Value::text(metadata).cast(&ColumnType::Jsonb, true)?),
                Some(Value::Vector(vec![1.0, n as f32].into())),
                None,
                None,
                None,
            ];
            transaction.insert(&memory, row, OnConflict::Fail)?;
        }
        self.runtime.block_on(transaction.commit()).map(drop)
    }

    fn plan(&self, sql: &str, types: &[Option<ColumnType>]) -> Result<(ReadPlan, Vec<ColumnType>)> {
        let parsed = parse(sql)?;
        let Some(datafusion::sql::sqlparser::ast::Statement::Query(query)) = &parsed.statement else {
            return Err(Error::internal("no query"));
        };
        let view = self.database.view();
        let context = PlanContext {
            view: &view,
            settings: &self.settings,
            text: sql,
            query_function: None,
            cancel: &Cancel::new(),
            notes: &PlanNotes::default(),
            given: &[],
            refreshed: None,
        };
        let mut parameters = ParameterTypes::new(types, parsed.parameters);
        let plan = plan_query(query, &mut parameters, &context)?;
        Ok((plan, parameters.finish()))
    }

    fn run(&self, sql: &str, parameters: &[Value]) -> Result<Answer> {
        let (plan, _) = self.plan(sql, &[])?;
        let (rows, _memory) = self.runtime.block_on(async {
            plan.execute(&self.database.view(), parameters, &self.settings, &Cancel::new()).await?.collect().await
        })?;
        let line = |row: &Vec<Value>| {
            let cells = row.iter().map(|value| if value.is_null() { "NULL".to_string() } else { value.to_text() });
            cells.collect::<Vec<_>>().join("|")
        };
        Ok(Answer {
            names: plan.columns().iter().map(|column| column.name.clone()).collect(),
            types: plan.columns().iter().map(|column| column.ty.to_string()).collect(),
            rows: rows.iter().map(line).collect(),
            is_short: plan.is_short(),
        })
    }

    /// The rows of a statement, joined by blanks; an error as its SQLSTATE and message.
    fn rows(&self, sql: &str, parameters: &[Value]) -> String {
        match self.run(sql, parameters) {
            Ok(answer) => answer.rows.join(" "),
            Err(error) => format!("{}@{:?} {}", error.sqlstate(), error.position(), error.message()),
        }
    }

    /// The filter that a condition becomes, as SQL.
    fn lowered(&self, condition: &str) -> String {
        let sql = format!("SELECT id FROM items WHERE {condition}");
        let parsed = parse(&sql).unwrap();
        let Some(datafusion::sql::sqlparser::ast::Statement::Query(query)) = &parsed.statement else {
            panic!("no query")
        };
        let (view, settings, cancel) = (self.database.view(), &self.settings, Cancel::new());
        let context = PlanContext {
            view: &view,
            settings,
            text: &sql,
            query_function: None,
            cancel: &cancel,
            notes: &PlanNotes::default(),
            given: &[],
            refreshed: None,
        };
        let mut parameters = ParameterTypes::new(&[], parsed.parameters);
        let first_constant = parameters.count();
        let analysis = analyze(query, &mut parameters, &context).unwrap();
        match lower(&analysis, first_constant, &parameters) {
            Some(LoweredQuery::Query { query, .. }) => query.filter.unwrap().shown(&query.collection).to_string(),
            _ => "not lowered".to_string(),
        }
    }

    fn explain(&self, sql: &str) -> String {
        let (plan, _) = self.plan(sql, &[]).unwrap();
        self.runtime
            .block_on(plan.explain(&self.database.view(), &[], &self.settings, &Cancel::new()))
            .unwrap()
            .join("\n")
    }
}

#[test]
fn the_short_path_answers_what_it_can() {
    let fixture = Fixture::new();
    let short = [
        ("SELECT name FROM items WHERE id = 3", "name 3"),
        ("SELECT id, name FROM public.items i WHERE i.id IN (3, 1) ORDER BY id DESC", "3|name 3 1|name 1"),
        ("SELECT id FROM items WHERE id BETWEEN 3 AND 5 ORDER BY 1", "3 4 5"),
        ("SELECT id FROM items WHERE name LIKE 'name 1_' AND NOT id = 12 ORDER BY id LIMIT 3", "10 11 13"),
        ("SELECT id FROM items WHERE made > '2024-01-18' ORDER BY id", "18 19"),
        ("SELECT id FROM items WHERE id = '5'", "5"),
        ("SELECT id FROM items WHERE id = ANY('{4,2}') ORDER BY id", "2 4"),
        ("SELECT id FROM items WHERE flag IS NULL OR id = 2 ORDER BY id", "2 7"),
        ("SELECT id FROM items WHERE doc ->> 'kind' = 'k1' AND id < 6 ORDER BY id", "1 4"),
        ("SELECT doc -> 'n' FROM items WHERE doc @> '{\"n\": 4}'", "4"),
        ("SELECT id FROM items WHERE doc ? 'kind' AND weight > 9 ORDER BY id", "19"),
        ("SELECT id FROM items WHERE code = '00000000-0000-0000-0000-000000000004'", "4"),
        ("SELECT id FROM items WHERE price >= 18.5 ORDER BY id", "18 19"),
        ("SELECT id, v <-> '[3,0]' AS d FROM items ORDER BY v <-> '[3,0]' LIMIT 2", "3|0 2|1"),
        ("SELECT id, 1 - (v <-> '[3,0]') FROM items ORDER BY v <-> '[3,0]', id LIMIT 3", "3|1 2|0 4|0"),
        ("SELECT id FROM items WHERE v <-> '[3,0]' < 1.5 ORDER BY v <-> '[3,0]', id LIMIT 9", "3 2 4"),
        ("SELECT id FROM items WHERE id > 10 ORDER BY v <-> '[3,0]' LIMIT 2", "11 12"),
        ("SELECT metadata->>'source' FROM memory WHERE id = 'm3'", "s1"),
        ("SELECT id, _stage FROM memory WHERE metadata->'tags'->>1 = '2'", "m2|NULL"),
        ("SELECT 1, 'a', true, NULL", "1|a|t|NULL"),
        ("VALUES (1, 'a'), (2, 'b')", "1|a 2|b"),
        ("SELECT count(*), sum(id), max(name) FROM items", "20|190|name 9"),
        ("SELECT doc->>'kind' AS kind, count(*) FROM items GROUP BY 1 ORDER BY kind", "k0|7 k1|7 k2|6"),
        ("SELECT metadata->>'source', count(*) FROM memory GROUP BY metadata->>'source' ORDER BY 1", "s0|3 s1|3"),
        ("SELECT DISTINCT flag FROM items WHERE id < 4 ORDER BY flag", "f t"),
    ];
    for (sql, rows) in short {
        assert_eq!(fixture.rows(sql, &[]), rows, "{sql}");
        assert!(fixture.run(sql, &[]).unwrap().is_short, "{sql}");
    }
}

#[test]
fn the_planner_answers_the_rest() {
    let fixture = Fixture::new();
    let planned = [
        ("SELECT a.id, b.id FROM items a JOIN items b ON b.id = a.id + 1 WHERE a.id < 2 ORDER BY a.id", "0|1 1|2"),
        ("SELECT * FROM (SELECT id, v <-> '[3,0]' AS d FROM items ORDER BY d LIMIT 2) s WHERE d > 0", "2|1"),
        (
            "WITH near AS (SELECT id FROM items WHERE id > 5 ORDER BY v <-> '[3,0]' LIMIT 2) \
             SELECT n.id, i.name FROM near n JOIN items i USING (id) ORDER BY id",
            "6|name 6 7|name 7",
        ),
        ("SELECT 7 / 2, 7.0 / 2 > 3, -7 % 3", "3|t|-1"),
        ("SELECT id::text || '!' FROM items WHERE id = 4", "4!"),
        ("SELECT weight::text, flag::text, price::int FROM items WHERE id = 2", "1|true|3"),
        ("SELECT '5'::int + 1", "6"),
        ("SELECT made::date - '2024-01-01'::date FROM items WHERE id = 9", "9"),
        ("SELECT upper(name) FROM items WHERE lower(name) = 'name 4'", "NAME 4"),
        ("SELECT coalesce(flag, true) FROM items WHERE id = 7", "t"),
        ("SELECT id FROM items WHERE (doc->>'n')::int > 17 ORDER BY id", "18 19"),
        ("SELECT CASE WHEN id > 18 THEN 'big' ELSE 'small' END FROM items ORDER BY id DESC LIMIT 2", "big small"),
        ("SELECT id FROM items EXCEPT SELECT id FROM items WHERE id > 1 ORDER BY 1", "0 1"),
        ("SELECT source, score FROM memory_facts WHERE score > 3 ORDER BY id", "s0|4 s1|5"),
        ("SELECT row_number() OVER (ORDER BY id DESC) FROM items WHERE id < 2", "1 2"),
        ("SELECT g FROM generate_series(1, 3) g", "1 2 3"),
        ("SELECT id FROM items WHERE id IN (SELECT id + 1 FROM items WHERE id > 17)", "19"),
        ("SELECT exists(SELECT 1 FROM items WHERE id = 3)", "t"),
        ("SELECT vector_dims(v), v + '[1,1]' FROM items WHERE id = 2", "2|[3,1]"),
    ];
    for (sql, rows) in planned {
        assert_eq!(fixture.rows(sql, &[]), rows, "{sql}");
    }
}

#[test]
fn columns_have_postgresqls_names_and_types() {
    let fixture = Fixture::new();
    let cases = [
        ("SELECT 1", "?column? integer"),
        ("SELECT 3000000000, 1.5, 'x', NULL", "?column? bigint, ?column? numeric, ?column? text, ?column? text"),
        ("SELECT count(*), max(price) FROM items", "count bigint, max numeric"),
        ("SELECT id::text, id + 1, upper(name) FROM items", "id text, ?column? integer, upper text"),
        ("SELECT '1'::int, date '2024-01-01', true", "int4 integer, date date, bool boolean"),
        ("SELECT i.price, v, doc, code FROM items i", "price numeric(10,2), v vector(2), doc jsonb, code uuid"),
        ("SELECT id, id FROM items", "id integer, id integer"),
        ("SELECT doc->'n', doc->>'n' AS n FROM items", "?column? jsonb, n text"),
        (
            "SELECT i.* FROM items i JOIN items j USING (id) WHERE i.id = 1",
            "id integer, name text, price numeric(10,2), weight double precision, made timestamp with time zone, \
          flag boolean, v vector(2), doc jsonb, code uuid",
        ),
        (
            "SELECT * FROM memory",
            "id text, metadata jsonb, vector vector(2), blob_hash text, blob_size bigint, blob_type text",
        ),
        ("SELECT max(id) FROM items UNION ALL SELECT 2", "max integer"),
    ];
    for (sql, wanted) in cases {
        let (plan, _) = fixture.plan(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let shown: Vec<String> = plan.columns().iter().map(|column| format!("{} {}", column.name, column.ty)).collect();
        assert_eq!(shown.join(", "), wanted, "{sql}");
    }
}

#[test]
fn parameters_take_the_type_of_their_place() {
    let fixture = Fixture::new();
    let cases = [
        ("SELECT name FROM items WHERE id = $1", "integer"),
        ("SELECT id FROM items WHERE v <-> $1 < $2 ORDER BY v <-> $1 LIMIT $3", "vector, double precision, bigint"),
        ("SELECT id FROM items WHERE id = ANY($1)", "integer[]"),
        ("SELECT id FROM items WHERE made BETWEEN $1 AND $2", "timestamp with time zone, timestamp with time zone"),
        ("SELECT $1::int8, $2", "bigint, text"),
        ("SELECT count(*) FROM items GROUP BY name HAVING count(*) > $1", "bigint"),
        ("SELECT id FROM items WHERE doc->>'kind' = $1 AND doc @> $2", "text, jsonb"),
        ("SELECT l2_distance(v, $1) FROM items WHERE id + $2 = 4", "vector, integer"),
        ("SELECT id FROM items WHERE name LIKE $1 LIMIT $2 OFFSET $3", "text, bigint, bigint"),
    ];
    for (sql, wanted) in cases {
        let (_, types) = fixture.plan(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let shown: Vec<String> = types.iter().map(ToString::to_string).collect();
        assert_eq!(shown.join(", "), wanted, "{sql}");
    }
    let vector = Value::Vector(vec![3.0, 0.0].into());
    let near = "SELECT id FROM items ORDER BY v <-> $1 LIMIT $2";
    assert_eq!(fixture.rows(near, &[vector.clone(), Value::Int8(2)]), "3 2");
    let joined = "SELECT s.id FROM (SELECT id FROM items ORDER BY v <-> $1 LIMIT $2) s ORDER BY 1";
    assert_eq!(fixture.rows(joined, &[vector, Value::Int8(2)]), "2 3");
    let ids = Value::Array(Box::new(ColumnType::Int4), vec![Value::Int4(2), Value::Int4(9)]);
    assert_eq!(fixture.rows("SELECT id FROM items WHERE id = ANY($1) ORDER BY id", std::slice::from_ref(&ids)), "2 9");
    assert_eq!(fixture.rows("SELECT count(*) FROM items WHERE id = ANY($1)", &[ids]), "2");
    assert_eq!(fixture.rows("SELECT id + $1 FROM items WHERE id = $2", &[Value::Int4(1), Value::Int4(4)]), "5");
}

#[test]
fn expressions_mean_what_they_mean_in_postgresql() {
    let fixture = Fixture::new();
    let cases = [
        (
            "SELECT a.id, (SELECT count(*) FROM items b WHERE b.id = a.id) FROM items a WHERE a.id < 3 ORDER BY 1",
            "0|1 1|1 2|1",
        ),
        ("SELECT made + interval '1 day' FROM items WHERE id = 0", "2024-01-02 00:00:00+00"),
        ("SELECT made - '1 day'::interval FROM items WHERE id = 1", "2024-01-01 00:00:00+00"),
        ("SELECT b.made - a.made FROM items a, items b WHERE a.id = 0 AND b.id = 2", "2 days"),
        ("SELECT date_trunc('month', made) FROM items WHERE id = 3", "2024-01-01 00:00:00+00"),
        ("SELECT extract(day FROM made) FROM items WHERE id = 3", "4"),
        ("SELECT DISTINCT ON (flag) flag, id FROM items WHERE flag IS NOT NULL ORDER BY flag, id", "f|1 t|0"),
        ("SELECT array_agg(id ORDER BY id) FROM items WHERE id < 3", "{0,1,2}"),
        ("SELECT string_agg(name, ', ' ORDER BY id) FROM items WHERE id < 2", "name 0, name 1"),
        ("SELECT count(*) FILTER (WHERE flag), count(DISTINCT flag) FROM items", "10|2"),
        ("SELECT id FROM items WHERE name ~ '^name 1[0-2]$' ORDER BY id", "10 11 12"),
        ("SELECT id FROM items WHERE name ILIKE 'NAME 3' OR name !~ 'name'", "3"),
        ("SELECT id FROM items WHERE id NOT IN (SELECT id FROM items WHERE id > 1) ORDER BY id", "0 1"),
        ("SELECT id FROM items WHERE (id, name) = (3, 'name 3')", "3"),
        ("SELECT id FROM items WHERE flag IS DISTINCT FROM true AND id < 4 ORDER BY id", "1 3"),
        ("SELECT sum(price), avg(weight), round(avg(weight)::numeric, 1) FROM items", "200.00|4.75|4.8"),
        ("SELECT -id, abs(-3), 2 ^ 3 FROM items WHERE id = 2", "-2|3|8"),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t", "10"),
        ("SELECT id FROM items ORDER BY id DESC FETCH FIRST 2 ROWS ONLY", "19 18"),
        ("SELECT generate_series(1, 3)", "1 2 3"),
        ("SELECT flag, count(*) FROM items GROUP BY ROLLUP (flag) ORDER BY 2 DESC, 1 LIMIT 1", "NULL|20"),
        ("SELECT doc || '{\"b\": 1}' FROM items WHERE id = 1", "{\"b\": 1, \"n\": 1, \"kind\": \"k1\"}"),
        ("SELECT doc #>> '{kind}', doc -> 'x' ->> 'y' FROM items WHERE id = 1", "k1|NULL"),
        ("SELECT '{\"a\": [1, 2]}'::jsonb -> 'a' -> 1", "2"),
        ("SELECT avg(v), sum(v) FROM items WHERE id < 3", "[1,0]|[3,0]"),
        ("SELECT id FROM items ORDER BY flag NULLS FIRST, id LIMIT 2", "7 1"),
        ("SELECT count(*) FROM items a LEFT JOIN items b ON a.id = b.id + 15 WHERE b.id IS NULL", "15"),
        ("SELECT l.id FROM items l JOIN items r USING (id) WHERE id = 4", "4"),
        ("SELECT lag(id) OVER w FROM items WHERE id < 3 WINDOW w AS (ORDER BY id)", "NULL 0 1"),
        ("SELECT id FROM items WHERE made::date = '2024-01-05'", "4"),
        ("SELECT 'a' || 1 || true, concat('x', 2)", "a1true|x2"),
        ("SELECT 5 % 3, 5 / 2.0, 1e2", "2|2.5000000000000000|100"),
        ("SELECT current_database(), current_schema()", "nebulus|public"),
        ("SELECT relname FROM pg_catalog.pg_class c WHERE c.relname = 'items'", "items"),
        (
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'items' ORDER BY ordinal_position LIMIT 2",
            "id name",
        ),
        ("SELECT 'items'::regclass::oid = (SELECT oid FROM pg_class WHERE relname = 'items')", "t"),
        (
            "SELECT attname FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 ORDER BY attnum LIMIT 2",
            "id name",
        ),
        ("SELECT nullif(id, 3), greatest(id, 2), least(1.5, id) FROM items WHERE id = 3", "NULL|3|1.5"),
        ("SELECT id FROM items WHERE price::float8 / 2 > 9 ORDER BY 1", "18 19"),
        ("SELECT substring(name FROM 6 FOR 1), position('e' IN name), trim('  x ') FROM items WHERE id = 3", "3|4|x"),
        (
            "SELECT id FROM items WHERE EXISTS (SELECT 1 FROM memory m WHERE m.id = 'm' || items.id::text) ORDER BY id",
            "0 1 2 3 4 5",
        ),
        ("SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(n, s) WHERE n = 2", "2|b"),
        ("SELECT CAST(price AS text), CAST('t' AS boolean) FROM items WHERE id = 0", "0.50|t"),
        ("SELECT max(made) > '2024-01-19' FROM items", "t"),
        ("SELECT ARRAY[1, 2, 3], ARRAY['a', 'b']", "{1,2,3}|{a,b}"),
        ("SELECT id FROM items WHERE id IN (1, 2) UNION ALL SELECT 7 ORDER BY id", "1 2 7"),
    ];
    let mut wrong = Vec::new();
    for (sql, rows) in cases {
        let shown = fixture.rows(sql, &[]);
        if shown != rows {
            wrong.push(format!("{sql}\n    gives {shown}\n    not   {rows}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_have_their_sqlstate_and_position() {
    let fixture = Fixture::new();
    let cases = [
        ("SELECT nme FROM items", "42703@Some(8)"),
        ("SELECT x.id FROM items", "42P01@Some(8)"),
        ("SELECT id FROM nothing", "42P01@Some(16)"),
        ("SELECT id FROM items a, items b", "42702@Some(8)"),
        ("SELECT id FROM items WHERE id = 'x'", "22P02@Some(33)"),
        ("SELECT nofunction(1)", "42883@Some(8)"),
        ("SELECT 1 / 0", "22012@None"),
        ("SELECT 2147483647 + 1", "22003@None"),
        ("SELECT name, count(*) FROM items", "42803@None"),
        ("SELECT id FROM items WHERE v <-> '[1,2,3]' < 1 ORDER BY v <-> '[1,2,3]' LIMIT 1", "22000@None"),
        ("SELECT id FROM items WHERE name = 5", "42883@Some(33)"),
        ("SELECT id FROM items LIMIT -1", "2201W@None"),
        ("SELECT * FROM items a, items a", "42712@None"),
        ("SELECT (SELECT id FROM items)", "21000@None"),
        ("SELECT (SELECT max(a.id) FROM items b) FROM items a", "21000@None"),
    ];
    for (sql, wanted) in cases {
        let shown = fixture.rows(sql, &[]);
        assert!(shown.starts_with(wanted), "{sql}: {shown}");
    }
}

#[test]
fn nearest_searches_stay_inside_their_scan() {
    let fixture = Fixture::new();
    let inside = "SELECT s.id FROM (SELECT id FROM memory WHERE metadata->>'source' = 's0' \
                  ORDER BY vector <=> '[1,0]' LIMIT 2) s JOIN memory m USING (id)";
    let plan = fixture.explain(inside);
    assert!(plan.contains("Order By: cosine distance"), "{plan}");
    assert!(plan.contains("SortExec"), "the exact sort stays: {plan}");
    assert_eq!(fixture.rows(&format!("{inside} ORDER BY 1"), &[]), "m0 m2");
    let above = fixture.explain("SELECT id FROM items WHERE upper(name) = 'NAME 9' ORDER BY v <-> '[3,0]' LIMIT 1");
    assert!(!above.contains("Order By: l2"), "a filter above the scan must not lose rows: {above}");
    assert_eq!(
        fixture.rows("SELECT id FROM items WHERE upper(name) = 'NAME 9' ORDER BY v <-> '[3,0]' LIMIT 1", &[]),
        "9"
    );
}

#[test]
fn conditions_of_the_short_path_are_expressions() {
    let fixture = Fixture::new();
    let cases = [
        ("id = $1 AND name LIKE 'n%'", "(id = $1) AND (name LIKE 'n%')"),
        ("5 < id OR NOT flag", "(id > 5) OR (NOT flag)"),
        (
            "(id BETWEEN 3 AND 5) AND (name <> 'x' AND flag IS NOT NULL)",
            "((id >= 3) AND (id <= 5)) AND (name <> 'x') AND (NOT (flag IS NULL))",
        ),
        ("id IN (1, NULL) AND id = ANY ('{4,2}')", "(id IN (1, NULL)) AND (id = ANY ('{4,2}'::integer[]))"),
        ("doc ->> 'kind' = 'k1' AND doc @> '{\"n\": 4}'", "(doc ->> 'kind' = 'k1') AND (doc @> '{\"n\": 4}'::jsonb)"),
        ("name ~* '^N' AND starts_with(name, 'na')", "(name ~* '^N') AND (name ^@ 'na')"),
    ];
    for (condition, shown) in cases {
        assert_eq!(fixture.lowered(condition), shown, "{condition}");
    }
}
