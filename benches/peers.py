"""`make bench-peers`: our nearest-neighbour index in process beside those that other projects offer, at equal recall.

Each peer (`peer_indexes.py`) and our own index (`nearest_index.rs`) get the same vectors and queries, in a process of their
own that is bound to one processor and bounded in time. One that is not installed or fails says so in the table and the others
go on. The aggregates of `make bench` are asked of DuckDB in process and of our server.

    make bench-peers                                                   all, the full data set if it is there
    make bench-peers ARGS="--only usearch-f16,hnswlib --rows 5000"     some, on standard output
    make bench-peers ARGS="--rows 5000 --out /tmp/peers"               and the report with its picture in a folder
"""

import argparse
import contextlib
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import dataset
import numpy
from compare import machine, say, shown
from dataset import NEAREST, Dataset
from measures import Analysis, Bench, Load, measures
from peer_indexes import EF_CONSTRUCTION, FLOOR_ROWS, MEASURED_SECONDS_MIN, PASS_SECONDS_MAX, PASSES_MIN, M, peers
from recall_curve import Curve, svg
from servers import Nebulus

ROOT = Path(__file__).resolve().parent.parent
OWN = "nebulusdb"
DUCKDB = "duckdb-rows"
SECONDS_MAX = 300
DUCKDB_SECONDS_MAX = 180
RECALLS = (0.95, 0.99)
BUDGET = 2.0
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS")

# No package of these runs in process here, so nothing about them was measured: figures of others, with their source.
QUOTED = """
| Who | What they or others published | Where | Source |
|---|---|---|---|
| pgvectorscale (StreamingDiskANN, SBQ) | 471 queries/s at .99, Qdrant 41 | 50 M x 768, a server in AWS | tigerdata.com/blog/pgvector-vs-qdrant |
| VectorChord 1.0 (IVF, RaBitQ) | 131 queries/s at .95; twice pgvector on GIST 1 M x 960 | 100 M x 768, one i4i.xlarge | docs.vectorchord.ai/vectorchord/benchmark |
| Qdrant 1.18 | filter of 20 %: .989 in 4.4 ms (ACORN), .948 in 1.2 ms; of 1 %: .998 in 1.0 ms | 1 M x 96, in the server, a laptop | github.com/qdrant/landing_page, articles/filtered-vector-search-acorn.md, 7 August 2026 |
| Weaviate | filtered, p50 58.7 ms at .956 | 1.35 M x 1024, a third party | github.com/unrealshape/bachelor-db-benchmark |
""".strip()


@dataclass
class Outcome:
    """What came of one peer: the lines that its process printed, as far as it came."""

    title: str
    built: dict = field(default_factory=dict)
    searched: list[dict] = field(default_factory=list)
    failure: str = ""
    is_own: bool = False

    @property
    def curve(self) -> Curve:
        return Curve(self.title, [(line["recall"], line["per_second"]) for line in self.searched], self.is_own)

    def at(self, recall: float, with_call: bool = True) -> float | None:
        """Queries a second at a recall, what the call itself costs taken off on demand."""
        found = self.curve.at(recall)
        floor = self.built.get("floor_us") or 0.0
        if found is None or with_call:
            return found
        return 1e6 / max(1e6 / found - floor, 1.0)


def prepare(data: Dataset, folder: Path) -> None:
    """The files that every process reads."""
    data.vectors.astype("<f2").tofile(folder / "vectors.f16")
    data.queries.astype("<f4").tofile(folder / "queries.f32")
    some = numpy.argpartition(-data.scores, NEAREST, axis=1)[:, :NEAREST]
    order = numpy.argsort(-numpy.take_along_axis(data.scores, some, axis=1), axis=1)
    nearest = numpy.take_along_axis(some, order, axis=1)
    nearest.astype("<u4").tofile(folder / "truth.u32")


def run_bounded(
    command: list, log: Path, seconds_max: int, one_processor: bool, given: str = ""
) -> tuple[list[dict], str]:
    """The lines of JSON that a process printed, and why it ended early, if so."""
    processors = sorted(os.sched_getaffinity(0))
    environment = {**os.environ, **({name: "1" for name in ONE_THREAD} if one_processor else {})}
    failure = ""
    output, errors = log.with_suffix(".out"), log.with_suffix(".err")
    with open(output, "wb") as out, open(errors, "wb") as err:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, {processors[-1]})) if one_processor else None,
        )  # fmt: skip
        try:
            process.communicate(given.encode(), timeout=seconds_max)
        except subprocess.TimeoutExpired:
            failure = f"stopped after {seconds_max} s"
        finally:
            # Some start servers of their own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = [json.loads(line) for line in output.read_text(errors="replace").splitlines() if line.startswith('{"line"')]
    if not failure and process.returncode != 0:
        said = errors.read_text(errors="replace").strip().splitlines()
        failure = (said[-1] if said else f"ended with {process.returncode}")[:200]
    return lines, failure


def measure(key: str, title: str, folder: Path, seconds_max: int) -> Outcome:
    command = [sys.executable, "-B", ROOT / "benches" / "peer_indexes.py", key, folder]
    if key == OWN:
        command = ["cargo", "bench", "--quiet", "--locked", "--bench", "nearest_index", "--", folder]
    lines, failure = run_bounded(command, folder / f"log-{key}", seconds_max, one_processor=True)
    outcome = Outcome(title, is_own=key == OWN)
    for line in lines:
        if line["line"] == "built":
            outcome.built, outcome.title = line, line["title"]
        else:
            outcome.searched.append(line)
    outcome.failure = failure or ("" if outcome.searched else "it printed no result")
    at = ", ".join(f"{recall:g}: {shown(outcome.at(recall))}/s" for recall in RECALLS) if outcome.searched else ""
    say(f"  {key:20} built in {shown(outcome.built.get('seconds'))} s  {at}  {failure and 'FAILED: ' + failure}")
    return outcome


def equal_recall(outcomes: list[Outcome]) -> str:
    lines = [
        "| Index | build, s | anonymous memory, MB | queries/s at .95 | at .99 | without the call, at .95 | at .99 | a call, us | best recall |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for outcome in outcomes:
        name = f"**{outcome.title}**" if outcome.is_own else outcome.title
        if not outcome.searched:
            lines.append(f"| {name} | **failed**: {outcome.failure} | | | | | | | |")
            continue
        floor = outcome.built["floor_us"]
        numbers = [shown(outcome.at(recall)) for recall in RECALLS]
        numbers += ["" if floor is None else shown(outcome.at(recall, with_call=False)) for recall in RECALLS]
        ending = f"<br>**failed later**: {outcome.failure}" if outcome.failure else ""
        lines.append(
            f"| {name}<br>{outcome.built['version']}{ending} | {shown(outcome.built['seconds'])} | "
            f"{shown(outcome.built['anonymous_mb'])} | {' | '.join(numbers)} | {'' if floor is None else shown(floor)} | "
            f"{outcome.curve.best_recall:.4f} |"
        )
    return "\n".join(lines)


def verdict(outcomes: list[Outcome]) -> str:
    """Our rate against the best peer's, from which the cost of its call is taken off and from ours not."""
    own = next((outcome for outcome in outcomes if outcome.is_own), None)
    if own is None or not own.searched:
        return "Our own index is MISSING from this run" + (f": {own.failure}." if own else ": it was not asked for.")
    words = []
    for recall in RECALLS:
        ours = own.at(recall)
        peers_at = [
            (outcome.at(recall, with_call=False), outcome.title)
            for outcome in outcomes
            if not outcome.is_own and outcome.searched
        ]
        best = max((pair for pair in peers_at if pair[0] is not None), default=None)
        if ours is None or best is None:
            words.append(f"* At {recall:g}: {'ours' if ours is None else 'no peer'} does not reach it.")
            continue
        met = "met" if ours / best[0] >= BUDGET else "**not met**"
        words.append(
            f"* At {recall:g}: {ours / best[0]:.2f} times the best peer ({best[1]}, without its call); {BUDGET:g}x is asked for: {met}."
        )
    return "\n".join(words)


def all_widths(outcomes: list[Outcome]) -> str:
    lines = ["| Index | width: recall, queries/s |", "|---|---|"]
    for outcome in outcomes:
        points = [
            f"{outcome.built['width_name'] + ' ' + str(line['width']) if line['width'] else 'all'}: "
            f"{line['recall']:.4f}, {line['per_second']:,.0f}"
            for line in outcome.searched
        ]
        if points:
            lines.append(f"| {outcome.title} | {'<br>'.join(points)} |")
    return "\n".join(lines)


def analyses(data: Dataset, options: argparse.Namespace, folder: Path) -> tuple[str, bool]:
    """The aggregates of `make bench`: DuckDB in process, our server over the wire; and whether one answer differs."""
    rows = [row for row in measures() if isinstance(row, Analysis)]
    asked = {"data": str(options.data.resolve()) if options.data else None, "rows": options.rows}
    given = json.dumps({**asked, "statements": {row.key: row.statement for row in rows}})
    command = [sys.executable, "-B", ROOT / "benches" / "peer_duckdb.py"]
    found, failure = run_bounded(
        command, folder / f"log-{DUCKDB}", DUCKDB_SECONDS_MAX, one_processor=False, given=given
    )
    theirs = {(line["key"], line["threads"]): line for line in found}
    threads = sorted({line["threads"] for line in found})
    ours, own_failure = own_analyses(data, rows, folder)
    heads = "".join(f" DuckDB, {count} thread{'s' if count > 1 else ''}, ms |" for count in threads)
    lines = [
        f"| Statement |{heads} NebulusDB over the wire, ms | times as fast as the best |",
        "|---|" + "---:|" * (len(threads) + 2),
    ]
    for row in rows:
        times = [theirs[row.key, count]["ms"] if (row.key, count) in theirs else None for count in threads]
        own = ours.get(row.key, (None, []))[0]
        best = min((number for number in times if number is not None), default=None)
        factor = f"{best / own:.2f}x" if best and own else "-"
        lines.append(f"| {row.title} | {' | '.join([*map(shown, times), shown(own), factor])} |")
    for who, words in (("DuckDB", failure), ("Our server", own_failure)):
        if words:
            lines.append(f"\n{who} **failed**: {words}")
    differing = [
        line["key"] for line in found if line["key"] in ours and plain(line["answer"]) != plain(ours[line["key"]][1])
    ]
    if differing:
        lines.append(f"\n**Their answers differ**: {', '.join(sorted(set(differing)))}")
    return "\n".join(lines), bool(differing)


def plain(rows: list) -> list:
    """Rows that can be compared: an average is an exact number on one side and a float on the other."""
    return [[round(float(value), 6) if isinstance(value, float | Decimal) else value for value in row] for row in rows]


def own_analyses(data: Dataset, rows: list[Analysis], folder: Path) -> tuple[dict[str, tuple[float, list]], str]:
    """For each statement the median in milliseconds and the answer; and what went wrong, if something did."""
    binary = os.environ.get("NEBULUSDB_BIN", "")
    if not Path(binary).is_file():
        return {}, "there is no server to ask (NEBULUSDB_BIN)"
    server = Nebulus(folder, binary)
    bench = Bench(data, Path(), folder, 2)
    found = {}
    try:
        server.start()
        server.create()
        load = Load()
        load.prepare(bench, server)
        load.once(bench, server)
        for row in rows:
            row.prepare(bench, server)
            found[row.key] = (row.once(bench, server), row.answers[server.name])
            say(f"  {row.key:20} NebulusDB {found[row.key][0]:.3f} ms")
    except (RuntimeError, OSError, subprocess.SubprocessError) as failure:
        return found, " ".join(str(failure).split())[:200]
    finally:
        server.stop()
    return found, ""


def report(data: Dataset, outcomes: list[Outcome], aggregates: str, load_before: float, work: Path) -> str:
    asked = ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, timeout=10).stdout.strip()
    return f"""# Compared with other indexes, in process

Written by `make bench-peers`; do not edit. Each index in a process of its own, bound to one processor, one after another on
one machine. Only ratios of one run count.

* Date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, commit {commit or "not committed yet"}
* Machine: {machine(work)}; load average before the run {load_before:.2f}
* Data: {data.origin}, {dataset.DIMENSIONS} dimensions, inner product

## At equal recall

{equal_recall(outcomes)}

{verdict(outcomes)}

![Recall against throughput of all](recall.svg)

## Aggregates beside DuckDB

{aggregates}

## All that was measured

{all_widths(outcomes)}

## Not measured here

No package of these runs in process here; the figures are their own or a third party's, on other machines and other
data, and say nothing about who is faster here.

{QUOTED}

## How to read it

* The queries are asked one by one, nearest {NEAREST}, on one thread. A rate is that of the median pass over all queries, of
  at least {PASSES_MIN} passes and {MEASURED_SECONDS_MIN:g} s, or of one pass where that takes longer than
  {PASS_SECONDS_MAX:g} s. A row that ties with the tenth counts as found.
* Graphs have m {M} and efConstruction {EF_CONSTRUCTION} where they have such parameters; one processor builds them too.
* usearch i8 "re-ranked": 30 candidates, measured again in f32 by numpy. faiss "PQ fast scan": 4-bit codes of pairs of
  components, 60 candidates re-ranked in f32. LanceDB: one partition, 30 re-ranked.
* What lies between two measured widths is interpolated: the logarithm of the rate is taken to be linear in the recall.
  "-" means that no width reached the recall. Where the narrowest width is above it, that one's rate stands.
* The peers are called from Python, ours from Rust. "A call" is what a query costs them in an index of {FLOOR_ROWS} rows;
  "without the call" has that taken off. Databases have no such column: what a query costs there is theirs.
* Memory is what the process holds more after the build than before, files aside (RssAnon): databases keep vectors in
  files.
* DuckDB and sqlite-vec compare with all rows: their packages have no graph for these vectors.
* Aggregates: prepared, medians; DuckDB's table has the same rows in memory, without the vectors. Ours includes the wire.
"""


def options_of(arguments: list[str]) -> argparse.Namespace:
    keys = [OWN, *[peer.key for peer in peers()], DUCKDB]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="what to run, separated by commas: " + ", ".join(keys))
    parser.add_argument("--rows", type=int, help="use only the first ROWS rows")
    parser.add_argument("--data", type=Path, help="folder of the full data set")
    parser.add_argument("--seconds-max", type=int, default=SECONDS_MAX, help="for each index")
    parser.add_argument("--out", type=Path, help="folder for PEERS.md and recall.svg")
    options = parser.parse_args(arguments)
    options.keys = options.only.split(",") if options.only else keys
    unknown = set(options.keys) - set(keys)
    if unknown:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(keys)}")
    return options


def main() -> int:
    options = options_of(sys.argv[1:])
    load_before = os.getloadavg()[0]
    data = dataset.read(ROOT, options.data, options.rows)
    say(f"data: {data.origin}")
    work = Path(tempfile.mkdtemp(prefix="nebulusdb-peers-"))
    try:
        prepare(data, work)
        titles = {OWN: "NebulusDB's index", **{peer.key: peer.title for peer in peers()}}
        outcomes = [
            measure(key, title, work, options.seconds_max) for key, title in titles.items() if key in options.keys
        ]
        outcomes.sort(key=lambda outcome: outcome.at(RECALLS[0]) or 0.0 if outcome.searched else -1.0, reverse=True)
        aggregates, differ = (
            analyses(data, options, work) if DUCKDB in options.keys else ("They were not asked for.", False)
        )
        text = report(data, outcomes, aggregates, load_before, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    out = options.out or (None if options.only or options.rows else ROOT / "benches")
    if out is None:
        print(text)
    else:
        out.mkdir(parents=True, exist_ok=True)
        (out / "PEERS.md").write_text(text)
        curves = [outcome.curve for outcome in outcomes if outcome.searched]
        if curves:
            (out / "recall.svg").write_text(svg(curves, f"Recall against queries a second, {len(data):,} rows"))
        say(f"wrote {out / 'PEERS.md'}")
    return 1 if differ or any(outcome.is_own and outcome.failure for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
