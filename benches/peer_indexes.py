"""The peers of `make bench-peers`: nearest-neighbour indexes that run in the process which asks them.

Each class builds one index over all vectors by inner product, with the parameters of our own (m 16, ef_construction 64)
where it has them, and answers one query at a time. A peer is imported when it is built, so that the others run where one is
not installed. `python peer_indexes.py PEER FOLDER`, which `peers.py` calls, measures one in this process and prints a line
of JSON for the build and one for each search width.
"""

import ctypes
import gc
import importlib.metadata
import json
import statistics
import sys
import time
from pathlib import Path

import numpy

DIMENSIONS = 384
NEAREST = 10
M = 16
EF_CONSTRUCTION = 64
WIDTHS = (10, 16, 24, 40, 64, 100, 160, 260, 440, 800)
RECALL_ENOUGH = 0.9955
PASSES_MIN = 3
MEASURED_SECONDS_MIN = 0.8
PASS_SECONDS_MAX = 3.0
# Rows of the index that shows what a call costs before anything is searched.
FLOOR_ROWS = 16
# A row that ties with the tenth counts as found.
TIE = 1e-6


class Peer:
    key: str
    title: str
    package: str
    widths: tuple = WIDTHS
    width_name = "ef"
    # Whether a call's own cost can be told from the search by asking an index of a few rows.
    has_floor = True

    def build(self, vectors: numpy.ndarray, folder: Path) -> None:
        raise NotImplementedError

    def set_width(self, width: int) -> None:
        raise NotImplementedError

    def ask(self, query: numpy.ndarray):
        """The ids of the ten nearest rows."""
        raise NotImplementedError


class Usearch(Peer):
    package = "usearch"

    def __init__(self, kind: str):
        self.key, self.title, self.kind = f"usearch-{kind}", f"usearch HNSW {kind}", kind

    def build(self, vectors, folder):
        from usearch.index import Index

        self.index = Index(
            ndim=DIMENSIONS,
            metric="ip",
            dtype=self.kind,
            connectivity=M,
            expansion_add=EF_CONSTRUCTION,
            expansion_search=16,
        )
        self.index.add(numpy.arange(len(vectors)), vectors, threads=1)

    def set_width(self, width):
        self.index.expansion_search = width

    def ask(self, query):
        return self.index.search(query, NEAREST, threads=1).keys


class UsearchReranked(Usearch):
    """Its int8 index gives candidates, whose distances numpy then takes from the vectors: what our own index does."""

    candidates = 30

    def __init__(self):
        super().__init__("i8")
        self.key, self.title = "usearch-i8-reranked", "usearch HNSW i8, re-ranked"

    def build(self, vectors, folder):
        super().build(vectors, folder)
        self.vectors = vectors

    def ask(self, query):
        keys = self.index.search(query, self.candidates, threads=1).keys.astype(numpy.int64)
        return keys[numpy.argsort(-(self.vectors[keys] @ query))[:NEAREST]]


class Faiss(Peer):
    package = "faiss-cpu"

    def __init__(self, kind: str):
        self.key, self.title, self.kind = f"faiss-{kind}", f"faiss HNSW {kind}", kind

    def build(self, vectors, folder):
        import faiss

        faiss.omp_set_num_threads(1)
        if self.kind == "f32":
            self.index = faiss.IndexHNSWFlat(DIMENSIONS, M, faiss.METRIC_INNER_PRODUCT)
        else:
            bits = {"f16": faiss.ScalarQuantizer.QT_fp16, "i8": faiss.ScalarQuantizer.QT_8bit}[self.kind]
            self.index = faiss.IndexHNSWSQ(DIMENSIONS, bits, M, faiss.METRIC_INNER_PRODUCT)
            self.index.train(vectors)
        self.index.hnsw.efConstruction = EF_CONSTRUCTION
        self.index.add(vectors)

    def set_width(self, width):
        self.index.hnsw.efSearch = width

    def ask(self, query):
        return self.index.search(query[None], NEAREST)[1][0]


class FaissFastScan(Peer):
    """No graph: lists around centres, 4-bit codes of pairs of components, 60 candidates re-ranked in f32."""

    key, title, package = "faiss-ivf-pq", "faiss IVF256, PQ fast scan", "faiss-cpu"
    widths, width_name = (2, 4, 8, 16, 24, 32, 48, 64, 96, 128), "nprobe"
    has_floor = False

    def build(self, vectors, folder):
        import faiss

        faiss.omp_set_num_threads(1)
        lists = 256 if len(vectors) >= 40_000 else 64
        self.title = self.title.replace("IVF256", f"IVF{lists}")
        self.index = faiss.index_factory(DIMENSIONS, f"IVF{lists},PQ192x4fs,RFlat", faiss.METRIC_INNER_PRODUCT)
        self.index.train(vectors)
        self.index.add(vectors)
        self.index.k_factor = 6
        self.lists = faiss.extract_index_ivf(self.index.base_index)

    def set_width(self, width):
        self.lists.nprobe = width

    def ask(self, query):
        return self.index.search(query[None], NEAREST)[1][0]


class Hnswlib(Peer):
    key, title, package = "hnswlib", "hnswlib f32", "hnswlib"

    def build(self, vectors, folder):
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=DIMENSIONS)
        self.index.init_index(max_elements=len(vectors), M=M, ef_construction=EF_CONSTRUCTION)
        self.index.set_num_threads(1)
        self.index.add_items(vectors, num_threads=1)

    def set_width(self, width):
        self.index.set_ef(width)

    def ask(self, query):
        return self.index.knn_query(query, NEAREST, num_threads=1)[0][0]


class Svs(Peer):
    """Intel's library; its compressed vectors (LVQ) are refused on other makers' processors, so these are half floats."""

    key, title, package = "svs", "Intel SVS, Vamana f16", "scalable-vs"

    def build(self, vectors, folder):
        import svs

        parameters = svs.VamanaBuildParameters(
            graph_max_degree=2 * M, window_size=EF_CONSTRUCTION, alpha=0.95, use_full_search_history=False
        )
        halves = numpy.ascontiguousarray(vectors, dtype=numpy.float16)
        self.index = svs.Vamana.build(parameters, halves, svs.DistanceType.MIP, num_threads=1)

    def set_width(self, width):
        self.index.search_window_size = width

    def ask(self, query):
        return self.index.search(query[None], NEAREST)[0][0]


class Lance(Peer):
    key, title, package, has_floor = "lancedb", "LanceDB IVF_HNSW_SQ", "lancedb", False

    def build(self, vectors, folder):
        import lancedb
        import pyarrow
        from lancedb.index import HnswSq

        lists = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.reshape(-1)), DIMENSIONS)
        rows = pyarrow.table({"id": pyarrow.array(numpy.arange(len(vectors))), "v": lists})
        self.table = lancedb.connect(folder / "lancedb").create_table("packages", rows)
        self.table.create_index(
            "v", config=HnswSq(distance_type="dot", num_partitions=1, m=M, ef_construction=EF_CONSTRUCTION)
        )

    def set_width(self, width):
        # It refuses an ef below the candidates that it is to re-rank.
        self.ef = max(width, 3 * NEAREST)

    def ask(self, query):
        asked = self.table.search(query).distance_type("dot").limit(NEAREST).ef(self.ef).refine_factor(3).select(["id"])
        return asked.to_arrow()["id"].to_numpy()


class Chroma(Peer):
    key, title, package, has_floor = "chromadb", "Chroma (its own hnswlib)", "chromadb", False
    batch = 5000

    def build(self, vectors, folder):
        self.path = str(folder / "chroma")
        self._open()
        hnsw = {
            "space": "ip",
            "ef_construction": EF_CONSTRUCTION,
            "max_neighbors": M,
            "ef_search": 16,
            "num_threads": 1,
        }
        self.collection = self.client.create_collection(
            "packages", configuration={"hnsw": hnsw}, embedding_function=None
        )
        for start in range(0, len(vectors), self.batch):
            part = vectors[start : start + self.batch]
            self.collection.add(ids=[str(start + row) for row in range(len(part))], embeddings=part)

    def _open(self):
        import chromadb

        self.client = chromadb.PersistentClient(path=self.path, settings=chromadb.Settings(anonymized_telemetry=False))

    def set_width(self, width):
        self.collection.modify(configuration={"hnsw": {"ef_search": width}})
        # An index in memory keeps the width with which it was opened.
        self.client.close()
        self._open()
        self.collection = self.client.get_collection("packages", embedding_function=None)

    def ask(self, query):
        found = self.collection.query(query_embeddings=query[None], n_results=NEAREST, include=[])
        return [int(name) for name in found["ids"][0]]


class MilvusLite(Peer):
    key, title, package, has_floor = "milvus-lite", "Milvus Lite HNSW", "milvus-lite", False
    batch = 2000

    def build(self, vectors, folder):
        from pymilvus import DataType, MilvusClient

        self.client = MilvusClient(str(folder / "milvus.db"))
        schema = self.client.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIMENSIONS)
        index = self.client.prepare_index_params()
        index.add_index("v", index_type="HNSW", metric_type="IP", params={"M": M, "efConstruction": EF_CONSTRUCTION})
        self.client.create_collection("packages", schema=schema)
        for start in range(0, len(vectors), self.batch):
            part = vectors[start : start + self.batch]
            self.client.insert("packages", [{"id": start + row, "v": vector} for row, vector in enumerate(part)])
        self.client.flush("packages")
        self.client.create_index("packages", index)
        self.client.load_collection("packages")

    def set_width(self, width):
        self.parameters = {"metric_type": "IP", "params": {"ef": width}}

    def ask(self, query):
        found = self.client.search("packages", [query], limit=NEAREST, search_params=self.parameters)
        return [hit["id"] for hit in found[0]]


class SqliteVec(Peer):
    """It has no index for vectors of this kind: it compares with all."""

    key, title, package, has_floor = "sqlite-vec", "sqlite-vec f32, exact scan", "sqlite-vec", False
    widths = (None,)

    def build(self, vectors, folder):
        import apsw
        import sqlite_vec

        self.connection = apsw.Connection(str(folder / "vectors.sqlite"))
        self.connection.enable_load_extension(True)
        self.connection.load_extension(sqlite_vec.loadable_path())
        # It has no inner product; the vectors are of length one, for which the cosine gives the same order.
        self.connection.execute(
            f"CREATE VIRTUAL TABLE packages USING vec0(id INTEGER PRIMARY KEY, v float[{DIMENSIONS}] distance_metric=cosine)"
        )
        with self.connection:
            self.connection.executemany(
                "INSERT INTO packages VALUES (?, ?)", ((row, vector.tobytes()) for row, vector in enumerate(vectors))
            )

    def set_width(self, width):
        pass

    def ask(self, query):
        asked = "SELECT id FROM packages WHERE v MATCH ? AND k = ? ORDER BY distance"
        return [row[0] for row in self.connection.execute(asked, (query.tobytes(), NEAREST))]


class DuckDb(Peer):
    """Its extension for graphs is not in its package: it compares with all."""

    key, title, package, has_floor = "duckdb", "DuckDB f32, exact scan", "duckdb", False
    widths = (None,)

    def build(self, vectors, folder):
        import duckdb
        import pyarrow

        lists = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.reshape(-1)), DIMENSIONS)
        rows = pyarrow.table({"id": pyarrow.array(numpy.arange(len(vectors))), "v": lists})
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.register("rows", rows)
        self.connection.execute("CREATE TABLE packages AS SELECT * FROM rows")
        self.connection.unregister("rows")

    def set_width(self, width):
        pass

    def ask(self, query):
        asked = f"SELECT id FROM packages ORDER BY array_inner_product(v, ?::FLOAT[{DIMENSIONS}]) DESC LIMIT {NEAREST}"
        return [row[0] for row in self.connection.execute(asked, [query]).fetchall()]


def peers() -> list[Peer]:
    return [
        Usearch("f16"),
        Usearch("i8"),
        UsearchReranked(),
        Faiss("f32"),
        Faiss("f16"),
        Faiss("i8"),
        FaissFastScan(),
        Hnswlib(),
        Svs(),
        Lance(),
        Chroma(),
        MilvusLite(),
        SqliteVec(),
        DuckDb(),
    ]


def anonymous_mb() -> float:
    """Memory of this process that no file backs, after what was freed has been given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def seconds_of_pass(peer: Peer, queries: numpy.ndarray) -> tuple[float, list]:
    answers = []
    started = time.perf_counter()
    for query in queries:
        answers.append(peer.ask(query))
    return time.perf_counter() - started, answers


def median_pass(peer: Peer, queries: numpy.ndarray) -> tuple[float, list]:
    """Seconds of the median pass over the queries, and the answers."""
    took: list[float] = []
    while len(took) < PASSES_MIN or sum(took) < MEASURED_SECONDS_MIN:
        seconds, answers = seconds_of_pass(peer, queries)
        took.append(seconds)
        if seconds > PASS_SECONDS_MAX:
            break
    return statistics.median(took), answers


def recall(answers: list, vectors: numpy.ndarray, queries: numpy.ndarray, truth: numpy.ndarray) -> float:
    found = 0
    for query, ids, nearest in zip(queries, answers, truth):
        limit = (vectors[nearest[:NEAREST]] @ query).min() - TIE
        known = numpy.unique(numpy.asarray(ids, dtype=numpy.int64))
        known = known[(known >= 0) & (known < len(vectors))]
        found += min(int((vectors[known] @ query >= limit).sum()), NEAREST)
    return found / (NEAREST * len(queries))


def say(line: dict) -> None:
    print(json.dumps(line), flush=True)


def main() -> int:
    key, folder = sys.argv[1], Path(sys.argv[2])
    own_folder = folder / key
    own_folder.mkdir()
    peer = next(peer for peer in peers() if peer.key == key)
    vectors = numpy.fromfile(folder / "vectors.f16", "<f2").reshape(-1, DIMENSIONS).astype("f4")
    queries = numpy.fromfile(folder / "queries.f32", "<f4").reshape(-1, DIMENSIONS)
    truth = numpy.fromfile(folder / "truth.u32", "<u4").reshape(len(queries), -1)
    floor = None
    if peer.has_floor:
        # This imports it as well, so that neither the time nor the memory below includes that.
        peer.build(vectors[:FLOOR_ROWS], own_folder)
        peer.set_width(NEAREST)
        if isinstance(peer, UsearchReranked):
            peer.candidates = NEAREST
        floor = 1e6 * median_pass(peer, queries)[0] / len(queries)
        peer = next(peer for peer in peers() if peer.key == key)
    memory_before = anonymous_mb()
    started = time.perf_counter()
    peer.build(vectors, own_folder)
    seconds = time.perf_counter() - started
    version = importlib.metadata.version(peer.package)
    say({"line": "built", "title": peer.title, "version": f"{peer.package} {version}", "seconds": seconds,
         "anonymous_mb": anonymous_mb() - memory_before, "floor_us": floor, "width_name": peer.width_name})  # fmt: skip
    for width in peer.widths:
        peer.set_width(width)
        took, answers = median_pass(peer, queries)
        reached = recall(answers, vectors, queries, truth)
        say({"line": "searched", "width": width, "recall": reached, "per_second": len(queries) / took})
        if reached >= RECALL_ENOUGH:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
