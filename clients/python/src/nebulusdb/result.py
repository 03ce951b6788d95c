"""Rows of an answer, as dicts and as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, overload

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


ROWS_SHOWN: Final = 5


@dataclass(frozen=True)
class Column:
    """A column of an answer."""

    name: str
    type_oid: int


class Result(Sequence[dict[str, Any]]):
    """The rows of an answer, each a dict by column.

    `status` is the command's tag (`"INSERT 0 1"`), `rowcount` how many rows it returned or changed.
    """

    __slots__ = ("columns", "rows", "rowcount", "status")

    def __init__(self, columns: Sequence[Column], rows: Sequence[tuple[Any, ...]], rowcount: int, status: str) -> None:
        self.columns = tuple(columns)
        self.rows = rows
        self.rowcount = rowcount
        self.status = status

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def scalar(self) -> Any:
        """The first column of the first row, `None` where there is no row."""
        return self.rows[0][0] if self.rows else None

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas frame; vectors are NumPy arrays. Needs `nebulusdb[pandas]`."""
        from nebulusdb.frames import to_pandas

        return to_pandas(self)

    def to_arrow(self) -> pyarrow.Table:
        """An Arrow table; vectors are lists of float32, JSON is text. Needs `nebulusdb[arrow]`."""
        from nebulusdb.frames import to_arrow

        return to_arrow(self)

    def to_polars(self) -> polars.DataFrame:
        """A Polars frame with the types of `to_arrow`. Needs `nebulusdb[polars]`."""
        from nebulusdb.frames import to_polars

        return to_polars(self)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [dict(zip(self.names, row)) for row in self.rows[index]]
        return dict(zip(self.names, self.rows[index]))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = self.names
        return (dict(zip(names, row)) for row in self.rows)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, Result)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self.columns:
            return f"Result({self.status!r})"
        more = len(self.rows) - ROWS_SHOWN
        shown = ", ".join(map(repr, self[:ROWS_SHOWN])) + (f", … {more} more" if more > 0 else "")
        return f"Result([{shown}])"
