"""Filters that are written as dicts with operators, as LangChain and LangGraph write them.

    {"source": "web", "pages": {"$gte": 3, "$lt": 10}, "$or": [{"lang": "en"}, {"lang": {"$exists": False}}]}

Names are facts, values are what `nebulusdb.F` takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nebulusdb.errors import InvalidFilter
from nebulusdb.filters import ALL, Both, Either, Field, Filter, Not

_TESTS: Final = {
    "$eq": lambda field, value: field == value,
    "$ne": lambda field, value: field != value,
    "$gt": lambda field, value: field > value,
    "$gte": lambda field, value: field >= value,
    "$lt": lambda field, value: field < value,
    "$lte": lambda field, value: field <= value,
    "$in": lambda field, value: field.in_(value),
    "$nin": lambda field, value: field.not_in(value),
    "$between": lambda field, value: field.between(*value),
    "$exists": lambda field, value: field.exists() if value else field.is_null(),
    "$like": lambda field, value: field.like(value),
    "$ilike": lambda field, value: field.ilike(value),
    "$contains": lambda field, value: field.contains(value),
}


def filter_from_dict(given: Filter | Mapping[str, Any] | None, root: Field) -> Filter:
    """The filter that a dict stands for; its names are facts below `root`.

    Raises `InvalidFilter` that names an operator which is none.
    """
    if given is None:
        return ALL
    if isinstance(given, Filter):
        return given
    if not isinstance(given, Mapping):
        raise InvalidFilter(f"a filter is a dict, not {type(given).__name__}")
    found: Filter = ALL
    for name, wanted in given.items():
        found = found & _one(name, wanted, root)
    return found


def _one(name: str, wanted: Any, root: Field) -> Filter:
    if name in ("$and", "$or"):
        if not isinstance(wanted, (list, tuple)) or not wanted:
            raise InvalidFilter(f"{name} takes a list of filters")
        parts = tuple(filter_from_dict(part, root) for part in wanted)
        return Both(parts) if name == "$and" else Either(parts)
    if name == "$not":
        return Not(filter_from_dict(wanted, root))
    if name.startswith("$"):
        raise InvalidFilter(f"{name} is no operator on filters; there are $and, $or, $not")
    field = root[name]
    if isinstance(wanted, Mapping) and any(isinstance(key, str) and key.startswith("$") for key in wanted):
        found: Filter = ALL
        for operator, value in wanted.items():
            test = _TESTS.get(operator)
            if test is None:
                raise InvalidFilter(f"{operator} is no operator; there are {', '.join(_TESTS)}")
            found = found & test(field, value)
        return found
    return field.contains(wanted) if isinstance(wanted, (dict, list)) else field == wanted
