"""`make million`: a million vectors of 384 dimensions with exact answers, made once into the cache.

Embedding a million texts takes one to three hours: all-MiniLM-L6-v2 with int8 weights did 94 to 317 texts of 32 to 12 tokens a
second on one processor of a busy machine, and the static tables that packages ship have 64 or 256 dimensions. So the real set
is varied, and what that does to it is measured and written beside the vectors.

The set is 16 images of the real one, each turned by a random rotation of its own. A rotation keeps all distances, so within an
image every row has the neighbours that it has in the real set, at the same distances; no row is a copy or a mixture of others.
The angle is such that a row's images are about as far from one another as the row is from its hundredth neighbour: farther, the
images would be sets of their own; nearer, they would be clusters around each row. The queries are the real ones, which are no
rows, each turned as one of the images.

It goes on where it was stopped: block by block, from seeds. The folder then holds `vectors.f16`, `queries.f32`, `truth.u32` (the
100 nearest rows of each query, exact), `statistics.json` and a README.md that says all this in figures.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import dataset
import numpy
from dataset import DIMENSIONS, IMAGES

ROOT = Path(__file__).resolve().parent.parent
SEED = 20_260_101
# In radians. Two images of a row are then about 1.03 apart; the hundredth neighbour of a row of the real set is at 1.01.
ANGLE = 0.84
SERIES_TERMS = 30
TRUTH = 100
MEASURED_ROWS = 500
NEIGHBOURS = (20, 100)
QUANTILES = (10, 25, 50, 75, 90)
SCORE_ROWS = 65_536


def rotation(image: int) -> numpy.ndarray:
    """The exponential of a random skew-symmetric matrix, which turns a vector by about `ANGLE`."""
    drawn = numpy.random.default_rng([SEED, image]).standard_normal((DIMENSIONS, DIMENSIONS))
    skew = ANGLE * (drawn - drawn.T) / numpy.sqrt(2 * DIMENSIONS)
    sum_, term = numpy.eye(DIMENSIONS), numpy.eye(DIMENSIONS)
    for power in range(1, SERIES_TERMS):
        term = term @ skew / power
        sum_ += term
    assert numpy.abs(sum_ @ sum_.T - numpy.eye(DIMENSIONS)).max() < 1e-9, "a rotation keeps lengths"
    return sum_.astype("f4")


def nearest(vectors: numpy.ndarray, queries: numpy.ndarray, count: int, apart: numpy.ndarray | None = None):
    """Rows and inner products of the nearest to each query, exact; `apart` is a row for each query that does not count."""
    scores = numpy.empty((len(queries), 0), dtype="f4")
    rows = numpy.empty((len(queries), 0), dtype=numpy.int64)
    for start in range(0, len(vectors), SCORE_ROWS):
        block = numpy.asarray(vectors[start : start + SCORE_ROWS], dtype="f4")
        here = queries @ block.T
        if apart is not None:
            inside = numpy.flatnonzero((apart >= start) & (apart < start + len(block)))
            here[inside, apart[inside] - start] = -numpy.inf
        best = numpy.argpartition(-here, min(count, here.shape[1]) - 1, axis=1)[:, :count]
        scores = numpy.hstack([scores, numpy.take_along_axis(here, best, 1)])
        rows = numpy.hstack([rows, best + start])
        kept = numpy.argpartition(-scores, min(count, scores.shape[1]) - 1, axis=1)[:, :count]
        scores, rows = numpy.take_along_axis(scores, kept, 1), numpy.take_along_axis(rows, kept, 1)
    order = numpy.argsort(-scores, axis=1, kind="stable")
    return numpy.take_along_axis(rows, order, 1), numpy.take_along_axis(scores, order, 1)


def statistics_of(vectors: numpy.ndarray, base: int) -> dict:
    """Of random rows: the distances to the nearest and the tenth, and the local intrinsic dimension (maximum likelihood,
    Amsaleg et al. 2015)."""
    chosen = numpy.random.default_rng(SEED).choice(len(vectors), min(MEASURED_ROWS, len(vectors)), replace=False)
    queries = numpy.asarray(vectors[chosen], dtype="f4")
    rows, scores = nearest(vectors, queries, NEIGHBOURS[-1], chosen)
    distances = numpy.sqrt(numpy.maximum(2 - 2 * scores, 0))
    found = {"rows": len(vectors)}
    for place in (1, 10):
        found[f"distance_{place}"] = [
            round(float(value), 3) for value in numpy.percentile(distances[:, place - 1], QUANTILES)
        ]
    for count in NEIGHBOURS:
        # Duplicates are at no distance, of which there is no logarithm.
        apart = distances[distances[:, 0] > 1e-2][:, :count]
        logarithms = numpy.log(apart[:, :-1] / apart[:, -1:])
        found[f"dimension_{count}"] = round(float(numpy.median(-1 / logarithms.mean(axis=1))), 1)
    found["own_images_percent"] = round(100 * float((rows[:, :10] % base == (chosen % base)[:, None]).mean()), 1)
    return found


class Making:
    """The folder, what is done in it, and the seconds that took over all runs."""

    def __init__(self, folder: Path, rows: int, source: Path | None):
        self.folder, self.rows = folder, rows
        self.base = rows // IMAGES
        folder.mkdir(parents=True, exist_ok=True)
        self.state_path = folder / "statistics.json"
        asked = {"rows": rows, "images": IMAGES, "angle": ANGLE, "seed": SEED}
        self.state = (
            json.loads(self.state_path.read_text()) if self.state_path.exists() else {"asked": asked, "seconds": 0.0}
        )
        if self.state["asked"] != asked:
            raise SystemExit(
                f"million: {folder} holds another set ({self.state['asked']}): remove it or name another folder"
            )
        self.data = dataset.vectors_of(ROOT, source)
        if self.base > len(self.data.vectors):
            most = IMAGES * len(self.data.vectors)
            raise SystemExit(
                f"million: {self.data.origin} gives at most {most:,} rows: make fewer (--rows) or bring the full set"
            )
        self.started = time.perf_counter()

    def keep(self, **found) -> None:
        now = time.perf_counter()
        self.state.update(found)
        self.state["seconds"] += now - self.started
        self.started = now
        beside = self.state_path.with_suffix(".new")
        beside.write_text(json.dumps(self.state, indent=1) + "\n")
        os.replace(beside, self.state_path)

    def write_vectors(self) -> numpy.ndarray:
        path = self.folder / "vectors.f16"
        image_bytes = self.base * DIMENSIONS * 2
        done = path.stat().st_size // image_bytes if path.exists() else 0
        with open(path, "ab") as file:
            file.truncate(done * image_bytes)
            for image in range(done, IMAGES):
                (self.data.vectors[: self.base] @ rotation(image)).astype("<f2").tofile(file)
                file.flush()
                self.keep()
                say(f"image {image + 1} of {IMAGES}, {self.state['seconds']:.0f} s so far")
        return numpy.memmap(path, "<f2", "r").reshape(-1, DIMENSIONS)

    def write_queries(self) -> numpy.ndarray:
        queries = self.data.queries.copy()
        for image in range(IMAGES):
            queries[image::IMAGES] = queries[image::IMAGES] @ rotation(image)
        queries.astype("<f4").tofile(self.folder / "queries.f32")
        return queries

    def write_truth(self, vectors: numpy.ndarray, queries: numpy.ndarray) -> None:
        path = self.folder / "truth.u32"
        if path.exists():
            return
        rows, _ = nearest(vectors, queries, min(TRUTH, len(vectors)))
        beside = path.with_suffix(".new")
        rows.astype("<u4").tofile(beside)
        os.replace(beside, path)
        self.keep()
        say(f"exact answers to {len(queries)} queries, {self.state['seconds']:.0f} s so far")

    def write_statistics(self, vectors: numpy.ndarray) -> None:
        if "made" not in self.state:
            self.keep(
                real=statistics_of(self.data.vectors[: self.base], self.base), made=statistics_of(vectors, self.base)
            )
        (self.folder / "README.md").write_text(self.told())

    def told(self) -> str:
        lines = ["| | the real rows | this set |", "|---|---:|---:|"]
        titles = {
            "rows": "rows",
            "distance_1": f"distance to the nearest row, quantiles {QUANTILES} %",
            "distance_10": "distance to the tenth",
            **{f"dimension_{count}": f"local intrinsic dimension, median, {count} neighbours" for count in NEIGHBOURS},
            "own_images_percent": "images of the row itself among its ten nearest, %",
        }
        for key, title in titles.items():
            real, made = (self.state[which][key] for which in ("real", "made"))
            shown = [", ".join(map(str, value)) if isinstance(value, list) else f"{value:,}" for value in (real, made)]
            lines.append(f"| {title} | {shown[0]} | {shown[1]} |")
        return f"""# {self.rows:,} varied vectors

Made by `make million` from {self.data.origin}: {IMAGES} images of {self.base:,} rows, each turned by a random rotation
({ANGLE:g} radians). It took {self.state["seconds"]:.0f} s. These are no embeddings of a million texts; the figures say how alike
they are, over {MEASURED_ROWS} random rows.

{chr(10).join(lines)}
"""


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    cache = Path(os.environ.get("NEBULUSDB_CACHE") or Path.home() / ".cache" / "nebulusdb")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help=f"how many, a multiple of {IMAGES}")
    parser.add_argument("--data", type=Path, help="folder of the full data set")
    parser.add_argument("--out", type=Path, help="folder to make it in")
    options = parser.parse_args()
    if options.rows < IMAGES or options.rows % IMAGES:
        parser.error(f"--rows must be a multiple of {IMAGES}")
    making = Making(options.out or cache / f"varied-{options.rows}", options.rows, options.data)
    vectors = making.write_vectors()
    making.write_truth(vectors, making.write_queries())
    making.write_statistics(vectors)
    print(making.told())
    say(f"it is in {making.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
