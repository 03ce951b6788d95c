"""An index of LlamaIndex over NebulusDB. Needs nebulusdb[llama-index]."""

import sys
from typing import Any

import nebulusdb
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
from nebulusdb.llama_index import NebulusVectorStore
from words import embed


class Words(BaseEmbedding):
    """The toy model in LlamaIndex' form."""

    def _get_query_embedding(self, query: str) -> list[float]:
        return embed(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return embed(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return embed(text)


def main(data_dir: str | None) -> None:
    documents = [
        Document(text="Bloom filters may lie about presence", metadata={"year": 1970}),
        Document(text="Cuckoo filters can forget", metadata={"year": 2014}),
        Document(text="Skip lists climb towers", metadata={"year": 1990}),
    ]
    with nebulusdb.embedded(data_dir) as db:
        store = NebulusVectorStore(db=db, collection="articles")
        context = StorageContext.from_defaults(vector_store=store)
        index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=Words())
        recent: Any = MetadataFilter(key="year", value=1980, operator=FilterOperator.GTE)
        retriever = index.as_retriever(similarity_top_k=2, filters=MetadataFilters(filters=[recent]))
        for found in retriever.retrieve("filters that forget"):
            print(f"{found.metadata['year']} {found.get_content()}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
