"""`make bench-sync`: what it costs to share, three nodes on loopback, durable on all sides.

Writes its table into benches/RESULTS.md behind the comparison with PostgreSQL. Every step is bounded in time; a row that
fails says so and the others go on.

    make bench-sync
    make bench-sync ARGS="--only live,idle"
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy
import psycopg
from servers import Nebulus, _environment

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches" / "RESULTS.md"
HEADING = "# Sync between nodes"
SECRET = "a secret for benchmarks"
STEP_SECONDS_MAX = 300
# Two nodes that each link 100,000 random vectors of 384 dimensions, the worst there are for a graph: some 200 s of processor
# time a node, with low priority. It is no part of what is measured.
SETTLE_SECONDS_MAX = 1200
# Logs are pruned every 30 seconds, 200,000 deltas at a time and the oldest first.
PRUNE_SECONDS = 200


class Node(Nebulus):
    """A server that peers can reach, on loopback only."""

    def __init__(self, work: Path, name: str, binary: str):
        folder = work / name
        folder.mkdir()
        super().__init__(folder, binary)

    def start(self) -> None:
        with open(self.work / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--data-dir", str(self.work / "data"), "--listen", f"127.0.0.1:{self.port}",
                 "--trust-local", "--admin", "off", "--p2p-listen", "/ip4/127.0.0.1/udp/0/quic-v1"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=_environment(),
            )  # fmt: skip
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.wait_for("SELECT 1")

    def run(self, statement: str, *parameters):
        with self.connect() as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *parameters):
        return self.run(statement, *parameters)[0][0]

    def address(self) -> str:
        def found():
            addresses = self.one("SELECT addresses FROM nebulus.node")
            addresses = json.loads(addresses) if isinstance(addresses, str) else addresses
            return addresses[0] if addresses else None

        return until(found, 30, "a dialable address")

    def found(self, network: str, options: str = "") -> None:
        self.run(f"CREATE NETWORK \"{network}\" WITH (secret = '{SECRET}'{options})")

    def join(self, network: str, address: str, options: str = "") -> None:
        self.run(f"JOIN NETWORK \"{network}\" AT \"{address}\" WITH (secret = '{SECRET}'{options})")

    def attach(self, network: str) -> None:
        self.run(f'ATTACH COLLECTION memory TO NETWORK "{network}"')


def until(condition, seconds: float, what: str, pause: float = 0.002):
    """The first true value of a condition; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {seconds} s")
        time.sleep(pause)


def settle(nodes: list[Node]) -> None:
    """Waits until nothing is left to be done in the background: graphs to be built, files to be merged."""

    def used() -> float:
        stats = [Path(f"/proc/{node.process.pid}/stat").read_text().rsplit(")", 1)[1].split() for node in nodes]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def is_idle() -> bool:
        before = used()
        time.sleep(1)
        return used() - before < 0.1

    until(is_idle, SETTLE_SECONDS_MAX, "idle node")


def trio(work: Path, binary: str, options: str = "", count: int = 3) -> list[Node]:
    """Nodes in one network, all connected."""
    nodes = [Node(work, f"node-{number}", binary) for number in range(count)]
    for node in nodes:
        node.start()
    nodes[0].found("bench", options)
    nodes[0].attach("bench")
    address = nodes[0].address()
    for node in nodes[1:]:
        node.join("bench", address, options)
        node.attach("bench")
    for node in nodes:
        until(lambda node=node: node.one("SELECT count(*) FROM nebulus.peers WHERE connected") >= 1, 60, "connected peer")
    return nodes


def live(work: Path, binary: str) -> str:
    """From the first byte of an INSERT on one node until another node answers with the row."""
    nodes = trio(work, binary, ", private_by_default = false")
    try:
        waits = []
        with nodes[0].connect() as writer, nodes[1].connect() as reader:
            reader.execute("SELECT 1")
            for number in range(400):
                key = f"live-{number}"
                started = time.perf_counter()
                writer.execute("INSERT INTO memory (id, metadata) VALUES (%s, %s)", (key, '{"kind": "live"}'), prepare=True)
                query = "SELECT 1 FROM memory WHERE id = %s"
                until(lambda: reader.execute(query, (key,), prepare=True).fetchone(), 10, "row on the other node", 0)
                waits.append((time.perf_counter() - started) * 1000)
        waits = sorted(waits[50:])
        p50, p99 = statistics.median(waits), waits[int(len(waits) * 0.99) - 1]
        return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms (the INSERT included)"
    finally:
        stop(nodes)


def stage_all(node: Node, count: int, write) -> None:
    with node.connect() as connection:
        with connection.cursor() as cursor, cursor.copy("COPY memory (id, metadata, vector) FROM STDIN") as copy:
            for number in range(count):
                copy.write_row(write(number))
    node.run("STAGE MEMORY WHERE id IS NOT NULL")
    node.run("SYNC")


def catch_up(work: Path, binary: str, count: int, write, unit) -> str:
    """A node joins that has nothing; from JOIN until it answers with all rows."""
    first, second = trio(work, binary, count=2)
    late = Node(work, "late", binary)
    try:
        stage_all(first, count, write)
        until(lambda: second.one("SELECT count(*) FROM memory") == count, STEP_SECONDS_MAX, "second copy", 0.1)
        settle([first, second])
        late.start()
        started = time.perf_counter()
        late.join("bench", first.address())
        late.attach("bench")
        # Connecting and counting all rows again and again would be a load of its own; the last key comes late.
        last = write(count - 1)[0]
        with late.connect() as reader:
            query = "SELECT 1 FROM memory WHERE id = %s"
            until(lambda: reader.execute(query, (last,), prepare=True).fetchone(), STEP_SECONDS_MAX, "last entry", 0.01)
            is_whole = lambda: reader.execute("SELECT count(*) FROM memory").fetchone()[0] == count  # noqa: E731
            until(is_whole, STEP_SECONDS_MAX, "third copy", 0.05)
        return unit(time.perf_counter() - started)
    finally:
        stop([first, second, late])


def deltas(work: Path, binary: str) -> str:
    count, body = 100_000, "x" * 260
    row = lambda number: (f"delta-{number:06}", f'{{"n": {number}, "t": "{body}"}}', None)  # noqa: E731
    return catch_up(work, binary, count, row, lambda seconds: f"{count / seconds:,.0f} deltas/s")


def vectors(work: Path, binary: str) -> str:
    count, dimensions = 100_000, 384
    random = numpy.random.default_rng(1)
    text = ["[" + ",".join(f"{x:.4f}" for x in row) + "]" for row in random.standard_normal((count, dimensions))]
    row = lambda number: (f"vector-{number:06}", f'{{"n": {number}}}', text[number])  # noqa: E731
    megabytes = count * dimensions * 4 / 1e6
    return catch_up(work, binary, count, row, lambda seconds: f"{megabytes / seconds:.1f} MB/s of vectors")


def resync(work: Path, binary: str) -> str:
    """A node that was away comes back when the log has forgotten what it missed: one entry in a thousand was changed."""
    count, changed = 1_000_000, 1_000
    first, second = trio(work, binary, ", log_bytes_max = 4096, log_age_max_s = 1", count=2)
    try:
        stage_all(first, count, lambda number: (f"entry-{number:07}", f'{{"n": {number}, "v": 1}}', None))
        until(lambda: second.one("SELECT count(*) FROM memory") == count, STEP_SECONDS_MAX, "second copy", 1)
        settle([first, second])
        second.stop()
        keys = [f"entry-{number:07}" for number in range(0, count, count // changed)]
        with first.connect() as connection:
            for key in keys:
                connection.execute(
                    "UPDATE memory SET metadata = metadata || '{\"v\": 2}'::jsonb, _stage = 'post-pending' WHERE id = %s",
                    (key,), prepare=True,
                )  # fmt: skip
        first.run("SYNC")
        time.sleep(PRUNE_SECONDS)
        second.start()
        started = time.perf_counter()
        with second.connect() as reader:
            query = "SELECT metadata->>'v' FROM memory WHERE id = %s"
            for key in keys:
                is_there = lambda key=key: reader.execute(query, (key,), prepare=True).fetchone()[0] == "2"  # noqa: E731
                until(is_there, STEP_SECONDS_MAX, "changed entry", 0.05)
        seconds = time.perf_counter() - started
        moved, deltas = second.run("SELECT bytes_transferred, operations_received FROM nebulus.network_stats")[0]
        if deltas >= changed:
            raise TimeoutError(f"reconciliation: the log still had {deltas} deltas")
        return f"{seconds:.1f} s, {moved / 1e6:.2f} MB for {changed:,} changed entries, {moved / changed:,.0f} bytes each"
    finally:
        stop([first, second])


def idle(work: Path, binary: str) -> str:
    """Bytes that one node sends and receives while nobody writes, by peer."""
    nodes = trio(work, binary)
    try:
        seconds = 40
        time.sleep(20)
        moved = "SELECT bytes_transferred FROM nebulus.network_stats"
        before = nodes[0].one(moved)
        time.sleep(seconds)
        peers = nodes[0].one("SELECT count(*) FROM nebulus.peers WHERE connected")
        return f"{(nodes[0].one(moved) - before) / seconds / max(peers, 1):,.0f} bytes/s a peer, {peers} peers"
    finally:
        stop(nodes)


def overhead(work: Path, binary: str) -> str:
    """Durable single-row inserts by one client, without a network and as a member of one, in turn."""
    nodes = trio(work, binary)
    alone = Node(work, "alone", binary)
    try:
        alone.start()
        medians: dict[str, list[float]] = {"alone": [], "member": []}
        for round_number in range(6):
            for name, node in (("alone", alone), ("member", nodes[0])):
                waits = []
                with node.connect() as connection:
                    for number in range(500):
                        started = time.perf_counter()
                        connection.execute(
                            "INSERT INTO memory (id, metadata) VALUES (%s, %s)",
                            (f"{name}-{round_number}-{number}", '{"kind": "private"}'), prepare=True,
                        )  # fmt: skip
                        waits.append(time.perf_counter() - started)
                medians[name].append(statistics.median(waits) * 1e6)
        plain, member = (statistics.median(medians[name]) for name in ("alone", "member"))
        return f"{(member / plain - 1) * 100:+.1f} % ({plain:.0f} µs alone, {member:.0f} µs as a member)"
    finally:
        stop([*nodes, alone])


def blob(work: Path, binary: str) -> str:
    """One blob, from the question on a node that lacks it to the answer."""
    nodes = trio(work, binary, count=2)
    try:
        megabytes = 128
        content = os.urandom(megabytes << 20)
        with psycopg.connect(nodes[0].url, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
            connection.execute("SET MEMORY id = 'blob' metadata = {} blob = $1", (content,))
        nodes[0].run("STAGE MEMORY WHERE id = 'blob'")
        nodes[0].run("SYNC")
        until(lambda: nodes[1].run("SELECT 1 FROM memory WHERE id = 'blob'"), 30, "entry of the blob", 0.02)
        started = time.perf_counter()
        size = nodes[1].one("SELECT length(blob(id)) FROM memory WHERE id = 'blob'")
        seconds = time.perf_counter() - started
        if size != len(content):
            raise TimeoutError(f"a blob of {size} bytes in place of {len(content)}")
        # The same statement once more reads it from the node's own disk.
        started = time.perf_counter()
        nodes[1].one("SELECT length(blob(id)) FROM memory WHERE id = 'blob'")
        reading = time.perf_counter() - started
        rate, answered = (len(content) / 1e6 / taken for taken in (seconds - reading, seconds))
        return f"{rate:,.0f} MB/s onto the other disk ({megabytes} MiB), {answered:,.0f} MB/s until SQL has answered with it"
    finally:
        stop(nodes)


def stop(nodes: list[Node]) -> None:
    for node in nodes:
        node.stop()


def iroh(*arguments: str) -> dict:
    """The same work by iroh-docs and iroh-blobs (benches/iroh), one after the other with ours on the same machine."""
    binary = os.environ["IROH_BIN"]
    done = subprocess.run(
        [binary, *arguments], capture_output=True, text=True, timeout=STEP_SECONDS_MAX + 60, env=_environment(), check=False
    )
    if done.returncode != 0:
        raise TimeoutError(f"iroh-peers {' '.join(arguments)}: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout)


def iroh_live() -> str:
    measured = iroh("live")
    return f"p50 {measured['p50_ms']:.2f} ms, p99 {measured['p99_ms']:.2f} ms"


def iroh_deltas() -> str:
    measured = iroh("deltas", "20000")
    known = measured["entries_per_second"]
    known = f", {known:,.0f}/s without contents" if known else ""
    return f"{measured['contents_per_second']:,.0f}/s of {measured['count']:,}{known}"


def iroh_blob() -> str:
    return f"{iroh('blob')['megabytes_per_second']:,.0f} MB/s"


ROWS = {
    "live": ("a just posted entry visible on another node", live, iroh_live, "p50 < 5 ms, p99 < 20 ms"),
    "deltas": ("catching up 100,000 deltas of 300 bytes", deltas, iroh_deltas, ">= 40,000/s"),
    "vectors": ("catching up 100,000 entries of 384 dimensions", vectors, None, ">= 60 MB/s"),
    "resync": ("1,000,000 entries re-synced after a pruned log", resync, None, "bytes proportional to the difference"),
    "idle": ("idle traffic", idle, None, "< 1,000 bytes/s a peer"),
    "blob": ("fetching a blob", blob, iroh_blob, ">= 200 MB/s"),
    "overhead": ("what a network adds to a local write", overhead, None, "< 5 %"),
}


def report(lines: list[str]) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT)
    head = f"""{HEADING}

Written by `make bench-sync`; do not edit. Nodes of one machine on loopback (QUIC), every commit on disk before it is
answered or acknowledged. Beside it the same work by iroh-docs 0.101 and iroh-blobs 0.103 (`benches/iroh`), whose nodes live in
one process and commit up to half a second after they answer.

* Date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, commit {commit.stdout.strip() or "not committed yet"}
* Machine: {os.cpu_count()} cores

| Work | NebulusDB | iroh | budget |
|---|---|---|---|
"""
    return head + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="rows to run, separated by commas: " + ", ".join(ROWS))
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else list(ROWS)
    binary = os.environ["NEBULUSDB_BIN"]
    lines, failed = [], False
    for key in wanted:
        title, measure, anchor, budget = ROWS[key]
        work = Path(tempfile.mkdtemp(prefix="nebulusdb-sync-"))
        try:
            measured = measure(work, binary)
        except (TimeoutError, psycopg.Error, OSError) as error:
            measured, failed = f"**failed**: {str(error).splitlines()[0]}", True
        finally:
            shutil.rmtree(work, ignore_errors=True)
        try:
            beside = anchor() if anchor else "not measured"
        except (TimeoutError, subprocess.TimeoutExpired, OSError, ValueError) as error:
            beside, failed = f"**failed**: {str(error).splitlines()[0]}", True
        lines.append(f"| {title} | {measured} | {beside} | {budget} |")
        print(lines[-1], flush=True)
    if not options.only:
        before = RESULTS.read_text().split(HEADING)[0].rstrip()
        RESULTS.write_text(f"{before}\n\n{report(lines)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
