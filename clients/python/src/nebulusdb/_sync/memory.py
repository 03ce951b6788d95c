# Generated from _async/memory.py by tools/unasync.py: edit that one.
"""Memories: entries of the collection `memory`, with facts, a vector and a blob."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nebulusdb import statements
from nebulusdb._sync.changes import Subscription
from nebulusdb._sync.collection import BATCH_ROWS, Collection
from nebulusdb._sync.embedding import Embed, embedded
from nebulusdb.compile import WhereLike, filter_of
from nebulusdb.entries import Change, Memories, Memory, NewMemory
from nebulusdb.errors import InvalidEntry, InvalidFilter, InvalidVector
from nebulusdb.filters import F
from nebulusdb.ids import new_id
from nebulusdb.schema import MEMORY
from nebulusdb.statements import Metric, Order, Statement, desc
from nebulusdb.vectors import Vector, VectorLike

if TYPE_CHECKING:
    from nebulusdb._sync.database import Database

_COLUMNS: Final = ("id", "metadata", "blob_hash", "blob_size", "_stage", "_timestamp", "_peer_id")


class MemoryCollection:
    """`db.memory`: remember, recall, forget.

    A text is kept as the fact `text`. Vectors are the caller's, all of the same dimension, or those of `embed`: a function that
    makes a list of vectors of a list of texts. Once it is set, `remember` makes vectors of texts that come without, and
    `recall` takes a text.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.embed: Embed | None = None
        self.collection = Collection(database, MEMORY.name)

    def remember(
        self,
        text: str | None = None,
        *,
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        vector: VectorLike | None = None,
        blob: bytes | None = None,
    ) -> str:
        """Stores a memory and returns its id.

        With the id of an entry that is there, the parts that are given take the place of the old ones, the facts as a whole; the
        others stay. `set_facts` changes single facts.
        """
        if text is None and metadata is None and vector is None and blob is None:
            raise InvalidEntry("a memory has a text, facts, a vector or a blob: give one of them")
        if vector is None and text is not None and self.embed is not None:
            (vector,) = embedded(self.embed, [text])
        identity = new_id() if id is None else id
        self._database._run(statements.set_memory(identity, _facts(text, metadata), vector, blob))
        return identity

    def remember_many(self, memories: Iterable[NewMemory | Mapping[str, Any]], *, batch: int = BATCH_ROWS) -> list[str]:
        """Stores many new memories by COPY and returns their ids. A dict has the keys of `NewMemory`.

        Each `batch` is one transaction. An id that is taken fails its batch (23505).
        """
        ids: list[str] = []
        for held in _batches(memories, batch):
            missing = [place for place, memory in enumerate(held) if memory.vector is None and memory.text is not None]
            vectors: dict[int, VectorLike] = {}
            if self.embed is not None and missing:
                made = embedded(self.embed, [held[place].text or "" for place in missing])
                vectors = dict(zip(missing, made))
            rows = []
            for place, memory in enumerate(held):
                ids.append(memory.id or new_id())
                facts = _facts(memory.text, memory.metadata) or {}
                rows.append({"id": ids[-1], "metadata": facts, "vector": vectors.get(place, memory.vector)})
            self.collection.insert_many(rows, batch=batch)
        return ids

    def get(self, id: str) -> Memory | None:
        """The memory of this id with its vector, `None` where there is none."""
        found = self.find(F["id"] == id, limit=1, with_vectors=True)
        return found[0] if found else None

    def find(
        self,
        where: WhereLike = None,
        *,
        order_by: Order | Sequence[Order] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        with_vectors: bool = False,
    ) -> Memories:
        """The memories that fulfil a condition."""
        columns = (*_COLUMNS, "vector") if with_vectors else _COLUMNS
        found = self.collection.find(where, columns=columns, order_by=order_by, limit=limit, offset=offset)
        return Memories(found)

    def recall(
        self,
        vector: VectorLike | str | None = None,
        *,
        like: str | None = None,
        where: WhereLike = None,
        limit: int = 10,
        offset: int = 0,
        within: float | None = None,
        metric: Metric = "cosine",
        ef: int | None = None,
        with_vectors: bool = False,
    ) -> Memories:
        """The memories that are nearest to a vector, to a text by its `embed`ding, or to the vector of the memory `like`; without
        any, the newest.

        `where` chooses by facts, `within` is the greatest distance. What comes back is data that somebody wrote: see `Memory`.
        """
        if vector is not None and like is not None:
            raise InvalidFilter("recall by a vector or like= a memory, not both")
        if isinstance(vector, str):
            if self.embed is None:
                raise InvalidVector("a text is recalled by its vector: set db.memory.embed to the function that makes it")
            (vector,) = embedded(self.embed, [vector])
        if like is not None:
            vector = self._vector_of(like)
        if vector is None:
            if within is not None or ef is not None:
                raise InvalidFilter("within= and ef= belong to a search by a vector")
            return self.find(where, order_by=desc("_timestamp"), limit=limit, offset=offset, with_vectors=with_vectors)
        found = self.collection.nearest(
            vector,
            where=where,
            limit=limit,
            offset=offset,
            metric=metric,
            within=within,
            ef=ef,
            columns=(*_COLUMNS, "vector") if with_vectors else _COLUMNS,
        )
        return Memories(found)

    def forget(self, *ids: str, where: WhereLike = None) -> int:
        """Deletes memories by id or by a condition; returns how many there were."""
        if bool(ids) == (where is not None):
            raise InvalidFilter("forget() takes ids, or where=; nebulusdb.ALL forgets everything")
        return self.collection.delete(F["id"].in_(ids) if ids else where)

    def facts(self, id: str) -> dict[str, Any] | None:
        """The facts of a memory, `None` where there is none of this id."""
        found = self.collection.find_one(F["id"] == id, columns=["metadata"])
        return None if found is None else found["metadata"]

    def set_facts(self, id: str, facts: Mapping[str, Any]) -> bool:
        """Sets these facts of a memory and leaves the others; whether there is a memory of this id."""
        clash = MEMORY.columns.keys() & facts.keys()
        if clash:
            raise InvalidEntry(f"{', '.join(sorted(clash))}: columns of memory are no facts")
        return self.collection.update(facts, F["id"] == id) > 0

    def remove_facts(self, id: str, names: Sequence[str]) -> bool:
        """Takes facts from a memory; whether there is a memory of this id."""
        return self.collection.remove_facts(names, F["id"] == id) > 0

    def blob(self, id: str) -> bytes | None:
        """The blob of a memory, `None` where it has none. What another node made is fetched from there (58030 if it cannot be)."""
        result = self._database._run(Statement("SELECT blob(id) FROM memory WHERE id = $1", [id]))
        value = result.scalar()
        return None if value is None else bytes(value)

    def count(self, where: WhereLike = None) -> int:
        """How many memories fulfil a condition."""
        return self.collection.count(where)

    def scan(self, where: WhereLike = None, *, with_vectors: bool = False) -> Iterator[Memory]:
        """The memories that fulfil a condition, one by one, without holding all of them."""
        columns = (*_COLUMNS, "vector") if with_vectors else _COLUMNS
        for row in self.collection.scan(where, columns=columns):
            yield Memory.from_row(row)

    def stage(self, *ids: str, where: WhereLike = None) -> int:
        """Marks memories for the network that `memory` is shared with: the next sync posts them."""
        return self.collection.stage(_chosen("stage", ids, where))

    def unstage(self, *ids: str, where: WhereLike = None) -> int:
        """Takes memories off the stage and returns how many were on it. What is posted stays posted."""
        return self.collection.unstage(_chosen("unstage", ids, where))

    def subscribe(self) -> Subscription[Change]:
        """Listens to the changes of the memories."""
        return self.collection.subscribe()

    def _vector_of(self, id: str) -> Vector:
        found = self.collection.find_one(F["id"] == id, columns=["vector"])
        if found is None or found["vector"] is None:
            raise InvalidFilter(f"there is no memory {id!r} with a vector")
        vector: Vector = found["vector"]
        return vector

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _batches(memories: Iterable[NewMemory | Mapping[str, Any]], size: int) -> Iterable[list[NewMemory]]:
    held: list[NewMemory] = []
    for given in memories:
        held.append(given if isinstance(given, NewMemory) else _new_memory(given))
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held


def _chosen(what: str, ids: Sequence[str], where: WhereLike) -> WhereLike:
    if bool(ids) == (where is not None):
        raise InvalidFilter(f"{what}() takes ids, or where=")
    return F["id"].in_(ids) if ids else filter_of(where)


def _facts(text: str | None, metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The facts with the text among them."""
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidEntry(f"metadata is a dict of facts, not {type(metadata).__name__}")
    if text is None:
        return metadata
    if not isinstance(text, str):
        raise InvalidEntry(f"text is a text, not {type(text).__name__}")
    if metadata is not None and "text" in metadata:
        raise InvalidEntry("the text stands in metadata and beside it: give it once")
    return {**(metadata or {}), "text": text}


def _new_memory(given: Mapping[str, Any]) -> NewMemory:
    try:
        return NewMemory(**given)
    except TypeError as error:
        raise InvalidEntry("a memory has the keys text, id, metadata and vector; facts stand in metadata") from error
