"""What pgjdbc sends, by its statements and its parameters' types: dates, and what it asks of indexes and keys."""

import datetime

import psycopg
import pytest
from psycopg import pq

UNKNOWN, DATE = 0, 1082

GET_INDEX_INFO = """
SELECT tmp.TABLE_CAT, tmp.TABLE_SCHEM, tmp.TABLE_NAME, tmp.NON_UNIQUE, tmp.INDEX_QUALIFIER, tmp.INDEX_NAME, tmp.TYPE,
  tmp.ORDINAL_POSITION,
  trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME,
  CASE tmp.AM_NAME
    WHEN 'btree' THEN
      CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint
        WHEN 1 THEN 'D'
        ELSE 'A'
      END
    ELSE NULL
  END AS ASC_OR_DESC,
  tmp.CARDINALITY, tmp.PAGES, tmp.FILTER_CONDITION
FROM (
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,
  ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE,
  NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME,
  CASE i.indisclustered
    WHEN true THEN 1
    ELSE CASE am.amname
      WHEN 'hash' THEN 2
      ELSE 3
    END
  END AS TYPE,
  (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION,
  ci.reltuples AS CARDINALITY,
  ci.relpages AS PAGES,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION,
  ci.oid AS CI_OID,
  i.indoption AS I_INDOPTION,
  am.amname AS AM_NAME
FROM pg_catalog.pg_class ct
  JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)
  JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid)
  JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)
  JOIN pg_catalog.pg_am am ON (ci.relam = am.oid)
WHERE true AND n.nspname = 'public' AND ct.relname = '{table}'
) AS tmp
ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION
"""

GET_PRIMARY_KEYS = """
SELECT result.TABLE_CAT, result.TABLE_SCHEM, result.TABLE_NAME, result.COLUMN_NAME, result.KEY_SEQ, result.PK_NAME
FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME,
  (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME,
  information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM
FROM pg_catalog.pg_class ct
  JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid)
  JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)
  JOIN pg_catalog.pg_index i ON ( a.attrelid = i.indrelid)
  JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)
WHERE true AND n.nspname = 'public' AND ct.relname = '{table}' AND i.indisprimary) result
where result.A_ATTNUM = (result.KEYS).x
ORDER BY result.table_name, result.pk_name, result.key_seq
"""


@pytest.mark.parametrize("oid", [UNKNOWN, DATE], ids=["unspecified", "date"])
def test_set_date(connection, table_name, oid):
    """`setDate` sends the day with the offset of the client's time zone behind it."""
    connection.execute(f"CREATE TABLE {table_name} (id int PRIMARY KEY, d date)")
    statement = f"INSERT INTO {table_name} (id, d) VALUES (1, $1) RETURNING d".encode()
    result = connection.pgconn.exec_params(statement, [b"2024-02-29 +00"], [oid])
    assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
    assert result.get_value(0, 0) == b"2024-02-29"
    statement = f"SELECT id FROM {table_name} WHERE d = $1".encode()
    result = connection.pgconn.exec_params(statement, [b"2024-02-29 -05:30"], [oid])
    assert (result.ntuples, result.get_value(0, 0)) == (1, b"1")
    assert connection.execute(f"SELECT d FROM {table_name}").fetchone() == (datetime.date(2024, 2, 29),)


def test_get_index_info(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (id int PRIMARY KEY, a text, b int)")
    connection.execute(f"CREATE INDEX {table_name}_ab ON {table_name} (a, b)")
    rows = connection.execute(GET_INDEX_INFO.format(table=table_name)).fetchall()
    shown = [(row[3], row[5], row[6], row[7], row[8], row[9]) for row in rows]
    assert shown == [
        (False, f"{table_name}_pkey", 3, 1, "id", "A"),
        (True, f"{table_name}_ab", 3, 1, "a", "A"),
        (True, f"{table_name}_ab", 3, 2, "b", "A"),
    ]


def test_get_primary_keys(connection, table_name):
    connection.execute(f"CREATE TABLE {table_name} (a text, id int, b int, PRIMARY KEY (b, id))")
    rows = connection.execute(GET_PRIMARY_KEYS.format(table=table_name)).fetchall()
    assert [row[3:] for row in rows] == [("b", 1, f"{table_name}_pkey"), ("id", 2, f"{table_name}_pkey")]


def test_get_sql_keywords(connection):
    statement = (
        "select string_agg(word, ',') from pg_catalog.pg_get_keywords() "
        "where word <> ALL ('{a,abs,absolute,action,add,all,select,from}'::text[])"
    )
    words = connection.execute(statement).fetchone()[0].split(",")
    assert "lateral" in words and "select" not in words


def test_a_function_called_by_escape_syntax(connection):
    """`{? = call abs(?)}`"""
    result = connection.pgconn.exec_params(b"select * from abs($1) as result", [b"-3"], [23])
    assert (result.fname(0), result.get_value(0, 0)) == (b"result", b"3")


def test_int2vectors_are_no_arrays(connection, table_name):
    """pgjdbc and psqlODBC read `1 2`; the latter crashed on `{1,2}`."""
    connection.execute(f"CREATE TABLE {table_name} (a int, b int, PRIMARY KEY (b, a))")
    statement = f"SELECT indkey, indclass, indoption FROM pg_index WHERE indrelid = '{table_name}'::regclass".encode()
    result = connection.pgconn.exec_params(statement, [])
    assert [result.ftype(column) for column in range(3)] == [22, 30, 22]
    assert (result.get_value(0, 0), result.get_value(0, 2)) == (b"2 1", b"0 0")
    # psqlODBC's SQLPrimaryKeys.
    statement = f"""
        select ta.attname, ia.attnum, ic.relname, n.nspname, tc.relname
        from pg_catalog.pg_attribute ta, pg_catalog.pg_attribute ia, pg_catalog.pg_class tc, pg_catalog.pg_index i,
             pg_catalog.pg_namespace n, pg_catalog.pg_class ic
        where tc.relname = '{table_name}' AND n.nspname = 'public' AND tc.oid = i.indrelid AND n.oid = tc.relnamespace
          AND i.indisprimary = 't' AND ia.attrelid = i.indexrelid AND ta.attrelid = i.indrelid
          AND ta.attnum = i.indkey[ia.attnum-1] AND (NOT ta.attisdropped) AND (NOT ia.attisdropped)
          AND ic.oid = i.indexrelid
        order by ia.attnum
    """
    assert [row[:2] for row in connection.execute(statement).fetchall()] == [("b", 1), ("a", 2)]


def test_an_error_names_its_objects(connection, table_name):
    """ServerErrorMessage.getConstraint() and the like, by which Hibernate and Spring tell errors apart."""
    connection.execute(f"CREATE TABLE {table_name} (id int PRIMARY KEY, name text NOT NULL, note text)")
    connection.execute(f"INSERT INTO {table_name} VALUES (1, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation) as raised:
        connection.execute(f"INSERT INTO {table_name} VALUES (1, 'b')")
    diag = raised.value.diag
    assert (diag.schema_name, diag.table_name, diag.constraint_name) == ("public", table_name, f"{table_name}_pkey")
    with pytest.raises(psycopg.errors.NotNullViolation) as raised:
        connection.execute(f"INSERT INTO {table_name} VALUES (2, NULL, %s)", ["x" * 100])
    diag = raised.value.diag
    assert (diag.schema_name, diag.table_name, diag.column_name) == ("public", table_name, "name")
    assert diag.message_detail == f"Failing row contains (2, null, {'x' * 64}...)."
