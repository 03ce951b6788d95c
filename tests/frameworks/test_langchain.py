"""LangChain: both of its stores over pgvector."""

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import Column, PGEngine, PGVector, PGVectorStore
from langchain_postgres.v2.indexes import HNSWIndex

CAT, DOG = Document(page_content="cat", metadata={"k": 1, "tag": "a"}), Document(page_content="dog", metadata={"k": 2, "tag": "b"})


@pytest.fixture
def embeddings(embedding):
    class Hashes(Embeddings):
        def embed_documents(self, texts):
            return [embedding(text) for text in texts]

        def embed_query(self, text):
            return embedding(text)

    return Hashes()


def test_pgvector_finds_and_filters(place, name, embeddings):
    connection = place.sqlalchemy_url("psycopg")
    store = PGVector(embeddings=embeddings, collection_name=name, connection=connection, use_jsonb=True)
    ids = store.add_documents([CAT, DOG])
    texts = lambda found: [document.page_content for document in found]  # noqa: E731
    assert texts(store.similarity_search("dog", k=1)) == ["dog"]
    assert texts(store.similarity_search("dog", k=2, filter={"k": {"$eq": 1}})) == ["cat"]
    either = {"$or": [{"k": {"$gt": 1}}, {"tag": {"$in": ["a"]}}]}
    assert texts(store.similarity_search("dog", k=2, filter=either)) == ["dog", "cat"]
    assert texts(store.similarity_search("dog", k=2, filter={"tag": {"$like": "a%"}})) == ["cat"]
    assert [score == 0 for _, score in store.similarity_search_with_score("cat", k=2)] == [True, False]
    assert len(store.max_marginal_relevance_search("cat", k=2)) == 2
    store.delete(ids[:1])
    assert texts(store.similarity_search("cat", k=2)) == ["dog"]
    store.delete_collection()


def test_the_store_of_one_table_has_an_index(place, name, embeddings):
    engine = PGEngine.from_connection_string(place.sqlalchemy_url("asyncpg"))
    columns = [Column("k", "INTEGER"), Column("tag", "TEXT")]
    engine.init_vectorstore_table(table_name=name, vector_size=8, metadata_columns=columns)
    store = PGVectorStore.create_sync(
        engine=engine, table_name=name, embedding_service=embeddings, metadata_columns=["k", "tag"]
    )
    store.add_documents([CAT, DOG])
    assert store.similarity_search("dog", k=1)[0].page_content == "dog"
    assert [found.page_content for found in store.similarity_search("cat", k=2, filter={"k": {"$gt": 1}})] == ["dog"]
    store.apply_vector_index(HNSWIndex())
    store.reindex()
    assert store.similarity_search("cat", k=1)[0].page_content == "cat"
    store.drop_vector_index()
    engine.drop_table(name)
