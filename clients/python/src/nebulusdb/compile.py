"""Writes filters as SQL and as KNIRVQL. Values are parameters, names are quoted; nothing else enters a statement.

Negations are pushed down to the comparisons, each of which knows when it is true and when it is false. What is neither (a
missing fact, a text compared with a number) is found by neither, as in the server's own languages.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, Union

from psycopg.types.json import Jsonb

from nebulusdb.errors import InvalidFilter
from nebulusdb.filters import (
    ALL,
    Both,
    Compare,
    Contains,
    Either,
    Everything,
    Filter,
    HasKey,
    IsNull,
    Not,
    OneOf,
    Pattern,
    Scalar,
    where_of,
)
from nebulusdb.json import dumps
from nebulusdb.schema import FACTS, JSONB, TEXT, Schema

WhereLike: TypeAlias = Union[Filter, Mapping[str, Any], None]
# Up to here a list is written as comparisons that the server evaluates without building JSON values.
_SHORT_LIST: Final = 64
_JSON_TYPES: Final = {str: "string", bool: "boolean"}
_SQL_PATTERNS: Final = {"like": "LIKE", "ilike": "ILIKE", "matches": "~", "text_contains": "ILIKE"}
_KNIRVQL_PATTERNS: Final = {"like": "LIKE", "starts_with": "STARTS WITH", "matches": "MATCHES"}


class NotExpressible(Exception):
    """KNIRVQL has no words for this filter; SQL has."""


@dataclass
class Parameters:
    """The values of a statement, in the order of their `$n`."""

    values: list[Any] = field(default_factory=list)

    def add(self, value: Any) -> str:
        """Takes a value and returns its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"


def filter_of(where: WhereLike) -> Filter:
    """The filter that `where` stands for: itself, equal facts, or everything."""
    if where is None:
        return ALL
    if isinstance(where, Filter):
        return where
    if isinstance(where, Mapping):
        return where_of(dict(where))
    raise InvalidFilter(f"where= takes a filter or a dict of facts, not {type(where).__name__}")


def identifier(name: str) -> str:
    """A name in SQL's quotes."""
    if "\0" in name:
        raise InvalidFilter("a name has no NUL character")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL's quotes."""
    if "\0" in text:
        raise InvalidFilter("a name has no NUL character")
    return "'" + text.replace("'", "''") + "'"


def json_value(value: Scalar) -> Any:
    """What a fact of this value is in JSON: times and UUIDs are texts."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        raise InvalidFilter("no fact holds bytes")
    return value


def to_sql(where: Filter, schema: Schema, parameters: Parameters) -> str:
    """The filter as an SQL condition."""
    return _Sql(schema, parameters).write(where, True)


def to_knirvql(where: Filter, schema: Schema, parameters: Parameters) -> str:
    """The filter as a KNIRVQL condition.

    Raises `NotExpressible` where only SQL can say it.
    """
    return _Knirvql(schema, parameters).write(where, True)


def is_quick_in_sql(where: Filter, schema: Schema) -> bool:
    """Whether the server evaluates the filter's SQL inside of a search. Facts that are ordered, and places in arrays, it does
    not."""
    match where:
        case Both(parts) | Either(parts):
            return all(is_quick_in_sql(part, schema) for part in parts)
        case Not(part):
            return is_quick_in_sql(part, schema)
        case Compare(path, operator, _):
            column = _column(path, schema)
            return column is not None or (operator in ("=", "!=") and not _has_places(path))
        case OneOf(path, values):
            return _column(path, schema) is not None or (len(values) <= _SHORT_LIST and not _has_places(path))
        case _:
            return True


def _has_places(path: tuple[str | int, ...]) -> bool:
    return any(isinstance(step, int) for step in path)


def _column(path: tuple[str | int, ...], schema: Schema) -> str | None:
    """The column that a path names, if it is one and not a fact."""
    first = path[0]
    return first if len(path) == 1 and isinstance(first, str) and schema.type_of(first) is not None else None


def _fact(path: tuple[str | int, ...], schema: Schema) -> tuple[str, tuple[str | int, ...]]:
    """The column of JSON that a fact lies in, and its path there."""
    first = path[0]
    if not isinstance(first, str):
        raise InvalidFilter("a path begins with a name")
    ty = schema.type_of(first)
    if ty is None:
        return FACTS, path
    if ty != JSONB:
        raise InvalidFilter(f"column {first!r} of {schema.name} has no facts inside: {path!r}")
    return first, path[1:]


class _Sql:
    def __init__(self, schema: Schema, parameters: Parameters) -> None:
        self.schema = schema
        self.parameters = parameters

    def write(self, where: Filter, wanted: bool) -> str:
        match where:
            case Everything():
                return "true" if wanted else "false"
            case Both(parts) | Either(parts):
                word = " AND " if isinstance(where, Both) == wanted else " OR "
                return "(" + word.join(self.write(part, wanted) for part in parts) + ")"
            case Not(part):
                return self.write(part, not wanted)
            case Compare():
                return self.compare(where if wanted else where.opposite)
            case OneOf():
                return self.one_of(where, wanted)
            case IsNull(path):
                return f"{self.text(path)} IS {'' if wanted else 'NOT '}NULL"
            case Pattern():
                return self.pattern(where, wanted)
            case Contains(path, value):
                return self.contains(path, value, wanted)
            case HasKey(path, key):
                test = f"{self.json(path)} ? {self.parameters.add(key)}"
                return test if wanted else f"({self.text(path)} IS NOT NULL AND NOT {test})"
        raise InvalidFilter(f"{type(where).__name__} is no filter")

    def json(self, path: tuple[str | int, ...]) -> str:
        """The value at a path as the type it has."""
        column = _column(path, self.schema)
        if column is not None:
            return identifier(column)
        root, steps = _fact(path, self.schema)
        return identifier(root) + "".join("->" + _sql_step(step) for step in steps)

    def text(self, path: tuple[str | int, ...]) -> str:
        """The value at a path, a fact as its text."""
        column = _column(path, self.schema)
        if column is not None:
            return identifier(column)
        root, steps = _fact(path, self.schema)
        inner = "".join("->" + _sql_step(step) for step in steps[:-1])
        return f"{identifier(root)}{inner}->>{_sql_step(steps[-1])}"

    def compare(self, where: Compare) -> str:
        column = _column(where.path, self.schema)
        if column is not None:
            if self.schema.type_of(column) == JSONB:
                raise InvalidFilter(f"column {column!r} holds JSON: compare a fact inside, or use contains()")
            if self.schema.type_of(column) == TEXT and not isinstance(where.value, str):
                raise InvalidFilter(f"column {column!r} holds texts, and is compared with {where.value!r}")
            return f"{identifier(column)} {where.operator.replace('!=', '<>')} {self.parameters.add(where.value)}"
        value = json_value(where.value)
        if where.operator == "=":
            return self.equal(where.path, value)
        if where.operator == "!=":
            return f"({self.text(where.path)} IS NOT NULL AND NOT {self.equal(where.path, value)})"
        kind = _JSON_TYPES.get(type(value), "number")
        compared = f"{self.json(where.path)} {where.operator} {self.parameters.add(Jsonb(value, dumps))}"
        if kind == "string":
            compared = f"{self.text(where.path)} {where.operator} {self.parameters.add(value)}"
        return f"(jsonb_typeof({self.json(where.path)}) = '{kind}' AND {compared})"

    def equal(self, path: tuple[str | int, ...], value: Any) -> str:
        """Equality with type. A text is compared as text first: that is quick, and what indexes on facts are for."""
        if _has_places(path):
            return f"{self.json(path)} = {self.parameters.add(Jsonb(value, dumps))}"
        exact = self.within(path, value)
        if not isinstance(value, str):
            return exact
        return f"({self.text(path)} = {self.parameters.add(value)} AND {exact})"

    def within(self, path: tuple[str | int, ...], value: Any) -> str:
        """Containment of a value at a path, written from the column so that the server looks for it without extracting."""
        root, steps = _fact(path, self.schema)
        if _has_places(path):
            return f"{self.json(path)} @> {self.parameters.add(Jsonb(value, dumps))}"
        for step in reversed(steps):
            value = {step: value}
        return f"{identifier(root)} @> {self.parameters.add(Jsonb(value, dumps))}"

    def one_of(self, where: OneOf, wanted: bool) -> str:
        if not where.values:
            return "false" if wanted else f"{self.text(where.path)} IS NOT NULL"
        if len(where.values) <= _SHORT_LIST:
            equal: Filter = Either(tuple(Compare(where.path, "=", value) for value in where.values))
            return self.write(equal, wanted)
        column = _column(where.path, self.schema)
        values: list[Any] = list(where.values)
        tested = self.json(where.path)
        if column is None:
            values = [Jsonb(json_value(value), dumps) for value in where.values]
        test = f"{tested} = ANY({self.parameters.add(values)})"
        return test if wanted else f"({self.text(where.path)} IS NOT NULL AND NOT {test})"

    def pattern(self, where: Pattern, wanted: bool) -> str:
        text, negation = self.text(where.path), "" if wanted else "NOT "
        if where.kind == "starts_with":
            return f"{negation}starts_with({text}, {self.parameters.add(where.pattern)})"
        pattern = where.pattern
        if where.kind == "text_contains":
            pattern = "%" + pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return f"{negation}({text} {_SQL_PATTERNS[where.kind]} {self.parameters.add(pattern)})"

    def contains(self, path: tuple[str | int, ...], value: Any, wanted: bool) -> str:
        # An array holds an element where it holds the array of that element; objects hold objects.
        part = value if isinstance(value, (dict, list)) else [json_value(value)]
        column = _column(path, self.schema)
        if column is not None and self.schema.type_of(column) != JSONB:
            raise InvalidFilter(f"column {column!r} holds no array and no object: use has_text() for a part of a text")
        test = self.within(path, part)
        return test if wanted else f"({self.text(path)} IS NOT NULL AND NOT {test})"


class _Knirvql:
    def __init__(self, schema: Schema, parameters: Parameters) -> None:
        self.schema = schema
        self.parameters = parameters

    def write(self, where: Filter, wanted: bool) -> str:
        match where:
            case Both(parts) | Either(parts):
                word = " AND " if isinstance(where, Both) == wanted else " OR "
                return "(" + word.join(self.write(part, wanted) for part in parts) + ")"
            case Not(part):
                return self.write(part, not wanted)
            case Compare():
                where = where if wanted else where.opposite
                value = where.value if _column(where.path, self.schema) else json_value(where.value)
                return f"{self.path(where.path)} {where.operator} {self.parameters.add(value)}"
            case OneOf(path, values) if values and len(values) <= _SHORT_LIST:
                equal: Filter = Either(tuple(Compare(path, "=", value) for value in values))
                return self.write(equal, wanted)
            case IsNull(path):
                return f"{self.path(path)} IS {'' if wanted else 'NOT '}NULL"
            case Pattern(path, kind, pattern) if kind in _KNIRVQL_PATTERNS:
                negation = "" if wanted else "NOT "
                return f"{self.path(path)} {negation}{_KNIRVQL_PATTERNS[kind]} {self.parameters.add(pattern)}"
        raise NotExpressible

    def path(self, path: tuple[str | int, ...]) -> str:
        column = _column(path, self.schema)
        if column is not None:
            return knirvql_name(column)
        root, steps = _fact(path, self.schema)
        # In a collection without a column `metadata`, `metadata.x` may be a column too; `_column` has seen to those.
        return knirvql_name(root) + "".join(
            f"[{step}]" if isinstance(step, int) else f".{knirvql_string(step)}" for step in steps
        )


def knirvql_name(name: str) -> str:
    """A column as the head of a path, which KNIRVQL writes without quotes.

    Raises `NotExpressible` for other names.
    """
    if not name.isidentifier() or not name.isascii() or name != name.lower() or name in _KNIRVQL_RESERVED:
        raise NotExpressible
    return name


def knirvql_string(text: str) -> str:
    """A text in KNIRVQL's single quotes, in which only they are doubled."""
    return literal(text)


_KNIRVQL_RESERVED: Final = frozenset("and false for in is like limit not null offset order or similar true where".split())


def _sql_step(step: str | int) -> str:
    return str(step) if isinstance(step, int) else literal(step)
