"""psycopg 3 as people use it: both formats, server-side parameters, pipelines, transactions, errors."""

import datetime
import decimal
import uuid

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

UTC = datetime.timezone.utc

# SQL type, Python value
VALUES = [
    ("boolean", True),
    ("int2", -32768),
    ("int4", 2147483647),
    ("int8", -9223372036854775808),
    ("float4", 1.5),
    ("float8", 0.1),
    ("numeric", decimal.Decimal("12345678901234567890.01234567")),
    ("text", "naïve — 日本語 🙂"),
    ("varchar", "it's"),
    ("bytea", b"\x00\xff\\'"),
    ("uuid", uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
    ("date", datetime.date(2024, 2, 29)),
    ("time", datetime.time(23, 59, 59, 999999)),
    ("timestamp", datetime.datetime(1999, 12, 31, 23, 59, 59, 123456)),
    ("timestamptz", datetime.datetime(2038, 1, 19, 3, 14, 8, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize(("sql_type", "value"), VALUES, ids=[name for name, _ in VALUES])
def test_a_value_keeps_its_type(connection, table_name, sql_type, value, binary):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, x {sql_type})")
    placeholder = "%b" if binary else "%t"
    connection.execute(f"INSERT INTO {table_name} VALUES (1, {placeholder}), (2, NULL)", [value])
    with connection.cursor(binary=binary) as cursor:
        cursor.execute(f"SELECT x FROM {table_name} ORDER BY id")
        rows = cursor.fetchall()
        expected_oid = psycopg.adapters.types[sql_type].oid
        assert cursor.description[0].type_code == expected_oid
    assert rows == [(value,), (None,)]
    assert type(rows[0][0]) is type(value)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_jsonb(connection, table_name, binary):
    document = {"a": [1, 2.5, None, True], "ü": {"n": "x"}}
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, x jsonb)")
    connection.execute(f"INSERT INTO {table_name} VALUES (1, %s)", [Jsonb(document)])
    with connection.cursor(binary=binary) as cursor:
        assert cursor.execute(f"SELECT x FROM {table_name}").fetchone() == (document,)
        assert cursor.execute(f"SELECT x->'a'->0, x->>'ü' IS NULL, x#>>'{{ü,n}}' FROM {table_name}").fetchone() == (
            1,
            False,
            "x",
        )


def test_parameters_travel_apart_from_the_statement(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, name text)")
    hostile = "x'); DROP TABLE memory; --"
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table_name} VALUES (%s, %s)", [(number, hostile) for number in range(20)])
        assert cursor.rowcount == 20
    row = connection.execute(f"SELECT id, name FROM {table_name} WHERE id = %s AND name = %s", (7, hostile)).fetchone()
    assert row == (7, hostile)


def test_prepared_statements_are_reused(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, n int4)")
    for number in range(20):
        connection.execute(f"INSERT INTO {table_name} VALUES (%s, %s)", (number, number * 2), prepare=True)
    for number in range(20):
        row = connection.execute(f"SELECT n FROM {table_name} WHERE id = %s", (number,), prepare=True).fetchone()
        assert row == (number * 2,)
    assert connection.execute(f"SELECT count(*) FROM {table_name}").fetchone() == (20,)


def test_returning_and_on_conflict(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id bigserial PRIMARY KEY, name text, n int4)")
    first = connection.execute(f"INSERT INTO {table_name} (name, n) VALUES ('a', 1), ('b', 2) RETURNING id, name")
    assert first.fetchall() == [(1, "a"), (2, "b")]
    again = connection.execute(
        f"INSERT INTO {table_name} (id, name, n) VALUES (1, 'z', 9) "
        "ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING name, n"
    )
    assert again.fetchall() == [("a", 9)]
    nothing = connection.execute(f"INSERT INTO {table_name} (id, name, n) VALUES (1, 'z', 9) ON CONFLICT DO NOTHING")
    assert nothing.rowcount == 0
    assert connection.execute(f"UPDATE {table_name} SET n = n + 1 WHERE n > 1").rowcount == 2
    assert connection.execute(f"DELETE FROM {table_name} WHERE id = 2 RETURNING n").fetchall() == [(3,)]


def test_pipeline(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, n int4)")
    with connection.pipeline():
        for number in range(50):
            connection.execute(f"INSERT INTO {table_name} VALUES (%s, %s)", (number, number))
        counted = connection.execute(f"SELECT count(*), sum(n) FROM {table_name}")
        assert counted.fetchone() == (50, sum(range(50)))


def test_pipeline_after_an_error(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
    with pytest.raises(psycopg.errors.UniqueViolation), connection.pipeline() as pipeline:
        connection.execute(f"INSERT INTO {table_name} VALUES (1)")
        pipeline.sync()
        connection.execute(f"INSERT INTO {table_name} VALUES (1)")
        connection.execute(f"INSERT INTO {table_name} VALUES (2)")
        pipeline.sync()
    assert connection.execute(f"SELECT id FROM {table_name}").fetchall() == [(1,)]


def test_transactions(server, table_name):
    with psycopg.connect(server.url) as writer, psycopg.connect(server.url, autocommit=True) as reader:
        writer.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, n int4)")
        writer.commit()
        writer.execute(f"INSERT INTO {table_name} VALUES (1, 1)")
        assert reader.execute(f"SELECT count(*) FROM {table_name}").fetchone() == (0,)
        writer.commit()
        assert reader.execute(f"SELECT count(*) FROM {table_name}").fetchone() == (1,)
        writer.execute(f"DELETE FROM {table_name}")
        writer.rollback()
        assert reader.execute(f"SELECT count(*) FROM {table_name}").fetchone() == (1,)


def test_savepoints(server, table_name):
    with psycopg.connect(server.url) as connection:
        connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            connection.execute(f"INSERT INTO {table_name} VALUES (1)")
            connection.execute(f"INSERT INTO {table_name} VALUES (1)")
        with connection.transaction():
            connection.execute(f"INSERT INTO {table_name} VALUES (2)")
        connection.commit()
        assert connection.execute(f"SELECT id FROM {table_name}").fetchall() == [(2,)]


def test_aborted_transaction(server):
    with psycopg.connect(server.url) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM no_such_table")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_first_committer_wins(server, table_name):
    with psycopg.connect(server.url) as one, psycopg.connect(server.url) as other:
        one.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, n int4)")
        one.execute(f"INSERT INTO {table_name} VALUES (1, 0)")
        one.commit()
        for connection in (one, other):
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            assert connection.execute(f"SELECT n FROM {table_name}").fetchone() == (0,)
        one.execute(f"UPDATE {table_name} SET n = 1 WHERE id = 1")
        one.commit()
        with pytest.raises(psycopg.errors.SerializationFailure):
            other.execute(f"UPDATE {table_name} SET n = 2 WHERE id = 1")
            other.commit()
        other.rollback()
        assert other.execute(f"SELECT n FROM {table_name}").fetchone() == (1,)


ERRORS = [
    ("SELEC 1", "42601"),
    ("SELECT * FROM no_such_table", "42P01"),
    ("SELECT no_such_column FROM memory", "42703"),
    ("SELECT no_such_function(1)", "42883"),
    ("SELECT 1 / 0", "22012"),
    ("SELECT 'x'::int4", "22P02"),
    ("SELECT '{'::jsonb", "22P02"),
    ("GET MEMORY WHERE", "42601"),
    ("GET MEMORY IN no_such_table", "42P01"),
]


@pytest.mark.parametrize(("statement", "sqlstate"), ERRORS, ids=[statement for statement, _ in ERRORS])
def test_errors_carry_the_sqlstate(connection, statement, sqlstate):
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(statement)
    assert caught.value.sqlstate == sqlstate
    assert caught.value.diag.message_primary
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_syntax_error_has_a_position(connection):
    with pytest.raises(psycopg.errors.SyntaxError) as caught:
        connection.execute("SELECT 1 FROM WHERE")
    assert caught.value.diag.statement_position is not None


def test_constraints(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, name text NOT NULL, v vector(3))")
    connection.execute(f"INSERT INTO {table_name} VALUES (1, 'a', '[1,2,3]')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(f"INSERT INTO {table_name} VALUES (1, 'b', NULL)")
    with pytest.raises(psycopg.errors.NotNullViolation):
        connection.execute(f"INSERT INTO {table_name} VALUES (2, NULL, NULL)")
    with pytest.raises(psycopg.errors.DataException) as caught:
        connection.execute(f"INSERT INTO {table_name} VALUES (2, 'b', '[1,2]')")
    assert caught.value.sqlstate == "22000"
    assert "3" in str(caught.value) and "2" in str(caught.value)


def test_rows_as_dicts_and_a_large_result(server):
    with psycopg.connect(server.url, autocommit=True, row_factory=dict_row) as connection:
        rows = connection.execute("SELECT n, n * 2 AS twice FROM generate_series(1, 50000) AS g(n)").fetchall()
    assert len(rows) == 50000
    assert rows[-1] == {"n": 50000, "twice": 100000}


def test_cancel(server):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 200")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(
                "SELECT count(*) FROM generate_series(1, 100000) AS a(n), generate_series(1, 100000) AS b(n) "
                "WHERE a.n + b.n < 0"
            )
        connection.execute("SET statement_timeout = 0")
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_knirvql_with_parameters(connection):
    connection.execute('SET MEMORY id = "driver-1" metadata = {"source": "driver-test", "n": 7}')
    found = connection.execute("GET MEMORY FIELDS id, metadata WHERE metadata.source = %s", ["driver-test"]).fetchall()
    assert found == [("driver-1", {"source": "driver-test", "n": 7})]
    deleted = connection.execute("DELETE WHERE id = %s", ["driver-1"])
    assert deleted.rowcount == 1
    assert connection.execute("GET MEMORY FIELDS id WHERE metadata.source = %s", ["driver-test"]).fetchall() == []


def test_secrets(connection):
    connection.execute('SET AUTH key = "driver-key" value = "s3cret"')
    rows = connection.execute('GET AUTH WHERE key = "driver-key"').fetchall()
    assert len(rows) == 1 and "s3cret" in rows[0]
    connection.execute('DELETE AUTH WHERE key = "driver-key"')
    assert connection.execute('GET AUTH WHERE key = "driver-key"').fetchall() == []


def test_if_exists_says_what_it_skips(connection, table_name):
    """What no server of this kind can have is not there either: migrations begin with it."""
    said = []
    connection.add_notice_handler(lambda notice: said.append((notice.severity, notice.sqlstate, notice.message_primary)))
    for kind in ["TYPE", "SCHEMA", "EXTENSION", "VIEW", "SEQUENCE", "TABLE", "INDEX"]:
        connection.execute(f"DROP {kind} IF EXISTS {table_name}")
        assert said.pop() == ("NOTICE", "00000", f'{kind.lower()} "{table_name}" does not exist, skipping')
    connection.execute(f"DROP FUNCTION IF EXISTS {table_name}(int)")
    assert said.pop()[2] == f"function {table_name}(pg_catalog.int4) does not exist, skipping"
    connection.execute("CREATE SCHEMA IF NOT EXISTS public")
    assert said.pop() == ("NOTICE", "42P06", 'schema "public" already exists, skipping')
    connection.execute(f"CREATE TABLE {table_name} (id int PRIMARY KEY)")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table_name} (id int PRIMARY KEY)")
    assert said.pop() == ("NOTICE", "42P07", f'relation "{table_name}" already exists, skipping')
    assert said == []


def test_rows_come_from_several_arrays(server, table_name):
    """node-postgres' way to insert many rows with one statement."""
    with psycopg.connect(server.url, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute(f"CREATE TABLE {table_name} (name text, n int)")
        statement = f"INSERT INTO {table_name} SELECT * FROM unnest($1::text[], $2::int[])"
        assert connection.execute(statement, [["a", "b"], [1, 2]]).rowcount == 2
        assert connection.execute(f"SELECT name, n FROM {table_name} ORDER BY n").fetchall() == [("a", 1), ("b", 2)]
