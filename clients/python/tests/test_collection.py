"""Collections: rows, batches, frames, transactions, raw statements."""

from __future__ import annotations

import datetime
import decimal
import threading
import uuid
from collections.abc import Callable
from typing import Any

import nebulusdb
import psycopg
import pytest
from nebulusdb import ALL, F, InvalidEntry, InvalidFilter, UnknownColumn, Vector, desc, statements
from nebulusdb.schema import MEMORY
from nebulusdb.server import EmbeddedServer


def test_rows(notes: nebulusdb.Collection) -> None:
    key = notes.insert({"word": "one", "n": 1, "vector": [1, 2, 3], "colour": "red"})
    assert notes.get(key) == {
        "id": key,
        "word": "one",
        "n": 1,
        "at": None,
        "metadata": {"colour": "red"},
        "vector": Vector([1, 2, 3]),
    }
    assert notes.get("nobody") is None
    assert notes.update({"n": 2, "colour": "blue", "size": 4}, F.word == "one") == 1
    assert notes.find_one(F.size == 4, columns=["n", "colour", "size"]) == {"n": 2, "colour": "blue", "size": 4}
    assert notes.remove_facts(["size"], F.n == 2) == 1
    assert notes.count(F.size.is_null()) == 1
    assert notes.delete(F.n == 2) == 1 and notes.count() == 0


def test_conflicts(notes: nebulusdb.Collection) -> None:
    notes.insert({"id": "a", "n": 1})
    with pytest.raises(psycopg.errors.UniqueViolation):
        notes.insert({"id": "a", "n": 2})
    assert notes.insert({"id": "a", "n": 2}, on_conflict="ignore") is None
    assert notes.insert({"id": "a", "n": 3}, on_conflict="replace") == "a"
    assert notes.insert_many([{"id": "a", "n": 4}, {"id": "b", "n": 5, "word": "x"}], on_conflict="replace") == 2
    assert notes.find(order_by="id", columns=["id", "n"]) == [{"id": "a", "n": 4}, {"id": "b", "n": 5}]
    assert notes.insert_many([{"id": "a", "n": 9}, {"id": "c", "n": 6}], on_conflict="ignore") == 1
    with pytest.raises(InvalidEntry, match="on_conflict is"):
        notes.insert({"n": 1}, on_conflict="merge")  # type: ignore[arg-type]


def test_orders_limits_and_scans(notes: nebulusdb.Collection) -> None:
    notes.insert_many({"id": f"e{n:03}", "n": n % 10, "rank": -n} for n in range(100))
    assert [row["id"] for row in notes.find(order_by=["-n", "id"], limit=2, offset=1)] == ["e019", "e029"]
    assert [row["id"] for row in notes.find(order_by=desc(F.rank), limit=2)] == ["e000", "e001"]
    assert [row["id"] for row in notes.find(order_by=F.rank, limit=1)] == ["e099"]
    assert len(list(notes.scan(F.n == 3, columns=["id"], size=3))) == 10
    # Other statements may run while a scan goes on.
    for row in notes.scan(F.n == 4, columns=["rank"], size=3):
        assert notes.update({"word": "seen"}, F.rank == row["rank"]) == 1
    assert notes.count(F.word == "seen") == 10
    found = notes.find(F.n == 3)
    assert len(found[2:4]) == 2 and found.names[0] == "id" and "more" in repr(found)


def test_a_write_of_everything_is_said(notes: nebulusdb.Collection) -> None:
    attempts: list[Callable[[], int]] = [
        lambda: notes.delete(None),
        lambda: notes.delete({}),
        lambda: notes.update({"n": 1}, None),
    ]
    for refused in attempts:
        with pytest.raises(InvalidFilter, match="ALL is every entry"):
            refused()
    notes.insert({"n": 1})
    assert notes.update({"n": 2}, ALL) == 1
    assert notes.delete(ALL) == 1


def test_what_a_collection_has_not(db: nebulusdb.Database, name: str) -> None:
    db.sql(f"CREATE TABLE {name} (a int4, b int4, PRIMARY KEY (a, b))")
    plain = db.collection(name)
    assert plain.insert({"a": 1, "b": 2}) == (1, 2)
    with pytest.raises(UnknownColumn, match="no column 'colour'.*it has a, b"):
        plain.insert({"a": 1, "colour": "red"})
    with pytest.raises(InvalidFilter, match=r"key \(a, b\)"):
        plain.get(1)
    with pytest.raises(InvalidFilter, match="no vector column"):
        plain.nearest([1, 2])
    with pytest.raises(psycopg.errors.UndefinedTable, match="no_such_thing"):
        db.collection("no_such_thing").find()
    plain.drop()


def test_a_collection_that_was_made_anew(db: nebulusdb.Database, notes: nebulusdb.Collection) -> None:
    """What the client knows of columns is asked for again when it is wrong."""
    notes.insert({"id": "a", "word": "x"})
    with nebulusdb.connect(**db._parameters) as other:
        other.collection(notes.name).drop()
        other.create_collection(notes.name, columns={"colour": "text"})
        other.collection(notes.name).insert({"id": "b", "colour": "red"})
    with pytest.raises(psycopg.errors.UndefinedColumn):
        notes.find()
    assert notes.find(F.colour == "red", columns=["id"]) == [{"id": "b"}]


def test_indexes(db: nebulusdb.Database, notes: nebulusdb.Collection) -> None:
    notes.create_index("word", unique=True)
    notes.insert({"word": "x"})
    with pytest.raises(psycopg.errors.UniqueViolation):
        notes.insert({"word": "x"})
    db.memory.collection.create_index(F.colour)
    db.memory.remember_many([{"metadata": {"colour": colour}} for colour in ("red", "blue")])
    assert "Index Scan" in db.explain("SELECT id FROM memory WHERE metadata->>'colour' = $1", ["red"])
    assert "Scan" in db.explain(f"GET MEMORY IN {notes.name} WHERE metadata.colour = $1", ["red"], analyze=True)
    assert "Scan" in db.explain(f"SELECT id FROM {notes.name} WHERE word LIKE %s", ["x%"])
    assert db.memory.count(F.colour == "red") == 1
    statement = statements.select(MEMORY, F.colour == "red")
    assert "Index Scan" in db.explain(statement.text, statement.values)


def test_columns_of_all_types_by_copy(db: nebulusdb.Database, name: str) -> None:
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    row: dict[str, Any] = {
        "b": True,
        "i2": -3,
        "i4": 70_000,
        "i8": 2**40,
        "f4": 1.5,
        "f8": 0.1,
        "num": decimal.Decimal("12.345"),
        "t": "naïve 🙂",
        "by": b"\0\xff",
        "u": uuid.uuid4(),
        "d": now.date(),
        "ti": now.time(),
        "ts": now.replace(tzinfo=None),
        "tz": now,
        "j": {"x": [1, None]},
    }
    types = "bool int2 int4 int8 float4 float8 numeric text bytea uuid date time timestamp timestamptz jsonb".split()
    made = db.create_collection(name, columns=dict(zip(row, types)))
    assert made.insert_many([{"id": "copied", **row}, {"id": "empty"}]) == 2
    assert made.insert({"id": "inserted", **row}) == "inserted"
    for key in ("copied", "inserted"):
        found = made.get(key)
        assert found is not None and {column: found[column] for column in row} == row
    assert all(made.count(F[column] == value) == 2 for column, value in row.items() if column not in ("j", "f4"))
    assert made.find(F["id"] == "empty", columns=list(row)) == [dict.fromkeys(row)]
    with pytest.raises(InvalidEntry, match="row 1 has a value"):
        made.insert_many([{"i8": 1}, {"i8": "one"}])
    with pytest.raises(InvalidEntry, match="row 0 has a value"):
        made.insert_many([{"i2": 1.5}])
    assert made.count() == 3
    made.drop()


def test_raw_statements(db: nebulusdb.Database) -> None:
    assert db.sql("SELECT 1 AS one, %s::text AS two", ["x"]) == [{"one": 1, "two": "x"}]
    assert db.sql("SELECT %(a)s::int4 + 1 AS b", {"a": 1}).scalar() == 2
    assert db.sql("SELECT 1; SELECT 2 AS two") == [{"two": 2}]
    assert db.knirvql("GET MEMORY FIELDS id WHERE metadata.x = $1", ["y"]) == []
    assert db.knirvql('SET MEMORY id = "k" metadata = {x: 1}').status == "SET"
    with pytest.raises(psycopg.errors.SyntaxError) as caught:
        db.sql("SELEC 1")
    assert caught.value.sqlstate == "42601"
    with pytest.raises(psycopg.errors.SyntaxError, match="HINT"):
        db.knirvql("GET MEMORY WHERE")
    assert db.sql("SELECT 1").scalar() == 1


def test_transactions(db: nebulusdb.Database) -> None:
    with pytest.raises(RuntimeError), db.transaction():
        db.memory.remember(id="a", metadata={"x": 1})
        raise RuntimeError
    assert db.memory.count() == 0
    with db.transaction():
        db.memory.remember(id="a", metadata={"n": 0})
        with pytest.raises(psycopg.errors.UniqueViolation), db.transaction():
            db.memory.remember_many([{"id": "b"}, {"id": "a"}])
    assert [memory.id for memory in db.memory.find()] == ["a"]


def test_whoever_was_slower_tries_again(db: nebulusdb.Database) -> None:
    """Adds to a counter from several connections; none of the additions is lost."""
    db.memory.remember(id="counter", metadata={"n": 0})
    failures: list[BaseException] = []

    def add() -> None:
        try:
            with nebulusdb.connect(**db._parameters) as other:

                def work() -> None:
                    facts = other.memory.facts("counter")
                    assert facts is not None
                    other.memory.set_facts("counter", {"n": facts["n"] + 1})

                for _ in range(10):
                    other.retrying(work, attempts=50)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert db.memory.facts("counter") == {"n": 40}


def test_one_connection_in_many_threads(db: nebulusdb.Database) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(20):
                db.memory.remember(id=f"{number}-{n}", metadata={"n": n}, vector=[1, n, number])
                assert db.memory.recall([1, n, number], metric="l2", limit=1)[0].id == f"{number}-{n}"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and db.memory.count() == 80


def test_transactions_of_threads_take_turns(db: nebulusdb.Database) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(10):
                with db.transaction():
                    db.memory.remember(id=f"{number}-{n}", metadata={"n": n})
                    assert db.memory.count(F["id"].starts_with(f"{number}-")) == n + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and db.memory.count() == 40


def test_a_closed_database_says_so(db: nebulusdb.Database) -> None:
    url = db._parameters
    other = nebulusdb.connect(**url)
    assert "closed" not in repr(other)
    other.close()
    other.close()
    with pytest.raises(nebulusdb.NebulusError, match="is closed"):
        other.memory.count()
    assert "closed" in repr(other)


def test_connections_that_cannot_be_made_say_what_to_do(server: EmbeddedServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="(?s)password.*HINT:  the password is taken from"):
        nebulusdb.connect(server.url, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="(?s)refused.*HINT:  start a server by `nebulusdb serve`"):
        nebulusdb.connect("postgresql://nebulus@127.0.0.1:1/nebulus", password="x")
    with pytest.raises(nebulusdb.NebulusError, match="write it as postgresql://") as caught:
        nebulusdb.connect("secret@localhost")
    assert "secret" not in str(caught.value)


def test_the_password_of_this_machine(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEBULUSDB_URL", server.url)
    for name, value in [
        ("NEBULUSDB_PASSWORD", server.password or ""),
        ("NEBULUSDB_KEY_DIR", str(server.data_dir / "keys")),
        ("NEBULUSDB_DATA_DIR", str(server.data_dir)),
    ]:
        with monkeypatch.context() as surroundings:
            surroundings.setenv(name, value)
            with nebulusdb.connect() as database:
                assert database.sql("SELECT 1").scalar() == 1


@pytest.mark.slow
def test_a_big_batch(notes: nebulusdb.Collection) -> None:
    assert notes.insert_many({"n": n, "vector": [n, 1, 2], "text": f"text {n}"} for n in range(100_000)) == 100_000
    assert notes.count(F.n >= 50_000) == 50_000
    assert [row["n"] for row in notes.nearest([0, 1, 2], metric="l2", limit=2, columns=["n"])] == [0, 1]
