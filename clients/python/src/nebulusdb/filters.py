"""Filters: Python expressions over facts and columns, sent to the server as parameters.

    from nebulusdb import F

    (F.source == "web-scrape") & (F.size > 3) | F.tags.contains("weather") & ~F.author.name.is_null()

`F.source` is the declared column `source` where the collection has one, otherwise the fact of that name. Values keep their
type: `F.n == 3` finds the number 3 and not the text "3". As in SQL and KNIRVQL, a comparison with a missing fact is
neither true nor false: neither `F.n == 3` nor `~(F.n == 3)` finds entries without `n`; `F.n.is_null()` does.

A filter is written in SQL for everything, and in KNIRVQL for nearest-neighbour searches where KNIRVQL has words for it, since
there the server looks at every fact inside of the search.
"""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, Union

from nebulusdb.errors import InvalidFilter

Scalar: TypeAlias = Union[
    str, int, float, bool, decimal.Decimal, uuid.UUID, datetime.datetime, datetime.date, datetime.time, bytes
]
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]
PatternKind: TypeAlias = Literal["like", "ilike", "starts_with", "matches", "text_contains"]
_OPPOSITES: dict[Operator, Operator] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SCALARS = (str, int, float, decimal.Decimal, uuid.UUID, datetime.datetime, datetime.date, datetime.time, bytes)


class Filter:
    """A condition. `&`, `|` and `~` combine them; `and`, `or` and `not` cannot, and say so."""

    def __and__(self, other: Filter) -> Filter:
        return Both(_parts(self, Both) + _parts(_filter(other), Both))

    def __or__(self, other: Filter) -> Filter:
        return Either(_parts(self, Either) + _parts(_filter(other), Either))

    def __invert__(self) -> Filter:
        return Not(self)

    def __bool__(self) -> bool:
        raise InvalidFilter(
            "combine filters with &, | and ~, each part in parentheses; and, or, not and chained comparisons do not work"
        )


@dataclass(frozen=True)
class Both(Filter):
    """All of the parts hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Either(Filter):
    """One of the parts holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not(Filter):
    """The part is false."""

    part: Filter


@dataclass(frozen=True)
class Everything(Filter):
    """Holds for every entry."""


@dataclass(frozen=True)
class Compare(Filter):
    """A comparison with a value."""

    path: tuple[str | int, ...]
    operator: Operator
    value: Scalar

    @property
    def opposite(self) -> Compare:
        """The comparison that is true where this one is false."""
        return Compare(self.path, _OPPOSITES[self.operator], self.value)


@dataclass(frozen=True)
class OneOf(Filter):
    """Membership in a list of values."""

    path: tuple[str | int, ...]
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class IsNull(Filter):
    """The fact is missing, or null."""

    path: tuple[str | int, ...]


@dataclass(frozen=True)
class Pattern(Filter):
    """A text's shape."""

    path: tuple[str | int, ...]
    kind: PatternKind
    pattern: str


@dataclass(frozen=True)
class Contains(Filter):
    """An array has the element, or an object has the members."""

    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class HasKey(Filter):
    """An object has the key."""

    path: tuple[str | int, ...]
    key: str


ALL: Filter = Everything()
"""Every entry: what `delete` and `update` take when nothing shall be left out."""


class Field:
    """A fact or column, `F.name`; facts inside facts are `F.author.name`, `F.tags[0]`, `F["odd name"]`.

    Names that are methods here (`like`, `contains`, `in_`, …) or begin with an underscore are reached in brackets.
    """

    __slots__ = ("_path",)
    _path: tuple[str | int, ...]

    def __init__(self, path: tuple[str | int, ...]) -> None:
        object.__setattr__(self, "_path", path)

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(f"{name!r}: names that begin with an underscore are written F[{name!r}]")
        return Field((*self._path, name))

    def __getitem__(self, name: str | int) -> Field:
        if isinstance(name, bool) or not isinstance(name, (str, int)):
            raise InvalidFilter(f"a step of a path is a name or a place in an array, not {type(name).__name__}")
        if isinstance(name, int) and name < 0:
            raise InvalidFilter(f"places in an array are counted from 0, not {name}")
        return Field((*self._path, name))

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return IsNull(self._path) if value is None else Compare(self._path, "=", _scalar(value))

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return Not(IsNull(self._path)) if value is None else Compare(self._path, "!=", _scalar(value))

    def __lt__(self, value: Scalar) -> Filter:
        return Compare(self._path, "<", _ordered(value))

    def __le__(self, value: Scalar) -> Filter:
        return Compare(self._path, "<=", _ordered(value))

    def __gt__(self, value: Scalar) -> Filter:
        return Compare(self._path, ">", _ordered(value))

    def __ge__(self, value: Scalar) -> Filter:
        return Compare(self._path, ">=", _ordered(value))

    def __hash__(self) -> int:
        return hash(self._path)

    def __bool__(self) -> bool:
        raise InvalidFilter("a field is no condition by itself: write F.done == True, or F.done.is_null()")

    def __repr__(self) -> str:
        return "F" + "".join(f"[{step!r}]" for step in self._path)

    def between(self, low: Scalar, high: Scalar) -> Filter:
        """From `low` to `high`, both included."""
        return (self >= low) & (self <= high)

    def in_(self, values: Iterable[Scalar]) -> Filter:
        """One of the values. Nothing is one of none."""
        if isinstance(values, (str, bytes)):
            raise InvalidFilter("in_() takes a list of values; a text is compared with ==")
        return OneOf(self._path, tuple(_scalar(value) for value in values))

    def not_in(self, values: Iterable[Scalar]) -> Filter:
        """None of the values, and not missing."""
        return Not(self.in_(values))

    def is_null(self) -> Filter:
        """Missing, or null."""
        return IsNull(self._path)

    def exists(self) -> Filter:
        """There, and not null."""
        return Not(IsNull(self._path))

    def like(self, pattern: str) -> Filter:
        """SQL's pattern: `%` for any text, `_` for any character."""
        return Pattern(self._path, "like", _text(pattern))

    def ilike(self, pattern: str) -> Filter:
        """`like` without regard to case."""
        return Pattern(self._path, "ilike", _text(pattern))

    def starts_with(self, prefix: str) -> Filter:
        """Begins with the text."""
        return Pattern(self._path, "starts_with", _text(prefix))

    def matches(self, expression: str) -> Filter:
        """The regular expression occurs in the text."""
        return Pattern(self._path, "matches", _text(expression))

    def has_text(self, part: str) -> Filter:
        """The text occurs in it, without regard to case."""
        return Pattern(self._path, "text_contains", _text(part))

    def contains(self, value: Any) -> Filter:
        """An array has this element, or an object has these members."""
        return Contains(self._path, value)

    def has_key(self, key: str) -> Filter:
        """An object has this key."""
        return HasKey(self._path, _text(key))


class _Root:
    """`F`: the beginning of every path."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Field:
        if name.startswith("__"):
            raise AttributeError(name)
        return Field((name,))

    def __getitem__(self, name: str) -> Field:
        return Field((_text(name),))

    def __repr__(self) -> str:
        return "F"


F = _Root()


def where_of(facts: dict[str, Any]) -> Filter:
    """The filter that all of these facts are equal: `{"source": "web", "done": None}`."""
    found: Filter = ALL
    for name, value in facts.items():
        found = found & (F[name] == value)
    return found


def _parts(one: Filter, kind: type[Both] | type[Either]) -> tuple[Filter, ...]:
    if kind is Both and isinstance(one, Everything):
        return ()
    return one.parts if isinstance(one, kind) else (one,)


def _filter(value: object) -> Filter:
    if isinstance(value, Filter):
        return value
    raise InvalidFilter(f"& and | take filters, not {type(value).__name__}: put each comparison in parentheses")


def _scalar(value: object) -> Scalar:
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, _SCALARS):
        raise InvalidFilter(f"a fact is compared with a text, number, truth value or time, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidFilter(f"no fact is equal to {value}, or ordered before or after it")
    return value


def _ordered(value: object) -> Scalar:
    if value is None:
        raise InvalidFilter("nothing is ordered before or after None")
    return _scalar(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidFilter(f"a text is needed here, not {type(value).__name__}")
    return value
