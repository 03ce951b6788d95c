"""What blocking code has other names for than asyncio."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from psycopg import Connection as Connection
from psycopg import RawCursor as RawCursor

P = ParamSpec("P")
T = TypeVar("T")


class Turn:
    """Whose turn it is at a connection. The thread that has it may take it again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for the turn, and has it within the block."""
        with self._lock:
            yield


def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs what blocks."""
    return function(*args, **kwargs)


def pause(seconds: float) -> None:
    """Lets others go first."""
    time.sleep(seconds)
