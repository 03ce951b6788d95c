"""What Metabase asks of PostgreSQL: what there is when it synchronises, then the statements of its questions.

It comes over pgjdbc, whose statements are of the extended protocol. The statements have the shapes that Metabase's driver makes.
"""

import datetime
import decimal

import psycopg
import pytest

DEC, FEB, MAR = datetime.datetime(2023, 12, 31, 23, 59, 59), datetime.datetime(2024, 2, 29, 13, 45, 10), datetime.datetime(2024, 3, 1)

TABLES = """
SELECT "n"."nspname" AS "schema", "c"."relname" AS "name",
  CASE "c"."relkind" WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
    WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE NULL END AS "type",
  "d"."description" AS "description", "stat"."n_live_tup" AS "estimated_row_count"
FROM "pg_catalog"."pg_class" AS "c"
  INNER JOIN "pg_catalog"."pg_namespace" AS "n" ON "c"."relnamespace" = "n"."oid"
  LEFT JOIN "pg_catalog"."pg_description" AS "d"
    ON ("c"."oid" = "d"."objoid") AND ("d"."objsubid" = 0) AND ("d"."classoid" = 'pg_class'::regclass)
  LEFT JOIN "pg_stat_user_tables" AS "stat" ON ("n"."nspname" = "stat"."schemaname") AND ("c"."relname" = "stat"."relname")
WHERE ("c"."relnamespace" = "n"."oid") AND ("n"."nspname" !~ $1) AND ("n"."nspname" <> $2)
  AND c.relkind in ('r', 'p', 'v', 'f', 'm') AND ("n"."nspname" IN ($3))
ORDER BY "type" ASC, "schema" ASC, "name" ASC
"""

QUOTED = """'"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"'"""
PRIVILEGES = f"""
with table_privileges as (
  select NULL as role, t.schemaname as schema, t.objectname as table,
    pg_catalog.has_any_column_privilege(current_user, {QUOTED}, 'update') as update,
    pg_catalog.has_any_column_privilege(current_user, {QUOTED}, 'select') as select,
    pg_catalog.has_any_column_privilege(current_user, {QUOTED}, 'insert') as insert,
    pg_catalog.has_table_privilege(current_user, {QUOTED}, 'delete') as delete
  from (
    select schemaname, tablename as objectname from pg_catalog.pg_tables
    union select schemaname, viewname as objectname from pg_catalog.pg_views
    union select schemaname, matviewname as objectname from pg_catalog.pg_matviews
  ) t
  where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema'
    and pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage')
)
select t.* from table_privileges t
"""

COUNTS_ITSELF = """(("column_default" IS NOT NULL) AND ("column_default" LIKE '%nextval(%')) OR ("is_identity" <> 'NO')"""
FIELDS = f"""
SELECT "c"."column_name" AS "name",
  CASE WHEN "c"."udt_schema" IN ('public', 'pg_catalog') THEN FORMAT('%s', "c"."udt_name")
    ELSE FORMAT('"%s"."%s"', "c"."udt_schema", "c"."udt_name") END AS "database-type",
  "c"."ordinal_position" - 1 AS "database-position", "c"."table_schema" AS "table-schema", "c"."table_name" AS "table-name",
  "pk"."column_name" IS NOT NULL AS "pk?",
  COL_DESCRIPTION(CAST(CAST(FORMAT('%I.%I', CAST("c"."table_schema" AS TEXT), CAST("c"."table_name" AS TEXT)) AS REGCLASS) AS OID),
    "c"."ordinal_position") AS "field-comment",
  (("column_default" IS NULL) OR (LOWER("column_default") = 'null')) AND ("is_nullable" = 'NO') AND NOT ({COUNTS_ITSELF})
    AS "database-required",
  {COUNTS_ITSELF} AS "database-is-auto-increment"
FROM "information_schema"."columns" AS "c"
  LEFT JOIN (SELECT "tc"."table_schema", "tc"."table_name", "kc"."column_name"
    FROM "information_schema"."table_constraints" AS "tc"
      INNER JOIN "information_schema"."key_column_usage" AS "kc" ON ("tc"."constraint_name" = "kc"."constraint_name")
        AND ("tc"."table_schema" = "kc"."table_schema") AND ("tc"."table_name" = "kc"."table_name")
    WHERE "tc"."constraint_type" = 'PRIMARY KEY') AS "pk"
  ON ("c"."table_schema" = "pk"."table_schema") AND ("c"."table_name" = "pk"."table_name")
    AND ("c"."column_name" = "pk"."column_name")
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND ("c"."table_schema" IN ($1)) AND ("c"."table_name" IN ($2))
UNION ALL
SELECT "pa"."attname" AS "name",
  CASE WHEN "ptn"."nspname" IN ('public', 'pg_catalog') THEN FORMAT('%s', "pt"."typname")
    ELSE FORMAT('"%s"."%s"', "ptn"."nspname", "pt"."typname") END AS "database-type",
  "pa"."attnum" - 1 AS "database-position", "pn"."nspname" AS "table-schema", "pc"."relname" AS "table-name",
  FALSE AS "pk?", NULL AS "field-comment", FALSE AS "database-required", FALSE AS "database-is-auto-increment"
FROM "pg_catalog"."pg_class" AS "pc"
  INNER JOIN "pg_catalog"."pg_namespace" AS "pn" ON "pn"."oid" = "pc"."relnamespace"
  INNER JOIN "pg_catalog"."pg_attribute" AS "pa" ON "pa"."attrelid" = "pc"."oid"
  INNER JOIN "pg_catalog"."pg_type" AS "pt" ON "pt"."oid" = "pa"."atttypid"
  INNER JOIN "pg_catalog"."pg_namespace" AS "ptn" ON "ptn"."oid" = "pt"."typnamespace"
WHERE ("pc"."relkind" = 'm') AND ("pa"."attnum" >= 1) AND ("pn"."nspname" IN ($1)) AND ("pc"."relname" IN ($2))
ORDER BY "table-schema" ASC, "table-name" ASC, "database-position" ASC
"""

FOREIGN_KEYS = """
SELECT "fk_ns"."nspname" AS "fk-table-schema", "fk_table"."relname" AS "fk-table-name", "fk_column"."attname" AS "fk-column-name",
  "pk_ns"."nspname" AS "pk-table-schema", "pk_table"."relname" AS "pk-table-name", "pk_column"."attname" AS "pk-column-name"
FROM "pg_constraint" AS "c"
  INNER JOIN "pg_class" AS "fk_table" ON "c"."conrelid" = "fk_table"."oid"
  INNER JOIN "pg_namespace" AS "fk_ns" ON "c"."connamespace" = "fk_ns"."oid"
  INNER JOIN "pg_attribute" AS "fk_column" ON "c"."conrelid" = "fk_column"."attrelid"
  INNER JOIN "pg_class" AS "pk_table" ON "c"."confrelid" = "pk_table"."oid"
  INNER JOIN "pg_namespace" AS "pk_ns" ON "pk_table"."relnamespace" = "pk_ns"."oid"
  INNER JOIN "pg_attribute" AS "pk_column" ON "c"."confrelid" = "pk_column"."attrelid"
WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND ("c"."contype" = 'f'::char)
  AND ("fk_column"."attnum" = ANY(c.conkey)) AND ("pk_column"."attnum" = ANY(c.confkey)) AND ("fk_ns"."nspname" IN ($1))
ORDER BY "fk-table-schema" ASC, "fk-table-name" ASC
"""

INDEXES = """
SELECT "tmp"."table-schema", "tmp"."table-name",
  TRIM(BOTH '"' FROM "pg_catalog"."pg_get_indexdef"("tmp"."ci_oid", "tmp"."pos", FALSE)) AS "field-name"
FROM (SELECT "n"."nspname" AS "table-schema", "ct"."relname" AS "table-name", "ci"."oid" AS "ci_oid",
    ("information_schema"."_pg_expandarray"("i"."indkey"))."n" AS "pos"
  FROM "pg_catalog"."pg_class" AS "ct"
    INNER JOIN "pg_catalog"."pg_namespace" AS "n" ON "ct"."relnamespace" = "n"."oid"
    INNER JOIN "pg_catalog"."pg_index" AS "i" ON "ct"."oid" = "i"."indrelid"
    INNER JOIN "pg_catalog"."pg_class" AS "ci" ON "ci"."oid" = "i"."indexrelid"
  WHERE ("pg_catalog"."pg_get_expr"("i"."indpred", "i"."indrelid") IS NULL)
    AND n.nspname !~ '^information_schema|catalog_history|pg_' AND ("n"."nspname" IN ($1)) AND ("ct"."relname" IN ($2))) AS "tmp"
WHERE "tmp"."pos" = 1
"""


@pytest.fixture(scope="module")
def metabase(server):
    """A connection as the recipe in docs/recipes.md says: without secrets."""
    with psycopg.connect(
        server.url, autocommit=True, connect_timeout=10, cursor_factory=psycopg.RawCursor, options="-c nebulus.secrets=off"
    ) as connection:
        connection.execute(
            "CREATE TABLE metabase_sales (id serial PRIMARY KEY, at timestamp, tz timestamptz, day date, "
            "city varchar(20) NOT NULL, amount numeric(10,2), meta jsonb, epoch int8, ok boolean DEFAULT true)"
        )
        connection.execute("CREATE INDEX metabase_sales_city_epoch ON metabase_sales (city, epoch)")
        insert = "INSERT INTO metabase_sales (at, tz, day, city, amount, meta, epoch) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        utc = datetime.timezone.utc
        for at, city, amount, meta in [(FEB, "Oslo", "12.50", '{"a": {"b": 7}}'), (MAR, "Bergen", "3.25", None), (DEC, "Oslo", "100", None)]:
            zoned = at.replace(tzinfo=utc)
            connection.execute(insert, [at, zoned, at.date(), city, decimal.Decimal(amount), meta, int(zoned.timestamp())])
        connection.execute("""INSERT INTO memory (id, metadata) VALUES ('metabase-1', '{"metabase_kind": "note"}')""")
        yield lambda statement, parameters=(): connection.execute(statement, parameters).fetchall()


def test_it_finds_the_tables(metabase):
    found = {name: kind for _, name, kind, _, _ in metabase(TABLES, ["^pg_", "information_schema", "public"])}
    assert (found["metabase_sales"], found["memory"], found["memory_facts"]) == ("TABLE", "TABLE", "VIEW")
    allowed = {(schema, table): selects for _, schema, table, _, selects, _, _ in metabase(PRIVILEGES)}
    assert allowed["public", "metabase_sales"] is True and allowed["public", "memory_facts"] is True


def test_it_describes_fields(metabase):
    fields = metabase(FIELDS, ["public", "metabase_sales"])
    assert [(name, kind, place) for name, kind, place, *_ in fields] == [
        ("id", "int4", 0),
        ("at", "timestamp", 1),
        ("tz", "timestamptz", 2),
        ("day", "date", 3),
        ("city", "varchar", 4),
        ("amount", "numeric", 5),
        ("meta", "jsonb", 6),
        ("epoch", "int8", 7),
        ("ok", "bool", 8),
    ]
    # Is it the key, has it to be given, and does it count by itself?
    shown = {field[0]: (field[5], field[7], field[8]) for field in fields}
    assert (shown["id"], shown["city"], shown["ok"]) == ((True, False, True), (False, True, False), (False, False, False))
    facts = {field[0]: field[1] for field in metabase(FIELDS, ["public", "memory_facts"])}
    assert facts["metabase_kind"] == "text"


def test_it_describes_keys_and_indexes(metabase):
    assert metabase(FOREIGN_KEYS, ["public"]) == []
    assert sorted(row[2] for row in metabase(INDEXES, ["public", "metabase_sales"])) == ["city", "id"]
    enums = (
        "SELECT nspname, typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
        "WHERE t.oid IN (SELECT DISTINCT enumtypid FROM pg_enum e)"
    )
    assert metabase(enums) == []
    assert metabase('SELECT TRUE AS "_" FROM "public"."metabase_sales" WHERE 1 <> 1 LIMIT 0') == []
    assert metabase("show timezone") == [("UTC",)]


@pytest.mark.parametrize(
    ("unit", "begins"),
    [
        ("minute", [DEC.replace(second=0), FEB.replace(second=0), MAR]),
        ("hour", [DEC.replace(minute=0, second=0), FEB.replace(minute=0, second=0), MAR]),
        ("week", [datetime.datetime(2023, 12, 25), datetime.datetime(2024, 2, 26)]),
        ("month", [datetime.datetime(2023, 12, 1), datetime.datetime(2024, 2, 1), MAR]),
        ("quarter", [datetime.datetime(2023, 10, 1), datetime.datetime(2024, 1, 1)]),
        ("year", [datetime.datetime(2023, 1, 1), datetime.datetime(2024, 1, 1)]),
    ],
)
def test_it_groups_by_time(metabase, unit, begins):
    at = f"""DATE_TRUNC('{unit}', "public"."metabase_sales"."at")"""
    statement = f'SELECT {at} AS "at", COUNT(*) AS "count" FROM "public"."metabase_sales" GROUP BY {at} ORDER BY {at} ASC'
    assert [begin for begin, _ in metabase(statement)] == begins


def test_it_groups_by_day_and_by_sundays(metabase):
    day = 'CAST("public"."metabase_sales"."at" AS date)'
    days = metabase(f'SELECT {day} AS "at", COUNT(*) FROM "public"."metabase_sales" GROUP BY {day} ORDER BY {day} ASC')
    assert [begin for begin, _ in days] == [DEC.date(), FEB.date(), MAR.date()]
    week = """(DATE_TRUNC('week', ("at" + INTERVAL '1 day')) + INTERVAL '-1 day')"""
    weeks = metabase(f'SELECT {week} AS "at", COUNT(*) FROM "metabase_sales" GROUP BY {week} ORDER BY {week} ASC')
    assert weeks == [(datetime.datetime(2023, 12, 31), 1), (datetime.datetime(2024, 2, 25), 2)]


@pytest.mark.parametrize(
    ("unit", "parts"),
    [("minute", [0, 45, 59]), ("hour", [0, 13, 23]), ("day", [1, 29, 31]), ("doy", [60, 61, 365]), ("quarter", [1, 4]), ("dow", [0, 4, 5])],
)
def test_it_extracts_parts_of_times(metabase, unit, parts):
    part = f"""CAST(extract({unit} from "at") AS integer)"""
    assert [value for value, _ in metabase(f'SELECT {part}, COUNT(*) FROM "metabase_sales" GROUP BY {part} ORDER BY {part}')] == parts


def test_it_filters(metabase):
    assert metabase('SELECT COUNT(*) FROM "metabase_sales" WHERE "at" >= $1 AND "at" < $2', [FEB, MAR]) == [(1,)]
    literal = """"tz" >= timestamp with time zone '2024-01-01 00:00:00.000Z' AND "day" > date '2024-02-29'"""
    assert metabase(f'SELECT COUNT(*) FROM "metabase_sales" WHERE {literal}') == [(1,)]
    recent = """"at" >= DATE_TRUNC('month', (NOW() + INTERVAL '-900 month')) AND "at" < DATE_TRUNC('month', NOW())"""
    assert metabase(f'SELECT COUNT(*) FROM "metabase_sales" WHERE {recent}') == [(3,)]
    assert metabase('SELECT COUNT(*) FROM "metabase_sales" WHERE LOWER("city") LIKE $1', ["%os%"]) == [(2,)]
    values = 'SELECT "city" AS "city" FROM "public"."metabase_sales" GROUP BY "city" ORDER BY "city" ASC LIMIT 1000'
    assert metabase(values) == [("Bergen",), ("Oslo",)]


def test_it_summarises(metabase):
    bin_of = """((FLOOR((("public"."metabase_sales"."amount" - 0) / 25.0)) * 25.0) + 0)"""
    bins = metabase(f'SELECT {bin_of} AS "amount", COUNT(*) AS "count" FROM "public"."metabase_sales" GROUP BY {bin_of} ORDER BY {bin_of}')
    assert bins == [(0, 2), (100, 1)]
    assert metabase('SELECT PERCENTILE_CONT(0.5) within group (order by "amount") AS "median" FROM "metabase_sales"') == [(12.5,)]
    share = """CAST(SUM(CASE WHEN "city" = 'Oslo' THEN 1 ELSE 0.0 END) AS DOUBLE PRECISION) / NULLIF(CAST(COUNT(*) AS DOUBLE PRECISION), 0)"""
    assert metabase(f'SELECT {share} FROM "metabase_sales"') == [(pytest.approx(2 / 3),)]
    running = 'SUM(SUM("amount")) OVER (ORDER BY "city" ASC ROWS UNBOUNDED PRECEDING)'
    totals = metabase(f'SELECT "city", {running} FROM "metabase_sales" GROUP BY "city" ORDER BY "city"')
    assert totals == [("Bergen", decimal.Decimal("3.25")), ("Oslo", decimal.Decimal("115.75"))]


def test_it_reads_into_json_and_text(metabase):
    statement = """SELECT ("meta"#>> array[$1, $2]::text[])::bigint AS "a → b", COUNT(*) FROM "metabase_sales" GROUP BY "a → b" ORDER BY "a → b" """
    assert metabase(statement, ["a", "b"]) == [(7, 1), (None, 2)]
    assert metabase("""SELECT SUBSTRING("city" FROM '[A-Z]') FROM "metabase_sales" ORDER BY "id" """) == [("O",), ("B",), ("O",)]
    assert metabase("""SELECT SPLIT_PART("city", 's', 1) FROM "metabase_sales" ORDER BY "id" LIMIT 1""") == [("O",)]
    start = "SELECT \"source\".\"start\" FROM (SELECT SUBSTRING(\"city\", 1, 1234) AS \"start\" FROM \"metabase_sales\") AS \"source\" LIMIT 10000"
    assert len(metabase(start)) == 3


def test_it_converts_times(metabase):
    assert metabase('SELECT TO_TIMESTAMP("epoch") FROM "metabase_sales" ORDER BY "id" LIMIT 1') == [(FEB.replace(tzinfo=datetime.timezone.utc),)]
    statement = """SELECT TIMEZONE('America/New_York', TIMEZONE('UTC', "at")) FROM "metabase_sales" ORDER BY "id" LIMIT 1"""
    assert metabase(statement) == [(FEB - datetime.timedelta(hours=5),)]
    january = "timestamp '2024-01-01'"
    years = f"CAST(extract(year from AGE(DATE_TRUNC('day', \"at\"), DATE_TRUNC('day', {january}))) AS integer)"
    days = f'CAST("at" AS DATE) - CAST({january} AS DATE)'
    seconds = f'CAST(TRUNC(extract(epoch from "at") - extract(epoch from {january})) AS integer)'
    assert metabase(f'SELECT {years}, {days}, {seconds} FROM "metabase_sales" ORDER BY "id" LIMIT 1') == [(0, 59, 5147110)]


def test_secrets_are_hidden(metabase):
    with pytest.raises(psycopg.Error, match="secrets are hidden from this session"):
        metabase('SELECT * FROM "public"."auth" LIMIT 10')
