"""LISTEN and NOTIFY as drivers offer them: psycopg's generator of notifications, asyncpg's listeners."""

import asyncio
import json
import threading

import asyncpg
import psycopg

SECONDS_MAX = 30


def test_psycopg_hears_what_others_send(server):
    with psycopg.connect(server.url, autocommit=True) as hears, psycopg.connect(server.url) as speaks:
        hears.execute("LISTEN psycopg_jobs")
        with speaks.transaction():
            speaks.execute("NOTIFY psycopg_jobs, 'one'")
            speaks.execute("SELECT pg_notify(%s, %s)", ["psycopg_jobs", "two"])
        heard = list(hears.notifies(timeout=SECONDS_MAX, stop_after=2))
        assert [(each.channel, each.payload, each.pid) for each in heard] == [
            ("psycopg_jobs", "one", speaks.info.backend_pid),
            ("psycopg_jobs", "two", speaks.info.backend_pid),
        ]
        assert list(hears.notifies(timeout=0)) == []


def test_psycopg_hears_of_changed_entries(server, table_name):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, x text)")
        connection.execute(f'LISTEN "changes:{table_name}"')
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute(f"INSERT INTO {table_name} VALUES (7, 'hush')")
        (heard,) = connection.notifies(timeout=SECONDS_MAX, stop_after=1)
        assert json.loads(heard.payload) == {
            "collection": table_name,
            "operation": "insert",
            "key": "7",
            "origin": "local",
            "network": None,
        }


def test_asyncpg_listeners(server):
    async def scenario():
        hears = await asyncpg.connect(server.url, timeout=10, command_timeout=20)
        speaks = await asyncpg.connect(server.url, timeout=10, command_timeout=20)
        heard = asyncio.Queue()

        def listener(_connection, pid, channel, payload):
            heard.put_nowait((pid, channel, payload))

        try:
            await hears.add_listener("asyncpg_jobs", listener)
            await speaks.execute("NOTIFY asyncpg_jobs, 'one'")
            await speaks.execute("SELECT pg_notify($1, $2)", "asyncpg_jobs", "two")
            for payload in ("one", "two"):
                said = await asyncio.wait_for(heard.get(), SECONDS_MAX)
                assert said == (speaks.get_server_pid(), "asyncpg_jobs", payload)
            await hears.remove_listener("asyncpg_jobs", listener)
            assert await hears.fetch("SELECT pg_listening_channels()") == []
            await hears.add_listener("asyncpg_jobs", listener)
            await hears.reset()
            assert await hears.fetch("SELECT * FROM pg_listening_channels()") == []
        finally:
            await hears.close()
            await speaks.close()

    asyncio.run(scenario())


def test_who_begins_to_listen_sees_every_entry_or_hears_of_it(server, table_name):
    """A commit that is under way while LISTEN answers is either visible behind it or told."""
    listeners = 100
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY)")
    is_over = threading.Event()

    def write():
        with psycopg.connect(server.url, autocommit=True) as writer:
            number = 0
            while not is_over.is_set():
                writer.execute(f"INSERT INTO {table_name} VALUES (%s)", [number])
                number += 1

    def keys(connection):
        return {key for (key,) in connection.execute(f"SELECT id FROM {table_name}")}

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(listeners):
            # Nobody else listens: what is under way now was begun for nobody.
            with psycopg.connect(server.url, autocommit=True) as connection:
                told = set()
                connection.add_notify_handler(lambda each, told=told: told.add(int(json.loads(each.payload)["key"])))
                connection.execute(f'LISTEN "changes:{table_name}"')
                known, later = keys(connection), keys(connection)
                # What a commit tells comes before the answer of the next statement that sees it.
                connection.execute("SELECT 1")
                assert later - known - told == set()
    finally:
        is_over.set()
        writing.join(SECONDS_MAX)
