"""Change feeds: what happens in a collection or in a network, as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import psycopg

from nebulusdb._async.compat import AsyncConnection
from nebulusdb.compile import identifier
from nebulusdb.errors import SubscriptionsUnsupported


T = TypeVar("T")
LOOK_SECONDS: Final = 1.0
"""How often a waiting iteration looks whether it was closed."""


class AsyncSubscription(Generic[T]):
    """What happens in a collection or in networks from the moment it was opened, over a connection of its own.

    Iterating over it waits for what comes next; `get` waits for a time. It ends with `close`.
    """

    def __init__(self, connection: AsyncConnection[Any], channel: str, read: Callable[[str], T]) -> None:
        self._connection = connection
        self._read = read
        self._waiting: deque[T] = deque()
        self._is_closed = False
        self.channel = channel

    @classmethod
    async def open(cls, parameters: Mapping[str, Any], channel: str, read: Callable[[str], T]) -> AsyncSubscription[T]:
        """Connects and listens; what is committed after this is seen. `read` makes messages of their texts.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        connection: AsyncConnection[Any] = await AsyncConnection.connect("", autocommit=True, **parameters)
        try:
            await connection.execute(f"LISTEN {identifier(channel)}".encode())
        except psycopg.errors.FeatureNotSupported as error:
            await connection.close()
            raise SubscriptionsUnsupported(f"this server has no change feeds (LISTEN): {error}") from error
        except BaseException:
            await connection.close()
            raise
        return cls(connection, channel, read)

    async def get(self, timeout: float | None = None) -> T | None:
        """What comes next, `None` when nothing came within `timeout` seconds."""
        if not self._waiting:
            async for notification in self._connection.notifies(timeout=timeout, stop_after=1):
                self._waiting.append(self._read(notification.payload))
        return self._waiting.popleft() if self._waiting else None

    async def close(self) -> None:
        """Ends the subscription, also under an iteration of another task."""
        self._is_closed = True
        await self._connection.close()

    async def __aiter__(self) -> AsyncIterator[T]:
        while not self._is_closed:
            try:
                message = await self.get(LOOK_SECONDS)
            except psycopg.Error:
                if self._is_closed:
                    return
                raise
            if message is not None:
                yield message

    async def __aenter__(self) -> AsyncSubscription[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channel!r})"
