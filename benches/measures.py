"""The rows of the comparison: what is done to each server, and how it is counted.

A measure returns one number per call; `compare.py` calls it for one server and then the other, several times, and takes
medians. What a measure must prepare once for a server it does in `prepare`, before any clock starts.
"""

import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from dataset import NEAREST, Dataset
from servers import Server, run_pgbench
from wire import Wire, WireError, execution, vector

RECALL_WANTED = 0.95
TUNE_QUERIES = 200
TUNE_SECONDS = 8
EF_SEARCH = (10, 16, 24, 32, 40, 48, 64, 80, 100, 130, 160, 200, 260, 340, 440)
EF_SEARCH_FILTERED = (16, 40, 80, 160, 320, 640)
INSERT_BATCH = 1000

COLUMNS = "id bigint PRIMARY KEY, name text, section text, bucket int, installed_size int"
CREATE_PACKAGES = f"CREATE TABLE packages ({COLUMNS}, v vector(384))"
CREATE_PLAIN = f"CREATE TABLE packages_plain ({COLUMNS})"
CREATE_INDEX = "CREATE INDEX packages_v ON packages USING hnsw (v vector_ip_ops) WITH (m = 16, ef_construction = 64)"
GROUP_BY = "SELECT section, count(*), avg(installed_size) FROM packages GROUP BY section ORDER BY 2 DESC, 1"

SCRIPTS = {
    "point": "\\set id random(0, :rows - 1)\nSELECT name, section, installed_size FROM packages WHERE id = :id;\n",
    "update": (
        "\\set id random(0, :rows - 1)\n\\set size random(1, 100000)\n"
        "UPDATE packages_plain SET installed_size = :size WHERE id = :id;\n"
    ),
    "upsert": (
        "\\set id random(0, :rows - 1)\n\\set size random(1, 100000)\n"
        "INSERT INTO packages_plain (id, name, section, bucket, installed_size) VALUES (:id, 'x', 'y', 1, :size) "
        "ON CONFLICT (id) DO UPDATE SET installed_size = excluded.installed_size;\n"
    ),
}


@dataclass
class Bench:
    """What every measure may use."""

    data: Dataset
    pgbench: Path
    work: Path
    seconds: int
    notes: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, server: Server, measure: "Measure", words: str) -> None:
        self.notes[(server.name, measure.key)] = words


class Measure:
    key: str
    title: str
    unit: str
    budget: float
    more_is_better = True
    limit: float | None = None  # an absolute bound, which then stands instead of the factor
    seconds_max = 300

    def prepare(self, bench: Bench, server: Server) -> None:
        """Once for a server, before any clock starts."""

    def once(self, bench: Bench, server: Server) -> float:
        raise NotImplementedError


class Load(Measure):
    key, title, unit, budget = "load", "COPY in, no vector index yet", "rows/s", 1.0
    seconds_max = 600

    def prepare(self, bench, server):
        if not hasattr(self, "chunks"):
            self.chunks = [_copy_text(bench.data, start) for start in range(0, len(bench.data), INSERT_BATCH)]

    def once(self, bench, server):
        with server.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS packages")
            connection.execute(CREATE_PACKAGES)
            started = time.perf_counter()
            try:
                with connection.cursor().copy("COPY packages FROM STDIN") as copy:
                    for chunk in self.chunks:
                        copy.write(chunk)
                bench.note(server, self, "COPY")
            except psycopg.Error as refusal:
                if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    raise
                words = f"no COPY ({refusal.sqlstate}): pipelined INSERT, {INSERT_BATCH} rows a transaction"
                bench.note(server, self, words)
                started = time.perf_counter()
                _insert(connection, bench.data, "packages", with_vectors=True)
            return len(bench.data) / (time.perf_counter() - started)


class Index(Measure):
    key, title, unit, budget, more_is_better = "index", "building the vector index", "s", 1.5, False
    seconds_max = 600

    def once(self, bench, server):
        with server.connect() as connection:
            connection.execute("DROP INDEX IF EXISTS packages_v")
            started = time.perf_counter()
            connection.execute(CREATE_INDEX)
            return time.perf_counter() - started


class Nearest(Measure):
    """Nearest 10 on one connection, in whole or among the rows of some buckets."""

    unit = "queries/s"

    def __init__(self, bucket_below: int | None):
        self.bucket_below = bucket_below
        self.key = "nearest" if bucket_below is None else f"filtered-{bucket_below / 10:g}"
        self.title = (
            "nearest 10" if bucket_below is None else f"nearest 10 among the {bucket_below / 10:g} % that match a filter"
        )
        self.budget = 4.0 if bucket_below is None else 5.0
        self.settings: dict[str, list[str]] = {}

    @property
    def statement(self) -> str:
        condition = "" if self.bucket_below is None else f"WHERE bucket < {self.bucket_below} "
        return f"SELECT id FROM packages {condition}ORDER BY v <#> $1 LIMIT {NEAREST}"

    def prepare(self, bench, server):
        """Finds the smallest ef_search that reaches the recall; else keeps the best one seen."""
        self.executions = [execution("nearest", [vector(query)]) for query in bench.data.queries]
        with server.connect() as connection:
            if server.name == "PostgreSQL":
                connection.execute("ANALYZE packages")
        candidates = EF_SEARCH if self.bucket_below is None else EF_SEARCH_FILTERED
        best = (-1.0, [])
        for ef_search in candidates:
            settings = [f"SET hnsw.ef_search = {ef_search}"]
            if server.name == "PostgreSQL" and self.bucket_below is not None:
                settings.append("SET hnsw.iterative_scan = relaxed_order")
            with self._open(server, settings) as wire:
                recall, _, _ = self._answer(bench, wire, TUNE_SECONDS, TUNE_QUERIES)
            best = max(best, (recall, settings), key=lambda pair: pair[0])
            if recall >= RECALL_WANTED + 0.002:
                break
        self.settings[server.name] = best[1]

    def once(self, bench, server):
        with self._open(server, self.settings[server.name]) as wire:
            self._answer(bench, wire, 1, 50)
            recall, rate, latencies = self._answer(bench, wire, bench.seconds, None)
        median_ms = sorted(latencies)[len(latencies) // 2] * 1000
        ef_search = self.settings[server.name][0].rsplit(" ", 1)[1]
        bench.note(server, self, f"ef {ef_search}, recall {recall:.3f}, p50 {median_ms:.2f} ms")
        return rate

    def _open(self, server: Server, settings: list[str]) -> Wire:
        wire = server.wire()
        for setting in settings:
            wire.simple(setting)
        wire.prepare("nearest", self.statement)
        return wire

    def _answer(self, bench: Bench, wire: Wire, seconds: float, queries_max: int | None):
        """Asks query after query; recall over the distinct ones, queries a second, the latencies."""
        answers: dict[int, list[int]] = {}
        latencies = []
        started = time.perf_counter()
        now = started
        asked = 0
        while now - started < seconds and (queries_max is None or asked < queries_max):
            query = asked % len(self.executions)
            rows = wire.execute(self.executions[query])
            answered = time.perf_counter()
            latencies.append(answered - now)
            if query not in answers:
                answers[query] = [struct.unpack(">q", row[0])[0] for row in rows]
            now = answered
            asked += 1
        recall = bench.data.recall(answers, self.bucket_below or 1 << 30)
        return recall, asked / sum(latencies), latencies


class Script(Measure):
    """A pgbench script: prepared statements, 8 clients on 2 threads."""

    unit, budget = "1/s", 1.0

    def __init__(self, key: str, title: str):
        self.key, self.title = key, title

    def prepare(self, bench, server):
        self.script = bench.work / f"{self.key}.sql"
        self.script.write_text(SCRIPTS[self.key])
        if "packages_plain" not in SCRIPTS[self.key]:
            return
        with server.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS packages_plain")
            connection.execute(CREATE_PLAIN)
            _insert(connection, bench.data, "packages_plain", with_vectors=False)
            if server.name == "PostgreSQL":
                connection.execute("VACUUM ANALYZE packages_plain")

    def once(self, bench, server):
        return run_pgbench(bench.pgbench, server, self.script, bench.seconds, {"rows": len(bench.data)})


class UniqueWrites(Measure):
    """Many rows of a table with a secondary unique index in one statement: all inserted, then all given other keys."""

    key, title, unit, budget = "unique", "bulk insert and update under a unique index", "rows/s", 1.0
    rows = 20_000

    def once(self, bench, server):
        with server.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS packages_unique")
            connection.execute("CREATE TABLE packages_unique (id bigint PRIMARY KEY, name text UNIQUE, size int)")
            numbers = f"generate_series(1, {self.rows}) AS n"
            started = time.perf_counter()
            connection.execute(f"INSERT INTO packages_unique SELECT n, 'package ' || n, n FROM {numbers}")
            connection.execute("UPDATE packages_unique SET name = name || '-renamed'")
            seconds = time.perf_counter() - started
            (renamed,) = connection.execute(
                "SELECT count(DISTINCT name) FROM packages_unique WHERE name LIKE '%-renamed'"
            ).fetchone()
            if renamed != self.rows:
                raise RuntimeError(f"{server.name} renamed {renamed} of {self.rows} rows")
        return 2 * self.rows / seconds


class GroupBy(Measure):
    key, title, unit, budget, more_is_better = "group-by", "group-by over all entries", "ms", 1.0, False

    def prepare(self, bench, server):
        with server.connect() as connection:
            if server.name == "PostgreSQL":
                connection.execute("VACUUM ANALYZE packages")
            sections = {fact["section"] for fact in bench.data.facts}
            rows = connection.execute(GROUP_BY).fetchall()
            if len(rows) != len(sections) or sum(row[1] for row in rows) != len(bench.data):
                raise RuntimeError(f"{server.name} answered the group-by wrongly")

    def once(self, bench, server):
        with server.wire() as wire:
            wire.prepare("groups", GROUP_BY)
            prepared = execution("groups", [])
            wire.execute(prepared)
            times = []
            ending = time.perf_counter() + bench.seconds
            while time.perf_counter() < ending:
                started = time.perf_counter()
                wire.execute(prepared)
                times.append(time.perf_counter() - started)
        return sorted(times)[len(times) // 2] * 1000


class Restart(Measure):
    key, title, unit, budget, more_is_better = "restart", "first nearest answered after a restart", "s", 1.0, False
    limit = 0.5

    def once(self, bench, server):
        query = f"SELECT id FROM packages ORDER BY v <#> '{bench.data.vector_text(0)}' LIMIT {NEAREST}"
        server.stop()
        server.start()
        return server.wait_for(query)


def measures() -> list[Measure]:
    """In the order in which they run: loading first, restarting last."""
    return [
        Load(),
        Index(),
        Nearest(None),
        *[Nearest(bucket_below) for bucket_below in (1, 10, 100, 500)],
        Script("point", "point select, pgbench prepared, 8 clients"),
        Script("update", "durable single-row update, 8 clients"),
        Script("upsert", "durable single-row upsert, 8 clients"),
        UniqueWrites(),
        GroupBy(),
        Restart(),
    ]


def _copy_text(data: Dataset, start: int) -> bytes:
    lines = []
    for row in data.plain_rows[start : start + INSERT_BATCH]:
        lines.append("\t".join([*(r"\N" if value is None else str(value) for value in row), data.vector_text(row[0])]))
    return ("\n".join(lines) + "\n").encode()


def _insert(connection: psycopg.Connection, data: Dataset, table: str, with_vectors: bool) -> None:
    places = "%s, %s, %s, %s, %s" + (", %s::vector" if with_vectors else "")
    for start in range(0, len(data), INSERT_BATCH):
        rows = data.plain_rows[start : start + INSERT_BATCH]
        if with_vectors:
            rows = [(*row, data.vector_text(row[0])) for row in rows]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


FAILURES = (psycopg.Error, WireError, OSError, RuntimeError, struct.error)
