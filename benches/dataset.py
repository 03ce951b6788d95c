"""What both servers are loaded with: Debian packages with their embeddings, and queries with exact answers.

The full set (62,666 rows and 500 queries that are not among them) is read from a folder beside the repository; where it
is absent, the 5,000 rows of `data/` serve, and rows of it, slightly disturbed, are the queries. `million.py` varies either into
a larger one, of which each row has the facts of the row that it came from.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy
import zstandard

DIMENSIONS = 384
NEAREST = 10
BUCKETS = 1000
SAMPLE_QUERIES = 200
# Rows of the varied set that come from one row.
IMAGES = 16
# A score of each row for each query is kept.
VARIED_QUERIES = 200


@dataclass(frozen=True)
class Filter:
    """A range of a column that a thousandth times `width` of the rows lie in, which another query may want elsewhere."""

    name: str
    column: str  # bucket or region
    width: int
    where: str = "first"  # "first", or "near" the query's own region, or as "far" from it as can be

    def bounds(self, data: "Dataset", query: int) -> tuple[int, int]:
        if self.where == "first":
            return 0, self.width
        own = int(data.query_regions[query])
        lowest = min(max(own - self.width // 2, 0), BUCKETS - self.width)
        if self.where == "far":
            lowest = BUCKETS - self.width if own < BUCKETS // 2 else 0
        return lowest, lowest + self.width


@dataclass
class Dataset:
    """Facts and vectors; row `i` has the id `i`."""

    facts: list[dict]
    vectors: numpy.ndarray
    queries: numpy.ndarray
    origin: str

    def __post_init__(self):
        self.scores = self.queries @ self.vectors.T
        self.thresholds: dict[tuple, float] = {}
        # 7919 is prime to 1000: every bucket gets the same number of rows, neighbours get different ones.
        self.buckets = (numpy.arange(len(self.facts), dtype=numpy.int64) * 7919) % BUCKETS
        # As many rows again in each region, but rows of one region lie on one side of the space: where they are along the
        # direction in which the vectors differ most.
        centre = self.vectors.mean(axis=0)
        sample = self.vectors[:: max(1, len(self.vectors) // 5000)] - centre
        direction = numpy.linalg.svd(sample, full_matrices=False)[2][0]
        along = (self.vectors - centre) @ direction
        self.regions = numpy.empty(len(along), dtype=numpy.int64)
        self.regions[numpy.argsort(along, kind="stable")] = numpy.arange(len(along)) * BUCKETS // len(along)
        self.query_regions = numpy.searchsorted(numpy.sort(along), (self.queries - centre) @ direction) * BUCKETS // len(along)
        self.plain_rows = [
            (number, fact["id"], fact["section"], int(self.buckets[number]), int(self.regions[number]), fact["installed_size"])
            for number, fact in enumerate(self.facts)
        ]

    def __len__(self) -> int:
        return len(self.facts)

    def mask(self, query: int, filtered: "Filter | None") -> numpy.ndarray:
        """The rows that may be an answer to a query."""
        if filtered is None:
            return numpy.ones(len(self.facts), dtype=bool)
        lowest, beyond = filtered.bounds(self, query)
        values = self.buckets if filtered.column == "bucket" else self.regions
        return (values >= lowest) & (values < beyond)

    def recall(self, answers: dict[int, list[int]], filtered: "Filter | None") -> float:
        """The share of exact nearest rows that were found; a row that ties with the last one counts."""
        found = wanted = 0
        for query, ids in answers.items():
            mask = self.mask(query, filtered)
            count = min(NEAREST, int(mask.sum()))
            key = (filtered and filtered.name, query)
            if key not in self.thresholds:
                matching = self.scores[query][mask]
                self.thresholds[key] = numpy.partition(matching, len(matching) - count)[len(matching) - count]
            limit = self.thresholds[key] - 1e-6
            matching = {row for row in ids if mask[row]}
            found += min(sum(self.scores[query, row] >= limit for row in matching), count)
            wanted += count
        return found / wanted

    def vector_text(self, row: int) -> str:
        return "[" + self._format % tuple(self.vectors[row].tolist()) + "]"

    _format = ",".join(["%.9g"] * DIMENSIONS)


@dataclass
class Vectors:
    """The vectors and queries alone."""

    vectors: numpy.ndarray
    queries: numpy.ndarray
    origin: str


def vectors_of(root: Path, folder: Path | None) -> Vectors:
    full = folder or root.parent / "shared" / "data"
    if (full / "packages.f16").exists():
        vectors = _halves(full / "packages.f16").astype("f4")
        return Vectors(vectors, _queries(full / "queries.f32"), f"{len(vectors):,} rows of the full set")
    vectors = _halves(root / "data" / "packages-sample.f16").astype("f4")
    return Vectors(vectors, _disturbed(vectors), f"ONLY THE SAMPLE, {len(vectors):,} rows: the full set was not there")


def read(root: Path, folder: Path | None, rows_max: int | None) -> Dataset:
    full = folder or root.parent / "shared" / "data"
    found = vectors_of(root, folder)
    if (full / "packages.f16").exists():
        facts, vectors = _facts(full / "packages.jsonl.zst")[:rows_max], found.vectors[:rows_max]
        if rows_max is None:
            _check_truth(full / "truth.u32", vectors, found.queries)
        origin = f"{len(facts):,} rows of the full set, {len(found.queries)} queries not among them"
        return Dataset(facts, vectors, found.queries, origin)
    facts, vectors = _facts(root / "data" / "packages-sample.jsonl.zst")[:rows_max], found.vectors[:rows_max]
    return Dataset(facts, vectors, _disturbed(vectors), f"ONLY THE SAMPLE, {len(facts):,} rows: the full set was not there")


def read_varied(root: Path, folder: Path | None, varied: Path) -> Dataset:
    """What `million.py` made in the folder `varied`."""
    if not (varied / "README.md").exists():
        raise SystemExit(f"compare: there is no finished set in {varied}: `make million` makes it")
    full = folder or root.parent / "shared" / "data"
    path = full / "packages.jsonl.zst"
    facts = _facts(path if path.exists() else root / "data" / "packages-sample.jsonl.zst")
    vectors = _halves(varied / "vectors.f16").astype("f4")
    base = len(vectors) // IMAGES
    queries = _queries(varied / "queries.f32")
    _check_truth(varied / "truth.u32", vectors, queries)
    origin = f"{len(vectors):,} VARIED rows ({IMAGES} images of {base:,} real ones, turned), {VARIED_QUERIES} queries not among them"
    return Dataset([facts[row % base] for row in range(len(vectors))], vectors, queries[:VARIED_QUERIES], origin)


def _halves(path: Path) -> numpy.ndarray:
    return numpy.fromfile(path, "<f2").reshape(-1, DIMENSIONS)


def _queries(path: Path) -> numpy.ndarray:
    return numpy.fromfile(path, "<f4").reshape(-1, DIMENSIONS)


def _disturbed(vectors: numpy.ndarray) -> numpy.ndarray:
    generator = numpy.random.default_rng(1)
    chosen = generator.choice(len(vectors), min(SAMPLE_QUERIES, len(vectors)), replace=False)
    queries = vectors[chosen] + generator.normal(0, 0.01, (len(chosen), DIMENSIONS))
    return (queries / numpy.linalg.norm(queries, axis=1, keepdims=True)).astype("f4")


def _facts(path: Path) -> list[dict]:
    with zstandard.open(path, "rb") as stream:
        return [json.loads(line) for line in io.TextIOWrapper(stream, "utf-8")]


def _check_truth(path: Path, vectors: numpy.ndarray, queries: numpy.ndarray) -> None:
    """Our own exact search must agree with the answers that came with the data."""
    truth = numpy.fromfile(path, "<u4").reshape(len(queries), -1)[:20, :NEAREST]
    scores = queries[:20] @ vectors.T
    for query, expected in enumerate(truth):
        own = set(numpy.argsort(-scores[query])[: NEAREST + 2].tolist())
        if len(own & set(expected.tolist())) < NEAREST - 1:
            raise SystemExit("compare: the exact answers do not fit the vectors: is the data set damaged?")
