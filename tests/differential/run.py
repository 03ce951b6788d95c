"""Sends random statements to PostgreSQL 18 and to this server, and shrinks what differs.

    scripts/test-differential                                2,000 statements, the same ones every time
    scripts/test-differential --statements 100000 --seed 7   more of them, others

Both servers hold the same two tables (`tables.py`). A statement is generated (`generate.py`), sent to both, half of the
time with parameters in place of its literals, and the answers are compared (`answers.py`); after a write the whole
tables are. What differs is shrunk (`tree.py`) on copies of the tables as they were, and looked up in `known.txt`.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "benches"))

import known as known_differences
import tables
from answers import Answer, Side, difference
from generate import Generator
from servers import Nebulus, Postgres
from tree import Node, smaller

# Statements between new contents of the tables.
BATCH = 100
# Attempts at shrinking one difference, at most.
SHRINK_STEPS_MAX = 600
# Differences that are shrunk and printed, at most; all are counted.
PRINTED_MAX = 40

Contents = dict[str, list[dict[str, str | None]]]


@dataclass(frozen=True)
class How:
    """How a statement is sent, and whether the order of its rows counts."""

    is_ordered: bool
    with_parameters: bool
    # Writes alone: in a block that rolls back, so that what the tables hold stays interesting.
    in_block: bool


class Pair:
    """The two servers, with the same contents."""

    def __init__(self, theirs: Side, ours: Side):
        self.theirs, self.ours = theirs, ours
        for side in (theirs, ours):
            side.ask("CREATE EXTENSION IF NOT EXISTS vector")
            for table in tables.TABLES:
                side.do(f"DROP TABLE IF EXISTS {table}")
                side.do(tables.create(table))
        self.contents: Contents = {}

    def fill(self, contents: Contents) -> None:
        for side in (self.theirs, self.ours):
            side.do("BEGIN")
            for table, rows in contents.items():
                side.do(f"DELETE FROM {table}")
                if rows:
                    side.do(tables.insert(table, rows))
            side.do("COMMIT")
        self.contents = contents

    def compare(self, node: Node, how: How) -> tuple[str | None, Answer, Answer]:
        """Runs one statement on both; for a write that both did, the tables count as its answer."""
        statement, parameters = node.with_parameters() if how.with_parameters else (node.text(), [])
        is_write = node.kind != "select"
        if is_write and how.in_block:
            self.both("BEGIN")
        theirs, ours = self.theirs.ask(statement, parameters), self.ours.ask(statement, parameters)
        found = difference(theirs, ours, how.is_ordered)
        if is_write and not theirs.sqlstate and not ours.sqlstate:
            after = [self.dump(side) for side in (self.theirs, self.ours)]
            if found is None or found in ("type", "scale", "sign"):
                for table in tables.TABLES:
                    in_table = difference(after[0][table], after[1][table], is_ordered=True)
                    if in_table is not None:
                        found, theirs, ours = in_table, after[0][table], after[1][table]
                        break
            if not how.in_block:
                self.contents = {table: _rows(answer) for table, answer in after[0].items()}
        if is_write and how.in_block:
            self.both("ROLLBACK")
        return found, theirs, ours

    def both(self, statement: str) -> None:
        for side in (self.theirs, self.ours):
            side.do(statement)

    def dump(self, side: Side) -> dict[str, Answer]:
        return {table: side.ask(f"SELECT {', '.join(tables.COLUMNS)} FROM {table} ORDER BY id") for table in tables.TABLES}


def _rows(answer: Answer) -> list[dict[str, str | None]]:
    return [dict(zip(tables.COLUMNS, row, strict=True)) for row in answer.rows]


def shrink(pair: Pair, node: Node, contents: Contents, kind: str, how: How):
    """The smallest statement and contents found that still differ in the same kind of way."""
    steps = 0

    def still(candidate: Node, rows: Contents):
        nonlocal steps
        steps += 1
        pair.fill(rows)
        found, theirs, ours = pair.compare(candidate, how)
        return (theirs, ours) if found == kind else None

    answers = still(node, contents)
    if answers is None:
        return node, contents, None
    is_smaller = True
    while is_smaller and steps < SHRINK_STEPS_MAX:
        is_smaller = False
        for candidate in smaller(node):
            if steps >= SHRINK_STEPS_MAX:
                break
            found = still(candidate, contents)
            if found is not None:
                node, answers, is_smaller = candidate, found, True
                break
        if is_smaller:
            continue
        for table in tables.TABLES:
            for index in range(len(contents[table])):
                if steps >= SHRINK_STEPS_MAX:
                    break
                fewer = {**contents, table: contents[table][:index] + contents[table][index + 1 :]}
                found = still(node, fewer)
                if found is not None:
                    contents, answers, is_smaller = fewer, found, True
                    break
    return node, contents, answers


class Run:
    """Counts, and what is printed at the end."""

    def __init__(self, options: argparse.Namespace, pair: Pair):
        self.options, self.pair = options, pair
        self.known = known_differences.read(HERE / "known.txt")
        self.found: Counter = Counter()
        self.unknown: Counter = Counter()
        self.printed: set[str] = set()

    def statements(self) -> None:
        generator = None
        for number in range(self.options.statements):
            if number % BATCH == 0:
                chance = random.Random(f"{self.options.seed}/{number // BATCH}")
                generator = Generator(chance)
                self.pair.fill(tables.contents(chance))
            node, is_ordered = generator.statement()
            how = How(is_ordered, generator.chance.randrange(2) == 0, generator.chance.randrange(4) > 0)
            before = self.pair.contents
            kind, theirs, ours = self.pair.compare(node, how)
            if kind is not None:
                self.report(node, before, kind, how, theirs, ours)
                self.pair.fill(self.pair.contents if kind in ("type", "scale", "sign") else before)

    def report(self, node, before, kind, how, theirs, ours) -> None:
        self.found[kind] += 1
        line = known_differences.find(self.known, kind, node.text(), ours.shown())
        if line is None and len(self.printed) < PRINTED_MAX:
            after = self.pair.contents
            node, contents, answers = shrink(self.pair, node, before, kind, how)
            self.pair.contents = after
            if answers is not None:
                theirs, ours = answers
            line = known_differences.find(self.known, kind, node.text(), ours.shown())
            if line is None:
                self.print(node, contents, kind, how, theirs, ours)
        if line is not None:
            line.count += 1
        else:
            self.unknown[kind] += 1

    def print(self, node, contents, kind, how, theirs, ours) -> None:
        statement = node.text()
        if statement in self.printed:
            return
        self.printed.add(statement)
        print(f"\n=== {kind}{' (literals as parameters)' if how.with_parameters else ''}\n{statement};")
        for table, rows in contents.items():
            if rows and table in statement:
                print(f"-- {tables.insert(table, rows)};")
        print(f"-- PostgreSQL: {theirs.shown()}\n-- here: {ours.shown()}", flush=True)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--statements", type=int, default=2_000, help="how many")
    parser.add_argument("--seed", default="1", help="which ones: a number or a word")
    parser.add_argument("--postgres", help="URL of a PostgreSQL with pgvector that runs; else one is started")
    parser.add_argument("--nebulus", help="URL of a server that runs; else NEBULUSDB_BIN is started")
    return parser.parse_args(arguments)


def main() -> int:
    options = options_of(sys.argv[1:])
    started, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="differential-") as folder:
        work = Path(folder)
        work.chmod(0o755)
        try:
            urls = []
            for name, given in (("postgres", options.postgres), ("nebulus", options.nebulus)):
                if given is None:
                    server = Postgres(work) if name == "postgres" else Nebulus(work, os.environ["NEBULUSDB_BIN"])
                    started.append(server)
                    server.start()
                    server.create()
                    given = server.url
                urls.append(given)
            run = Run(options, Pair(Side("PostgreSQL", urls[0]), Side("NebulusDB", urls[1])))
            run.statements()
        finally:
            for server in started:
                server.stop()
    for line in run.known:
        if line.count:
            print(f"known {line.count:6} {line.kind:8} {line.reason}")
    differing, unknown = sum(run.found.values()), sum(run.unknown.values())
    print(f"seed {options.seed}: {options.statements} statements in {time.monotonic() - began:.0f} s, {differing} differ "
          f"({differing - unknown} known), by kind: {dict(run.found)}; not known: {dict(run.unknown)}")  # fmt: skip
    print(f"{options.statements - unknown} passed, {unknown} failed")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
