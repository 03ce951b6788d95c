"""A retriever of LangChain over NebulusDB. Needs nebulusdb[langchain]."""

import sys

import nebulusdb
from langchain_core.embeddings import Embeddings
from nebulusdb.langchain import NebulusVectorStore
from words import embed, embed_many


class Words(Embeddings):
    """The toy model in LangChain's form."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return embed_many(texts)

    def embed_query(self, text: str) -> list[float]:
        return embed(text)


def main(data_dir: str | None) -> None:
    with nebulusdb.embedded(data_dir) as db:
        store = NebulusVectorStore(Words(), db=db, collection="articles")
        store.add_texts(
            ["Bloom filters may lie about presence", "Cuckoo filters can forget", "Skip lists climb towers"],
            [{"year": 1970}, {"year": 2014}, {"year": 1990}],
            ids=["bloom", "cuckoo", "skip"],
        )
        retriever = store.as_retriever(search_kwargs={"k": 2, "filter": {"year": {"$gte": 1980}}})
        for document in retriever.invoke("filters that forget"):
            print(document.id, document.page_content)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
