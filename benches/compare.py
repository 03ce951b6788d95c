"""`make bench`: this server and PostgreSQL 18 + pgvector, side by side, in one run on one machine.

Both servers run all the time on the same disk, with fsync; each row is measured on one and then on the other, several
times in turn, and the medians are compared, since only numbers of one run may be: a machine is seldom equally quiet
twice. Every step is bounded in time; a row that fails says so in the table and the others go on.

    make bench                                          all rows, the full data set if it is there
    make bench ARGS="--only nearest --seconds 5"        one row, on standard output
    make bench ARGS="--only filtered-1,filtered-10"
    make bench ARGS="--million"                         over the set that `make million` made; takes long
"""

import argparse
import contextlib
import datetime
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import dataset
from measures import FAILURES, Bench, Measure, measures, measures_of_the_million
from servers import Nebulus, Postgres, Server

ROOT = Path(__file__).resolve().parent.parent
NEEDS_INDEX = ("index", "nearest", "filtered", "near", "far", "btree", "insert", "serving", "memory", "restart")


class OutOfTime(Exception):
    """A step took longer than it may."""


@contextlib.contextmanager
def bounded(seconds: int):
    def ring(*_):
        raise OutOfTime(f"more than {seconds} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


class Run:
    """Numbers and failures by server and row."""

    def __init__(self, bench: Bench, servers: list[Server]):
        self.bench = bench
        self.servers = servers
        self.numbers: dict[tuple[str, str], list[float]] = {}
        self.failures: dict[tuple[str, str], str] = {}

    def measure(self, measure: Measure, rounds: int) -> None:
        for server in self.servers:
            self._step(measure, server, lambda: measure.prepare(self.bench, server))
        for _ in range(rounds):
            for server in self.servers:
                self._step(measure, server, lambda: self._keep(measure, server))

    def _keep(self, measure: Measure, server: Server) -> None:
        number = measure.once(self.bench, server)
        self.numbers.setdefault((server.name, measure.key), []).append(number)
        note = self.bench.notes.get((server.name, measure.key), "")
        say(f"  {measure.key:14} {server.name:11} {number:12,.2f} {measure.unit}  {note}")

    def _step(self, measure: Measure, server: Server, action) -> None:
        place = (server.name, measure.key)
        if place in self.failures:
            return
        try:
            with bounded(measure.seconds_max):
                action()
        except (*FAILURES, OutOfTime, subprocess.SubprocessError) as failure:
            self.failures[place] = " ".join(str(failure).split())[:200] or type(failure).__name__
            say(f"  {measure.key:14} {server.name:11} FAILED: {self.failures[place]}")
            if server.process is None or server.process.poll() is not None:
                with contextlib.suppress(Exception), bounded(120):
                    server.start()
                    server.create()

    def median(self, server: str, key: str) -> float | None:
        if (server, key) in self.failures or (server, key) not in self.numbers:
            return None
        return statistics.median(self.numbers[(server, key)])


def shown(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def table(run: Run, rows: list[Measure]) -> str:
    lines = [
        "| Work | PostgreSQL + pgvector | NebulusDB | times as fast | budget | met |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for measure in rows:
        theirs, ours = run.median("PostgreSQL", measure.key), run.median("NebulusDB", measure.key)
        ratio = None
        if theirs and ours:
            ratio = ours / theirs if measure.more_is_better else theirs / ours
        met = "-"
        if ours is not None and measure.limit is not None:
            met = "yes" if ours < measure.limit else "**no**"
        elif ratio is not None:
            met = "yes" if ratio >= measure.budget else "**no**"
        cells = []
        for server, number in (("PostgreSQL", theirs), ("NebulusDB", ours)):
            words = run.failures.get((server, measure.key)) or run.bench.notes.get((server, measure.key), "")
            failed = "failed: " if (server, measure.key) in run.failures else ""
            cells.append(f"{shown(number)} {measure.unit}" + (f"<br>{failed}{words}" if words else ""))
        budget = f"{measure.budget:g}x" if measure.limit is None else f"< {measure.limit:g} {measure.unit}"
        factor = "-" if ratio is None else f"{ratio:.2f}x"
        lines.append(f"| {measure.title} | {cells[0]} | {cells[1]} | {factor} | {budget} | {met} |")
    return "\n".join(lines)


def machine(work: Path) -> str:
    model = "unknown processor"
    with contextlib.suppress(OSError):
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    file_system = subprocess.run(["stat", "-f", "-c", "%T", work], capture_output=True, text=True, timeout=10)
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"data on {file_system.stdout.strip() or 'an unknown file system'}"
    )


def report(run: Run, rows: list[Measure], options: argparse.Namespace, load_before: float) -> str:
    ask_commit = ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(ask_commit, capture_output=True, text=True, timeout=10)
    versions = ", ".join(getattr(server, "said_version", server.name) for server in run.servers)
    return f"""# Compared with PostgreSQL and pgvector

Written by `make bench`; do not edit. Both servers ran at the same time on one machine and were measured in turn,
{options.rounds} times {options.seconds} s a row; the numbers are medians. Only ratios of one run count.

* Date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, commit {commit.stdout.strip() or "not committed yet"}
* Machine: {machine(run.bench.work)}; load average before the run {load_before:.2f}
* Versions: {versions}
* Data: {run.bench.data.origin}, {dataset.DIMENSIONS} dimensions

{table(run, rows)}

## How to read it

* Nearest queries: prepared, binary, over a client in machine code (`load_client.rs`) that takes part of the same processors.
  For each server the smallest `ef_search` whose recall@{dataset.NEAREST} against the exact answers reaches what the row says is
  found first; where none does, the best one is kept and its recall shown. Behind a filter pgvector is asked for 0.95 only, with
  `hnsw.iterative_scan = relaxed_order`, its planner free to choose another plan.
* Filters: `bucket < x` has nothing to do with the vectors. `region` says where a vector lies along the direction in which all
  differ most: "near" takes the regions around the query, "far" those at the other end. Neither has an index of its own but in
  the rows that say so, where both servers have it.
* Index: `hnsw (v vector_ip_ops) WITH (m = 16, ef_construction = 64)` on both.
* PostgreSQL runs with shared_buffers and maintenance_work_mem of {postgres_memory(options)} each,
  max_parallel_maintenance_workers 2, fsync and synchronous_commit on. A commit of either server is acknowledged after fsync.
* Memory is that of all processes of a server which no file and no other process has (RssAnon), at the end of the run.
* Point select reads three columns of the table with the vectors; update and upsert go to a table of the same rows
  without them.
* The budget is the factor the design asks for, except where it is an absolute bound.
"""


def postgres_memory(options: argparse.Namespace) -> str:
    """What pgvector builds an index in, too: one that does not fit takes many times as long."""
    return "4GB" if options.million else "1GB"


def all_rows(options: argparse.Namespace) -> list[Measure]:
    return measures_of_the_million() if options.million else measures()


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="rows to run, separated by commas: " + ", ".join(row.key for row in measures()))
    parser.add_argument("--million", action="store_true", help="over the set that `make million` made, with rows of its own")
    parser.add_argument("--million-folder", type=Path, help="another folder of `million.py`")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="how often both servers are measured in turn")
    parser.add_argument("--rows", type=int, help="load only the first ROWS rows")
    parser.add_argument("--data", type=Path, help="folder of the full data set")
    parser.add_argument("--server", choices=["both", "postgresql", "nebulusdb"], default="both", help="measure only one")
    parser.add_argument("--keep", action="store_true", help="leave the work directory with data and logs")
    options = parser.parse_args(arguments)
    if options.million and options.rows:
        parser.error("the varied set is loaded whole: `million.py --rows` makes smaller ones, for --million-folder")
    if options.million_folder and not options.million:
        parser.error("--million-folder is for --million")
    known = {row.key for row in all_rows(options)}
    unknown = set(options.only.split(",")) - known if options.only else set()
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return options


def chosen(options: argparse.Namespace) -> tuple[list[Measure], list[tuple[Measure, int]]]:
    """The rows to report, and the rows to run with how often: what the others stand on runs once."""
    available = all_rows(options)
    rows = [row for row in available if not options.only or row.key in options.only.split(",")]
    needs_index = any(row.key.startswith(NEEDS_INDEX) for row in rows)
    plan = []
    for row in available:
        if row in rows:
            # A million rows: once is long enough.
            once = options.million and row.key in ("load", "index")
            plan.append((row, 1 if once else options.rounds))
        elif row.key == "load" or (row.key == "index" and needs_index):
            plan.append((row, 1))
    return rows, plan


def main() -> int:
    options = options_of(sys.argv[1:])
    load_before = os.getloadavg()[0]
    if options.million:
        cache = Path(os.environ.get("NEBULUSDB_CACHE") or Path.home() / ".cache" / "nebulusdb")
        data = dataset.read_varied(ROOT, options.data, options.million_folder or cache / "varied-1000000")
    else:
        data = dataset.read(ROOT, options.data, options.rows)
    say(f"data: {data.origin}")
    rows, plan = chosen(options)
    work = Path(tempfile.mkdtemp(prefix="nebulusdb-bench-"))
    work.chmod(0o755)
    servers: list[Server] = []
    try:
        postgres = Postgres(work, postgres_memory(options))
        if options.server != "nebulusdb":
            servers.append(postgres)
        if options.server != "postgresql":
            servers.append(Nebulus(work, os.environ["NEBULUSDB_BIN"]))
        for server in servers:
            server.start()
            server.create()
            server.said_version = server.version()
            say(f"started {server.said_version}")
        run = Run(Bench(data, postgres.pgbench, work, options.seconds), servers)
        for measure, rounds in plan:
            run.measure(measure, rounds)
        text = report(run, rows, options, load_before)
    finally:
        for server in servers:
            server.stop()
        if options.keep:
            say(f"kept {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    if options.only or options.rows or options.server != "both" or options.million_folder:
        print(text)
    elif options.million:
        (ROOT / "benches" / "MILLION.md").write_text(text.replace("# Compared", "# A million rows, compared", 1))
        print(table(run, rows))
        say("wrote benches/MILLION.md")
    else:
        results = ROOT / "benches" / "RESULTS.md"
        _, heading, sync = results.read_text().partition("# Sync between nodes")
        results.write_text(f"{text}\n{heading}{sync}" if heading else text)
        print(table(run, rows))
        say("wrote benches/RESULTS.md")
    return 1 if any(place[0] == "NebulusDB" for place in run.failures) else 0


if __name__ == "__main__":
    sys.exit(main())
