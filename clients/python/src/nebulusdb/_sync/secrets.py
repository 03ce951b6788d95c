# Generated from _async/secrets.py by tools/unasync.py: edit that one.
"""Secrets: texts in the server's encrypted vault, which never leave the node by its networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nebulusdb.entries import Secret
from nebulusdb.errors import InvalidEntry
from nebulusdb.statements import Statement

if TYPE_CHECKING:
    from nebulusdb._sync.database import Database


class Secrets:
    """`db.secrets`: values by key. They travel as parameters, which neither the server nor this client logs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, key: str, value: str | Secret) -> None:
        """Stores a secret, in place of the one that the key has."""
        text = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(key, str) or not isinstance(text, str):
            raise InvalidEntry("the key and the value of a secret are texts")
        self._database._run(Statement("SET AUTH key = $1 value = $2", [key, text]))

    def get(self, key: str) -> Secret | None:
        """The secret of a key, `None` where there is none. `reveal()` gives its text."""
        rows = (self._database._run(Statement("GET AUTH WHERE key = $1", [key]))).rows
        return Secret(rows[0][1]) if rows else None

    def delete(self, key: str) -> bool:
        """Deletes a secret; whether there was one."""
        return (self._database._run(Statement("DELETE AUTH WHERE key = $1", [key]))).rowcount > 0

    def keys(self) -> list[str]:
        """The keys, in order."""
        return [key for (key,) in (self._database._run(Statement("SELECT key FROM auth ORDER BY key"))).rows]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
