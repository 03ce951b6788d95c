"""How facts are written as JSON: strictly, so that what comes back is what was given."""

from __future__ import annotations

import decimal
import json
from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from nebulusdb.errors import InvalidEntry


def dumps(value: Any) -> str:
    """JSON text.

    Raises `InvalidEntry` for NaN and infinity, which JSON has not, and for what is no JSON value.
    """
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=_of_another_type)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEntry(f"facts are JSON values: {error}") from error


def jsonb(value: Mapping[str, Any] | Any) -> Jsonb:
    """A parameter of type jsonb."""
    return Jsonb(value, dumps)


def _of_another_type(value: Any) -> Any:
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is no JSON value, convert it to a text or number first")
