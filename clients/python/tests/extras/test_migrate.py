"""Moving in from Chroma, Qdrant and LanceDB: each read by its own package, piped into the server's own import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nebulusdb
import pytest
from nebulusdb.migrate import dense, memory, plain
from nebulusdb.server import EmbeddedServer

ROWS = 600
"""More than two pages."""


def migrate(*arguments: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "nebulusdb.migrate", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{ROWS} rows" in done.stderr
    return done.stdout


def imported(server: EmbeddedServer, db: nebulusdb.Database, lines: str) -> list[tuple[object, ...]]:
    """The memories that the server makes of the lines."""
    environment = {**os.environ, "NEBULUSDB_URL": server.url, "NEBULUSDB_PASSWORD": server.password or ""}
    command = [os.environ["NEBULUSDB_BIN"], "import", "-", "--collection", "memory"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, env=environment, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert f"imported {ROWS} rows" in done.stderr
    query = "SELECT id, metadata, vector::text FROM memory WHERE (metadata->>'n')::int = 7"
    return db.connection.execute(query).fetchall()


def test_chroma(server: EmbeddedServer, db: nebulusdb.Database, tmp_path: Path) -> None:
    chromadb = pytest.importorskip("chromadb")
    collection = chromadb.PersistentClient(path=str(tmp_path)).create_collection("docs", embedding_function=None)
    collection.add(
        ids=[f"d{i}" for i in range(ROWS)],
        embeddings=[[i, 1.5, 2] for i in range(ROWS)],
        documents=[f"text {i}" for i in range(ROWS)],
        metadatas=[{"n": i, "odd": i % 2 == 1} for i in range(ROWS)],
    )
    rows = imported(server, db, migrate("chroma", str(tmp_path)))
    assert rows == [("d7", {"n": 7, "odd": True, "document": "text 7"}, "[7,1.5,2]")]


def test_qdrant_local(server: EmbeddedServer, db: nebulusdb.Database, tmp_path: Path) -> None:
    qdrant = pytest.importorskip("qdrant_client")
    client = qdrant.QdrantClient(path=str(tmp_path))
    params = qdrant.models.VectorParams(size=3, distance=qdrant.models.Distance.DOT)
    client.create_collection("docs", vectors_config=params)
    points = [qdrant.models.PointStruct(id=i, vector=[i, 1, 2], payload={"n": i, "tags": ["a"]}) for i in range(ROWS)]
    client.upsert("docs", points)
    client.close()
    rows = imported(server, db, migrate("qdrant", str(tmp_path), "--collection", "docs"))
    assert rows == [("7", {"n": 7, "tags": ["a"]}, "[7,1,2]")]


def test_lancedb(server: EmbeddedServer, db: nebulusdb.Database, tmp_path: Path) -> None:
    lancedb = pytest.importorskip("lancedb")
    rows_in = [{"id": i, "vector": [float(i), 1, 2], "n": i, "word": f"w{i}"} for i in range(ROWS)]
    lancedb.connect(str(tmp_path)).create_table("docs", rows_in)
    rows = imported(server, db, migrate("lancedb", str(tmp_path)))
    assert rows == [("7", {"n": 7, "word": "w7"}, "[7,1,2]")]


def test_values_become_json() -> None:
    import datetime
    import decimal

    given = {"a": float("nan"), 1: datetime.date(2026, 1, 31), "d": decimal.Decimal("1.50"), "t": (1, {"x": None})}
    expected = {"a": "nan", "1": "2026-01-31", "d": "1.50", "t": [1, {"x": None}]}
    assert json.loads(json.dumps(plain(given))) == expected
    assert memory(7, {}, None) == {"id": "7", "metadata": {}}
    assert dense({"text": [1.0], "sparse": object()}, None) == [1.0]
    assert dense([1.0], None) == [1.0]
    with pytest.raises(SystemExit, match="--vector"):
        dense({"a": [1.0], "b": [2.0]}, None)
    with pytest.raises(SystemExit, match="no counterpart"):
        plain(object())
