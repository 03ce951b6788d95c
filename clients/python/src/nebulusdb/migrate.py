"""Rows of Chroma, Qdrant and LanceDB as JSON lines for ``nebulusdb import``.

    python -m nebulusdb.migrate chroma ./directory --collection docs | nebulusdb import - --collection memory

Each row becomes a memory: its id, its payload as facts (a document's text under ``document``), its vector. The stores are
read by their own packages (``chromadb``, ``qdrant-client``, ``lancedb``), which must be installed; Qdrant's server is read by
its scroll API. Standard error says how many rows there were; standard output holds nothing but rows.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import importlib
import json
import math
import sys
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

PAGE_ROWS = 256
"""Rows that are read at once."""

Row = dict[str, Any]


def load(name: str, package: str) -> Any:
    """A package that is wanted for this store alone; what to do where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SystemExit(f"{package} is not installed ({error}); run: pip install {package}") from error


def plain(value: Any) -> Any:
    """A value as JSON has it. Numbers that JSON does not have, times and decimals become texts."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case dict():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | set():
            return [plain(each) for each in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise SystemExit(f"a value of the type {type(value).__name__} has no counterpart in JSON: {value!r}")


def memory(key: Any, facts: dict[str, Any], vector: Any) -> Row:
    """A line of the import."""
    row: Row = {"id": str(key), "metadata": plain(facts)}
    if vector is not None:
        row["vector"] = plain(list(vector))
    return row


def only(names: list[str], wanted: str | None, what: str) -> str:
    """The collection that is named, or the only one."""
    if wanted is not None:
        if wanted not in names:
            raise SystemExit(f'there is no collection "{wanted}" in {what}; there are: {", ".join(names) or "none"}')
        return wanted
    if len(names) != 1:
        raise SystemExit(f"{what} has {len(names)} collections; name one with --collection: {', '.join(names)}")
    return names[0]


def chroma(place: str, wanted: str | None) -> Iterator[Row]:
    """The rows of a directory of Chroma's."""
    client = load("chromadb", "chromadb").PersistentClient(path=place)
    name = only([getattr(each, "name", each) for each in client.list_collections()], wanted, place)
    collection = client.get_collection(name)
    offset = 0
    while True:
        page = collection.get(limit=PAGE_ROWS, offset=offset, include=["embeddings", "metadatas", "documents"])
        ids = page["ids"]
        if not ids:
            return
        embeddings = page["embeddings"] if page["embeddings"] is not None else [None] * len(ids)
        metadatas = page["metadatas"] or [None] * len(ids)
        documents = page["documents"] or [None] * len(ids)
        for key, vector, facts, text in zip(ids, embeddings, metadatas, documents, strict=True):
            known = dict(facts or {})
            if text is not None:
                known["document"] = text
            yield memory(key, known, vector)
        offset += len(ids)


def qdrant(place: str, wanted: str | None, vector_name: str | None) -> Iterator[Row]:
    """The points of a server at a URL, or of a directory of qdrant-client's local mode."""
    module = load("qdrant_client", "qdrant-client")
    is_server = place.startswith(("http://", "https://"))
    client = module.QdrantClient(url=place) if is_server else module.QdrantClient(path=place)
    try:
        name = only([each.name for each in client.get_collections().collections], wanted, place)
        offset = None
        while True:
            points, offset = client.scroll(name, limit=PAGE_ROWS, offset=offset, with_payload=True, with_vectors=True)
            for point in points:
                yield memory(point.id, dict(point.payload or {}), dense(point.vector, vector_name))
            if offset is None:
                return
    finally:
        client.close()


def dense(vector: Any, name: str | None) -> Any:
    """The one dense vector of a point, or the one that is named."""
    if not isinstance(vector, dict):
        return vector
    lists = {each: value for each, value in vector.items() if isinstance(value, list)}
    if name is not None:
        return lists.get(name)
    if len(lists) > 1:
        raise SystemExit(f"the points have several vectors; name one with --vector: {', '.join(sorted(lists))}")
    return next(iter(lists.values()), None)


def lancedb(place: str, wanted: str | None, vector_name: str | None, key: str) -> Iterator[Row]:
    """The rows of a table of LanceDB's."""
    database = load("lancedb", "lancedb").connect(place)
    # Newer versions have another name for it.
    names = database.list_tables().tables if hasattr(database, "list_tables") else database.table_names()
    name = only(list(names), wanted, place)
    table = database.open_table(name)
    column = vector_name or next((each.name for each in table.schema if "list" in str(each.type)), None)
    if key not in table.schema.names:
        raise SystemExit(f'table "{name}" has no column "{key}" for the id; name one with --id: {", ".join(table.schema.names)}')
    for batch in table.to_arrow().to_batches(max_chunksize=PAGE_ROWS):
        for row in batch.to_pylist():
            vector = row.pop(column, None) if column else None
            yield memory(row.pop(key), row, vector)


def write(rows: Iterable[Row]) -> int:
    """Prints rows; how many there were."""
    count = 0
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        count += 1
    sys.stdout.flush()
    return count


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m nebulusdb.migrate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", choices=["chroma", "qdrant", "lancedb"])
    parser.add_argument("place", help="a directory, or the URL of a Qdrant server")
    parser.add_argument("--collection", help="the collection or table; needed where there is more than one")
    parser.add_argument("--vector", help="the vector, where points or rows have more than one")
    parser.add_argument("--id", default="id", help="LanceDB: the column that becomes the id (default: id)")
    given = parser.parse_args(arguments)
    match given.store:
        case "chroma":
            rows = chroma(given.place, given.collection)
        case "qdrant":
            rows = qdrant(given.place, given.collection, given.vector)
        case _:
            rows = lancedb(given.place, given.collection, given.vector, given.id)
    count = write(rows)
    print(f"{count} rows", file=sys.stderr)


if __name__ == "__main__":
    main()
