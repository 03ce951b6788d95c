"""The rows of the comparison: what is done to each server, and how it is counted.

A measure returns one number per call; `compare.py` calls it for one server and then the other, several times, and takes
medians. What a measure must prepare once for a server it does in `prepare`, before any clock starts.
"""

import json
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import psycopg
from dataset import NEAREST, Dataset, Filter
from servers import DATABASE, USER, Server, run_pgbench
from wire import Wire, WireError, beginning, execution, length_before, vector

# Where a width reaches the recall in the mean of the queries asked while it was looked for, others may fall short by so much.
RECALL_MARGIN = 0.002
RECALL_OF_PGVECTOR = 0.95
TUNE_QUERIES = 200
TUNE_SECONDS = 8
EF_SEARCH = (10, 16, 24, 32, 40, 48, 64, 80, 100, 130, 160, 200, 260, 340, 440, 600, 800)
EF_SEARCH_FILTERED = (16, 40, 80, 160, 320, 640)
INSERT_BATCH = 1000
COPY_BYTES = 1 << 22

COLUMNS = "id bigint PRIMARY KEY, name text, section text, bucket int, region int, installed_size int"
CREATE_PACKAGES = f"CREATE TABLE packages ({COLUMNS}, facts jsonb, v vector(384))"
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
        "INSERT INTO packages_plain (id, name, section, bucket, region, installed_size) VALUES (:id, 'x', 'y', 1, 1, :size) "
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

    def load(
        self, server: Server, settings: list[str], statement: str, executions: list[bytes], connections: int,
        once: bool = False,
    ) -> dict:  # fmt: skip
        """What the client in machine code counts with these executions of the statement, which is prepared as `nearest`."""
        client = self.work / "load_client"
        if not client.exists():
            source = Path(__file__).with_name("load_client.rs")
            subprocess.run(["rustc", "-O", "--edition", "2024", source, "-o", client], check=True, timeout=120)
        messages = self.work / f"messages-{threading.get_ident()}"
        begun = b"".join(length_before(part) for part in beginning(USER, DATABASE, settings, "nearest", statement))
        messages.write_bytes(b"".join(length_before(part) for part in [begun, *executions]))
        command = [client, f"127.0.0.1:{server.port}", messages, str(connections), str(self.seconds)]
        ran = subprocess.run(
            command + ["--once"] * once, capture_output=True, text=True, timeout=self.seconds + 60
        )  # fmt: skip
        if ran.returncode != 0:
            raise RuntimeError(f"load_client: {ran.stderr.strip()[-400:]}")
        return json.loads(ran.stdout)


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
        self.path = bench.work / "packages.copy"
        if self.path.exists():
            return
        # In a file: a million rows are five gigabytes.
        with open(self.path, "wb") as file:
            for start in range(0, len(bench.data), INSERT_BATCH):
                file.write(_copy_text(bench.data, start))

    def once(self, bench, server):
        with server.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS packages")
            connection.execute(CREATE_PACKAGES)
            started = time.perf_counter()
            try:
                with connection.cursor().copy("COPY packages FROM STDIN") as copy, open(self.path, "rb") as file:
                    while chunk := file.read(COPY_BYTES):
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

    def __init__(self, limit: float | None = None):
        self.limit = limit

    def once(self, bench, server):
        with server.connect() as connection:
            connection.execute("DROP INDEX IF EXISTS packages_v")
            started = time.perf_counter()
            connection.execute(CREATE_INDEX)
            return time.perf_counter() - started


class Nearest(Measure):
    """Nearest 10, in whole or among the rows of a filter."""

    unit = "queries/s"

    def __init__(
        self, key: str, title: str, budget: float, recall: float,
        filtered: Filter | None = None, connections: int = 1, with_btree: bool = False,
    ):  # fmt: skip
        self.key, self.title, self.budget, self.recall = key, title, budget, recall
        self.filtered, self.connections, self.with_btree = filtered, connections, with_btree
        self.settings: dict[str, list[str]] = {}
        self.reached: dict[str, float] = {}

    @property
    def statement(self) -> str:
        condition = ""
        if self.filtered is not None:
            condition = f"WHERE {self.filtered.column} >= $2 AND {self.filtered.column} < $3 "
            if self.filtered.where == "first":
                condition = f"WHERE {self.filtered.column} < {self.filtered.width} "
        return f"SELECT id FROM packages {condition}ORDER BY v <#> $1 LIMIT {NEAREST}"

    def parameters(self, bench: Bench, query: int) -> list[bytes]:
        bounds = []
        if self.filtered is not None and self.filtered.where != "first":
            bounds = [struct.pack(">i", bound) for bound in self.filtered.bounds(bench.data, query)]
        return [vector(bench.data.queries[query]), *bounds]

    def recall_of(self, server: Server) -> float:
        """What it is to reach: pgvector is not asked for more than it is usually run with where a filter is."""
        return self.recall if self.filtered is None or server.name != "PostgreSQL" else RECALL_OF_PGVECTOR

    def prepare(self, bench, server):
        """Finds the smallest ef_search that reaches the recall; else keeps the best one seen."""
        queries = range(len(bench.data.queries))
        self.executions = [execution("nearest", self.parameters(bench, query)) for query in queries]
        with server.connect() as connection:
            if self.with_btree:
                connection.execute("CREATE INDEX IF NOT EXISTS packages_bucket ON packages (bucket)")
            if server.name == "PostgreSQL":
                connection.execute("ANALYZE packages")
        wanted = self.recall_of(server)
        best = (-1.0, [])
        for ef_search in EF_SEARCH if self.filtered is None else EF_SEARCH_FILTERED:
            settings = [f"SET hnsw.ef_search = {ef_search}"]
            if server.name == "PostgreSQL" and self.filtered is not None:
                settings.append("SET hnsw.iterative_scan = relaxed_order")
            best = max(best, (self._recall(bench, server, settings), settings), key=lambda pair: pair[0])
            if best[0] >= min(wanted + RECALL_MARGIN, 1.0):
                break
        self.reached[server.name], self.settings[server.name] = best

    def once(self, bench, server):
        settings = self.settings[server.name]
        ran = bench.load(server, settings, self.statement, self.executions, self.connections)
        share = 100 * ran["client_cpu_s"] / ran["seconds"]
        ef_search = settings[0].rsplit(" ", 1)[1]
        words = f"ef {ef_search}, recall {self.reached[server.name]:.3f}, p50 {ran['p50_us'] / 1000:.2f} ms"
        bench.note(server, self, words + (f", client {share:.0f} % of a core" if self.connections > 1 else ""))
        return ran["executions"] / ran["seconds"]

    def _recall(self, bench: Bench, server: Server, settings: list[str]) -> float:
        """The recall over the first queries."""
        with server.wire() as wire:
            for setting in settings:
                wire.simple(setting)
            wire.prepare("nearest", self.statement)
            answers: dict[int, list[int]] = {}
            ending = time.perf_counter() + TUNE_SECONDS
            for query in range(min(TUNE_QUERIES, len(self.executions))):
                answers[query] = [struct.unpack(">q", row[0])[0] for row in wire.execute(self.executions[query])]
                if time.perf_counter() > ending:
                    break
        return bench.data.recall(answers, self.filtered)


class Short(Measure):
    """A short statement on one connection."""

    unit, more_is_better = "us", False

    def __init__(self, key: str, title: str, budget: float, statement: str, parameters: list[list[bytes]]):
        self.key, self.title, self.budget = key, title, budget
        self.statement, self.parameter_lists = statement, parameters

    def once(self, bench, server):
        executions = [execution("nearest", parameters) for parameters in self.parameter_lists]
        return bench.load(server, [], self.statement, executions, 1)["p50_us"]


class InsertIndexed(Measure):
    """Rows with vectors, one a transaction, into the table with the vector index."""

    key, title, unit, budget = "insert", "insert with the vector index in place, 8 connections", "rows/s", 2.0
    rows = 40_000
    first = 10_000_000

    def once(self, bench, server):
        statement = "INSERT INTO packages (id, name, bucket, v) VALUES ($1, 'new', 5000, $2)"
        done = self.done = getattr(self, "done", 0) + self.rows
        vectors = bench.data.vectors
        executions = [
            execution("nearest", [struct.pack(">q", self.first + done + row), vector(vectors[row * 7919 % len(vectors)])])
            for row in range(self.rows)
        ]
        ran = bench.load(server, [], statement, executions, 8, once=True)
        bench.note(server, self, f"p50 {ran['p50_us'] / 1000:.2f} ms")
        return ran["executions"] / ran["seconds"]


class Serving(Nearest):
    """Nearest queries on one connection, while another one puts rows with vectors, each a transaction, without a pause."""

    writes = 20_000
    first = 20_000_000

    def __init__(self):
        super().__init__("serving", "nearest 10, recall .95, while a connection inserts", 7.0, 0.95)

    def once(self, bench, server):
        # Those that come round again replace what they put.
        statement = (
            "INSERT INTO packages (id, name, bucket, v) VALUES ($1, 'new', 5000, $2) ON CONFLICT (id) DO UPDATE SET v = excluded.v"
        )
        vectors = bench.data.vectors
        executions = [
            execution("nearest", [struct.pack(">q", self.first + row), vector(vectors[row * 7919 % len(vectors)])])
            for row in range(self.writes)
        ]
        written: list = []

        def write() -> None:
            try:
                written.append(bench.load(server, [], statement, executions, 1))
            except (RuntimeError, OSError, subprocess.SubprocessError) as failure:
                written.append(failure)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            asked = super().once(bench, server)
        finally:
            writer.join()
        if isinstance(written[0], Exception):
            raise RuntimeError(f"the connection that inserts: {written[0]}")
        words = bench.notes[(server.name, self.key)]
        bench.note(server, self, f"{words}, {written[0]['executions'] / written[0]['seconds']:,.0f} rows/s inserted")
        return asked


class Memory(Measure):
    """What the server holds after all that was before, its mapped files aside."""

    key, title, unit, budget, more_is_better = "memory", "memory after load, index and queries (anonymous)", "MB", 1.0, False

    def __init__(self, limit: float):
        self.limit = limit

    def once(self, bench, server):
        anonymous, shared, files = server.memory_mb()
        bench.note(server, self, f"and {shared:.0f} MB shared, {files:.0f} MB of mapped files")
        return anonymous


class Script(Measure):
    """A pgbench script: prepared statements, so many clients on 2 threads."""

    unit, budget = "1/s", 1.1

    def __init__(self, script: str, title: str, clients: int):
        self.key = script if clients == 8 else f"{script}-{clients}"
        self.text, self.clients = SCRIPTS[script], clients
        self.title = f"{title}, pgbench prepared, {clients} client{'s' if clients > 1 else ''}"

    def prepare(self, bench, server):
        self.script = bench.work / f"{self.key}.sql"
        self.script.write_text(self.text)
        if "packages_plain" not in self.text:
            return
        with server.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS packages_plain")
            connection.execute(CREATE_PLAIN)
            _insert(connection, bench.data, "packages_plain", with_vectors=False)
            if server.name == "PostgreSQL":
                connection.execute("VACUUM ANALYZE packages_plain")

    def once(self, bench, server):
        return run_pgbench(bench.pgbench, server, self.script, bench.seconds, self.clients, {"rows": len(bench.data)})


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


class Analysis(Measure):
    """A statement over all entries, prepared."""

    unit, budget, more_is_better = "ms", 10.0, False

    def __init__(self, key: str, title: str, statement: str):
        self.key, self.title, self.statement = key, title, statement
        self.answers: dict[str, list] = {}

    def prepare(self, bench, server):
        with server.connect() as connection:
            if server.name == "PostgreSQL":
                connection.execute("VACUUM ANALYZE packages")
            self.answers[server.name] = [_comparable(row) for row in connection.execute(self.statement).fetchall()]
        if len(set(map(str, self.answers.values()))) > 1:
            raise RuntimeError(f"the servers answer {self.key} differently")

    def once(self, bench, server):
        return bench.load(server, [], self.statement, [execution("nearest", [])], 1)["p50_us"] / 1000


class Restart(Measure):
    key, title, unit, budget, more_is_better = "restart", "first nearest answered after a restart", "s", 1.0, False

    def __init__(self, limit: float):
        self.limit = limit

    def once(self, bench, server):
        query = f"SELECT id FROM packages ORDER BY v <#> '{bench.data.vector_text(0)}' LIMIT {NEAREST}"
        server.stop()
        server.start()
        return server.wait_for(query)


# Of a thousand buckets; the factor that is asked for without and with a B-tree on the column, and our own recall.
SHARES = ((1, 50.0, 1.0, 1.0), (10, 50.0, 1.5, 1.0), (100, 8.0, 5.0, 1.0), (500, 7.0, 7.0, 0.97))


def _nearest() -> list[Measure]:
    rows: list[Measure] = []
    for percent in (95, 99):
        for connections in (1, 8):
            key = "nearest" + ("-99" if percent == 99 else "") + (f"-{connections}" if connections > 1 else "")
            title = f"nearest 10, recall .{percent}, {connections} connection{'s' if connections > 1 else ''}"
            rows.append(Nearest(key, title, 7.0, percent / 100, connections=connections))
    for kind, where, words in (
        ("filtered", "first", "a filter"),
        ("near", "near", "a filter, which are near the query"),
        ("far", "far", "a filter, which are far from the query"),
    ):
        for width, budget, _, recall in SHARES:
            filtered = Filter(f"{kind}-{width / 10:g}", "bucket" if where == "first" else "region", width, where)
            rows.append(Nearest(filtered.name, f"nearest 10 among the {width / 10:g} % that match {words}", budget, recall, filtered))
    for width, _, budget, recall in SHARES:
        filtered = Filter(f"filtered-{width / 10:g}", "bucket", width)
        title = f"nearest 10 among the {width / 10:g} % that match a filter with a B-tree"
        rows.append(Nearest(f"btree-{width / 10:g}", title, budget, recall, filtered, with_btree=True))
    return rows


# What of the rows is measured over the varied million.
OF_THE_MILLION = (
    "load", "nearest", "nearest-8", "nearest-99", "nearest-99-8", "filtered-0.1", "filtered-1", "filtered-10", "filtered-50",
    "group-by", "count", "json", "top-n",
)  # fmt: skip
MILLION_SECONDS_MAX = 7200


def measures_of_the_million() -> list[Measure]:
    rows = [row for row in measures() if row.key in OF_THE_MILLION]
    rows.insert(1, Index(limit=60.0))
    # What is put into the table is none of the exact answers: nothing is searched for its recall after these.
    rows += [Serving(), InsertIndexed(), Memory(limit=1300.0), Restart(limit=0.5)]
    for row in rows:
        row.seconds_max = MILLION_SECONDS_MAX
    return rows


def measures() -> list[Measure]:
    """In the order in which they run: loading first, restarting last."""
    scripts = (("point", "point select"), ("update", "durable single-row update"), ("upsert", "durable single-row upsert"))
    return [
        Load(),
        Index(),
        *_nearest(),
        Short("select-1", "SELECT 1, 1 connection, median", 1.0, "SELECT 1", [[]]),
        *[Script(script, title, clients) for script, title in scripts for clients in (1, 8)],
        UniqueWrites(),
        Analysis("group-by", "group-by over all entries", GROUP_BY),
        Analysis("count", "filtered count", "SELECT count(*) FROM packages WHERE bucket < 300 AND installed_size > 500"),
        Analysis("json", "count by a fact in JSON", "SELECT count(*) FROM packages WHERE (facts->>'section') = 'python'"),
        Analysis(
            "top-n", "the ten greatest", "SELECT id, installed_size FROM packages ORDER BY installed_size DESC NULLS LAST, id LIMIT 10"
        ),
        InsertIndexed(),
        Memory(limit=250.0),
        Restart(limit=0.1),
    ]


def _comparable(row: tuple) -> list[str]:
    """A row without the digits in which an average of one server is longer than that of the other."""
    return [f"{float(value):.9g}" if isinstance(value, (int, float, Decimal)) else str(value) for value in row]


def _copy_text(data: Dataset, start: int) -> bytes:
    lines = []
    for row in data.plain_rows[start : start + INSERT_BATCH]:
        facts = json.dumps(data.facts[row[0]]).replace("\\", "\\\\")
        values = [*(r"\N" if value is None else str(value) for value in row), facts, data.vector_text(row[0])]
        lines.append("\t".join(values))
    return ("\n".join(lines) + "\n").encode()


def _insert(connection: psycopg.Connection, data: Dataset, table: str, with_vectors: bool) -> None:
    places = "%s, %s, %s, %s, %s, %s" + (", %s::jsonb, %s::vector" if with_vectors else "")
    for start in range(0, len(data), INSERT_BATCH):
        rows = data.plain_rows[start : start + INSERT_BATCH]
        if with_vectors:
            rows = [(*row, json.dumps(data.facts[row[0]]), data.vector_text(row[0])) for row in rows]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


FAILURES = (psycopg.Error, WireError, OSError, RuntimeError, struct.error)
