"""The store for LangGraph, held against LangGraph's own in memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import nebulusdb
import pytest
from langgraph.store.base import BaseStore, InvalidNamespaceError, PutOp
from langgraph.store.memory import InMemoryStore
from nebulusdb.langgraph import NebulusStore

WORDS = ["coffee", "tea", "cats", "dogs", "rain", "snow"]


def embed(texts: Sequence[str]) -> list[list[float]]:
    """How often each word occurs, and a little of everything, so that no vector is zero."""
    return [[0.01 + text.lower().count(word) for word in WORDS] for text in texts]


@pytest.fixture
def store(db: nebulusdb.Database, name: str) -> Iterator[NebulusStore]:
    yield NebulusStore(db, index={"dims": len(WORDS), "embed": embed, "fields": ["text", "likes[*]"]}, collection=name)
    db.collection(name).drop()


@pytest.fixture
def plain(db: nebulusdb.Database, name: str) -> Iterator[NebulusStore]:
    yield NebulusStore(db, collection=f"{name}_plain")
    db.collection(f"{name}_plain").drop()


def fill(store: BaseStore) -> None:
    store.put(("users", "ada"), "drink", {"text": "strong coffee", "score": 5, "likes": ["tea", "cats"]})
    store.put(("users", "bob"), "drink", {"text": "tea, tea", "score": 3.5})
    store.put(("users", "bob"), "animal", {"text": "dogs", "score": 1, "tame": True})
    store.put(("users", "bob", "old"), "animal", {"text": "cats", "tame": None, "score": 0}, index=False)
    store.put(("usersettings",), "x", {"text": "rain and snow"})
    store.put(("docs", "v1", "public"), "a", {"title": "no text"})


SEARCHES: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    (("users",), {}),
    (("users", "bob"), {}),
    (("users",), {"filter": {"score": 5}}),
    (("users",), {"filter": {"score": {"$gt": 2}}}),
    (("users",), {"filter": {"score": {"$gte": 1, "$lt": 5}}}),
    (("users",), {"filter": {"tame": True}}),
    (("users",), {"filter": {"text": "x' OR true --"}}),
    (("nobody",), {}),
]


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(("prefix", "options"), SEARCHES, ids=[str(place) for place in range(len(SEARCHES))])
def test_searches_without_a_query_find_what_langgraphs_own_finds(
    store: NebulusStore, plain: NebulusStore, indexed: bool, prefix: tuple[str, ...], options: dict[str, Any]
) -> None:
    model, tested = InMemoryStore(), store if indexed else plain
    fill(model)
    fill(tested)

    def found(of: BaseStore) -> set[tuple[Any, ...]]:
        return {(item.namespace, item.key, str(item.value)) for item in of.search(prefix, limit=50, **options)}

    wanted = {
        (space, key, str(dict(sorted(eval(value).items(), key=lambda pair: (len(pair[0]), pair[0])))))
        for space, key, value in found(model)
    }
    assert found(tested) == wanted


def test_nearest_texts(store: NebulusStore) -> None:
    model = InMemoryStore(index={"dims": len(WORDS), "embed": embed, "fields": ["text", "likes[*]"]})
    fill(model)
    fill(store)
    for query in ["coffee", "tea", "cats", "dogs", "snow"]:
        wanted = [item for item in model.search((), query=query) if item.score is not None]
        found = store.search((), query=query)
        best = [(item.namespace, item.key) for item in wanted[:1]]
        assert [(item.namespace, item.key) for item in found[:1]] == best
        scores = {(item.namespace, item.key): item.score for item in found}
        for item in wanted:
            assert scores[(item.namespace, item.key)] == pytest.approx(item.score, abs=1e-5)
    assert [item.key for item in store.search(("users",), query="tea", filter={"score": 5})] == ["drink"]
    assert len(store.search(("users",), query="tea", limit=1)) == 1
    assert store.search(("users",), query="tea", limit=1, offset=1)[0].namespace == ("users", "bob")


def test_put_get_delete(store: NebulusStore) -> None:
    store.put(("a", "b"), "k", {"text": "coffee", "nested": {"x": [1, None, "naïve 🙂"]}})
    first = store.get(("a", "b"), "k")
    assert first is not None and first.value == {"text": "coffee", "nested": {"x": [1, None, "naïve 🙂"]}}
    store.put(("a", "b"), "k", {"text": "tea"})
    second = store.get(("a", "b"), "k")
    assert second is not None and second.value == {"text": "tea"}
    assert second.created_at == first.created_at and second.updated_at > first.updated_at
    assert [item.score for item in store.search((), query="coffee")] == [pytest.approx(0.04, abs=0.05)]
    assert store.get(("a",), "k") is None and store.get(("a", "b", "k"), "") is None
    store.delete(("a", "b"), "k")
    store.delete(("a", "b"), "nothing")
    assert store.get(("a", "b"), "k") is None and store.search(()) == []
    assert store._collection.count() == 0


def test_what_is_no_namespace(store: NebulusStore) -> None:
    for namespace in [(), ("a.b",), ("",), ("langgraph", "x")]:
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", {"text": "x"})
    with pytest.raises(ValueError, match="unit separator"):
        store.put(("a\x1fb",), "k", {"text": "x"})


def test_namespaces(plain: NebulusStore) -> None:
    model = InMemoryStore()
    for store in (model, plain):
        fill(store)
    for options in [
        {},
        {"prefix": ("users",)},
        {"suffix": ("public",)},
        {"prefix": ("users", "*"), "max_depth": 2},
        {"prefix": ("docs", "*", "public")},
        {"max_depth": 1},
        {"limit": 2, "offset": 1},
    ]:
        assert plain.list_namespaces(**options) == model.list_namespaces(**options), options  # type: ignore[arg-type]


def test_the_last_of_several_puts_counts(store: NebulusStore) -> None:
    store.batch([PutOp(("a",), "k", {"text": f"{n}"}) for n in range(5)])
    item = store.get(("a",), "k")
    assert item is not None and item.value == {"text": "4"}


async def test_for_asyncio(store: NebulusStore) -> None:
    await asyncio.gather(*(store.aput(("a", str(n % 3)), str(n), {"text": WORDS[n % 6]}) for n in range(24)))
    found = await store.asearch(("a",), query="rain", limit=4)
    assert {item.value["text"] for item in found} == {"rain"} and len(found) == 4
    assert len(await store.alist_namespaces()) == 3
    item = await store.aget(("a", "0"), "0")
    assert item is not None
    await store.adelete(("a", "0"), "0")
    assert await store.aget(("a", "0"), "0") is None


def test_many_writers_of_one_item(db: nebulusdb.Database, store: NebulusStore, name: str) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with nebulusdb.connect(**db._parameters) as other:
                own = NebulusStore(other, index=store.index_config, collection=name)
                for n in range(5):
                    own.put(("a",), "k", {"text": f"coffee {number} {n}", "likes": ["tea", "rain"]})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(store.search(())) == 1 and store._collection.count() == 4
