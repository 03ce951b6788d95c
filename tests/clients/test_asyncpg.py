"""asyncpg: binary format throughout, introspection of types, prepared statements, cursors in transactions."""

import datetime
import decimal
import json
import uuid

import asyncpg
import pytest

UTC = datetime.timezone.utc

VALUES = [
    ("boolean", False),
    ("int2", 32767),
    ("int4", -2147483648),
    ("int8", 9223372036854775807),
    ("float4", -0.5),
    ("float8", 1e-300),
    ("numeric", decimal.Decimal("-0.000000000000000000012345")),
    ("text", "tab\tnewline\n\u00fc\U0001f642"),
    ("varchar", ""),
    ("bytea", bytes(range(256))),
    ("uuid", uuid.UUID("00000000-0000-7000-8000-0000000000ff")),
    ("date", datetime.date(1969, 7, 20)),
    ("time", datetime.time(0, 0, 0, 1)),
    ("timestamp", datetime.datetime(2000, 1, 1)),
    ("timestamptz", datetime.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
    ("jsonb", '{"a": [1, null, "x"]}'),
]


async def connected(server, scenario):
    connection = await asyncpg.connect(server.url, timeout=10, command_timeout=20)
    try:
        return await scenario(connection)
    finally:
        await connection.close()


@pytest.mark.parametrize(("sql_type", "value"), VALUES, ids=[name for name, _ in VALUES])
def test_a_value_keeps_its_type(server, run, table_name, sql_type, value):
    async def scenario(connection):
        await connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, x {sql_type})")
        await connection.execute(f"INSERT INTO {table_name} VALUES ($1, $2), ($3, $4)", 1, value, 2, None)
        return await connection.fetch(f"SELECT x FROM {table_name} ORDER BY id")

    rows = run(connected(server, scenario))
    got = rows[0]["x"]
    if sql_type == "jsonb":
        assert json.loads(got) == json.loads(value)
    else:
        assert got == value and isinstance(got, type(value))
    assert rows[1]["x"] is None


def test_arrays_in_parameters(server, run, table_name):
    async def scenario(connection):
        await connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, name text)")
        await connection.executemany(f"INSERT INTO {table_name} VALUES ($1, $2)", [(n, f"n{n}") for n in range(10)])
        return await connection.fetch(f"SELECT id FROM {table_name} WHERE id = ANY($1::int8[]) ORDER BY id", [3, 5, 99])

    assert [row["id"] for row in run(connected(server, scenario))] == [3, 5]


def test_prepared_statement_describes_itself(server, run, table_name):
    async def scenario(connection):
        await connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, name text, n int4)")
        statement = await connection.prepare(f"SELECT name, n FROM {table_name} WHERE id = $1")
        assert [parameter.name for parameter in statement.get_parameters()] == ["int8"]
        assert [(column.name, column.type.name) for column in statement.get_attributes()] == [
            ("name", "text"),
            ("n", "int4"),
        ]
        await connection.execute(f"INSERT INTO {table_name} VALUES (7, 'seven', 7)")
        return await statement.fetchrow(7), await statement.fetchrow(8)

    row, missing = run(connected(server, scenario))
    assert tuple(row) == ("seven", 7)
    assert missing is None


def test_a_cursor_in_a_transaction(server, run, table_name):
    async def scenario(connection):
        await connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
        await connection.executemany(f"INSERT INTO {table_name} VALUES ($1)", [(n,) for n in range(1000)])
        seen = []
        async with connection.transaction():
            async for row in connection.cursor(f"SELECT id FROM {table_name} ORDER BY id", prefetch=64):
                seen.append(row["id"])
        async with connection.transaction():
            cursor = await connection.cursor(f"SELECT id FROM {table_name} WHERE id >= $1 ORDER BY id", 500)
            seen.append([row["id"] for row in await cursor.fetch(3)])
            seen.append([row["id"] for row in await cursor.fetch(2)])
        return seen

    seen = run(connected(server, scenario))
    assert seen[:1000] == list(range(1000))
    assert seen[1000:] == [[500, 501, 502], [503, 504]]


def test_transactions_and_savepoints(server, run, table_name):
    async def scenario(connection):
        await connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
        async with connection.transaction():
            await connection.execute(f"INSERT INTO {table_name} VALUES (1)")
            with pytest.raises(asyncpg.UniqueViolationError):
                async with connection.transaction():
                    await connection.execute(f"INSERT INTO {table_name} VALUES (2)")
                    await connection.execute(f"INSERT INTO {table_name} VALUES (1)")
            await connection.execute(f"INSERT INTO {table_name} VALUES (3)")
        with pytest.raises(ZeroDivisionError):
            async with connection.transaction():
                await connection.execute(f"INSERT INTO {table_name} VALUES (4)")
                raise ZeroDivisionError
        return [row["id"] for row in await connection.fetch(f"SELECT id FROM {table_name} ORDER BY id")]

    assert run(connected(server, scenario)) == [1, 3]


@pytest.mark.parametrize("level", ["read_committed", "repeatable_read"])
def test_isolation_levels_are_accepted(server, run, level):
    async def scenario(connection):
        async with connection.transaction(isolation=level):
            return await connection.fetchval("SELECT 1")

    assert run(connected(server, scenario)) == 1


def test_errors(server, run):
    async def scenario(connection):
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.fetch("SELECT * FROM no_such_table")
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.fetch("SELECT no_such_column FROM memory")
        with pytest.raises(asyncpg.PostgresSyntaxError) as caught:
            await connection.fetch("SELECT FROM FROM")
        assert caught.value.position
        return await connection.fetchval("SELECT 2")

    assert run(connected(server, scenario)) == 2


def test_a_pool(server, run, table_name):
    async def scenario():
        async with asyncpg.create_pool(server.url, min_size=2, max_size=4, timeout=10, command_timeout=20) as pool:
            await pool.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
            for number in range(20):
                async with pool.acquire() as connection:
                    await connection.execute(f"INSERT INTO {table_name} VALUES ($1)", number)
            return await pool.fetchval(f"SELECT count(*) FROM {table_name}")

    assert run(scenario()) == 20


def test_session_reset_between_users_of_a_pool(server, run):
    async def scenario(connection):
        await connection.execute("SET statement_timeout = '12s'")
        await connection.reset()
        return await connection.fetchval("SHOW statement_timeout")

    assert run(connected(server, scenario)) == "0"


def test_knirvql_with_parameters(server, run):
    async def scenario(connection):
        await connection.execute('SET MEMORY id = $1 metadata = {"source": "asyncpg"}', "asyncpg-1")
        found = await connection.fetch("GET MEMORY FIELDS id WHERE metadata.source = $1 LIMIT 5", "asyncpg")
        status = await connection.execute("DELETE WHERE id = $1", "asyncpg-1")
        return [row["id"] for row in found], status

    assert run(connected(server, scenario)) == (["asyncpg-1"], "DELETE 1")


def test_a_statement_is_prepared_again_after_another_session_changed_its_table(server, run, table_name):
    async def scenario(connection):
        await connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
        await connection.execute(f"INSERT INTO {table_name} VALUES (1)")
        before = await connection.fetchrow(f"SELECT * FROM {table_name}")
        other = await asyncpg.connect(server.url, timeout=10)
        await other.execute(f"ALTER TABLE {table_name} ADD COLUMN more text")
        await other.close()
        return before, await connection.fetchrow(f"SELECT * FROM {table_name}")

    before, after = run(connected(server, scenario))
    assert dict(before) == {"id": 1}
    assert dict(after) == {"id": 1, "more": None}
