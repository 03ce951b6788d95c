"""LlamaIndex's store over pgvector: facts, schemas of its own, full text beside vectors."""

import uuid

import pytest
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index.core.vector_stores.types import VectorStoreQueryMode
from llama_index.vector_stores.postgres import PGVectorStore

HNSW = {"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 40, "hnsw_dist_method": "vector_cosine_ops"}


@pytest.fixture
def store(place, name):
    def make(**options):
        return PGVectorStore.from_params(
            connection_string=place.sqlalchemy_url("psycopg2"),
            async_connection_string=place.sqlalchemy_url("asyncpg"),
            table_name=name,
            embed_dim=8,
            **{"schema_name": "public"} | options,
        )

    return make


@pytest.fixture
def node(embedding):
    return lambda text, **facts: TextNode(
        text=text, id_=str(uuid.uuid4()), metadata=facts, embedding=embedding(text)
    )


def test_nodes_are_found_by_vectors_and_facts(store, node, embedding):
    pets = store(use_jsonb=True, hnsw_kwargs=HNSW)
    nodes = [node(text, k=k, t=text) for k, text in enumerate(["cat", "dog", "cow"])]
    pets.add(nodes)

    def found(count, *filters):
        filters = MetadataFilters(filters=list(filters)) if filters else None
        query = VectorStoreQuery(query_embedding=embedding("dog"), similarity_top_k=count, filters=filters)
        return sorted(each.text for each in pets.query(query).nodes)

    assert found(1) == ["dog"]
    assert found(3, MetadataFilter(key="k", value=1, operator=FilterOperator.GTE)) == ["cow", "dog"]
    assert found(3, MetadataFilter(key="t", value=["cat", "cow"], operator=FilterOperator.IN)) == ["cat", "cow"]
    pets.delete_nodes([nodes[0].node_id])
    assert len(pets.get_nodes(node_ids=[each.node_id for each in nodes])) == 2
    pets.clear()
    assert found(3) == []


def test_a_schema_of_its_own(store, node, embedding):
    pets = store(schema_name="llama")
    pets.add([node("cat")])
    query = VectorStoreQuery(query_embedding=embedding("cat"), similarity_top_k=1)
    assert pets.query(query).nodes[0].text == "cat"


def test_full_text_beside_vectors(store, node, embedding):
    texts = store(hybrid_search=True, text_search_config="english")
    texts.add([node("The cats were sleeping"), node("A dog barks at night"), node("Cows eat grass")])
    query = VectorStoreQuery(
        query_embedding=embedding("Cows eat grass"),
        query_str="barking dogs",
        similarity_top_k=1,
        sparse_top_k=1,
        mode=VectorStoreQueryMode.HYBRID,
    )
    assert {each.text for each in texts.query(query).nodes} == {"A dog barks at night", "Cows eat grass"}
