"""What the client knows of a collection: its columns, its key, and where its facts lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nebulusdb.errors import InvalidFilter

BYTEA, INT8, INT2, INT4, TEXT, TIMESTAMPTZ, JSONB = 17, 20, 21, 23, 25, 1184, 3802
VECTOR = 16385
"""The server's OID of `vector`; a connection asks for it where it is another one."""

SYSTEM_COLUMNS: Mapping[str, int] = {
    "_entry_type": TEXT,
    "_stage": TEXT,
    "_timestamp": TIMESTAMPTZ,
    "_peer_id": TEXT,
    "_vector_clock": JSONB,
}
FACTS = "metadata"

SCHEMA_QUERY = """
SELECT a.attname::text, a.atttypid::int8, i.indrelid IS NOT NULL AS is_key
FROM pg_attribute a
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True)
class Schema:
    """A collection's columns by name with the OIDs of their types, and its primary key."""

    name: str
    columns: Mapping[str, int]
    key: tuple[str, ...] = ("id",)
    facts_are_declared: bool = field(default=False)

    def type_of(self, name: str) -> int | None:
        """The OID of a column's type, `None` for what is no column."""
        return self.columns.get(name, SYSTEM_COLUMNS.get(name, JSONB if name == FACTS else None))

    def column_of_type(self, oid: int) -> str | None:
        """The first column of a type."""
        return next((name for name, found in self.columns.items() if found == oid), None)

    @property
    def single_key(self) -> str:
        """The one column of the key. Raises `InvalidFilter` where there are several."""
        if len(self.key) != 1:
            raise InvalidFilter(f"{self.name} has the key ({', '.join(self.key)}): say which entry by where=")
        return self.key[0]


MEMORY = Schema(
    "memory",
    {"id": TEXT, "metadata": JSONB, "vector": VECTOR, "blob_hash": TEXT, "blob_size": INT8, "blob_type": TEXT},
    facts_are_declared=True,
)
