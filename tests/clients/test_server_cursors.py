"""psycopg 3's server-side cursors: it describes, as a portal, the cursor that its DECLARE has made."""

import psycopg
import pytest
from psycopg import pq


@pytest.fixture
def numbers(server, table_name):
    """A connection in transactions, and a table of 1,000 numbers."""
    with psycopg.connect(server.url, connect_timeout=10) as connection:
        connection.execute(f"CREATE TABLE {table_name} (n int8 PRIMARY KEY, t text)")
        connection.execute(f"INSERT INTO {table_name} SELECT n, 't' || n FROM generate_series(1, 1000) AS n")
        connection.commit()
        yield connection, table_name


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_rows_come_in_portions(numbers, binary):
    connection, table = numbers
    with connection.cursor("portions", binary=binary) as cursor:
        cursor.itersize = 70
        cursor.execute(f"SELECT n, t FROM {table} WHERE n > %s ORDER BY n", [10])
        assert [column.name for column in cursor.description] == ["n", "t"]
        assert [column.type_code for column in cursor.description] == [20, 25]
        assert cursor.fetchone() == (11, "t11")
        assert cursor.fetchmany(2) == [(12, "t12"), (13, "t13")]
        assert [row[0] for row in cursor] == list(range(14, 1001))
        assert cursor.fetchone() is None


def test_a_held_cursor_outlives_its_transaction(numbers):
    connection, table = numbers
    cursor = connection.cursor("held", withhold=True)
    cursor.execute(f"SELECT n FROM {table} ORDER BY n")
    connection.commit()
    assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
    assert len(cursor.fetchall()) == 997
    cursor.close()
    connection.commit()


def test_a_cursor_is_a_portal_on_the_wire(numbers):
    connection, table = numbers
    connection.execute(f"DECLARE portal CURSOR FOR SELECT n, t FROM {table} ORDER BY n")
    described = connection.pgconn.describe_portal(b"portal")
    assert described.status == pq.ExecStatus.COMMAND_OK
    assert [described.fname(position) for position in range(described.nfields)] == [b"n", b"t"]
    # Closing the portal closes the cursor.
    closed = connection.pgconn.close_portal(b"portal")
    assert closed.status == pq.ExecStatus.COMMAND_OK
    with pytest.raises(psycopg.errors.InvalidCursorName):
        connection.execute("FETCH 1 FROM portal")
    connection.rollback()
    assert connection.pgconn.describe_portal(b"portal").status == pq.ExecStatus.FATAL_ERROR
