# Generated from _async/collection.py by tools/unasync.py: edit that one.
"""Collections: entries by key, by condition, and by nearness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nebulusdb import statements
from nebulusdb._sync.changes import Subscription
from nebulusdb._sync.compat import RawCursor
from nebulusdb.compile import WhereLike, filter_of, identifier
from nebulusdb.entries import Change
from nebulusdb.errors import InvalidEntry, InvalidFilter, NebulusError
from nebulusdb.filters import F, Field
from nebulusdb.frames import rows_of
from nebulusdb.result import Result
from nebulusdb.schema import FACTS, JSONB, MEMORY, SCHEMA_QUERY, Schema
from nebulusdb.statements import Metric, Nearest, OnConflict, Order, Statement
from nebulusdb.vectors import VectorLike

if TYPE_CHECKING:
    from nebulusdb._sync.database import Database

BATCH_ROWS: Final = 10_000
SCAN_ROWS: Final = 1_000


class Collection:
    """A collection of entries. A row is a dict: names of columns are columns, others are facts in `metadata`.

    `where` is a filter of `F`, or a dict of facts that are equal.
    """

    def __init__(self, database: Database, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise InvalidFilter(f"a collection's name is a text, not {name!r}")
        self._database = database
        self.name = name

    def insert(self, row: Mapping[str, Any], *, on_conflict: OnConflict = "error") -> Any:
        """Inserts one entry and returns its key, which is made where the key is a text and none was given.

        `on_conflict` says what an entry of the same key does: fail (23505), be replaced in the columns given, or stay as it is,
        in which case the key is `None`.
        """
        result = self._database._run(statements.insert(self.schema(), row, on_conflict))
        if not result.rows:
            return None
        return result.rows[0][0] if len(result.rows[0]) == 1 else result.rows[0]

    def insert_many(
        self, rows: Iterable[Mapping[str, Any]], *, on_conflict: OnConflict = "error", batch: int = BATCH_ROWS
    ) -> int:
        """Inserts many entries and returns how many.

        Each `batch` of them is one transaction; within `transaction()` all are. By default they go by COPY, the quickest way: a
        key that is taken fails its whole batch (23505), and columns that only some rows have are NULL in the others.
        `on_conflict` is that of `insert`.
        """
        if batch < 1:
            raise InvalidEntry("batch is one or more")
        schema = self.schema()
        inserted = 0
        waiting: list[Mapping[str, Any]] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) >= batch:
                inserted += self._insert_batch(schema, waiting, on_conflict)
                waiting = []
        return inserted + self._insert_batch(schema, waiting, on_conflict)

    def insert_frame(self, frame: Any, *, on_conflict: OnConflict = "error", batch: int = BATCH_ROWS) -> int:
        """Inserts the rows of a frame of pandas, Polars or Arrow, as `insert_many` does."""
        return self.insert_many(rows_of(frame), on_conflict=on_conflict, batch=batch)

    def get(self, key: Any) -> dict[str, Any] | None:
        """The entry with this key, `None` where there is none."""
        schema = self.schema()
        return self.find_one(F[schema.single_key] == key)

    def find(
        self,
        where: WhereLike = None,
        *,
        columns: Sequence[str] | None = None,
        order_by: Order | Sequence[Order] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Result:
        """The entries that fulfil a condition.

        `columns` names columns and facts. `order_by` takes names, `F.name`, and for the other direction `"-name"` or
        `desc(F.name)`.
        """
        schema = self.schema()
        return self._database._run(statements.select(schema, where, columns, order_by, limit, offset))

    def find_one(
        self,
        where: WhereLike = None,
        *,
        columns: Sequence[str] | None = None,
        order_by: Order | Sequence[Order] | None = None,
    ) -> dict[str, Any] | None:
        """The first of the entries that fulfil a condition, `None` where there is none."""
        found = self.find(where, columns=columns, order_by=order_by, limit=1)
        return found[0] if found else None

    def scan(
        self, where: WhereLike = None, *, columns: Sequence[str] | None = None, size: int = SCAN_ROWS
    ) -> Iterator[dict[str, Any]]:
        """The entries that fulfil a condition in the order of their key, without holding all of them.

        They are fetched `size` at a time; what others write meanwhile may be among those that come later. Other statements may run
        between two rows.
        """
        schema = self.schema()
        key = schema.single_key
        wanted = None if columns is None else list(dict.fromkeys([*columns, key]))
        chosen = filter_of(where)
        rest = chosen
        while True:
            page = self.find(rest, columns=wanted, order_by=key, limit=size)
            for row in page:
                yield row if columns is None else {name: row[name] for name in columns}
            if len(page) < size:
                return
            rest = chosen & (F[key] > page[-1][key])

    def count(self, where: WhereLike = None) -> int:
        """How many entries fulfil a condition."""
        result = self._database._run(statements.count(self.schema(), where))
        return int(result.scalar())

    def update(self, values: Mapping[str, Any], where: WhereLike) -> int:
        """Sets columns, and merges facts, of the entries that fulfil a condition; returns how many they are."""
        result = self._database._run(statements.update(self.schema(), values, where))
        return result.rowcount

    def remove_facts(self, names: Sequence[str], where: WhereLike) -> int:
        """Takes facts from the entries that fulfil a condition; returns how many entries they are."""
        result = self._database._run(statements.remove_facts(self.schema(), names, where))
        return result.rowcount

    def delete(self, where: WhereLike) -> int:
        """Deletes the entries that fulfil a condition, which has to be given; returns how many they were."""
        result = self._database._run(statements.delete(self.schema(), where))
        return result.rowcount

    def nearest(
        self,
        vector: VectorLike,
        *,
        where: WhereLike = None,
        limit: int = 10,
        offset: int = 0,
        metric: Metric = "cosine",
        within: float | None = None,
        ef: int | None = None,
        columns: Sequence[str] | None = None,
        vector_column: str | None = None,
    ) -> Result:
        """The entries whose vectors are nearest, those that fulfil `where` only, with their `distance`.

        `within` is the greatest distance; `ef` the width of the search in an index (more finds more and takes longer).
        """
        search = Nearest(vector, where, limit, offset, metric, within, ef, columns, vector_column)
        statement, ef_beside = statements.nearest(self.schema(), search)
        if ef_beside is None:
            return self._database._run(statement)
        with self._database.transaction():
            self._database._run(Statement(f"SET LOCAL hnsw.ef_search = {ef_beside}"))
            return self._database._run(statement)

    def stage(self, where: WhereLike) -> int:
        """Marks entries for the network of the collection: the next sync posts them. Returns how many they are."""
        return (self._database._run(statements.set_stage(self.schema(), where, True))).rowcount

    def unstage(self, where: WhereLike) -> int:
        """Takes entries off the stage and returns how many were on it. What is posted stays posted."""
        return (self._database._run(statements.set_stage(self.schema(), where, False))).rowcount

    def revert(self, where: WhereLike) -> int:
        """Takes back what was changed in posted entries and not posted since; returns how many entries they are."""
        result = self._database._run(statements.revert(self.schema(), where))
        return int(result.status.rpartition(" ")[2])

    def create_index(self, field: str | Field, *, unique: bool = False) -> None:
        """Makes an ordered index on a column, or on a fact as a text (`F.source == "…"` uses it)."""
        self._database._run(statements.create_index(self.schema(), field, unique))

    def drop(self) -> None:
        """Drops the collection with all of its entries."""
        self._database._run(Statement(f"DROP TABLE {identifier(self.name)}"))
        self._database._schemas.pop(self.name, None)

    def subscribe(self) -> Subscription[Change]:
        """Listens to the changes of this collection."""
        return self._database.subscribe(self.name)

    def schema(self, *, refresh: bool = False) -> Schema:
        """The columns of the collection. They are kept until a statement meets a column or collection that is not there any more;
        `refresh` asks again."""
        if self.name == MEMORY.name:
            return MEMORY
        kept = self._database._schemas.get(self.name)
        if kept is not None and not refresh:
            return kept
        quoted = identifier(self.name)
        rows = (self._database._run(Statement(SCHEMA_QUERY, [quoted]))).rows
        if not rows:
            # The server's own error says it best.
            self._database._run(Statement(f"SELECT 1 FROM {quoted} LIMIT 0"))
            raise NebulusError(f"collection {self.name} shows no columns")
        columns = {name: oid for name, oid, _ in rows}
        key = tuple(name for name, _, is_key in rows if is_key)
        made = self._database._schemas[self.name] = Schema(self.name, columns, key, columns.get(FACTS) == JSONB)
        return made

    def _insert_batch(self, schema: Schema, rows: Sequence[Mapping[str, Any]], on_conflict: OnConflict) -> int:
        if not rows:
            return 0
        if on_conflict == "error":
            return self._copy(schema, rows)
        inserted = 0
        # Rows of the same columns are one statement.
        groups: dict[str, list[Sequence[Any]]] = {}
        for row in rows:
            statement = statements.insert(schema, row, on_conflict, returning=False)
            groups.setdefault(statement.text, []).append(statement.values)
        with self._database.transaction():
            for text, values in groups.items():
                with self._database._session() as connection, RawCursor(connection) as cursor:
                    cursor.executemany(text.encode(), values)
                    inserted += cursor.rowcount
        return inserted

    def _copy(self, schema: Schema, rows: Sequence[Mapping[str, Any]]) -> int:
        text, types, values = statements.copy(schema, rows)
        with self._database._session() as connection, connection.cursor() as cursor:
            with cursor.copy(text.encode()) as copy:
                copy.set_types(types)
                for place, row in enumerate(values):
                    try:
                        copy.write_row(row)
                    except (TypeError, ValueError, AttributeError, OverflowError) as error:
                        raise InvalidEntry(f"row {place} has a value that is not of its column's type: {error}") from error
            return cursor.rowcount

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
