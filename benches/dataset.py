"""What both servers are loaded with: Debian packages with their embeddings, and queries with exact answers.

The full set (62,666 rows and 500 queries that are not among them) is read from a folder beside the repository; where it
is absent, the 5,000 rows of `data/` serve, and rows of it, slightly disturbed, are the queries.
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


@dataclass
class Dataset:
    """Facts and vectors; row `i` has the id `i`."""

    facts: list[dict]
    vectors: numpy.ndarray
    queries: numpy.ndarray
    origin: str

    def __post_init__(self):
        self.scores = self.queries @ self.vectors.T
        self.thresholds: dict[int, numpy.ndarray] = {}
        # 7919 is prime to 1000: every bucket gets the same number of rows, neighbours get different ones.
        self.buckets = (numpy.arange(len(self.facts), dtype=numpy.int64) * 7919) % BUCKETS
        self.plain_rows = [
            (number, fact["id"], fact["section"], int(self.buckets[number]), fact["installed_size"])
            for number, fact in enumerate(self.facts)
        ]

    def __len__(self) -> int:
        return len(self.facts)

    def threshold(self, bucket_below: int) -> numpy.ndarray:
        """For each query the score of the last of its exact nearest among the rows in those buckets."""
        if bucket_below not in self.thresholds:
            matching = self.scores[:, self.buckets < bucket_below]
            place = matching.shape[1] - min(NEAREST, matching.shape[1])
            self.thresholds[bucket_below] = numpy.partition(matching, place, axis=1)[:, place]
        return self.thresholds[bucket_below]

    def recall(self, answers: dict[int, list[int]], bucket_below: int) -> float:
        """The share of exact nearest rows that were found; a row that ties with the last one counts."""
        limits = self.threshold(bucket_below)
        wanted = min(NEAREST, int((self.buckets < bucket_below).sum()))
        found = 0
        for query, ids in answers.items():
            matching = {row for row in ids if self.buckets[row] < bucket_below}
            found += min(sum(self.scores[query, row] >= limits[query] - 1e-6 for row in matching), wanted)
        return found / (wanted * len(answers))

    def vector_text(self, row: int) -> str:
        return "[" + self._format % tuple(self.vectors[row].tolist()) + "]"

    _format = ",".join(["%.9g"] * DIMENSIONS)


def read(root: Path, folder: Path | None, rows_max: int | None) -> Dataset:
    full = folder or root.parent / "shared" / "data"
    if (full / "packages.f16").exists():
        facts, vectors = _rows(full / "packages.jsonl.zst", full / "packages.f16", rows_max)
        queries = numpy.fromfile(full / "queries.f32", "<f4").reshape(-1, DIMENSIONS)
        if rows_max is None:
            _check_truth(full / "truth.u32", vectors, queries)
        origin = f"{len(facts):,} rows of the full set, {len(queries)} queries not among them"
        return Dataset(facts, vectors, queries, origin)
    facts, vectors = _rows(root / "data" / "packages-sample.jsonl.zst", root / "data" / "packages-sample.f16", rows_max)
    generator = numpy.random.default_rng(1)
    chosen = generator.choice(len(facts), min(SAMPLE_QUERIES, len(facts)), replace=False)
    queries = vectors[chosen] + generator.normal(0, 0.01, (len(chosen), DIMENSIONS))
    queries = (queries / numpy.linalg.norm(queries, axis=1, keepdims=True)).astype("f4")
    return Dataset(facts, vectors, queries, f"ONLY THE SAMPLE, {len(facts):,} rows: the full set was not there")


def _rows(facts_path: Path, vectors_path: Path, rows_max: int | None) -> tuple[list[dict], numpy.ndarray]:
    with zstandard.open(facts_path, "rb") as stream:
        facts = [json.loads(line) for line in io.TextIOWrapper(stream, "utf-8")][:rows_max]
    vectors = numpy.fromfile(vectors_path, "<f2").reshape(-1, DIMENSIONS)[: len(facts)].astype("f4")
    return facts, vectors


def _check_truth(path: Path, vectors: numpy.ndarray, queries: numpy.ndarray) -> None:
    """Our own exact search must agree with the answers that came with the data."""
    truth = numpy.fromfile(path, "<u4").reshape(len(queries), -1)[:20, :NEAREST]
    scores = queries[:20] @ vectors.T
    for query, expected in enumerate(truth):
        own = set(numpy.argsort(-scores[query])[: NEAREST + 2].tolist())
        if len(own & set(expected.tolist())) < NEAREST - 1:
            raise SystemExit("compare: the exact answers do not fit the vectors: is the data set damaged?")
