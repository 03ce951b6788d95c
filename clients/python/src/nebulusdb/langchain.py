"""A vector store for LangChain: documents in a collection of NebulusDB. Needs `nebulusdb[langchain]`.

    store = NebulusVectorStore(embedding, db=nebulusdb.embedded("./data"))
    store.add_texts(["Bloom filters may lie about presence"], [{"source": "web"}])
    store.similarity_search("probabilistic sets", k=3, filter={"source": "web"})

Filters are those of `nebulusdb.F` below `F.metadata`, or dicts with `$eq $ne $gt $gte $lt $lte $in $nin $between $exists $like $ilike
$contains` and `$and $or $not`. The server evaluates them inside of the search, so k documents come back wherever k match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import psycopg

from nebulusdb.optional import missing

try:
    import numpy
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.runnables.config import run_in_executor
    from langchain_core.vectorstores import VectorStore
    from langchain_core.vectorstores.utils import maximal_marginal_relevance
except ModuleNotFoundError as error:
    raise missing("langchain-core", "langchain") from error

from nebulusdb._sync.collection import Collection
from nebulusdb._sync.database import Database, connect
from nebulusdb.filters import ALL, F, Filter
from nebulusdb.ids import new_id
from nebulusdb.operators import filter_from_dict
from nebulusdb.statements import Metric, OnConflict

COLLECTION_DEFAULT: Final = "langchain"
_COLUMNS: Final = ("id", "content", "metadata")
T = TypeVar("T")
U = TypeVar("U")
FilterLike = Filter | Mapping[str, Any] | None


class NebulusVectorStore(VectorStore):
    """Documents with their embeddings in one collection, which is made with the first document.

    Metadata may be anything that JSON holds. A document whose id is there takes the place of the old one.
    """

    def __init__(
        self,
        embedding: Embeddings,
        *,
        db: Database | str | None = None,
        collection: str = COLLECTION_DEFAULT,
        metric: Metric = "cosine",
        ef: int | None = None,
    ) -> None:
        """`db` is an open database, or the URL of a server; `ef` the width of searches in the index."""
        self._embedding = embedding
        self._database = db if isinstance(db, Database) else connect(db)
        self._name = collection
        self._metric: Metric = metric
        self._ef = ef

    @property
    def embeddings(self) -> Embeddings:
        """The model that makes the vectors."""
        return self._embedding

    @property
    def collection(self) -> Collection:
        """The collection, for what LangChain has no words for."""
        return self._database.collection(self._name)

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Stores texts and returns their ids; those that are missing are made."""
        held = list(texts)
        return self._add(held, self._embedding.embed_documents(held), metadatas, ids)

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Stores texts and returns their ids, beside the loop."""
        held = list(texts)
        vectors = await self._embedding.aembed_documents(held)
        return await run_in_executor(None, self._add, held, vectors, metadatas, ids)

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Stores documents and returns their ids."""
        ids = kwargs.pop("ids", None) or [document.id for document in documents]
        texts = [document.page_content for document in documents]
        return self.add_texts(texts, [document.metadata for document in documents], ids=ids, **kwargs)

    async def aadd_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Stores documents and returns their ids, beside the loop."""
        ids = kwargs.pop("ids", None) or [document.id for document in documents]
        texts = [document.page_content for document in documents]
        return await self.aadd_texts(texts, [document.metadata for document in documents], ids=ids, **kwargs)

    def delete(self, ids: list[str] | None = None, *, filter: FilterLike = None, **kwargs: Any) -> bool:
        """Deletes documents by id, by a filter, or with neither all of them."""
        where = self._filter(filter)
        if ids is not None:
            where = where & F["id"].in_(ids)
        return self._unless_missing(lambda: self.collection.delete(where) >= 0, True)

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids that there are, in the order of the ids."""
        found = self._unless_missing(
            lambda: list(self.collection.find(F["id"].in_(ids), columns=_COLUMNS)), list[dict[str, Any]]()
        )
        by_id = {row["id"]: _document(row) for row in found}
        return [by_id[wanted] for wanted in ids if wanted in by_id]

    def similarity_search(self, query: str, k: int = 4, *, filter: FilterLike = None, **kwargs: Any) -> list[Document]:
        """The k documents nearest to a text."""
        return self.similarity_search_by_vector(self._embedding.embed_query(query), k, filter=filter, **kwargs)

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, filter: FilterLike = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The k documents nearest to a text with their distance, of which less is nearer."""
        return self.similarity_search_with_score_by_vector(self._embedding.embed_query(query), k, filter=filter, **kwargs)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: FilterLike = None, **kwargs: Any
    ) -> list[Document]:
        """The k documents nearest to a vector."""
        found = self.similarity_search_with_score_by_vector(embedding, k, filter=filter, **kwargs)
        return [document for document, _ in found]

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: FilterLike = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The k documents nearest to a vector with their distance. `within` and `ef` are those of `Collection.nearest`."""
        return [(_document(row), row["distance"]) for row in self._nearest(embedding, k, filter, _COLUMNS, **kwargs)]

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The k documents nearest to a text."""
        return await self.asimilarity_search_by_vector(await self._embedding.aembed_query(query), k, **kwargs)

    async def asimilarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        """The k documents nearest to a text with their distance."""
        return await run_in_executor(None, self.similarity_search_with_score, *args, **kwargs)

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """k of the `fetch_k` nearest documents, chosen to differ from one another."""
        vector = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """k of the `fetch_k` documents nearest to a vector, chosen to differ from one another."""
        found = self._nearest(embedding, fetch_k, kwargs.pop("filter", None), (*_COLUMNS, "vector"), **kwargs)
        vectors = [row["vector"].tolist() for row in found]
        chosen = maximal_marginal_relevance(numpy.array(embedding, dtype=numpy.float32), vectors, lambda_mult, k)
        return [_document(found[place]) for place in chosen]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> NebulusVectorStore:
        """A store with these texts in it; other arguments are those of the class."""
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        if self._metric == "cosine":
            return self._cosine_relevance_score_fn
        if self._metric == "l2":
            return self._euclidean_relevance_score_fn
        raise ValueError(f"the metric {self._metric!r} has no scores between 0 and 1: use similarity_search_with_score")

    def _filter(self, given: FilterLike) -> Filter:
        return filter_from_dict(given, F.metadata) if given is not None else ALL

    def _add(
        self,
        texts: Sequence[str],
        vectors: Sequence[Sequence[float]],
        metadatas: Sequence[Mapping[str, Any]] | None,
        ids: Sequence[str | None] | None,
    ) -> list[str]:
        if not texts:
            return []
        for name, given in (("metadatas", metadatas), ("ids", ids)):
            if given is not None and len(given) != len(texts):
                raise ValueError(f"{len(texts)} texts came with {len(given)} {name}")
        names = [(ids[place] if ids is not None else None) or new_id() for place in range(len(texts))]
        rows = [
            {"id": name, "content": text, "metadata": dict(metadatas[place]) if metadatas else {}, "vector": vector}
            for place, (name, text, vector) in enumerate(zip(names, texts, vectors))
        ]
        # New ids cannot be taken, and go the quickest way.
        on_conflict: OnConflict = "error" if ids is None or not any(ids) else "replace"
        try:
            self.collection.insert_many(rows, on_conflict=on_conflict)
        except psycopg.errors.UndefinedTable:
            self._database.create_collection(
                self._name, dimensions=len(vectors[0]), metric=self._metric, columns={"content": "text"}
            )
            self.collection.insert_many(rows, on_conflict=on_conflict)
        return names

    def _nearest(
        self, embedding: Sequence[float], k: int, filter: FilterLike, columns: Sequence[str], **kwargs: Any
    ) -> list[dict[str, Any]]:
        options = {"metric": self._metric, "ef": self._ef, **kwargs}
        return self._unless_missing(
            lambda: list(self.collection.nearest(embedding, where=self._filter(filter), limit=k, columns=columns, **options)),
            list[dict[str, Any]](),
        )

    def _unless_missing(self, work: Callable[[], T], otherwise: U) -> T | U:
        """What `work` gives, or something else while there is no collection, since nothing was stored yet."""
        try:
            return work()
        except psycopg.errors.UndefinedTable:
            return otherwise


def _document(row: Mapping[str, Any]) -> Document:
    return Document(page_content=row["content"] or "", metadata=row["metadata"], id=row["id"])
