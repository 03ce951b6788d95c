"""Stores of memories and documents: mem0, Haystack, Agno."""

import time
import uuid

from agno.db.base import SessionType
from agno.db.postgres import PostgresDb
from agno.knowledge.document import Document as AgnoDocument
from agno.session import AgentSession
from agno.vectordb.pgvector import PgVector
from haystack import Document
from haystack.utils import Secret
from haystack_integrations.components.retrievers.pgvector import PgvectorEmbeddingRetriever, PgvectorKeywordRetriever
from haystack_integrations.document_stores.pgvector import PgvectorDocumentStore
from mem0.vector_stores.pgvector import PGVector


def test_mem0(place, name, embedding):
    memories = PGVector(
        dbname=place.database,
        collection_name=name,
        embedding_model_dims=8,
        user=place.user,
        password=place.password,
        host=place.host,
        port=place.port,
        diskann=False,
        hnsw=True,
    )
    cat, dog = str(uuid.uuid4()), str(uuid.uuid4())
    payloads = [{"data": "cat", "user_id": "u"}, {"data": "dog", "user_id": "v"}]
    memories.insert([embedding("cat"), embedding("dog")], payloads, [cat, dog])
    assert memories.search("dog", embedding("dog"), 1)[0].id == dog
    assert [found.id for found in memories.search("dog", embedding("dog"), 5, {"user_id": "u"})] == [cat]
    memories.update(cat, embedding("cow"), {"data": "cow", "user_id": "u"})
    assert memories.get(cat).payload["data"] == "cow"
    assert len(memories.list({"user_id": "u"})[0]) == 1
    assert name in str(memories.list_cols())
    memories.col_info()
    memories.delete(dog)
    assert memories.get(dog) is None
    memories.reset()
    memories.delete_col()


def test_haystack(place, name, embedding):
    store = PgvectorDocumentStore(
        connection_string=Secret.from_token(place.url),
        table_name=name,
        embedding_dimension=8,
        vector_function="cosine_similarity",
        search_strategy="hnsw",
        recreate_table=True,
        hnsw_recreate_index_if_exists=True,
    )
    texts = ["cat", "dog", "cow"]
    store.write_documents(
        [Document(content=text, embedding=embedding(text), meta={"k": k}) for k, text in enumerate(texts)]
    )
    assert store.count_documents() == 3
    found = PgvectorEmbeddingRetriever(document_store=store).run(query_embedding=embedding("dog"))
    assert found["documents"][0].content == "dog"
    found = PgvectorKeywordRetriever(document_store=store).run(query="cats")
    assert [each.content for each in found["documents"]] == ["cat"]
    greater = {"field": "meta.k", "operator": ">", "value": 0}
    assert sorted(each.content for each in store.filter_documents(greater)) == ["cow", "dog"]
    both = [{"field": "meta.k", "operator": "in", "value": [0, 1]}, {"field": "content", "operator": "==", "value": "cat"}]
    assert [each.content for each in store.filter_documents({"operator": "AND", "conditions": both})] == ["cat"]
    store.delete_documents([each.id for each in store.filter_documents()])
    assert store.count_documents() == 0
    store.delete_table()


class Embedder:
    """What Agno asks to embed texts."""

    dimensions = 8
    enable_batch = False

    def __init__(self, embedding):
        self.get_embedding = embedding
        self.get_embedding_and_usage = lambda text: (embedding(text), None)


def test_agno_finds_what_it_knows(place, name, embedding):
    url = place.sqlalchemy_url("psycopg")
    for schema in ["public", "ai"]:
        known = PgVector(table_name=name, schema=schema, db_url=url, embedder=Embedder(embedding))
        known.create()
        texts = [AgnoDocument(content=text, name=text, meta_data={"k": k}) for k, text in enumerate(["cat", "dog"])]
        known.insert("1", texts)
        assert known.search("dog", 1)[0].content == "dog"
        known.upsert("1", [AgnoDocument(content="cow", name="cow", meta_data={"k": 3})])
        assert known.name_exists("cow") and known.get_count() == 1
        known.drop()


def test_agno_keeps_sessions(place, name):
    sessions = PostgresDb(db_url=place.sqlalchemy_url("psycopg"), db_schema="public", session_table=name)
    began = int(time.time())
    sessions.upsert_session(
        AgentSession(session_id="1", agent_id="a", user_id="u", session_data={"x": 1}, created_at=began)
    )
    assert sessions.get_session("1", SessionType.AGENT).session_data == {"x": 1}
    assert len(sessions.get_sessions(SessionType.AGENT)) == 1
