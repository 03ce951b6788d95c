"""The statements that the client sends: a text with `$n` for values, and the values.

Nothing here talks to a server. Names are quoted, values are parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, Union

from nebulusdb.compile import (
    NotExpressible,
    Parameters,
    WhereLike,
    filter_of,
    identifier,
    is_quick_in_sql,
    knirvql_name,
    knirvql_string,
    literal,
    to_knirvql,
    to_sql,
)
from nebulusdb.errors import InvalidEntry, InvalidFilter, UnknownColumn
from nebulusdb.filters import Everything, Field, Filter
from nebulusdb.ids import new_id
from nebulusdb.json import jsonb
from nebulusdb.schema import BYTEA, FACTS, INT2, INT4, INT8, JSONB, TEXT, VECTOR, Schema
from nebulusdb.vectors import Vector, VectorLike

Metric: TypeAlias = Literal["cosine", "l2", "ip", "l1"]
Order: TypeAlias = Union[str, Field, "Descending"]
METRICS: Final[Mapping[str, str]] = {"cosine": "<=>", "l2": "<->", "ip": "<#>", "l1": "<+>"}


@dataclass(frozen=True)
class Descending:
    """The order of a field from the greatest value down; `desc(F.size)` makes one."""

    field: Field


def desc(field: str | Field) -> Descending:
    """The order of a field from the greatest value down."""
    return Descending(_field(field))


@dataclass(frozen=True)
class Statement:
    """A statement in either language."""

    text: str
    values: Sequence[Any] = ()


def select(
    schema: Schema,
    where: WhereLike = None,
    columns: Sequence[str] | None = None,
    order_by: Order | Sequence[Order] | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Statement:
    """Entries that fulfil a condition."""
    parameters = Parameters()
    text = f"SELECT {_outputs(schema, columns)} FROM {identifier(schema.name)}{_where(schema, where, parameters)}"
    if order_by is not None:
        orders = [order_by] if isinstance(order_by, (str, Field, Descending)) else list(order_by)
        if orders:
            text += " ORDER BY " + ", ".join(_order(order, schema) for order in orders)
    text += _limits(limit, offset, parameters)
    return Statement(text, parameters.values)


def count(schema: Schema, where: WhereLike) -> Statement:
    """How many entries fulfil a condition."""
    parameters = Parameters()
    text = f"SELECT count(*) FROM {identifier(schema.name)}{_where(schema, where, parameters)}"
    return Statement(text, parameters.values)


def delete(schema: Schema, where: WhereLike) -> Statement:
    """Deletes what fulfils a condition, which has to be given."""
    _must_choose(where, "delete")
    parameters = Parameters()
    text = f"DELETE FROM {identifier(schema.name)}{_where(schema, where, parameters)}"
    return Statement(text, parameters.values)


def update(schema: Schema, values: Mapping[str, Any], where: WhereLike) -> Statement:
    """Sets columns, and merges what is no column into the facts, of what fulfils a condition."""
    _must_choose(where, "update")
    columns, facts = _split(schema, values)
    if not columns and not facts:
        raise InvalidEntry("update() needs at least one column or fact to set")
    parameters = Parameters()
    changes = [f"{identifier(name)} = {parameters.add(_value(schema, name, value))}" for name, value in columns.items()]
    if facts:
        if FACTS in columns:
            raise InvalidEntry(f"{FACTS!r} replaces all facts, {', '.join(map(repr, facts))} would set some: give one of them")
        changes.append(f"{FACTS} = {FACTS} || {parameters.add(jsonb(facts))}")
    text = f"UPDATE {identifier(schema.name)} SET {', '.join(changes)}{_where(schema, where, parameters)}"
    return Statement(text, parameters.values)


def remove_facts(schema: Schema, names: Sequence[str], where: WhereLike) -> Statement:
    """Takes facts away."""
    _must_choose(where, "update")
    if isinstance(names, str):
        raise InvalidEntry("the names of facts are a list")
    parameters = Parameters()
    change = f"{FACTS} = {FACTS} - {parameters.add(list(names))}::text[]"
    text = f"UPDATE {identifier(schema.name)} SET {change}{_where(schema, where, parameters)}"
    return Statement(text, parameters.values)


def set_stage(schema: Schema, where: WhereLike, wanted: bool) -> Statement:
    """Puts entries onto the stage of their collection's network, or takes them off."""
    _must_choose(where, "stage" if wanted else "unstage")
    parameters = Parameters()
    value = "'post-pending'" if wanted else "NULL"
    condition = to_sql(filter_of(where), schema, parameters)
    if not wanted:
        condition = f"_stage IS NOT NULL AND {condition}"
    return Statement(f"UPDATE {identifier(schema.name)} SET _stage = {value} WHERE {condition}", parameters.values)


def revert(schema: Schema, where: WhereLike) -> Statement:
    """Takes back what was changed in posted entries and not posted since."""
    _must_choose(where, "revert")
    parameters = Parameters()
    try:
        condition = to_knirvql(filter_of(where), schema, parameters)
    except NotExpressible:
        raise InvalidFilter(
            "revert() takes comparisons with facts, in_(), is_null(), like(), starts_with(), matches()"
        ) from None
    return Statement(f"REVERT MEMORY IN {knirvql_string(schema.name)} WHERE {condition}", parameters.values)


OnConflict: TypeAlias = Literal["error", "replace", "ignore"]


def insert(schema: Schema, row: Mapping[str, Any], on_conflict: OnConflict = "error", returning: bool = True) -> Statement:
    """Inserts one entry, and returns its key where that is wanted."""
    values = complete(schema, row)
    parameters = Parameters()
    names = ", ".join(identifier(name) for name in values)
    marks = ", ".join(parameters.add(_value(schema, name, value)) for name, value in values.items())
    text = (
        f"INSERT INTO {identifier(schema.name)} ({names}) VALUES ({marks})"
        if values
        else (f"INSERT INTO {identifier(schema.name)} DEFAULT VALUES")
    )
    keys = ", ".join(identifier(name) for name in schema.key)
    if on_conflict == "replace":
        changes = ", ".join(f"{identifier(name)} = excluded.{identifier(name)}" for name in values if name not in schema.key)
        text += f" ON CONFLICT ({keys}) DO " + (f"UPDATE SET {changes}" if changes else "NOTHING")
    elif on_conflict == "ignore":
        text += " ON CONFLICT DO NOTHING"
    elif on_conflict != "error":
        raise InvalidEntry(f"on_conflict is 'error', 'replace' or 'ignore', not {on_conflict!r}")
    if keys and returning:
        text += f" RETURNING {keys}"
    return Statement(text, parameters.values)


def copy(schema: Schema, rows: Sequence[Mapping[str, Any]]) -> tuple[str, list[int], Iterator[list[Any]]]:
    """COPY of many entries: the statement, the types of its columns, and their values row by row, as these types travel."""
    completed = [complete(schema, row) for row in rows]
    names = list(dict.fromkeys(name for row in completed for name in row))
    types = [schema.columns[name] for name in names]
    text = f"COPY {identifier(schema.name)} ({', '.join(map(identifier, names))}) FROM STDIN (FORMAT BINARY)"
    empty: dict[str, Any] = {FACTS: {}} if schema.facts_are_declared else {}
    makers = [_MAKERS.get(ty) for ty in types]

    def values() -> Iterator[list[Any]]:
        for row in completed:
            given = [row.get(name, empty.get(name)) for name in names]
            yield [value if make is None or value is None else make(value) for make, value in zip(makers, given)]

    return text, types, values()


def complete(schema: Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row by columns: with an id where the key is a text and none was given, and with other names among the facts."""
    if not isinstance(row, Mapping):
        raise InvalidEntry(f"an entry is a dict of columns and facts, not {type(row).__name__}")
    columns, facts = _split(schema, row)
    if facts:
        given = columns.get(FACTS) or {}
        twice = facts.keys() & given.keys()
        if twice:
            raise InvalidEntry(f"{', '.join(sorted(map(repr, twice)))} stands both in {FACTS} and beside it")
        columns[FACTS] = {**given, **facts}
    if len(schema.key) == 1 and schema.columns.get(schema.key[0]) == TEXT and columns.get(schema.key[0]) is None:
        columns[schema.key[0]] = new_id()
    return columns


def set_memory(identity: str, metadata: Mapping[str, Any] | None, vector: VectorLike | None, blob: bytes | None) -> Statement:
    """KNIRVQL's SET MEMORY: makes an entry, or replaces the named parts of the one that is there."""
    if not isinstance(identity, str) or not identity:
        raise InvalidEntry(f"the id of a memory is a text that is not empty, not {identity!r}")
    parameters = Parameters()
    text = f"SET MEMORY id = {parameters.add(identity)}"
    if metadata is not None:
        text += f" metadata = {parameters.add(jsonb(metadata))}"
    if vector is not None:
        text += f" vector = {parameters.add(Vector(vector))}"
    if blob is not None:
        text += f" blob = {parameters.add(bytes(blob))}"
    return Statement(text, parameters.values)


@dataclass(frozen=True)
class Nearest:
    """A nearest-neighbour search: what is measured, how, and which entries count."""

    vector: VectorLike
    where: WhereLike = None
    limit: int = 10
    offset: int = 0
    metric: Metric = "cosine"
    within: float | None = None
    ef: int | None = None
    columns: Sequence[str] | None = None
    vector_column: str | None = None


def nearest(schema: Schema, search: Nearest) -> tuple[Statement, int | None]:
    """The search in the language in which the server looks at the filter inside of it, and the width of the search where
    that has to be set beside the statement."""
    if search.metric not in METRICS:
        raise InvalidFilter(f"metric is one of {', '.join(METRICS)}, not {search.metric!r}")
    where = filter_of(search.where)
    if search.ef is not None and not isinstance(search.ef, int):
        raise InvalidFilter("ef is a whole number")
    column = search.vector_column or schema.column_of_type(VECTOR)
    if column is None:
        raise InvalidFilter(f"{schema.name} has no vector column")
    # KNIRVQL has no name for the column: it takes the only one.
    is_only = list(schema.columns.values()).count(VECTOR) == 1
    if is_only and (search.ef is not None or not is_quick_in_sql(where, schema)):
        try:
            return _nearest_in_knirvql(schema, search, where), None
        except NotExpressible:
            pass
    return _nearest_in_sql(schema, search, where, column), search.ef


def _nearest_in_sql(schema: Schema, search: Nearest, where: Filter, column: str) -> Statement:
    parameters = Parameters()
    distance = f"{identifier(column)} {METRICS[search.metric]} {parameters.add(Vector(search.vector))}"
    conditions = [f"{identifier(column)} IS NOT NULL"]
    if not isinstance(where, Everything):
        conditions.append(to_sql(where, schema, parameters))
    if search.within is not None:
        conditions.append(f"{distance} <= {parameters.add(float(search.within))}")
    text = (
        f"SELECT {_outputs(schema, search.columns)}, {distance} AS distance FROM {identifier(schema.name)}"
        f" WHERE {' AND '.join(conditions)} ORDER BY {distance}{_limits(search.limit, search.offset or None, parameters)}"
    )
    return Statement(text, parameters.values)


def _nearest_in_knirvql(schema: Schema, search: Nearest, where: Filter) -> Statement:
    parameters = Parameters()
    names = list(schema.columns) if search.columns is None else search.columns
    if any(schema.type_of(name) is None for name in names):
        raise NotExpressible
    fields = ", ".join(knirvql_name(name) for name in names)
    text = f"GET MEMORY FIELDS {fields}, distance IN {knirvql_string(schema.name)}"
    if not isinstance(where, Everything):
        text += f" WHERE {to_knirvql(where, schema, parameters)}"
    text += f" SIMILAR TO {parameters.add(Vector(search.vector))} USING {search.metric}"
    if search.within is not None:
        text += f" WITHIN {parameters.add(float(search.within))}"
    if search.ef is not None:
        text += f" WITH (ef = {int(search.ef)})"
    return Statement(text + _limits(search.limit, search.offset or None, parameters), parameters.values)


def create_collection(
    name: str, key: str, columns: Mapping[str, str], dimensions: int | None, metric: Metric
) -> list[Statement]:
    """A table for entries: a key, columns, facts in `metadata`, and a vector with an index."""
    if metric not in METRICS:
        raise InvalidFilter(f"metric is one of {', '.join(METRICS)}, not {metric!r}")
    parts = [f"id {_type(key)} PRIMARY KEY"]
    parts += [f"{identifier(column)} {_type(ty)}" for column, ty in columns.items()]
    parts.append(f"{FACTS} jsonb NOT NULL DEFAULT '{{}}'")
    if dimensions is not None:
        parts.append(f"vector vector({int(dimensions)})")
    made = [Statement(f"CREATE TABLE IF NOT EXISTS {identifier(name)} ({', '.join(parts)})")]
    if dimensions is not None:
        index = identifier(f"{name}_vector_idx")
        made.append(
            Statement(f"CREATE INDEX IF NOT EXISTS {index} ON {identifier(name)} USING hnsw (vector vector_{metric}_ops)")
        )
    return made


def create_index(schema: Schema, field: str | Field, unique: bool) -> Statement:
    """An ordered index on a column, or on a fact as a text."""
    path = _field(field)._path
    if len(path) != 1 or not isinstance(path[0], str):
        raise InvalidFilter("an index is on a column or on one fact of the entry")
    name = path[0]
    what = identifier(name) if schema.type_of(name) is not None else f"({FACTS}->>{literal(name)})"
    return Statement(f"CREATE {'UNIQUE ' if unique else ''}INDEX ON {identifier(schema.name)} ({what})")


def _type(text: str) -> str:
    """A column's type, which is words and numbers in parentheses and nothing else."""
    bare = text.replace("(", " ").replace(")", " ").replace(",", " ").replace("_", "a")
    if not bare.strip() or not all(part.isalnum() and part.isascii() for part in bare.split()):
        raise InvalidEntry(f"{text!r} is no type of a column")
    return text


def _field(field: str | Field) -> Field:
    return field if isinstance(field, Field) else Field((field,))


def _outputs(schema: Schema, columns: Sequence[str] | None) -> str:
    if columns is None:
        return ", ".join(identifier(name) for name in schema.columns)
    if isinstance(columns, str):
        raise InvalidFilter("columns is a list of names")
    return ", ".join(
        identifier(name) if schema.type_of(name) is not None else f"{FACTS}->{literal(name)} AS {identifier(name)}"
        for name in columns
    )


def _where(schema: Schema, where: WhereLike, parameters: Parameters) -> str:
    condition = filter_of(where)
    return "" if isinstance(condition, Everything) else f" WHERE {to_sql(condition, schema, parameters)}"


def _order(order: Order, schema: Schema) -> str:
    down = isinstance(order, Descending) or (isinstance(order, str) and order.startswith("-"))
    if isinstance(order, str):
        order = Field((order.removeprefix("-"),))
    path = (order.field if isinstance(order, Descending) else order)._path
    if len(path) == 1 and isinstance(path[0], str) and schema.type_of(path[0]) is not None:
        text = identifier(path[0])
    else:
        inside = path[1:] if path[0] == FACTS else path
        text = FACTS + "".join(f"->{step}" if isinstance(step, int) else f"->{literal(step)}" for step in inside)
    return f"{text} DESC NULLS LAST" if down else text


def _limits(limit: int | None, offset: int | None, parameters: Parameters) -> str:
    text = ""
    for word, number in (("LIMIT", limit), ("OFFSET", offset)):
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise InvalidFilter(f"{word.lower()} is a whole number, zero or more, not {number!r}")
        text += f" {word} {parameters.add(number)}"
    return text


def _must_choose(where: WhereLike, what: str) -> None:
    if where is None or (isinstance(where, Mapping) and not where):
        raise InvalidFilter(f"{what}() needs where=; nebulusdb.ALL is every entry")


def _split(schema: Schema, row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parts of a row that are columns, and those that are facts."""
    columns: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for name, value in row.items():
        if not isinstance(name, str):
            raise InvalidEntry(f"the names of columns and facts are texts, not {type(name).__name__}")
        (columns if name in schema.columns else facts)[name] = value
    if facts and not schema.facts_are_declared:
        known = ", ".join(schema.columns)
        raise UnknownColumn(
            f"{schema.name} has no column {', '.join(map(repr, facts))} and no column {FACTS} for facts; it has {known}"
        )
    return columns, facts


def _whole(value: Any) -> Any:
    """A whole number, also where a frame that has holes holds it as a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_MAKERS: Final[Mapping[int, Callable[[Any], Any]]] = {
    VECTOR: Vector,
    JSONB: jsonb,
    BYTEA: bytes,
    INT2: _whole,
    INT4: _whole,
    INT8: _whole,
}


def _value(schema: Schema, name: str, value: Any) -> Any:
    """A value as its column's type travels."""
    make = _MAKERS.get(schema.columns[name])
    return value if value is None or make is None else make(value)
