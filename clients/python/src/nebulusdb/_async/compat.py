"""What asyncio has other names for than blocking code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from psycopg import AsyncConnection as AsyncConnection
from psycopg import AsyncRawCursor as AsyncRawCursor

P = ParamSpec("P")
T = TypeVar("T")

_held: ContextVar[frozenset[object]] = ContextVar("_held", default=frozenset())


class AsyncTurn:
    """Whose turn it is at a connection. Whoever has it may take it again, and so may the tasks that it starts meanwhile."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: object = None

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Waits for the turn, and has it within the block."""
        if self._owner is not None and self._owner in _held.get():
            yield
            return
        async with self._lock:
            owner = self._owner = object()
            before = _held.get()
            _held.set(before | {owner})
            try:
                yield
            finally:
                self._owner = None
                _held.set(_held.get() - {owner})


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs what blocks beside the loop."""
    return await asyncio.to_thread(function, *args, **kwargs)


async def pause(seconds: float) -> None:
    """Lets others go first."""
    await asyncio.sleep(seconds)
