"""One server's answer to one statement, as the wire gives it, and when two answers are the same."""

from dataclasses import dataclass
from decimal import Decimal

from psycopg import pq

NUMERIC = 1700
FLOATS = (700, 701)
STATEMENT_TIMEOUT_MS = 10_000
# The first OID that PostgreSQL gives to objects of users.
EXTENSION_OIDS = 16_384


@dataclass
class Answer:
    """What came for a statement: rows as texts with the types of their columns, or an error."""

    tag: str = ""
    types: tuple[int, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    sqlstate: str = ""
    message: str = ""

    def shown(self) -> str:
        if self.sqlstate:
            return f"{self.sqlstate} {self.message}"
        lines = [" | ".join("NULL" if value is None else value for value in row) for row in self.rows]
        return "\n".join([self.tag, *lines])


class Side:
    """A connection to one of the two servers."""

    def __init__(self, name: str, url: str):
        self.name = name
        self.url = url
        self.connection = pq.PGconn.connect(url.encode())
        if self.connection.status != pq.ConnStatus.OK:
            raise SystemExit(f"{name}: {self.connection.error_message.decode()}")
        self.ask(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")

    def ask(self, statement: str, parameters: list[tuple[int, str | None]] | None = None) -> Answer:
        """Runs a statement: by the simple protocol, or with parameters by the extended one."""
        if parameters:
            values = [None if value is None else value.encode() for _, value in parameters]
            oids = [oid for oid, _ in parameters]
            result = self.connection.exec_params(statement.encode(), values, oids)
        else:
            result = self.connection.exec_(statement.encode())
        if result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
            state = result.error_field(pq.DiagnosticField.SQLSTATE)
            message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or self.connection.error_message
            answer = Answer(sqlstate=(state or b"no answer").decode(), message=message.decode())
            if self.connection.status != pq.ConnStatus.OK:
                self.connection.reset()
                answer.message += " (the connection was lost)"
            return answer
        rows = []
        for row in range(result.ntuples):
            values = (result.get_value(row, column) for column in range(result.nfields))
            rows.append(tuple(None if value is None else value.decode() for value in values))
        types = tuple(result.ftype(column) for column in range(result.nfields))
        return Answer(tag=(result.command_status or b"").decode(), types=types, rows=tuple(rows))

    def do(self, statement: str) -> None:
        """Runs a statement of the frame, which has to succeed."""
        answer = self.ask(statement)
        if answer.sqlstate:
            raise SystemExit(f"{self.name}: {answer.shown()}\n{statement}")


def difference(theirs: Answer, ours: Answer, is_ordered: bool) -> str | None:
    """What kind of difference there is between PostgreSQL's answer and ours; None where they agree."""
    if theirs.sqlstate or ours.sqlstate:
        if theirs.sqlstate == ours.sqlstate:
            return None
        if not theirs.sqlstate:
            return "refused" if ours.sqlstate.startswith("0A") else "failed"
        return "sqlstate" if ours.sqlstate else "taken"
    if theirs.tag != ours.tag:
        return "rows"
    if _comparable(theirs, theirs.types, is_ordered) != _comparable(ours, theirs.types, is_ordered):
        return "rows"
    if _comparable(theirs, (), is_ordered) != _comparable(ours, (), is_ordered):
        kinds = {kind for kind in theirs.types if kind == NUMERIC or kind in FLOATS}
        return "scale" if NUMERIC in kinds else "sign"
    # What an extension brings has an OID of its own in each database.
    is_other = any(
        left != right and left < EXTENSION_OIDS for left, right in zip(theirs.types, ours.types, strict=True)
    )
    return "type" if is_other else None


def _comparable(answer: Answer, types: tuple[int, ...], is_ordered: bool) -> list[tuple]:
    """The rows, in order or sorted; of columns of `types` numerics are without their scale and zeros without their sign."""
    rows = []
    for row in answer.rows:
        values = list(row)
        for column, kind in enumerate(types):
            if kind == NUMERIC and values[column] is not None:
                values[column] = _unscaled(values[column])
            elif kind in FLOATS and values[column] == "-0":
                values[column] = "0"
        rows.append(tuple(values))
    return rows if is_ordered else sorted(rows, key=lambda row: [(value is None, value or "") for value in row])


def _unscaled(text: str) -> str:
    try:
        number = Decimal(text).normalize()
    except ArithmeticError:
        return text
    return str(number if number else Decimal(0))
