"""What a server answers to a query string, within bounds of time, and how two answers differ."""

import re
import select
import time
from dataclasses import dataclass

from psycopg import pq

# Milliseconds that a server gives a statement, and seconds after which it is cancelled and then left.
STATEMENT_TIMEOUT_MS = 5_000
ANSWER_SECONDS_MAX = 12
CANCEL_SECONDS_MAX = 5
# Rows of a result that are looked at, at most.
ROWS_MAX = 20_000
# The first OID that PostgreSQL gives to objects of users.
USER_OIDS = 16_384
NO_ANSWER = "no answer"


class Lost(Exception):
    """The server did not answer in time, even when cancelled, or closed the connection."""


@dataclass
class Answer:
    """What came for one statement: rows as texts with the names and types of their columns, or an error."""

    tag: str = ""
    names: tuple[str, ...] = ()
    types: tuple[int, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    sqlstate: str = ""
    message: str = ""

    def shown(self) -> str:
        if self.sqlstate:
            return f"{self.sqlstate} {self.message}"
        rows = [" | ".join("NULL" if value is None else value for value in row) for row in self.rows[:8]]
        more = [f"… {len(self.rows)} rows"] if len(self.rows) > 8 else []
        return "\n".join([f"{self.tag} ({', '.join(self.names)})" if self.names else self.tag, *rows, *more])


class Side:
    """A connection to one of the two servers."""

    def __init__(self, name: str, url: str):
        self.name, self.url = name, url
        self.connect()

    def connect(self) -> None:
        self.connection = pq.PGconn.connect(self.url.encode())
        if self.connection.status != pq.ConnStatus.OK:
            raise Lost(f"{self.name}: {self.connection.error_message.decode(errors='replace')}")
        self.connection.nonblocking = 1
        self.ask(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET client_min_messages = error; SET synchronous_commit = off")

    def close(self) -> None:
        self.connection.finish()

    def ask(self, text: str, data: list[str] | None = None) -> list[Answer]:
        """Runs a query string by the simple protocol; one answer for each of its statements.

        # Errors
        Lost, where the connection is of no use any more.
        """
        connection, blocks = self.connection, list(data or [])
        connection.send_query(text.encode(errors="surrogateescape"))
        answers: list[Answer] = []
        until = time.monotonic() + ANSWER_SECONDS_MAX
        while (result := self._result(until)) is not None:
            if result.status == pq.ExecStatus.COPY_IN:
                self._send(blocks.pop(0) if blocks else "")
            elif result.status == pq.ExecStatus.COPY_OUT:
                answers.append(Answer(rows=self._received(until)))
                continue
            elif result.status in (pq.ExecStatus.COPY_BOTH,):
                raise Lost("the server began replication")
            elif answers and answers[-1].rows and not answers[-1].tag and not answers[-1].names:
                answers[-1].tag = (result.command_status or b"").decode()
            else:
                answers.append(_answer(result))
        if connection.status != pq.ConnStatus.OK:
            raise Lost(f"the connection was closed: {answers[-1].message if answers else ''}")
        return answers

    def _wait(self, until: float, writes: bool = False) -> None:
        """Until something may be read (or written); cancels at `until`, and gives up some seconds later."""
        cancelled = False
        while True:
            left = until - time.monotonic()
            socket = self.connection.socket
            ready = select.select([socket], [socket] if writes else [], [], max(left, 0))
            if ready[0] or ready[1]:
                return
            if cancelled:
                raise Lost(f"no answer in {ANSWER_SECONDS_MAX} s, nor when cancelled")
            self.connection.get_cancel().cancel()
            cancelled, until = True, time.monotonic() + CANCEL_SECONDS_MAX

    def _result(self, until: float):
        while self.connection.flush():
            self._wait(until, writes=True)
            self.connection.consume_input()
        while self.connection.is_busy():
            self._wait(until)
            try:
                self.connection.consume_input()
            except Exception as error:
                raise Lost(f"the connection was closed: {error}") from error
        return self.connection.get_result()

    def _send(self, block: str) -> None:
        payload = block.encode(errors="surrogateescape")
        for start in range(0, len(payload), 1 << 16):
            self.connection.put_copy_data(payload[start : start + (1 << 16)])
        self.connection.put_copy_end()

    def _received(self, until: float) -> tuple[tuple[str, ...], ...]:
        rows = []
        while True:
            size, row = self.connection.get_copy_data(1)
            if size == 0:
                self._wait(until)
                self.connection.consume_input()
            elif size < 0:
                return tuple(rows)
            elif len(rows) < ROWS_MAX:
                rows.append((bytes(row).decode(errors="replace"),))


def _answer(result) -> Answer:
    if result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
        state = result.error_field(pq.DiagnosticField.SQLSTATE) or NO_ANSWER.encode()
        message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
        return Answer(sqlstate=state.decode(), message=message.decode(errors="replace"))
    columns = range(result.nfields)
    rows = []
    for row in range(min(result.ntuples, ROWS_MAX)):
        values = (result.get_value(row, column) for column in columns)
        rows.append(tuple(None if value is None else value.decode(errors="replace") for value in values))
    return Answer(
        tag=(result.command_status or b"").decode(),
        names=tuple((result.fname(column) or b"").decode(errors="replace") for column in columns),
        types=tuple(result.ftype(column) for column in columns),
        rows=tuple(rows),
    )


def is_ordered(text: str) -> bool:
    """Whether ORDER BY stands outside of parentheses."""
    bare = re.sub(r"'(?:[^']|'')*'", "''", text)
    while (inner := re.sub(r"\([^()]*\)", " ", bare)) != bare:
        bare = inner
    return re.search(r"\border\s+by\b", bare, re.IGNORECASE) is not None


def difference(theirs: list[Answer], ours: list[Answer], ordered: bool) -> str:
    """In what way ours differ from PostgreSQL's; empty where they are the same."""
    for left, right in zip(theirs, ours, strict=False):
        kind = _difference(left, right, ordered)
        if kind:
            return kind
    return "" if len(theirs) == len(ours) else "answers"


def _difference(theirs: Answer, ours: Answer, ordered: bool) -> str:
    if ours.sqlstate.startswith("XX") and not theirs.sqlstate.startswith("XX"):
        return "internal"
    if theirs.sqlstate and ours.sqlstate:
        return "" if theirs.sqlstate == ours.sqlstate else "sqlstate"
    if ours.sqlstate:
        return "refused" if ours.sqlstate == "0A000" else "error"
    if theirs.sqlstate:
        return "taken"
    if _sorted(theirs.rows) != _sorted(ours.rows):
        return "rows"
    if theirs.tag != ours.tag:
        return "tag"
    if ordered and theirs.rows != ours.rows:
        return "order"
    if len(theirs.types) != len(ours.types) or any(
        left != right and min(left, right) < USER_OIDS for left, right in zip(theirs.types, ours.types, strict=True)
    ):
        return "types"
    return "" if theirs.names == ours.names else "names"


def _sorted(rows: tuple) -> list:
    return sorted(rows, key=lambda row: [(value is None, value or "") for value in row])
