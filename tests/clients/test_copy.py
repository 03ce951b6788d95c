"""COPY as drivers and pgbench use it: the binary form piece by piece, and its options in both syntaxes."""

import psycopg
import pytest

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER = b"\xff\xff"


def pieces(connection, statement):
    with connection.cursor().copy(statement) as copy:
        return [bytes(piece) for piece in copy]


def test_the_binary_header_comes_with_the_first_row(connection):
    """psycopg, ADBC and rust-postgres read header and row from one message."""
    found = pieces(connection, "COPY (VALUES (1::int4), (2)) TO STDOUT (FORMAT binary)")
    row = lambda number: b"\0\x01\0\0\0\x04" + number.to_bytes(4)
    assert found == [HEADER + row(1), row(2), TRAILER]
    assert pieces(connection, "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)") == [HEADER + TRAILER]


def test_binary_rows_are_read_back(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, t text, at timestamptz)")
    connection.execute(f"INSERT INTO {table_name} VALUES (1, 'é', now()), (2, NULL, NULL)")
    statement = f"COPY (SELECT id, t FROM {table_name} ORDER BY id) TO STDOUT (FORMAT binary)"
    with connection.cursor().copy(statement) as copy:
        copy.set_types(["int8", "text"])
        assert list(copy.rows()) == [(1, "é"), (2, None)]


@pytest.mark.parametrize("options", ["(FREEZE on)", "FREEZE", "WITH (FREEZE)", "WITH (FREEZE 1, HEADER off)"])
def test_pgbench_freezes_what_it_loads(connection, table_name, options):
    connection.execute(f"CREATE TABLE {table_name} (id int PRIMARY KEY)")
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table_name}")
        with cursor.copy(f"COPY {table_name} FROM STDIN {options}") as copy:
            copy.write(b"1\n2\n")
    assert connection.execute(f"SELECT count(*) FROM {table_name}").fetchone() == (2,)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("(FORMAT csv, FORCE_QUOTE (b))", [b'1,"x"\n', b"2,\n"]),
        ("(FORMAT csv, FORCE_QUOTE *)", [b'"1","x"\n', b'"2",\n']),
        ("CSV HEADER FORCE QUOTE a, b", [b"a,b\n", b'"1","x"\n', b'"2",\n']),
        ("WITH DELIMITER AS ';' NULL AS '-'", [b"1;x\n", b"2;-\n"]),
    ],
)
def test_what_is_quoted(connection, options, expected):
    statement = f"COPY (SELECT * FROM (VALUES (1, 'x'), (2, NULL)) AS v(a, b)) TO STDOUT {options}"
    assert pieces(connection, statement) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("(FORMAT csv)", [(1, None, ""), (2, "NULL", None)]),
        ("(FORMAT csv, FORCE_NOT_NULL (b, c))", [(1, "", ""), (2, "NULL", "")]),
        ("(FORMAT csv, FORCE_NULL *)", [(1, None, None), (2, "NULL", None)]),
        ("CSV FORCE NOT NULL b FORCE NULL c", [(1, "", None), (2, "NULL", None)]),
        ("CSV NULL 'NULL' FORCE NULL b", [(1, "", ""), (2, None, "")]),
    ],
)
def test_what_is_null(connection, table_name, options, expected):
    connection.execute(f"CREATE TABLE {table_name} (a int PRIMARY KEY, b text, c text)")
    with connection.cursor().copy(f"COPY {table_name} FROM STDIN {options}") as copy:
        copy.write(b'1,,""\n2,"NULL",\n')
    assert connection.execute(f"SELECT * FROM {table_name} ORDER BY a").fetchall() == expected


@pytest.mark.parametrize(
    ("options", "sqlstate", "message"),
    [
        ("(FORCE_QUOTE (a))", "0A000", "COPY FORCE_QUOTE requires CSV mode"),
        ("(FORMAT csv, FORCE_QUOTE (a))", "0A000", "COPY FORCE_QUOTE cannot be used with COPY FROM"),
        ("(FORMAT csv, FORCE_NULL (z))", "42703", "column \"z\" of relation \"{table}\" does not exist"),
        ("(FORMAT csv, FORMAT csv)", "42601", "conflicting or redundant options"),
        ("(nosuch)", "42601", 'option "nosuch" not recognized'),
        ("(ON_ERROR ignore)", "0A000", "COPY option ON_ERROR is not offered"),
    ],
)
def test_options_that_are_refused(connection, table_name, options, sqlstate, message):
    connection.execute(f"CREATE TABLE {table_name} (a int PRIMARY KEY)")
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(f"COPY {table_name} FROM STDIN {options}")
    expected = message.format(table=table_name)
    assert (raised.value.sqlstate, raised.value.diag.message_primary) == (sqlstate, expected)
