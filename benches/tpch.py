"""`make bench-tpch`: the 22 queries of TPC-H in both servers, with the parameters of its validation run; writes `TPCH.md`.

The rows come from `tpchgen-cli`, the crate tpchgen's program, and go in by COPY. Each answer of the server is compared with
PostgreSQL's, value by value. A query runs once cold, behind a restart of the server, so that nothing of its columns is in memory, and
then several times; the medians count. A query that takes longer than the bound is stopped and said to be.
"""

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import servers

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "tpch"
TABLES = ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem")
SCALE_MAX = 10.0
QUERY_SECONDS_MAX = 120
WORST_RATIO = 2.0
SUM_RATIO = 0.5
COPY_BYTES = 1 << 20


def queries(scale: float) -> list[tuple[int, str, str]]:
    """Number, name and text of each query; the fraction of query 11 goes by the scale."""
    text = (FOLDER / "queries.sql").read_text().replace(":fraction", f"{Decimal('0.0001') / Decimal(str(scale)):f}")
    found = re.finditer(r"^-- (\d+): ([^\n]*)\n(.*?)(?=^-- \d+: |\Z)", text, re.M | re.S)
    return [(int(one.group(1)), one.group(2), one.group(3).strip().rstrip(";")) for one in found]


def statements(path: Path) -> list[str]:
    text = re.sub(r"--[^\n]*", "", path.read_text())
    return [one.strip() for one in text.split(";") if one.strip()]


def load(connection: psycopg.Connection, rows: Path) -> float:
    """Makes the tables and copies their rows in; the seconds that took."""
    for statement in statements(FOLDER / "tables.sql"):
        connection.execute(statement)
    started = time.perf_counter()
    for table in TABLES:
        # A row ends with a delimiter behind its last field.
        with connection.cursor().copy(f"COPY {table} FROM STDIN (DELIMITER '|')") as copy, open(rows / f"{table}.tbl", "rb") as file:
            while lines := file.readlines(COPY_BYTES):
                copy.write(b"".join(line.rstrip(b"\n").removesuffix(b"|") + b"\n" for line in lines))
    return time.perf_counter() - started


def shown(rows: list[tuple]) -> list[tuple]:
    """The rows as texts; blanks at the end of a `char(n)` say nothing."""
    return [tuple(None if value is None else str(value).rstrip() for value in row) for row in rows]


def timed(connection: psycopg.Connection, text: str) -> tuple[float, list[tuple] | None, str]:
    """Seconds, rows, and what went wrong."""
    started = time.perf_counter()
    try:
        rows = connection.execute(text).fetchall()
    except psycopg.Error as error:
        return time.perf_counter() - started, None, str(error).splitlines()[0]
    return time.perf_counter() - started, rows, ""


def connected(server: servers.Server) -> psycopg.Connection:
    connection = server.connect()
    connection.execute(f"SET statement_timeout = '{QUERY_SECONDS_MAX}s'")
    # Otherwise a plan is kept from the fifth run on, in either.
    connection.prepare_threshold = None
    return connection


def measure(server: servers.Server, text: str, rounds: int, restart: bool) -> dict:
    """One query: cold, and the median of its warm runs."""
    if restart:
        server.stop()
        server.start()
        server.wait_for("SELECT 1")
    with connected(server) as connection:
        cold, rows, error = timed(connection, text)
        warm = [timed(connection, text)[0] for _ in range(rounds if rows is not None and cold < QUERY_SECONDS_MAX / 4 else 0)]
    return {"cold": cold, "warm": statistics.median(warm) if warm else cold, "rows": rows, "error": error}


def report(lines: list[dict], arguments: argparse.Namespace, versions: str, loads: list[float], memory: list[float]) -> str:
    right = sum(line["same"] for line in lines)
    sums = [sum(line[name]["warm"] for line in lines) for name in ("postgres", "nebulus")]
    worst = max(lines, key=lambda line: line["nebulus"]["warm"] / line["postgres"]["warm"])
    ratio = worst["nebulus"]["warm"] / worst["postgres"]["warm"]
    over = [line for line in lines if line["nebulus"]["warm"] > WORST_RATIO * line["postgres"]["warm"]]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    out = [
        "# TPC-H",
        "",
        "Written by `make bench-tpch`; do not edit. Both servers ran at the same time on one machine and were asked in turn; only",
        "ratios of one run count. Cold is the first run behind a restart of the server, warm the median of the following ones.",
        "",
        f"* Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}",
        f"* Machine: {os.cpu_count()} cores, load average before the run {arguments.load:.2f}",
        f"* Versions: {versions}",
        f"* Scale {arguments.scale:g}, {arguments.rounds} warm runs; loading by COPY: {loads[0]:.0f} s and {loads[1]:.0f} s;"
        f" memory of the processes behind it all: {memory[0]:.0f} MB and {memory[1]:.0f} MB (shared pages of PostgreSQL included)",
        f"* Right: {right} of {len(lines)}. In sum {sums[1]:.2f} s against {sums[0]:.2f} s: {sums[1] / sums[0]:.2f} times"
        f" (budget {SUM_RATIO:g}). Slowest beside PostgreSQL: query {worst['number']}, {ratio:.2f} times; {len(over)} are over"
        f" {WORST_RATIO:g} times (budget 0)",
        "",
        "| Query | PostgreSQL cold | warm | NebulusDB cold | warm | times PostgreSQL's | answer |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for line in lines:
        postgres, nebulus = line["postgres"], line["nebulus"]
        verdict = "the same" if line["same"] else nebulus["error"] or postgres["error"] or "**differs**"
        cells = [f"{one[name]:.3f} s" for one in (postgres, nebulus) for name in ("cold", "warm")]
        times = nebulus["warm"] / postgres["warm"]
        out.append(f"| {line['number']} {line['name']} | {' | '.join(cells)} | {times:.2f} | {verdict} |")
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1 are 6 million rows of lineitem")
    parser.add_argument("--rounds", type=int, default=3, help="warm runs of a query")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of queries")
    parser.add_argument("--binary", default=os.environ.get("NEBULUSDB_BIN"), help="the server")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="the folder of TPCH.md")
    arguments = parser.parse_args()
    if not 0 < arguments.scale <= SCALE_MAX:
        parser.error(f"--scale is over 0 and at most {SCALE_MAX:g}, not {arguments.scale:g}")
    if not arguments.binary:
        parser.error("set NEBULUSDB_BIN or --binary to the server")
    arguments.load = os.getloadavg()[0]
    generator = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent)) or shutil.which("tpchgen-cli")
    if generator is None:
        parser.error("tpchgen-cli is not there: pip install -r benches/requirements-tpch.txt")
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tpch-", ignore_cleanup_errors=True)))
        work.chmod(0o755)
        rows = work / "rows"
        subprocess.run([generator, "-s", f"{arguments.scale:g}", "--output-dir", rows], check=True, stdout=subprocess.DEVNULL)
        postgres, nebulus = servers.Postgres(work), servers.Nebulus(work, arguments.binary)
        loads = []
        for server in (postgres, nebulus):
            server.start()
            stack.callback(server.stop)
            server.create()
            with server.connect() as connection:
                loads.append(load(connection, rows))
                connection.execute("ANALYZE")
            print(f"{server.name}: loaded in {loads[-1]:.0f} s", file=sys.stderr, flush=True)
        lines = []
        for number, name, text in queries(arguments.scale):
            if arguments.only and number not in arguments.only:
                continue
            line = {"number": number, "name": name}
            line["postgres"] = measure(postgres, text, arguments.rounds, restart=False)
            line["nebulus"] = measure(nebulus, text, arguments.rounds, restart=True)
            both = [line[one]["rows"] for one in ("postgres", "nebulus")]
            line["same"] = None not in both and shown(both[0]) == shown(both[1])
            lines.append(line)
            print(
                f"{number:2} {'same' if line['same'] else 'DIFFERS'} {line['postgres']['warm']:8.3f} s {line['nebulus']['warm']:8.3f} s"
                f" {line['nebulus']['error']}",
                file=sys.stderr, flush=True,
            )  # fmt: skip
        memory = [sum(server.memory_mb()[:2]) for server in (postgres, nebulus)]
        versions = f"{postgres.version()}, {nebulus.version()}"
    text = report(lines, arguments, versions, loads, memory)
    (arguments.out / "TPCH.md").write_text(text)
    print(text)
    return 0 if all(line["same"] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
