"""Dumps this server with pg_dump of PostgreSQL 18 and restores it there, and a dump of PostgreSQL here.

    scripts/test-dumps

`tables.sql` is made on this server, dumped, and restored into PostgreSQL, where nothing may fail and every table and view must hold
the same; what PostgreSQL dumps of that is restored into another server of ours under the same terms. A dump of what was
restored here must go into PostgreSQL as well, and make the same as the first one. Plain dumps go through psql, those in the custom format through pg_restore.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "benches"))

from servers import Nebulus, Postgres, Server

SECONDS_MAX = 120
# What each server is made with, which a dump of ours has and nobody restores: its memories.
BUILT_IN = ("--exclude-table=public.memory",)
RELATIONS = {
    "shop.customers": "id, name, email, number, joined, feels, felt, near, mood_text",
    "items": "id, title, price, tags, facts, embedding, code, total, day, is_old, size, sizes",
    "orders": "item, customer, amount, note",
    "sold": "title, amount",
    "best": "title, amount",
    "shop.named": "name",
    "moods": "id, feels",
    "hidden": "id",
    "rates": "id, rate, mail",
    "shop.totals": "title, twice",
}
# What restored tables must still do: defaults, identity, sequences, and what they refuse.
GOES_ON = (
    ("INSERT INTO shop.customers (name) VALUES ('new') RETURNING id, number", [(4, 25)]),
    ("INSERT INTO items (price) VALUES (3) RETURNING id, title, total, is_old", [(3, "none", 6, False)]),
    ("SELECT size::text, size > 'small' FROM items WHERE id = 1", [("huge", True)]),
    ("SELECT col_description('shop.customers'::regclass, 3)", [("at most one each",)]),
    ("INSERT INTO items (price) VALUES (-1)", "23514"),
    ("INSERT INTO items (title) VALUES (NULL)", "23502"),
    ("INSERT INTO rates (id) VALUES (4) RETURNING rate::text, mail", [("50.00", "a@b")]),
    ("INSERT INTO rates VALUES (5, 101)", "23514"),
    ("INSERT INTO rates VALUES (5, 1, NULL)", "23502"),
    ("SELECT * FROM unfilled", "55000"),
    ("INSERT INTO shop.totals VALUES ('x', 1)", "42809"),
    ("INSERT INTO orders VALUES (9, 1)", "23503"),
    ("INSERT INTO shop.customers (name, email) VALUES ('again', 'ada@x')", "23505"),
)


class Failed(Exception):
    """A program failed, or two servers differ."""


def run(program: Path, *arguments: str, given: bytes = b"") -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [program, *arguments], input=given, capture_output=True, timeout=SECONDS_MAX, env=environment, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{program.name} {' '.join(arguments)}: {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def contents(server: Server) -> dict[str, list[tuple[str, ...]]]:
    """The rows of each relation as texts, in one order."""
    found = {}
    with server.connect() as connection:
        connection.execute("SET search_path TO public, shop")
        for relation, columns in RELATIONS.items():
            texts = ", ".join(f"({column})::text" for column in columns.split(", "))
            rows = connection.execute(f"SELECT {texts} FROM {relation}").fetchall()
            found[relation] = sorted(rows, key=repr)
    return found


def check_same(one: Server, other: Server) -> None:
    theirs, ours = contents(one), contents(other)
    for relation in RELATIONS:
        if theirs[relation] != ours[relation]:
            raise Failed(f"{relation}: {one.name} has {theirs[relation]}, {other.name} {ours[relation]}")


def check_goes_on(server: Server) -> None:
    import psycopg

    with server.connect() as connection:
        for statement, expected in GOES_ON:
            try:
                found = connection.execute(statement)
                found = found.fetchall() if found.description else []
            except psycopg.Error as error:
                found = error.sqlstate
            if found != expected:
                raise Failed(f"{server.name}: {statement}: {found}, not {expected}")


def named(dump: bytes) -> list[str]:
    """What a dump makes, by kind and name."""
    return sorted(re.findall(r"(?m)^-- Name: (.*); Owner", dump.decode()))


def main() -> int:
    work = Path(tempfile.mkdtemp(prefix="dumps-"))
    work.chmod(0o755)
    places = [work / name for name in ("one", "two", "three")]
    for place in places:
        place.mkdir()
        place.chmod(0o755)
    binary = os.environ["NEBULUSDB_BIN"]
    first, second, theirs = Nebulus(places[0], binary), Nebulus(places[1], binary), Postgres(places[2], "128MB")
    servers = (first, second, theirs)
    try:
        for server in servers:
            server.start()
            server.create()
        programs = theirs.bin
        dump, psql, restore = (programs / name for name in ("pg_dump", "psql", "pg_restore"))
        stop = ("-v", "ON_ERROR_STOP=1", "-q")
        run(psql, *stop, "-f", str(HERE / "tables.sql"), first.url)

        ours = run(dump, *BUILT_IN, "--no-owner", first.url)
        run(psql, *stop, theirs.url, given=ours)
        check_same(first, theirs)

        of_postgres = run(dump, "--format=custom", "--no-owner", theirs.url)
        run(restore, "--exit-on-error", "--no-owner", "--dbname", second.url, given=of_postgres)
        check_same(theirs, second)

        again = run(dump, *BUILT_IN, "--no-owner", second.url)
        run(psql, *stop, "-c", "CREATE DATABASE again", theirs.url)
        run(psql, *stop, theirs.url.rsplit("/", 1)[0] + "/again", given=again)
        check_goes_on(theirs)
        check_goes_on(second)
        names, names_again = named(ours), named(again)
        if names != names_again:
            raise Failed(f"dumped first: {names}\ndumped again: {names_again}")
    except Failed as error:
        print(f"dumps: {error}", file=sys.stderr)
        return 1
    finally:
        for server in servers:
            server.stop()
    print(f"dumps: {len(RELATIONS)} relations went to PostgreSQL and back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
