"""The vector store for LlamaIndex: nodes, filters, and an index over it."""

from __future__ import annotations

from collections.abc import Iterator

import nebulusdb
import pytest
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex
from llama_index.core.schema import Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from nebulusdb.llama_index import NebulusVectorStore


def node(number: int, text: str, document: str, **metadata: object) -> TextNode:
    return TextNode(
        id_=f"n{number}",
        text=text,
        metadata=metadata,
        embedding=[1.0, float(number), 0.0],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document)},
    )


NODES = [
    node(0, "Bloom filters", "d1", source="web", pages=3, tags=["sets", "hashes"]),
    node(1, "Cuckoo filters", "d1", source="mail", pages=10, tags=[]),
    node(2, "Skip lists", "d2", source="web", pages=10.5, odd={"deep": [1]}),
]


@pytest.fixture
def store(db: nebulusdb.Database, name: str) -> Iterator[NebulusVectorStore]:
    made = NebulusVectorStore(db=db, collection=name)
    assert made.query(VectorStoreQuery(query_embedding=[1.0, 2.0, 3.0])).nodes == []
    assert made.get_nodes() == []
    assert made.add(NODES) == ["n0", "n1", "n2"]
    yield made
    made.collection.drop()


def one(key: str, value: object, operator: FilterOperator = FilterOperator.EQ) -> MetadataFilter:
    return MetadataFilter(key=key, value=value, operator=operator)  # type: ignore[arg-type]


FILTERS = [
    ([one("source", "web")], {"n0", "n2"}),
    ([one("pages", 3)], {"n0"}),
    ([one("pages", 3, FilterOperator.NE)], {"n1", "n2"}),
    ([one("pages", 3, FilterOperator.GT), one("pages", 10.5, FilterOperator.LT)], {"n1"}),
    ([one("pages", 10, FilterOperator.GTE)], {"n1", "n2"}),
    ([one("pages", 10, FilterOperator.LTE)], {"n0", "n1"}),
    ([one("source", ["mail", "x"], FilterOperator.IN)], {"n1"}),
    ([one("source", ["mail", "x"], FilterOperator.NIN)], {"n0", "n2"}),
    ([one("tags", "sets", FilterOperator.CONTAINS)], {"n0"}),
    ([one("tags", ["sets", "x"], FilterOperator.ANY)], {"n0"}),
    ([one("tags", ["sets", "hashes"], FilterOperator.ALL)], {"n0"}),
    ([one("tags", ["sets", "x"], FilterOperator.ALL)], set()),
    ([one("source", "we", FilterOperator.TEXT_MATCH)], {"n0", "n2"}),
    ([one("source", "W%", FilterOperator.TEXT_MATCH)], set()),
    ([one("source", "WE", FilterOperator.TEXT_MATCH_INSENSITIVE)], {"n0", "n2"}),
    ([one("tags", None, FilterOperator.IS_EMPTY)], {"n1", "n2"}),
    ([MetadataFilters(filters=[one("pages", 3), one("source", "mail")], condition=FilterCondition.OR)], {"n0", "n1"}),
    ([MetadataFilters(filters=[one("source", "web")], condition=FilterCondition.NOT)], {"n1"}),
    ([one("source", "x' OR true --")], set()),
]


@pytest.mark.parametrize(("filters", "wanted"), FILTERS, ids=[str(place) for place in range(len(FILTERS))])
def test_filters(store: NebulusVectorStore, filters: list[MetadataFilter], wanted: set[str]) -> None:
    chosen = MetadataFilters(filters=filters)  # type: ignore[arg-type]
    found = store.query(VectorStoreQuery(query_embedding=[1.0, 1.0, 0.0], similarity_top_k=10, filters=chosen))
    assert set(found.ids or []) == wanted
    assert {each.node_id for each in store.get_nodes(filters=chosen)} == wanted


def test_nodes_come_back_whole(store: NebulusVectorStore) -> None:
    found = store.query(VectorStoreQuery(query_embedding=[1.0, 2.0, 0.0], similarity_top_k=1))
    assert found.ids == ["n2"] and found.nodes is not None and found.similarities is not None
    assert found.similarities[0] == pytest.approx(1)
    (got,) = found.nodes
    assert got.get_content() == "Skip lists" and got.metadata == {"source": "web", "pages": 10.5, "odd": {"deep": [1]}}
    assert got.ref_doc_id == "d2"
    within = VectorStoreQuery(query_embedding=[1.0, 2.0, 0.0], similarity_top_k=9, doc_ids=["d1"], node_ids=["n0", "n2"])
    assert store.query(within).ids == ["n0"]
    with pytest.raises(NotImplementedError, match="'hybrid' is not offered"):
        store.query(VectorStoreQuery(query_embedding=[1.0], mode=VectorStoreQueryMode.HYBRID))


def test_replacing_and_deleting(store: NebulusVectorStore) -> None:
    store.add([node(0, "new text", "d3", source="new")])
    assert [each.get_content() for each in store.get_nodes(["n0"])] == ["new text"]
    store.delete("d1")
    assert {each.node_id for each in store.get_nodes()} == {"n0", "n2"}
    store.delete_nodes()
    store.delete_nodes(["n0"])
    assert {each.node_id for each in store.get_nodes()} == {"n2"}
    store.delete_nodes(filters=MetadataFilters(filters=[one("source", "web")]))
    assert store.get_nodes() == []
    store.add(NODES)
    store.clear()
    assert store.get_nodes() == []


async def test_for_asyncio(store: NebulusVectorStore) -> None:
    await store.async_add([node(9, "ninth", "d9")])
    found = await store.aquery(VectorStoreQuery(query_embedding=[1.0, 9.0, 0.0]))
    assert found.ids == ["n9"]
    await store.adelete("d9")
    await store.adelete_nodes(["n0"])
    assert {each.node_id for each in await store.aget_nodes()} == {"n1", "n2"}
    await store.aclear()


def test_an_index_over_it(db: nebulusdb.Database, name: str) -> None:
    store = NebulusVectorStore(db=db, collection=name)
    context = StorageContext.from_defaults(vector_store=store)
    documents = [Document(text=f"text {n}", metadata={"n": n}, id_=f"d{n}") for n in range(5)]
    index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=MockEmbedding(embed_dim=8))
    chosen = MetadataFilters(filters=[one("n", 3)])
    found = index.as_retriever(similarity_top_k=5, filters=chosen).retrieve("anything")
    assert [each.get_content() for each in found] == ["text 3"]
    again = VectorStoreIndex.from_vector_store(store, embed_model=MockEmbedding(embed_dim=8))
    assert len(again.as_retriever(similarity_top_k=5).retrieve("anything")) == 5
    index.delete_ref_doc("d3")
    assert store.collection.count() == 4
    store.collection.drop()
