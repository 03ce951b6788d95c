# Generated from _async/changes.py by tools/unasync.py: edit that one.
"""Change feeds: what happens in a collection, as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

import psycopg

from nebulusdb._sync.compat import Connection
from nebulusdb.compile import identifier
from nebulusdb.entries import Change
from nebulusdb.errors import SubscriptionsUnsupported


LOOK_SECONDS: Final = 1.0
"""How often a waiting iteration looks whether it was closed."""


class Subscription:
    """The changes of a collection from the moment it was opened, over a connection of its own.

    Iterating over it waits for the next change; `get` waits for a time. It ends with `close`.
    """

    def __init__(self, connection: Connection[Any], collection: str) -> None:
        self._connection = connection
        self._waiting: deque[Change] = deque()
        self._is_closed = False
        self.collection = collection

    @classmethod
    def open(cls, parameters: Mapping[str, Any], collection: str) -> Subscription:
        """Connects and listens; what is committed after this is seen.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        connection: Connection[Any] = Connection.connect("", autocommit=True, **parameters)
        try:
            connection.execute(f"LISTEN {identifier(f'changes:{collection}')}".encode())
        except psycopg.errors.FeatureNotSupported as error:
            connection.close()
            raise SubscriptionsUnsupported(f"this server has no change feeds (LISTEN): {error}") from error
        except BaseException:
            connection.close()
            raise
        return cls(connection, collection)

    def get(self, timeout: float | None = None) -> Change | None:
        """The next change, `None` when none came within `timeout` seconds."""
        if not self._waiting:
            for notification in self._connection.notifies(timeout=timeout, stop_after=1):
                self._waiting.append(Change.from_payload(self.collection, notification.payload))
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Ends the subscription, also under an iteration of another thread."""
        self._is_closed = True
        self._connection.close()

    def __iter__(self) -> Iterator[Change]:
        while not self._is_closed:
            try:
                change = self.get(LOOK_SECONDS)
            except psycopg.Error:
                if self._is_closed:
                    return
                raise
            if change is not None:
                yield change

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.collection!r})"
