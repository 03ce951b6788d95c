"""The client for asyncio: the same as the blocking one, from which nothing is missing."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence

import nebulusdb
import psycopg
import pytest
from nebulusdb import ALL, F, Vector

PAIRS = [
    (nebulusdb.Database, nebulusdb.AsyncDatabase),
    (nebulusdb.Collection, nebulusdb.AsyncCollection),
    (nebulusdb.MemoryCollection, nebulusdb.AsyncMemoryCollection),
    (nebulusdb.Networks, nebulusdb.AsyncNetworks),
    (nebulusdb.Secrets, nebulusdb.AsyncSecrets),
    (nebulusdb.Subscription, nebulusdb.AsyncSubscription),
]


@pytest.mark.parametrize(("blocking", "waiting"), PAIRS, ids=[blocking.__name__ for blocking, _ in PAIRS])
def test_both_have_the_same_methods(blocking: type, waiting: type) -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(getattr(kind, name)).parameters)
            for name in dir(kind)
            if not name.startswith("_") and callable(getattr(kind, name))
        }

    assert methods(blocking) == methods(waiting)


async def test_memories(adb: nebulusdb.AsyncDatabase) -> None:
    first = await adb.memory.remember("one", metadata={"n": 1}, vector=[1, 0, 0], blob=b"blob")
    await adb.memory.remember_many([{"text": "two", "metadata": {"n": 2}, "vector": [0, 1, 0]}])
    assert [memory.text for memory in await adb.memory.recall([0, 1, 0.1], where=F.n > 0)] == ["two", "one"]
    found = await adb.memory.get(first)
    assert found is not None and found.vector == Vector([1, 0, 0])
    assert await adb.memory.blob(first) == b"blob"
    assert await adb.memory.set_facts(first, {"n": 5}) and await adb.memory.facts(first) == {"n": 5, "text": "one"}
    assert [memory.text async for memory in adb.memory.scan(F.n == 5)] == ["one"]
    assert await adb.memory.forget(first) == 1
    assert await adb.memory.count() == 1


async def test_collections(adb: nebulusdb.AsyncDatabase, name: str) -> None:
    notes = await adb.create_collection(name, dimensions=2, columns={"n": "int8"})
    await notes.insert_many({"n": n, "vector": [1, n]} for n in range(100))
    assert await notes.insert_many([{"id": "x", "n": 100, "colour": "red"}], on_conflict="replace") == 1
    assert await notes.count(F.colour == "red") == 1
    nearest = await notes.nearest([1, 7], metric="l2", limit=2, ef=100, where=(F.n > 0) & F.colour.is_null())
    assert [row["n"] for row in nearest] == [7, 6]
    assert await notes.find(F.n < 2, columns=["n"], order_by="n") == [{"n": 0}, {"n": 1}]
    assert await notes.update({"n": 0}, F.n > 50) == 50
    assert await notes.delete(ALL) == 101
    await notes.drop()
    with pytest.raises(psycopg.errors.UndefinedTable):
        await notes.count()


async def test_secrets_networks_and_raw_statements(adb: nebulusdb.AsyncDatabase) -> None:
    await adb.secrets.set("k", "v")
    secret = await adb.secrets.get("k")
    assert secret is not None and secret.reveal() == "v" and await adb.secrets.delete("k")
    assert "peer_id" in await adb.networks.node()
    assert (await adb.sql("SELECT %s::int4", [3])).scalar() == 3
    assert "Scan" in await adb.explain("GET MEMORY WHERE metadata.x = $1", ["y"])


async def test_tasks_take_turns(adb: nebulusdb.AsyncDatabase) -> None:
    await asyncio.gather(*(adb.memory.remember(id=str(n), metadata={"n": n}, vector=[1, n, 0]) for n in range(50)))
    found = await asyncio.gather(*(adb.memory.recall([1, n, 0], metric="l2", limit=1) for n in range(50)))
    assert [memories[0].id for memories in found] == [str(n) for n in range(50)]


async def test_a_cancelled_statement_leaves_the_connection_whole(adb: nebulusdb.AsyncDatabase) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(adb.sql("SELECT pg_sleep(30)"), 0.2)
    assert (await adb.sql("SELECT 1")).scalar() == 1


async def test_a_transaction_that_fails(adb: nebulusdb.AsyncDatabase) -> None:
    with pytest.raises(RuntimeError):
        async with adb.transaction():
            await adb.memory.remember("x")
            raise RuntimeError
    assert await adb.memory.count() == 0

    async def work() -> int:
        await adb.memory.remember("y")
        return 7

    assert await adb.retrying(work) == 7 and await adb.memory.count() == 1


async def test_transactions_of_tasks_take_turns(adb: nebulusdb.AsyncDatabase) -> None:
    async def work(number: int) -> None:
        for n in range(10):
            async with adb.transaction():
                # Tasks that a transaction starts belong to it.
                await asyncio.gather(
                    adb.memory.remember(id=f"{number}-{n}-a", metadata={"n": n}),
                    adb.memory.remember(id=f"{number}-{n}-b", metadata={"n": n}),
                )
                assert await adb.memory.count(F["id"].starts_with(f"{number}-")) == 2 * (n + 1)

    await asyncio.wait_for(asyncio.gather(*(work(number) for number in range(4))), 40)
    assert await adb.memory.count() == 80


async def test_texts_by_a_model(adb: nebulusdb.AsyncDatabase) -> None:
    def blocking(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, float(len(text))] for text in texts]

    async def waiting(texts: Sequence[str]) -> list[list[float]]:
        await asyncio.sleep(0)
        return blocking(texts)

    for embed in (blocking, waiting):
        adb.memory.embed = embed
        await adb.memory.remember("abc", id="three")
        await adb.memory.remember("abcdef", id="six")
        assert [memory.id for memory in await adb.memory.recall("abcdefg", metric="l2", limit=1)] == ["six"]
