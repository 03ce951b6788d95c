"""The tables that statements are generated over, and what lies in them.

`t` and `u` hold the values on which databases disagree: NULL, NaN, both zeros, infinities, duplicates, empty text, and
jsonb of every kind of value under one key. Both have a few rows, so that a statement touches every case and a failure
can be read.
"""

import random

COLUMNS = {
    "id": "int4",
    "i": "int4",
    "k": "int4",
    "b": "int8",
    "f": "float8",
    "g": "float8",
    "r": "float4",
    "n": "numeric",
    "x": "text",
    "y": "text",
    "o": "bool",
    "d": "date",
    "j": "jsonb",
    "v": "vector",
}
DECLARED = {"numeric": "numeric(12,2)", "vector": "vector(2)"}
TABLES = ("t", "u")
ROWS_MAX = 12

VALUES = {
    "int4": ["0", "1", "2", "3", "-1", "7"],
    "int8": ["0", "1", "2", "-3", "5000000000"],
    "float8": ["0", "-0", "1", "1.5", "-2.25", "NaN", "Infinity", "-Infinity"],
    "float4": ["0", "-0", "1", "1.5", "NaN", "Infinity", "-Infinity"],
    "numeric": ["0.00", "1.00", "1.50", "-2.25", "100.10"],
    "text": ["", "a", "b", "ab", "A", "12", "7", "a%", "_", "1.5"],
    "bool": ["true", "false"],
    "date": ["2024-02-29", "2023-12-31", "1999-01-01"],
    "jsonb": [
        "null", "1", "-0.0", '"a"', "true", "[]", "{}", '{"p": 1}', '{"p": 9.5}', '{"p": "a"}', '{"p": "12"}',
        '{"p": null}', '{"p": [1, 2]}', '{"p": true, "q": "b"}', '{"q": 2}', '{"p": {"p": 3}}',
    ],
    "vector": ["[1,0]", "[0,1]", "[0,0]", "[0.5,0.5]", "[-1,0]"],
}  # fmt: skip

# How often a column is NULL, of 100.
NULLS = 25


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def create(table: str) -> str:
    columns = ", ".join(
        f"{name} {DECLARED.get(kind, kind)}{' PRIMARY KEY' if name == 'id' else ''}" for name, kind in COLUMNS.items()
    )
    return f"CREATE TABLE {table} ({columns})"


def row(chance: random.Random, number: int) -> dict[str, str | None]:
    made: dict[str, str | None] = {"id": str(number)}
    for name, kind in list(COLUMNS.items())[1:]:
        made[name] = None if chance.randrange(100) < NULLS else chance.choice(VALUES[kind])
    return made


def insert(table: str, rows: list[dict[str, str | None]]) -> str:
    """One INSERT of rows, given as texts by column."""
    lists = [
        "(" + ", ".join("NULL" if value is None else quoted(value) for value in made.values()) + ")" for made in rows
    ]
    return f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES {', '.join(lists)}"


def contents(chance: random.Random) -> dict[str, list[dict[str, str | None]]]:
    return {table: [row(chance, number) for number in range(1, chance.randint(4, ROWS_MAX))] for table in TABLES}
