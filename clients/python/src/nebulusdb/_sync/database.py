# Generated from _async/database.py by tools/unasync.py: edit that one.
"""A connection to a server, and what hangs on it."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import tuple_row

from nebulusdb._sync.changes import Subscription
from nebulusdb._sync.collection import Collection
from nebulusdb._sync.compat import Connection, RawCursor, Turn, in_thread, pause
from nebulusdb._sync.memory import MemoryCollection
from nebulusdb._sync.networks import Networks
from nebulusdb._sync.secrets import Secrets
from nebulusdb.adapters import register_vector
from nebulusdb.conninfo import explained, resolve
from nebulusdb.server import EmbeddedServer, start
from nebulusdb.entries import Change
from nebulusdb.errors import NebulusError
from nebulusdb.result import Column, Result
from nebulusdb.schema import VECTOR, Schema
from nebulusdb.statements import Metric, Statement, create_collection

T = TypeVar("T")
NOTICES_KEPT: Final = 100
_BACKOFF_SECONDS: Final = 0.01
_NUMBERED: Final = re.compile(r"\$[0-9]")


class Database:
    """An open connection to a NebulusDB server; `nebulusdb.connect()` makes one.

    Each statement is a transaction of its own, unless it stands in `transaction()`. Statements of several threads are run one
    after the other, and a transaction of one of them before those of others; whoever wants them side by side opens several
    connections. A connection that broke is made anew by the next
    statement outside of a transaction, and an embedded server that crashed is started again; the statement that met the break is
    not repeated.
    """

    def __init__(self, parameters: Mapping[str, Any], server: EmbeddedServer | None = None) -> None:
        self._parameters = dict(parameters)
        self._server = server
        self._connection: Connection[tuple[Any, ...]] | None = None
        self._turn = Turn()
        self._is_closed = False
        self._notices: deque[str] = deque(maxlen=NOTICES_KEPT)
        self._schemas: dict[str, Schema] = {}
        self.memory = MemoryCollection(self)
        self.networks = Networks(self)
        self.secrets = Secrets(self)

    @classmethod
    def connect(cls, url: str | None = None, *, password: str | None = None, **options: Any) -> Database:
        """Connects. Parameters are those of `nebulusdb.connect`."""
        database = cls(resolve(url, password, options))
        with database._session():
            pass
        return database

    @classmethod
    def embedded(cls, server: EmbeddedServer, **options: Any) -> Database:
        """Connects to an embedded server, which is let go of when the database is closed."""
        try:
            database = cls(resolve(server.url, server.password, options), server)
            with database._session():
                pass
        except BaseException:
            in_thread(server.close)
            raise
        return database

    def close(self) -> None:
        """Closes the connection, and stops an embedded server that nobody else uses. Closing twice does nothing."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()
        if self._server is not None:
            in_thread(self._server.close)

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

    @property
    def connection(self) -> Connection[tuple[Any, ...]]:
        """psycopg's connection, for what this client does not offer."""
        if self._connection is None:
            raise NebulusError("the database is not connected")
        return self._connection

    @property
    def notices(self) -> tuple[str, ...]:
        """The last notices of the server, the newest at the end."""
        return tuple(self._notices)

    def collection(self, name: str) -> Collection:
        """A collection by name. Whether it exists shows when it is used."""
        return Collection(self, name)

    def collections(self) -> list[str]:
        """The names of the collections."""
        rows = (self._run(Statement("SHOW COLLECTIONS"))).rows
        return [name for name, kind, *_ in rows if kind != "AUTH"]

    def create_collection(
        self,
        name: str,
        *,
        dimensions: int | None = None,
        metric: Metric = "cosine",
        columns: Mapping[str, str] | None = None,
        key: str = "text",
    ) -> Collection:
        """Makes a collection unless it is there: a key `id`, the columns by name and SQL type, facts in `metadata`, and with
        `dimensions` a column `vector` with an index for the metric."""
        with self.transaction():
            for statement in create_collection(name, key, columns or {}, dimensions, metric):
                self._run(statement)
        self._schemas.pop(name, None)
        return Collection(self, name)

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> Result:
        """Runs SQL. Values are psycopg's `%s` and `%(name)s`; with any of them, a percent sign is written `%%`.

        Without parameters the text may hold several statements; the answer is that of the last one.
        """
        with self._session() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(query.encode(), params)
            while cursor.nextset():
                pass
            return _result(cursor)

    def knirvql(self, query: str, params: Sequence[Any] | None = None) -> Result:
        """Runs a statement of KNIRVQL. Values are `$1`, `$2`, …"""
        with self._session() as connection, RawCursor(connection, row_factory=tuple_row) as cursor:
            cursor.execute(query.encode(), list(params) if params else None)
            return _result(cursor)

    def explain(self, query: str, params: Sequence[Any] | None = None, *, analyze: bool = False) -> str:
        """How the server runs a statement in either language. Values are `$1` in both, or `%s` in SQL.

        With `analyze` the statement is run.
        """
        text = f"EXPLAIN {'ANALYZE ' if analyze else ''}{query}"
        found = (self.knirvql(text, params) if not params or _NUMBERED.search(query) else self.sql(text, params))
        return "\n".join(str(row[0]) for row in found.rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A block whose statements are one transaction, or within another block a savepoint; an exception rolls it back.

        Another one may have written the same entries first: then the block ends with SQLSTATE 40001, and `retrying` is for that.
        """
        with self._session() as connection, connection.transaction():
            yield

    def retrying(self, work: Callable[[], T], *, attempts: int = 10) -> T:
        """Runs `work` in a transaction, and again when others were faster (40001), `attempts` times at most."""
        for attempt in range(1, attempts + 1):
            try:
                with self.transaction():
                    return work()
            except psycopg.errors.SerializationFailure:
                if attempt >= attempts:
                    raise
                pause(random.uniform(0, _BACKOFF_SECONDS * 2 ** min(attempt, 6)))
        raise ValueError("attempts is one or more")

    def subscribe(self, collection: str = "memory") -> Subscription[Change]:
        """Listens to the changes of a collection, local ones and those of peers, by a connection of its own.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        return Subscription.open(self._parameters, f"changes:{collection}", partial(Change.from_payload, collection))

    @contextmanager
    def _session(self) -> Iterator[Connection[tuple[Any, ...]]]:
        """The connection, which is nobody else's within the block, made anew when it broke."""
        with self._turn.taken():
            if self._is_closed:
                raise NebulusError("the database is closed")
            connection = self._connection
            if connection is None or connection.closed:
                if connection is not None and self._server is not None:
                    in_thread(self._server.revive)
                    self._parameters.update(resolve(self._server.url, self._server.password, {}))
                connection = self._connection = _open(self._parameters, self._notices)
            try:
                yield connection
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
                # Somebody may have made a collection anew: what is known of them is asked for again.
                self._schemas.clear()
                raise

    def _run(self, statement: Statement) -> Result:
        """Runs a statement of the client's own, with binary answers."""
        with self._session() as connection, RawCursor(connection, row_factory=tuple_row) as cursor:
            cursor.execute(statement.text.encode(), statement.values or None, binary=True)
            return _result(cursor)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        place = f"{self._parameters.get('host', '')}:{self._parameters.get('port', '')}"
        return f"{type(self).__name__}({place}{', closed' if self._is_closed else ''})"


def connect(url: str | None = None, *, password: str | None = None, **options: Any) -> Database:
    """Connects to a server: `db = connect()`, and `with db:` closes it.

    `url` is `postgresql://nebulus@host:port/nebulus`; without one it is `NEBULUSDB_URL`, or a server of this machine on port
    5433. Its password comes from the URL, `password`, `NEBULUSDB_PASSWORD`, or the file that the first start of a server of this
    machine has left. Other options are libpq's, for example `sslmode="require"`.
    """
    return Database.connect(url, password=password, **options)


def embedded(
    data_dir: str | None = None,
    *,
    binary: str | None = None,
    password: str | None = None,
    arguments: Sequence[str] = (),
    **options: Any,
) -> Database:
    """Starts a server of one's own over a data directory, or finds the one that another process has started there.

    The server ends with the last process that uses it. `binary` is the program, otherwise `NEBULUSDB_BIN`, the one that was
    installed with this package, or the one on `PATH`. `arguments` are added to `nebulusdb serve`. Without `data_dir` the data
    lie in a directory that is removed at the end.

    Raises `EmbeddedError`.
    """
    server = in_thread(start, data_dir, binary=binary, password=password, arguments=arguments)
    return Database.embedded(server, **options)


def _open(parameters: Mapping[str, Any], notices: deque[str]) -> Connection[tuple[Any, ...]]:
    connection: Connection[tuple[Any, ...]]
    try:
        connection = Connection.connect("", autocommit=True, **parameters)
    except psycopg.OperationalError as error:
        raise explained(error, parameters) from None
    try:
        # Whoever was slower is told so, rather than goes on with what the other one has written.
        connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        register_vector(connection, VECTOR)
        cursor = connection.execute("SELECT 'vector'::regtype::oid::int8")
        row = cursor.fetchone()
        if row is not None and row[0] != VECTOR:
            register_vector(connection, row[0])
    except BaseException:
        connection.close()
        raise
    return connection


def _result(cursor: Any) -> Result:
    columns = [Column(column.name, column.type_code) for column in cursor.description or ()]
    rows = cursor.fetchall() if cursor.description else []
    return Result(columns, rows, cursor.rowcount, cursor.statusmessage or "")
