"""The two servers with a fresh database for each file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "benches"))

from answers import Lost, Side
from servers import DATABASE, USER, Nebulus, Postgres

# A command of psql ends after so many seconds.
PSQL_SECONDS_MAX = 20


class Worlds:
    """PostgreSQL with a database, and NebulusDB with a data directory, each as it was after `keep`, for each file anew."""

    def __init__(self, work: Path, binary: str):
        self.work = work
        self.postgres = Postgres(work, memory="128MB")
        self.postgres.start()
        self.postgres.create()
        self.nebulus = Nebulus(work, binary)
        self.log = self.nebulus.work / "server.log"
        self.theirs: Side | None = None
        self.ours: Side | None = None
        self.psql = self.postgres.bin / "psql"

    def _admin(self, statement: str) -> None:
        connection = Side("PostgreSQL", f"postgresql://{USER}@127.0.0.1:{self.postgres.port}/postgres")
        connection.ask("SET statement_timeout = 0")
        answer = connection.ask(statement)[-1]
        connection.close()
        if answer.sqlstate:
            raise SystemExit(f"compat: {statement}: {answer.shown()}")

    def their_url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.postgres.port}/file"

    def begin(self, kept: str | None = None) -> None:
        """Fresh databases, or such as were kept under a name; each is spoken to by a connection of its own."""
        self._admin("DROP DATABASE IF EXISTS file WITH (FORCE)")
        self._admin(f"CREATE DATABASE file TEMPLATE {kept or DATABASE}")
        self.theirs = Side("PostgreSQL", self.their_url())
        data = self.nebulus.work / "data"
        shutil.rmtree(data, ignore_errors=True)
        if kept:
            shutil.copytree(self.nebulus.work / kept, data)
        self.start_ours()
        self.ours.ask("CREATE EXTENSION IF NOT EXISTS vector")

    def start_ours(self) -> None:
        self.nebulus.stop()
        self.nebulus.start()
        self.nebulus.create()
        self.ours = Side("NebulusDB", self.nebulus.url)

    def reconnect(self) -> None:
        self.theirs.close()
        self.ours.close()
        self.theirs.connect()
        try:
            self.ours.connect()
        except Lost:
            self.start_ours()

    def end(self) -> None:
        self.theirs.close()
        self.ours.close()
        self.nebulus.stop()

    def keep(self, name: str) -> None:
        """Ends the file, and keeps its databases under a name."""
        self.end()
        self._admin(f"CREATE DATABASE {name} TEMPLATE file")
        shutil.copytree(self.nebulus.work / "data", self.nebulus.work / name)

    def command(self, line: str) -> tuple[str, str]:
        """What psql prints for one of its commands about each server."""
        return self._psql(self.their_url(), line), self._psql(self.nebulus.url, line)

    def _psql(self, url: str, line: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        try:
            done = subprocess.run(
                [self.psql, "-X", "-q", "-v", "VERBOSITY=terse", url], input=line + "\n", capture_output=True, text=True,
                timeout=PSQL_SECONDS_MAX, env={**environment, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "no answer"
        return done.stdout + done.stderr

    def stop(self) -> None:
        self.nebulus.stop()
        self.postgres.stop()
