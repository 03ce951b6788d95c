"""A vector store for LlamaIndex: nodes in a collection of NebulusDB. Needs `nebulusdb[llama-index]`.

    store = NebulusVectorStore(db=nebulusdb.embedded("./data"))
    index = VectorStoreIndex.from_documents(documents, storage_context=StorageContext.from_defaults(vector_store=store))

Metadata filters are evaluated by the server inside of the search, so as many nodes come back as match, up to the number asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import psycopg

from nebulusdb.optional import missing

try:
    from llama_index.core.bridge.pydantic import PrivateAttr
    from llama_index.core.schema import BaseNode, MetadataMode
    from llama_index.core.vector_stores.types import (
        BasePydanticVectorStore,
        FilterCondition,
        FilterOperator,
        MetadataFilter,
        MetadataFilters,
        VectorStoreQuery,
        VectorStoreQueryMode,
        VectorStoreQueryResult,
    )
    from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict
except ModuleNotFoundError as error:
    raise missing("llama-index-core", "llama-index") from error

from nebulusdb._sync.collection import Collection
from nebulusdb._sync.database import Database, connect
from nebulusdb.filters import ALL, Both, Either, F, Field, Filter, Not
from nebulusdb.statements import Metric

COLLECTION_DEFAULT: Final = "llama_index"
_COLUMNS: Final = ("id", "content", "metadata")
_COMPARISONS: Final[Mapping[FilterOperator, Callable[[Field, Any], Filter]]] = {
    FilterOperator.EQ: lambda field, value: field == value,
    FilterOperator.NE: lambda field, value: field != value,
    FilterOperator.GT: lambda field, value: field > value,
    FilterOperator.GTE: lambda field, value: field >= value,
    FilterOperator.LT: lambda field, value: field < value,
    FilterOperator.LTE: lambda field, value: field <= value,
    FilterOperator.IN: lambda field, value: field.in_(value),
    FilterOperator.NIN: lambda field, value: field.not_in(value),
    FilterOperator.ANY: lambda field, value: Either(tuple(field.contains(each) for each in value)),
    FilterOperator.ALL: lambda field, value: field.contains(list(value)),
    FilterOperator.TEXT_MATCH: lambda field, value: field.like(f"%{_escaped(value)}%"),
    FilterOperator.TEXT_MATCH_INSENSITIVE: lambda field, value: field.has_text(value),
    FilterOperator.CONTAINS: lambda field, value: field.contains(value),
    FilterOperator.IS_EMPTY: lambda field, _: field.is_null() | (field.contains([]) & ~field[0].exists()),
}


class NebulusVectorStore(BasePydanticVectorStore):
    """Nodes with their texts and embeddings in one collection, which is made with the first node.

    Metadata may be nested. A node whose id is there takes the place of the old one. Similarity is one minus the distance by
    cosine, and the negated distance by the other metrics.
    """

    stores_text: bool = True
    flat_metadata: bool = False
    collection_name: str = COLLECTION_DEFAULT
    metric: Metric = "cosine"
    _database: Database = PrivateAttr()

    def __init__(
        self,
        *,
        db: Database | str | None = None,
        collection: str = COLLECTION_DEFAULT,
        metric: Metric = "cosine",
        **kwargs: Any,
    ) -> None:
        """`db` is an open database, or the URL of a server."""
        super().__init__(**{**kwargs, "collection_name": collection, "metric": metric})
        self._database = db if isinstance(db, Database) else connect(db)

    @classmethod
    def class_name(cls) -> str:
        """The name by which LlamaIndex keeps it."""
        return "NebulusVectorStore"

    @property
    def client(self) -> Database:
        """The database."""
        return self._database

    @property
    def collection(self) -> Collection:
        """The collection, for what LlamaIndex has no words for."""
        return self._database.collection(self.collection_name)

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Stores nodes, which carry their embeddings, and returns their ids."""
        if not nodes:
            return []
        rows = [
            {
                "id": node.node_id,
                "content": node.get_content(metadata_mode=MetadataMode.NONE),
                "metadata": node_to_metadata_dict(node, remove_text=True, flat_metadata=self.flat_metadata),
                "vector": node.get_embedding(),
            }
            for node in nodes
        ]
        try:
            self.collection.insert_many(rows, on_conflict="replace")
        except psycopg.errors.UndefinedTable:
            self._database.create_collection(
                self.collection_name, dimensions=len(rows[0]["vector"]), metric=self.metric, columns={"content": "text"}
            )
            self.collection.insert_many(rows, on_conflict="replace")
        return [node.node_id for node in nodes]

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """`add` beside the loop."""
        return await asyncio.to_thread(self.add, nodes, **kwargs)

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Deletes the nodes of a document."""
        self._unless_missing(lambda: self.collection.delete(F.metadata.ref_doc_id == ref_doc_id), 0)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """`delete` beside the loop."""
        await asyncio.to_thread(self.delete, ref_doc_id, **delete_kwargs)

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Deletes nodes by id and filters; with neither it deletes nothing."""
        if node_ids is None and filters is None:
            return
        self._unless_missing(lambda: self.collection.delete(_where(node_ids, None, filters)), 0)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """`delete_nodes` beside the loop."""
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **delete_kwargs)

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """The nodes of these ids that fulfil the filters."""
        where = _where(node_ids, None, filters)
        rows: list[dict[str, Any]] = self._unless_missing(lambda: list(self.collection.find(where, columns=_COLUMNS)), [])
        return [_node(row) for row in rows]

    async def aget_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """`get_nodes` beside the loop."""
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    def clear(self) -> None:
        """Deletes all nodes."""
        self._unless_missing(lambda: self.collection.delete(ALL), 0)

    async def aclear(self) -> None:
        """`clear` beside the loop."""
        await asyncio.to_thread(self.clear)

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """The nodes nearest to the query's embedding.

        Raises `NotImplementedError` for the modes of words, for which the server has no index.
        """
        if query.mode != VectorStoreQueryMode.DEFAULT:
            raise NotImplementedError(f"the mode {query.mode.value!r} is not offered, the mode 'default' is")
        if query.query_embedding is None:
            raise ValueError("the query has no embedding")
        rows: list[dict[str, Any]] = self._unless_missing(
            lambda: list(
                self.collection.nearest(
                    query.query_embedding or [],
                    # LlamaIndex sends empty lists where it means all.
                    where=_where(query.node_ids or None, query.doc_ids or None, query.filters),
                    limit=query.similarity_top_k,
                    metric=self.metric,
                    columns=_COLUMNS,
                    **kwargs,
                )
            ),
            [],
        )
        base = 1.0 if self.metric == "cosine" else 0.0
        return VectorStoreQueryResult(
            nodes=[_node(row) for row in rows],
            similarities=[base - row["distance"] for row in rows],
            ids=[row["id"] for row in rows],
        )

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """`query` beside the loop."""
        return await asyncio.to_thread(self.query, query, **kwargs)

    def _unless_missing(self, work: Callable[[], Any], otherwise: Any) -> Any:
        """What `work` gives, or something else while there is no collection, since nothing was stored yet."""
        try:
            return work()
        except psycopg.errors.UndefinedTable:
            return otherwise


def _where(ids: Sequence[str] | None, documents: Sequence[str] | None, filters: MetadataFilters | None) -> Filter:
    where: Filter = ALL
    if ids is not None:
        where = where & F["id"].in_(ids)
    if documents is not None:
        where = where & F.metadata.ref_doc_id.in_(documents)
    return where if filters is None else where & filter_of(filters)


def filter_of(filters: MetadataFilters) -> Filter:
    """LlamaIndex' filters as one of `nebulusdb.F`. Of no filters each condition but OR is true."""
    parts = tuple(_one(each) for each in filters.filters)
    if not parts:
        return ALL
    if filters.condition == FilterCondition.OR:
        return Either(parts)
    return Not(Both(parts)) if filters.condition == FilterCondition.NOT else Both(parts)


def _one(filters: MetadataFilter | MetadataFilters) -> Filter:
    if isinstance(filters, MetadataFilters):
        return filter_of(filters)
    compare = _COMPARISONS.get(filters.operator)
    if compare is None:
        raise NotImplementedError(f"the operator {filters.operator.value!r} is not offered")
    return compare(F.metadata[filters.key], filters.value)


def _escaped(text: Any) -> str:
    return str(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _node(row: Mapping[str, Any]) -> BaseNode:
    node = metadata_dict_to_node(row["metadata"], text=row["content"])
    if hasattr(node, "set_content"):
        node.set_content(row["content"])
    return node
