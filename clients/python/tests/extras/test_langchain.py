"""LangChain's own suite for vector stores, and what it leaves out: filters, scores, errors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nebulusdb
import psycopg
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import VectorStoreIntegrationTests
from nebulusdb import F, InvalidFilter
from nebulusdb.langchain import NebulusVectorStore

DOCUMENTS = [
    Document(page_content="Bloom filters", metadata={"source": "web", "pages": 3, "tags": ["sets", "hashes"], "id": 7}),
    Document(page_content="Cuckoo filters", metadata={"source": "mail", "pages": 10, "nested": {"deep": True}}),
    Document(page_content="Skip lists", metadata={"source": "web", "pages": 10.5}),
]


ROOT = Path(__file__).resolve().parents[4]


def test_the_block_of_the_recipes(db: nebulusdb.Database) -> None:
    block = re.search(r"^```python\n(.*?)^```", (ROOT / "docs/recipes.md").read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    scope: dict[str, Any] = {"db": db, "embeddings": DeterministicFakeEmbedding(size=32)}
    exec(block[1], scope)
    documents = [Document(page_content=str(year), metadata={"year": year}) for year in (1970, 1980, 1990)]
    scope["store"].add_documents(documents)
    found = scope["retriever"].invoke("anything")
    db.collection("articles").drop()
    assert {document.page_content for document in found} == {"1980", "1990"}


class TestLangChainsOwnSuite(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, db: nebulusdb.Database, name: str) -> Iterator[VectorStore]:
        yield NebulusVectorStore(self.get_embeddings(), db=db, collection=name)
        if name in db.collections():
            db.collection(name).drop()


@pytest.fixture
def store(db: nebulusdb.Database, name: str) -> Iterator[NebulusVectorStore]:
    made = NebulusVectorStore(DeterministicFakeEmbedding(size=32), db=db, collection=name)
    made.add_documents(DOCUMENTS)
    yield made
    made.collection.drop()


FILTERS = [
    ({"source": "web"}, {"Bloom filters", "Skip lists"}),
    ({"source": "web", "pages": {"$gt": 3}}, {"Skip lists"}),
    ({"pages": {"$gte": 3, "$lt": 10.5}}, {"Bloom filters", "Cuckoo filters"}),
    ({"$or": [{"source": "mail"}, {"tags": {"$contains": "sets"}}]}, {"Bloom filters", "Cuckoo filters"}),
    ({"$not": {"source": {"$in": ["web"]}}}, {"Cuckoo filters"}),
    ({"nested": {"$exists": False}, "pages": {"$ne": 3}}, {"Skip lists"}),
    ({"nested": {"deep": True}}, {"Cuckoo filters"}),
    ({"id": 7}, {"Bloom filters"}),
    ({"source": {"$ilike": "W%"}, "pages": {"$between": [1, 4]}}, {"Bloom filters"}),
    (F.metadata.pages > 9, {"Cuckoo filters", "Skip lists"}),
]


@pytest.mark.parametrize(("given", "wanted"), FILTERS, ids=[str(given) for given, _ in FILTERS])
def test_filters(store: NebulusVectorStore, given: Any, wanted: set[str]) -> None:
    found = store.similarity_search("anything", k=10, filter=given)
    assert {document.page_content for document in found} == wanted
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 3, "filter": given})
    assert {document.page_content for document in retriever.invoke("anything")} == wanted


def test_wrong_filters_say_so(store: NebulusVectorStore) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"x": {"$near": 1}}, r"\$near is no operator"),
        ({"$xor": []}, r"\$xor is no operator"),
        ({"$or": []}, "list of filters"),
    ]
    for given, reason in wrong:
        with pytest.raises(InvalidFilter, match=reason):
            store.similarity_search("x", filter=given)


def test_scores(store: NebulusVectorStore) -> None:
    (document, distance), *_ = store.similarity_search_with_score("Skip lists", k=3)
    assert document.page_content == "Skip lists" and distance == pytest.approx(0, abs=1e-6)
    (document, relevance), *_ = store.similarity_search_with_relevance_scores("Skip lists", k=1)
    assert relevance == pytest.approx(1) and document.id
    assert len(store.similarity_search("Skip lists", k=3, within=0.01)) == 1


def test_replacing_and_deleting(store: NebulusVectorStore) -> None:
    (key,) = store.add_texts(["first"], ids=["k"])
    assert store.add_texts(["second", "third"], [{"n": 1}, {}], ids=["k", None])[0] == key
    assert store.get_by_ids(["k", "nobody"]) == [Document(id="k", page_content="second", metadata={"n": 1})]
    assert store.delete(filter={"n": 1}) and store.get_by_ids(["k"]) == []
    assert store.delete(["nobody"]) and store.delete([])
    assert store.collection.count() == 4
    with pytest.raises(ValueError, match="2 texts came with 1 ids"):
        store.add_texts(["a", "b"], ids=["k"])
    assert store.add_texts([]) == []


def test_another_dimension(store: NebulusVectorStore, db: nebulusdb.Database) -> None:
    other = NebulusVectorStore(DeterministicFakeEmbedding(size=5), db=db, collection=store.collection.name)
    with pytest.raises(psycopg.errors.DataException, match="expected 32 dimensions, not 5"):
        other.add_texts(["x"])
    with pytest.raises(psycopg.errors.DataException, match="expected 32 dimensions, not 5"):
        other.similarity_search("x")


def test_from_texts_and_metrics(db: nebulusdb.Database, name: str) -> None:
    made = NebulusVectorStore.from_texts(
        ["a", "b"],
        DeterministicFakeEmbedding(size=4),
        [{"n": 1}, {"n": 2}],
        ids=["1", "2"],
        db=db,
        collection=name,
        metric="l2",
    )
    assert [document.id for document in made.similarity_search("b", k=1)] == ["2"]
    assert made.similarity_search_with_relevance_scores("b", k=1)[0][1] == pytest.approx(1)
    assert "USING hnsw" in str(db.sql("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [name]).rows)
    made.collection.drop()


async def test_many_at_once(store: NebulusVectorStore) -> None:
    await asyncio.gather(*(store.aadd_texts([f"text {n}"], [{"n": n}]) for n in range(20)))
    found = await asyncio.gather(*(store.asimilarity_search(f"text {n}", k=1, filter={"n": n}) for n in range(20)))
    assert [documents[0].page_content for documents in found] == [f"text {n}" for n in range(20)]
