"""DuckDB's part of the aggregates of `make bench-peers`: its own table of the same rows, in this process, in memory.

`python peer_duckdb.py` reads from standard input {"data": folder or null, "rows": number or null, "statements": {key: SQL}}
and prints a line of JSON for each statement and number of threads.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path

import dataset
import duckdb
import pyarrow

ROOT = Path(__file__).resolve().parent.parent
RUNS_MIN = 20
MEASURED_SECONDS_MIN = 1.0


def table(data: dataset.Dataset) -> pyarrow.Table:
    names = ("id", "name", "section", "bucket", "region", "installed_size")
    columns = dict(zip(names, map(list, zip(*data.plain_rows))))
    types = (pyarrow.int64(), pyarrow.string(), pyarrow.string(), pyarrow.int32(), pyarrow.int32(), pyarrow.int32())
    arrays = {name: pyarrow.array(columns[name], kind) for name, kind in zip(names, types)}
    return pyarrow.table({**arrays, "facts": pyarrow.array([json.dumps(fact) for fact in data.facts])})


def median_ms(connection: duckdb.DuckDBPyConnection, statement: str) -> float:
    """Prepared, as our server is asked."""
    connection.execute(f"PREPARE measured AS {statement}")
    took: list[float] = []
    while len(took) < RUNS_MIN or sum(took) < MEASURED_SECONDS_MIN:
        started = time.perf_counter()
        connection.execute("EXECUTE measured").fetchall()
        took.append(time.perf_counter() - started)
    connection.execute("DEALLOCATE measured")
    return 1000 * statistics.median(took)


def main() -> int:
    asked = json.load(sys.stdin)
    folder = Path(asked["data"]) if asked["data"] else None
    rows = table(dataset.read(ROOT, folder, asked["rows"]))
    connection = duckdb.connect()
    connection.register("rows", rows)
    connection.execute("CREATE TABLE packages AS SELECT * REPLACE (facts::JSON AS facts) FROM rows")
    connection.unregister("rows")
    for threads in sorted({1, os.cpu_count() or 1}):
        connection.execute(f"SET threads = {threads}")
        for key, statement in asked["statements"].items():
            found = connection.execute(statement).fetchall()
            line = {"line": "analysis", "key": key, "threads": threads, "version": f"duckdb {duckdb.__version__}"}
            print(
                json.dumps({**line, "ms": median_ms(connection, statement), "answer": found}, default=float), flush=True
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
