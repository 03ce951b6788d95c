"""Change feeds: what happens in a collection, as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import psycopg

from nebulusdb._async.compat import AsyncConnection
from nebulusdb.compile import identifier
from nebulusdb.entries import Change
from nebulusdb.errors import SubscriptionsUnsupported


LOOK_SECONDS: Final = 1.0
"""How often a waiting iteration looks whether it was closed."""


class AsyncSubscription:
    """The changes of a collection from the moment it was opened, over a connection of its own.

    Iterating over it waits for the next change; `get` waits for a time. It ends with `close`.
    """

    def __init__(self, connection: AsyncConnection[Any], collection: str) -> None:
        self._connection = connection
        self._waiting: deque[Change] = deque()
        self._is_closed = False
        self.collection = collection

    @classmethod
    async def open(cls, parameters: Mapping[str, Any], collection: str) -> AsyncSubscription:
        """Connects and listens; what is committed after this is seen.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        connection: AsyncConnection[Any] = await AsyncConnection.connect("", autocommit=True, **parameters)
        try:
            await connection.execute(f"LISTEN {identifier(f'changes:{collection}')}".encode())
        except psycopg.errors.FeatureNotSupported as error:
            await connection.close()
            raise SubscriptionsUnsupported(f"this server has no change feeds (LISTEN): {error}") from error
        except BaseException:
            await connection.close()
            raise
        return cls(connection, collection)

    async def get(self, timeout: float | None = None) -> Change | None:
        """The next change, `None` when none came within `timeout` seconds."""
        if not self._waiting:
            async for notification in self._connection.notifies(timeout=timeout, stop_after=1):
                self._waiting.append(Change.from_payload(self.collection, notification.payload))
        return self._waiting.popleft() if self._waiting else None

    async def close(self) -> None:
        """Ends the subscription, also under an iteration of another task."""
        self._is_closed = True
        await self._connection.close()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while not self._is_closed:
            try:
                change = await self.get(LOOK_SECONDS)
            except psycopg.Error:
                if self._is_closed:
                    return
                raise
            if change is not None:
                yield change

    async def __aenter__(self) -> AsyncSubscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.collection!r})"
