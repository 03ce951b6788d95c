"""A store for LangGraph: long-term memory by namespace and key, with search by nearness. Needs `nebulusdb[langgraph]`.

    store = NebulusStore(nebulusdb.embedded("./data"), index={"dims": 384, "embed": embed, "fields": ["text"]})
    store.put(("users", "ada"), "likes", {"text": "strong coffee"})
    store.search(("users",), query="what does she drink?")

An item is one row; each text of it that is indexed is another row with its vector and the same value, so that filters are
evaluated inside of the search.
"""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from nebulusdb.optional import missing

try:
    from langchain_core.embeddings import Embeddings
    from langgraph.store.base import (
        BaseStore,
        GetOp,
        IndexConfig,
        Item,
        ListNamespacesOp,
        MatchCondition,
        Op,
        PutOp,
        Result,
        SearchItem,
        SearchOp,
        ensure_embeddings,
        get_text_at_path,
        tokenize_path,
        validate_op_namespace,
    )
except ModuleNotFoundError as error:
    raise missing("langgraph-checkpoint", "langgraph") from error

from nebulusdb._sync.collection import Collection
from nebulusdb._sync.database import Database
from nebulusdb.filters import F, Filter
from nebulusdb.operators import filter_from_dict

COLLECTION_DEFAULT: Final = "langgraph_store"
_ITEM: Final = ("namespace", "key", "value", "created_at", "updated_at")
_COLUMNS: Final = {
    "namespace": "text NOT NULL",
    "key": "text NOT NULL",
    "path": "text NOT NULL",
    "value": "jsonb NOT NULL",
    "created_at": "timestamptz NOT NULL",
    "updated_at": "timestamptz NOT NULL",
}
_WHOLE: Final = ""
"""The path of the row that is the item itself."""


class NebulusStore(BaseStore):
    """LangGraph's store over one collection. Items have no time to live."""

    __slots__ = ("_collection", "_database", "_embeddings", "_fields", "_name", "index_config")

    def __init__(self, db: Database, *, index: IndexConfig | None = None, collection: str = COLLECTION_DEFAULT) -> None:
        """Makes the collection unless it is there. `index` is LangGraph's; without it there is no search by nearness.

        Raises the server's error where a collection of this name has vectors of another dimension, once an item is put.
        """
        self._database = db
        self._name = collection
        self.index_config = index
        self._embeddings: Embeddings | None = None
        self._fields: list[tuple[str, Any]] = []
        dimensions = None
        if index is not None:
            dimensions = index["dims"]
            self._embeddings = ensure_embeddings(index.get("embed"))
            self._fields = [(path, path if path == "$" else tokenize_path(path)) for path in index.get("fields") or ["$"]]
        self._collection: Collection = db.create_collection(collection, dimensions=dimensions, columns=_COLUMNS)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs operations: the readers first, on what was there before, then the writes in one transaction."""
        held = list(ops)
        for op in held:
            validate_op_namespace(op)
        queries = [op.query for op in held if isinstance(op, SearchOp) and op.query]
        texts = self._texts(held)
        vectors: dict[str, list[float]] = {}
        if self._embeddings is not None:
            wanted = list(dict.fromkeys(text for _, _, text in texts))
            if wanted:
                vectors = dict(zip(wanted, self._embeddings.embed_documents(wanted)))
            asked = {query: self._embeddings.embed_query(query) for query in dict.fromkeys(queries)}
        else:
            asked = {}
        return self._run(held, texts, vectors, asked)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """`batch` with embeddings that are waited for, and the database beside the loop."""
        held = list(ops)
        for op in held:
            validate_op_namespace(op)
        queries = list(dict.fromkeys(op.query for op in held if isinstance(op, SearchOp) and op.query))
        texts = self._texts(held)
        vectors: dict[str, list[float]] = {}
        asked: dict[str, list[float]] = {}
        if self._embeddings is not None:
            wanted = list(dict.fromkeys(text for _, _, text in texts))
            if wanted:
                vectors = dict(zip(wanted, await self._embeddings.aembed_documents(wanted)))
            answers = await asyncio.gather(*(self._embeddings.aembed_query(query) for query in queries))
            asked = dict(zip(queries, answers))
        return await asyncio.to_thread(self._run, held, texts, vectors, asked)

    def _run(
        self,
        ops: Sequence[Op],
        texts: Sequence[tuple[int, str, str]],
        vectors: Mapping[str, list[float]],
        asked: Mapping[str, list[float]],
    ) -> list[Result]:
        results: list[Result] = [None] * len(ops)
        puts: dict[tuple[tuple[str, ...], str], tuple[int, PutOp]] = {}
        for place, op in enumerate(ops):
            if isinstance(op, GetOp):
                found = self._collection.find_one(F["id"] == _id(op.namespace, op.key, _WHOLE), columns=_ITEM)
                results[place] = None if found is None else Item(**_parts(found))
            elif isinstance(op, SearchOp):
                results[place] = self._search(op, asked.get(op.query) if op.query else None)
            elif isinstance(op, ListNamespacesOp):
                results[place] = self._namespaces(op)
            elif isinstance(op, PutOp):
                # Of several for one key the last one counts.
                puts[(op.namespace, op.key)] = (place, op)
            else:
                raise ValueError(f"{type(op).__name__} is no operation of a store")
        if puts:
            # Whoever puts the same item at the same time is waited for.
            self._database.retrying(lambda: self._put(list(puts.values()), texts, vectors))
        return results

    def _texts(self, ops: Sequence[Op]) -> list[tuple[int, str, str]]:
        """What is to be embedded of the puts: the operation, the path, the text."""
        if self._embeddings is None:
            return []
        found = []
        for place, op in enumerate(ops):
            if not isinstance(op, PutOp) or op.value is None or op.index is False:
                continue
            paths = self._fields if op.index is None else [(path, tokenize_path(path)) for path in op.index]
            for path, tokens in paths:
                texts = get_text_at_path(op.value, tokens)
                found += [(place, f"{path}.{number}" if len(texts) > 1 else path, text) for number, text in enumerate(texts)]
        return found

    def _put(
        self,
        puts: Sequence[tuple[int, PutOp]],
        texts: Sequence[tuple[int, str, str]],
        vectors: Mapping[str, list[float]],
    ) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        ids = [_id(op.namespace, op.key, _WHOLE) for _, op in puts]
        made = {row["id"]: row["created_at"] for row in self._collection.find(F["id"].in_(ids), columns=["id", "created_at"])}
        rows = []
        for place, op in puts:
            of_item = (F.namespace == _text(op.namespace)) & (F.key == op.key)
            self._collection.delete(of_item if self._embeddings is not None else F["id"] == _id(op.namespace, op.key, _WHOLE))
            if op.value is None:
                continue
            paths = [(_WHOLE, None)] + [(path, vectors[text]) for number, path, text in texts if number == place]
            for path, vector in paths:
                row = {
                    "id": _id(op.namespace, op.key, path),
                    "namespace": _text(op.namespace),
                    "key": op.key,
                    "path": path,
                    "value": op.value,
                    "created_at": made.get(_id(op.namespace, op.key, _WHOLE), now),
                    "updated_at": now,
                }
                rows.append(row if vector is None else {**row, "vector": vector})
        # An item that somebody else has just made is a conflict, after which all of this runs again, and not a key that is taken.
        self._collection.insert_many(rows, on_conflict="replace")

    def _search(self, op: SearchOp, vector: Sequence[float] | None) -> list[SearchItem]:
        where = _below(op.namespace_prefix) & filter_from_dict(op.filter or {}, F.value)
        if vector is None:
            found = self._collection.find(
                where & (F.path == _WHOLE), columns=_ITEM, order_by="-updated_at", limit=op.limit, offset=op.offset
            )
            return [SearchItem(**_parts(row)) for row in found]
        # An item may be found by several of its texts: its nearest counts, and more are asked for until there are enough.
        wanted = op.limit + op.offset
        asked = wanted
        while True:
            rows = self._collection.nearest(vector, where=where & (F.path != _WHOLE), limit=asked, columns=_ITEM)
            nearest: dict[tuple[str, str], dict[str, Any]] = {}
            for row in rows:
                nearest.setdefault((row["namespace"], row["key"]), row)
            if len(nearest) >= wanted or len(rows) < asked:
                break
            asked *= 2
        chosen = list(nearest.values())[op.offset : wanted]
        return [SearchItem(**_parts(row), score=1.0 - row["distance"]) for row in chosen]

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        name = self._name.replace('"', '""')
        rows = self._database.sql(f"SELECT DISTINCT namespace FROM \"{name}\" WHERE path = ''").rows
        found = [_namespace(text) for (text,) in rows]
        found = [space for space in found if all(_matches(condition, space) for condition in op.match_conditions or ())]
        if op.max_depth is not None:
            found = [space[: op.max_depth] for space in found]
        return sorted(set(found))[op.offset : op.offset + op.limit]


def _text(namespace: tuple[str, ...]) -> str:
    """A namespace as one text, below which those of its children begin with it."""
    if any("\x1f" in label for label in namespace):
        raise ValueError("a label of a namespace has no unit separator (U+001F)")
    return "".join(f"{label}\x1f" for label in namespace)


def _namespace(text: str) -> tuple[str, ...]:
    return tuple(text.split("\x1f")[:-1])


def _id(namespace: tuple[str, ...], key: str, path: str) -> str:
    return json.dumps([*namespace, key, path], ensure_ascii=False)


def _below(prefix: tuple[str, ...]) -> Filter:
    """A namespace and those below; the empty one holds all."""
    return F.namespace.starts_with(_text(prefix))


def _parts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _namespace(row[name]) if name == "namespace" else row[name] for name in _ITEM}


def _matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    path = condition.path
    if len(path) > len(namespace):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part))
