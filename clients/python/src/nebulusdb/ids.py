"""Ids for entries that come without one."""

from __future__ import annotations

import secrets
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUID of version 7 as a text. Ids that this process makes later sort later (RFC 9562, with the clock's fractions of a
    millisecond in the first twelve random bits)."""
    global _last
    # The time in 4096ths of a millisecond, and never the same twice.
    now = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = max(now, _last + 1)
        stamp = _last
    number = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=number))
