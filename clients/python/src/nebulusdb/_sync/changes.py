# Generated from _async/changes.py by tools/unasync.py: edit that one.
"""Change feeds: what happens in a collection or in a network, as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import psycopg

from nebulusdb._sync.compat import Connection
from nebulusdb.compile import identifier
from nebulusdb.errors import SubscriptionsUnsupported


T = TypeVar("T")
LOOK_SECONDS: Final = 1.0
"""How often a waiting iteration looks whether it was closed."""


class Subscription(Generic[T]):
    """What happens in a collection or in networks from the moment it was opened, over a connection of its own.

    Iterating over it waits for what comes next; `get` waits for a time. It ends with `close`.
    """

    def __init__(self, connection: Connection[Any], channel: str, read: Callable[[str], T]) -> None:
        self._connection = connection
        self._read = read
        self._waiting: deque[T] = deque()
        self._is_closed = False
        self.channel = channel

    @classmethod
    def open(cls, parameters: Mapping[str, Any], channel: str, read: Callable[[str], T]) -> Subscription[T]:
        """Connects and listens; what is committed after this is seen. `read` makes messages of their texts.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        connection: Connection[Any] = Connection.connect("", autocommit=True, **parameters)
        try:
            connection.execute(f"LISTEN {identifier(channel)}".encode())
        except psycopg.errors.FeatureNotSupported as error:
            connection.close()
            raise SubscriptionsUnsupported(f"this server has no change feeds (LISTEN): {error}") from error
        except BaseException:
            connection.close()
            raise
        return cls(connection, channel, read)

    def get(self, timeout: float | None = None) -> T | None:
        """What comes next, `None` when nothing came within `timeout` seconds."""
        if not self._waiting:
            for notification in self._connection.notifies(timeout=timeout, stop_after=1):
                self._waiting.append(self._read(notification.payload))
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Ends the subscription, also under an iteration of another thread."""
        self._is_closed = True
        self._connection.close()

    def __iter__(self) -> Iterator[T]:
        while not self._is_closed:
            try:
                message = self.get(LOOK_SECONDS)
            except psycopg.Error:
                if self._is_closed:
                    return
                raise
            if message is not None:
                yield message

    def __enter__(self) -> Subscription[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channel!r})"
