"""Frames of pandas, Polars and Arrow: from answers, and into collections.

None of the three is needed by the rest of the client; each is imported where it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nebulusdb.errors import InvalidEntry
from nebulusdb.optional import need
from nebulusdb.result import Column, Result
from nebulusdb.schema import JSONB, VECTOR
from nebulusdb.vectors import Vector

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_JSON, _NUMERIC = 114, 1700


def to_pandas(result: Result) -> pandas.DataFrame:
    """Every column as pandas makes it of Python values; vectors are NumPy arrays, JSON values stay dicts and lists."""
    need("pandas", "pandas")
    import pandas

    columns = {}
    for place, column in enumerate(result.columns):
        values = [row[place] for row in result.rows]
        if column.type_oid == VECTOR:
            held = pandas.Series([None if value is None else value.numpy() for value in values], dtype=object)
        elif column.type_oid in (JSONB, _JSON):
            held = pandas.Series(values, dtype=object)
        else:
            held = pandas.Series(values)
        columns[column.name] = held
    return pandas.DataFrame(columns)


def to_arrow(result: Result) -> pyarrow.Table:
    """A table whose types are those of the server, also where there is no row."""
    need("pyarrow", "arrow")
    import pyarrow

    fields, arrays = [], []
    for place, column in enumerate(result.columns):
        values = [row[place] for row in result.rows]
        array = _arrow_array(column, values)
        fields.append(pyarrow.field(column.name, array.type))
        arrays.append(array)
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))


def to_polars(result: Result) -> polars.DataFrame:
    """The Arrow table as a frame."""
    need("polars", "polars")
    import polars

    frame = polars.from_arrow(to_arrow(result))
    assert isinstance(frame, polars.DataFrame), "a table becomes a frame"
    return frame


def rows_of(frame: Any) -> Iterator[dict[str, Any]]:
    """The rows of a frame as dicts.

    Missing values are `None`, arrays stay arrays. Raises `InvalidEntry` for what is no frame of pandas, Polars or Arrow.
    """
    module = type(frame).__module__.partition(".")[0]
    if module == "pandas" and hasattr(frame, "columns"):
        return _rows_of_pandas(frame)
    if module == "polars" and hasattr(frame, "iter_rows"):
        rows: Iterator[dict[str, Any]] = frame.iter_rows(named=True)
        return rows
    if module == "polars" and hasattr(frame, "collect"):
        return rows_of(frame.collect())
    if module == "pyarrow" and hasattr(frame, "to_batches"):
        return (row for batch in frame.to_batches() for row in batch.to_pylist())
    if module == "pyarrow" and hasattr(frame, "to_pylist"):
        return iter(frame.to_pylist())
    raise InvalidEntry(f"a frame of pandas, Polars or Arrow is needed, not {type(frame).__name__}")


def _rows_of_pandas(frame: Any) -> Iterator[dict[str, Any]]:
    import pandas

    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, place].tolist() for place in range(len(names))]

    def plain(value: Any) -> Any:
        if value is None or value is pandas.NaT or value is pandas.NA or (isinstance(value, float) and value != value):
            return None
        return value.to_pydatetime() if isinstance(value, pandas.Timestamp) else value

    for row in zip(*columns):
        yield {name: plain(value) for name, value in zip(names, row)}


def _arrow_array(column: Column, values: list[Any]) -> pyarrow.Array:
    import pyarrow

    ty = _arrow_type(column, values)
    if column.type_oid == VECTOR:
        return pyarrow.array([None if value is None else value.tolist() for value in values], type=ty)
    if column.type_oid in (JSONB, _JSON):
        values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    elif ty is None:
        return pyarrow.array([None if value is None else str(value) for value in values], type=pyarrow.string())
    return pyarrow.array(values, type=ty)


def _arrow_type(column: Column, values: list[Any]) -> pyarrow.DataType | None:
    """The type of a column, `None` for one that Arrow gets as text."""
    import pyarrow

    if column.type_oid == VECTOR:
        dimensions = {len(value) for value in values if isinstance(value, Vector)}
        return pyarrow.list_(pyarrow.float32(), dimensions.pop() if len(dimensions) == 1 else -1)
    if column.type_oid == _NUMERIC:
        scales = [-int(value.as_tuple().exponent) for value in values if value is not None and value.is_finite()]
        return pyarrow.decimal128(38, max([0, *scales]))
    # By OID: bool, bytea, int8, int2, int4, text, json, float4, float8, varchar, date, time, timestamp, timestamptz, jsonb.
    return {
        16: pyarrow.bool_(),
        17: pyarrow.binary(),
        20: pyarrow.int64(),
        21: pyarrow.int16(),
        23: pyarrow.int32(),
        25: pyarrow.string(),
        _JSON: pyarrow.string(),
        700: pyarrow.float32(),
        701: pyarrow.float64(),
        1043: pyarrow.string(),
        1082: pyarrow.date32(),
        1083: pyarrow.time64("us"),
        1114: pyarrow.timestamp("us"),
        1184: pyarrow.timestamp("us", tz="UTC"),
        JSONB: pyarrow.string(),
    }.get(column.type_oid)
