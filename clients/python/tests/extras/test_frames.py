"""Frames of pandas, Polars and Arrow, into collections and out of answers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import nebulusdb
import pandas
import polars
import pyarrow
import pytest
from nebulusdb import F, InvalidEntry, Vector

FRAMES: dict[str, Callable[[Any], Any]] = {
    "pandas": lambda rows: pandas.DataFrame(rows),
    "polars": lambda rows: polars.DataFrame(rows),
    "lazy": lambda rows: polars.DataFrame(rows).lazy(),
    "arrow": lambda rows: pyarrow.Table.from_pylist(rows),
    "batch": lambda rows: pyarrow.RecordBatch.from_pylist(rows),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_in_and_out(notes: nebulusdb.Collection, kind: str) -> None:
    rows = [
        {
            "id": f"e{n}",
            "word": None if n == 2 else f"w{n}",
            "n": None if n == 3 else n,
            "vector": [1.0, n, 0.5],
            "extra": n / 2,
        }
        for n in range(6)
    ]
    assert notes.insert_frame(FRAMES[kind](rows)) == 6
    found = notes.find(order_by="id", columns=["id", "word", "n", "vector", "extra", "at", "metadata"])
    assert [(row["word"], row["n"], row["extra"]) for row in found] == [(row["word"], row["n"], row["extra"]) for row in rows]
    frame = found.to_pandas()
    assert list(frame["id"]) == [f"e{n}" for n in range(6)] and frame["vector"][1].tolist() == [1, 1, 0.5]
    table = found.to_arrow()
    assert table.schema.field("n").type == pyarrow.int64() and table.schema.field("at").type == pyarrow.timestamp(
        "us", tz="UTC"
    )
    assert table["vector"].to_pylist()[2] == [1, 2, 0.5] and table["n"].to_pylist()[3] is None
    assert found.to_polars()["vector"].to_list()[5] == [1, 5, 0.5]
    empty = notes.find(F.word == "nothing")
    assert len(empty.to_pandas()) == 0 and empty.to_arrow().schema.field("n").type == pyarrow.int64()
    assert empty.to_polars().columns == list(empty.names)


def test_frames_of_memories(db: nebulusdb.Database) -> None:
    db.memory.remember_many([{"id": "a", "text": "x", "vector": [1, 2]}, {"id": "b", "metadata": {"n": 1}}])
    found = db.memory.find(order_by="id", with_vectors=True)
    assert found.to_pandas()["metadata"].tolist() == [{"text": "x"}, {"n": 1}]
    assert found.to_arrow()["vector"].to_pylist() == [[1, 2], None]
    assert db.memory.recall([1, 2]).to_polars()["id"].to_list() == ["a"]


def test_frames_of_queries(db: nebulusdb.Database) -> None:
    found = db.sql(
        "SELECT 1.25::numeric AS a, true AS b, '{\"x\": 1}'::jsonb AS c, now() AS d, ARRAY[1, 2] AS e, 1.5::float8 AS f"
    )
    table = found.to_arrow()
    assert [str(field.type) for field in table.schema] == [
        "decimal128(38, 2)",
        "bool",
        "string",
        "timestamp[us, tz=UTC]",
        "string",
        "double",
    ]
    assert found.to_pandas()["c"][0] == {"x": 1}
    with pytest.raises(InvalidEntry, match="frame of pandas"):
        db.memory.collection.insert_frame([{"id": "a"}])


def test_packages_that_are_missing_are_named(db: nebulusdb.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    found = db.sql("SELECT 1")
    for package, work in [
        ("pandas", found.to_pandas),
        ("pyarrow", found.to_arrow),
        ("polars", found.to_polars),
        ("numpy", Vector([1]).numpy),
    ]:
        with monkeypatch.context() as surroundings:
            surroundings.setitem(sys.modules, package, None)
            with pytest.raises(ImportError, match=f"needs {package}, .*pip install 'nebulusdb"):
                work()
