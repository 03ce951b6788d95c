"""Memories: remember, recall, forget, facts, blobs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import nebulusdb
import numpy
import psycopg
import pytest
from nebulusdb import F, InvalidEntry, InvalidFilter, InvalidVector, NewMemory, Vector


def test_remember_get_recall_forget(db: nebulusdb.Database) -> None:
    first = db.memory.remember("Bloom filters", metadata={"source": "web", "pages": 3}, vector=[1, 0, 0])
    second = db.memory.remember("Cuckoo filters", metadata={"source": "mail"}, vector=[0.9, 0.1, 0])
    third = db.memory.remember(metadata={"source": "web"})
    found = db.memory.get(first)
    assert found is not None
    assert (found.id, found.text, found.metadata) == (
        first,
        "Bloom filters",
        {"source": "web", "pages": 3, "text": "Bloom filters"},
    )
    assert found.vector == Vector([1, 0, 0])
    assert found.peer_id == db.sql("SELECT nebulus_peer_id()").scalar()
    assert found.timestamp is not None and found.stage is None
    assert [memory.id for memory in db.memory.recall([1, 0, 0])] == [first, second]
    nearest = db.memory.recall([1, 0, 0], where=F.source == "mail", limit=1, with_vectors=True)
    assert [(memory.id, memory.vector) for memory in nearest] == [(second, Vector([0.9, 0.1, 0]))]
    assert nearest[0].distance == pytest.approx(1 - 0.9 / math.sqrt(0.82))
    assert [memory.id for memory in db.memory.recall(where=F.source == "web")] == [third, first]
    assert [memory.id for memory in db.memory.recall(like=second, limit=1)] == [second]
    assert db.memory.forget(first, "nobody") == 1
    assert db.memory.forget(where=F.source == "web") == 1
    assert db.memory.get(first) is None
    assert db.memory.count() == 1


def test_remembering_again_replaces_what_is_given(db: nebulusdb.Database) -> None:
    db.memory.remember(id="a", metadata={"x": 1, "y": 2}, vector=[1, 2, 3], blob=b"\0\xff")
    db.memory.remember(id="a", metadata={"x": 5})
    found = db.memory.get("a")
    assert found is not None and found.metadata == {"x": 5} and found.vector == Vector([1, 2, 3])
    assert found.blob_size == 2 and db.memory.blob("a") == b"\0\xff"
    assert db.memory.blob("nobody") is None


def test_single_facts(db: nebulusdb.Database) -> None:
    db.memory.remember(id="a", metadata={"x": 1, "y": [1, {"z": None}]})
    assert db.memory.set_facts("a", {"x": "two", "new": True})
    assert db.memory.facts("a") == {"x": "two", "y": [1, {"z": None}], "new": True}
    assert db.memory.remove_facts("a", ["x", "new", "nothing"])
    assert db.memory.facts("a") == {"y": [1, {"z": None}]}
    assert not db.memory.set_facts("nobody", {"x": 1})
    assert db.memory.facts("nobody") is None
    with pytest.raises(InvalidEntry, match="columns of memory are no facts"):
        db.memory.set_facts("a", {"vector": [1, 2, 3]})


def test_metrics_bounds_and_width(db: nebulusdb.Database) -> None:
    db.memory.remember_many([NewMemory(id=str(n), metadata={"n": n}, vector=[1, n, 0]) for n in range(50)])
    assert [memory.id for memory in db.memory.recall([1, 7, 0], metric="l2", limit=3)] == ["7", "6", "8"]
    assert [memory.distance for memory in db.memory.recall([1, 7, 0], metric="l1", limit=2)] == [0, 1]
    assert db.memory.recall([1, 7, 0], metric="ip", limit=1)[0].distance == -(1 + 7 * 49)
    assert len(db.memory.recall([1, 7, 0], metric="l2", within=2.0, limit=100)) == 5
    assert len(db.memory.recall([1, 7, 0], metric="l2", within=2.0, where=F.n > 7, limit=100)) == 2
    assert [memory.id for memory in db.memory.recall([1, 7, 0], metric="l2", limit=2, offset=1, ef=200)] == ["6", "8"]
    assert len(db.memory.recall([1, 7, 0], ef=200, where=F.n.contains(3) | (F.n > 45))) == 4
    with pytest.raises(InvalidFilter, match="metric is one of"):
        db.memory.recall([1, 2, 3], metric="manhattan")  # type: ignore[arg-type]


def test_numpy_in_and_out(db: nebulusdb.Database) -> None:
    array = numpy.array([0.1, -2.5, 3e-4], dtype=numpy.float64)
    db.memory.remember(id="a", vector=array, metadata={"n": numpy.int64(3), "f": numpy.float32(0.5), "l": numpy.arange(2)})
    found = db.memory.get("a")
    assert found is not None and found.vector is not None
    assert found.metadata == {"n": 3, "f": 0.5, "l": [0, 1]}
    assert numpy.array_equal(numpy.asarray(found.vector), array.astype(numpy.float32))
    assert found.vector.numpy().dtype == numpy.float32
    assert [memory.id for memory in db.memory.recall(array, where=F.n == numpy.int32(3))] == ["a"]
    distance = db.sql("SELECT vector <-> %s AS d, vector FROM memory WHERE id = %s", [array, "a"])
    assert distance[0]["d"] == 0 and isinstance(distance[0]["vector"], Vector)


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        ([1, math.nan, 3], "number 1 is nan"),
        ([math.inf, 1, 2], "number 0 is inf"),
        ([1e39, 1, 2], "number 0 is inf"),
        (numpy.array([1, numpy.nan]), "number 1 is nan"),
        (numpy.zeros((2, 2)), "2 axes"),
        (numpy.array(["a"]), "array of <U1"),
        ([], "this one has 0"),
        ([0.0] * 16_001, "this one has 16001"),
        ("[1,2,3]", "not str|set db.memory.embed"),
        ([1, "a"], "must be real number"),
        ([1, None], "must be real number"),
    ],
)
def test_what_is_no_vector_is_refused_here(db: nebulusdb.Database, vector: object, reason: str) -> None:
    for refused in (
        lambda: db.memory.remember("x", vector=vector),  # type: ignore[arg-type]
        lambda: db.memory.recall(vector),  # type: ignore[arg-type]
        lambda: db.memory.remember_many([{"vector": vector}]),
    ):
        with pytest.raises(InvalidVector, match=reason):
            refused()
    assert db.memory.count() == 0


def test_another_dimension_is_refused_by_the_server(db: nebulusdb.Database) -> None:
    db.memory.remember("x", vector=[1, 2, 3])
    for refused in (
        lambda: db.memory.remember("y", vector=[1, 2]),
        lambda: db.memory.recall([1, 2]),
        lambda: db.memory.remember_many([{"vector": [1, 2, 3]}, {"vector": [1, 2]}]),
    ):
        with pytest.raises(psycopg.errors.DataException, match="expected 3 dimensions, not 2") as caught:
            refused()
        assert caught.value.sqlstate == "22000"
    assert db.memory.count() == 1


@pytest.mark.parametrize(
    "facts",
    [{"x": math.nan}, {"x": math.inf}, {"x": object()}, {"x": b"bytes"}, {"x": {1, 2}}, [1, 2], "text"],
)
def test_what_is_no_json_is_refused_here(db: nebulusdb.Database, facts: object) -> None:
    with pytest.raises(InvalidEntry):
        db.memory.remember(metadata=facts)  # type: ignore[arg-type]
    assert db.memory.count() == 0


def test_a_memory_has_something_in_it(db: nebulusdb.Database) -> None:
    with pytest.raises(InvalidEntry, match="give one of them"):
        db.memory.remember()
    with pytest.raises(InvalidEntry, match="give it once"):
        db.memory.remember("x", metadata={"text": "y"})
    with pytest.raises(InvalidEntry, match="not empty"):
        db.memory.remember("x", id="")
    with pytest.raises(InvalidEntry, match="keys text, id, metadata and vector"):
        db.memory.remember_many([{"source": "web"}])
    with pytest.raises(InvalidFilter, match="ALL forgets everything"):
        db.memory.forget()
    with pytest.raises(InvalidFilter, match="not both"):
        db.memory.recall([1], like="a")
    with pytest.raises(InvalidFilter, match="no memory 'a' with a vector"):
        db.memory.recall(like="a")
    with pytest.raises(InvalidFilter, match="belong to a search"):
        db.memory.recall(within=1)
    with pytest.raises(InvalidEntry, match="dict of facts, not str"):
        db.memory.remember("x", metadata="web")  # type: ignore[arg-type]
    with pytest.raises(InvalidFilter, match="'id' holds texts, and is compared with 5"):
        db.memory.get(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidFilter, match="zero or more"):
        db.memory.recall([1, 2, 3], limit=-1)


def test_texts_of_all_kinds(db: nebulusdb.Database) -> None:
    texts = ["naïve — 日本語 🙂", 'it\'s "quoted"', "back\\slash", "\u202eright to left", "a\r\nb\t", " " * 1000, "é" * 50_000]
    ids = [db.memory.remember(text, id=f"id {text[:40]}", metadata={text[:40]: text}) for text in texts]
    for text, key in zip(texts, ids):
        found = db.memory.get(key)
        assert found is not None and found.text == text and found.metadata[text[:40]] == text
    assert {memory.text for memory in db.memory.scan(F.text.exists())} == set(texts)
    with pytest.raises(psycopg.Error):
        db.memory.remember("nul \0 character")


def test_many_memories(db: nebulusdb.Database) -> None:
    ids = db.memory.remember_many(
        ({"text": f"memory {n}", "metadata": {"n": n}, "vector": [1, n, 0]} for n in range(2500)), batch=1000
    )
    assert len(set(ids)) == 2500 == db.memory.count() and ids == sorted(ids)
    assert sum(1 for _ in db.memory.scan()) == 2500
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.memory.remember_many([{"text": "new"}, {"text": "taken", "id": ids[0]}])
    assert db.memory.count() == 2500
    assert [memory.metadata["n"] for memory in db.memory.recall([1, 2, 0], metric="l2", limit=3)] == [2, 1, 3]


def test_a_large_blob(db: nebulusdb.Database) -> None:
    blob = bytes(range(256)) * 8192
    db.memory.remember(id="a", blob=blob)
    assert db.memory.blob("a") == blob
    found = db.memory.get("a")
    assert found is not None and found.blob_size == len(blob) and found.blob_hash


def test_texts_by_a_model(db: nebulusdb.Database) -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        asked.extend(texts)
        return [[1.0, float(len(text)), 0.0] for text in texts]

    with pytest.raises(InvalidVector, match="set db.memory.embed"):
        db.memory.recall("abc")
    db.memory.embed = embed
    db.memory.remember("abc", id="three")
    db.memory.remember("abc", id="own", vector=[1, 9, 0])
    db.memory.remember(id="none", metadata={"n": 1})
    db.memory.remember_many(
        [{"text": "abcdef", "id": "six"}, {"text": "x", "vector": [0, 0, 1], "id": "given"}, {"id": "empty"}]
    )
    assert asked == ["abc", "abcdef"]
    assert [memory.id for memory in db.memory.recall("abcd", metric="l2", limit=2)] == ["three", "six"]
    found = {memory.id: memory.vector for memory in db.memory.find(with_vectors=True)}
    assert found["six"] == Vector([1, 6, 0]) and found["given"] == Vector([0, 0, 1]) and found["none"] is None
    db.memory.embed = lambda texts: []
    with pytest.raises(InvalidVector, match="made 0 vectors of 1 texts"):
        db.memory.remember("x")
