"""Writes the blocking client from the one for asyncio: tools/unasync.py [--check].

Each file of `_async` becomes one of `_sync`, word by word, but those that are written by hand. With --check nothing is written, and files that are
not current fail.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "nebulusdb"
BY_HAND = ("__init__.py", "compat.py", "embedding.py")
HEADER = "# Generated from _async/{name} by tools/unasync.py: edit that one.\n"
WORDS = [
    (r"\bawait \(self\.knirvql\((.*?)\) if (.*?) else self\.sql\((.*?)\)\)", r"(self.knirvql(\1) if \2 else self.sql(\3))"),
    (r"\bawait ", ""),
    (r"\basync (def|with|for) ", r"\1 "),
    (r"\bAwaitable\[T\]", "T"),
    (r"\bAsyncIterator, Awaitable, Callable\b", "Callable, Iterator"),
    (r"\bAsyncIterator, Iterable, Mapping\b", "Iterable, Iterator, Mapping"),
    (r"\bAsyncIterator, Callable, Mapping\b", "Callable, Iterator, Mapping"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"__aiter__", "__iter__"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\b_async\b", "_sync"),
    (r"\b(connect|embedded)_async\b", r"\1"),
    (r"`db = connect\(\)`, and `async with db:`", "`db = connect()`, and `with db:`"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"Statements of several tasks", "Statements of several threads"),
    (r"under an iteration of another task", "under an iteration of another thread"),
]


def blocking(name: str, text: str) -> str:
    """The blocking form of a file."""
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text)
    return HEADER.format(name=name) + text


def main() -> int:
    stale = []
    for path in sorted((SOURCE / "_async").glob("*.py")):
        if path.name in BY_HAND:
            continue
        target = SOURCE / "_sync" / path.name
        wanted = blocking(path.name, path.read_text())
        if target.exists() and target.read_text() == wanted:
            continue
        stale.append(target.name)
        if "--check" not in sys.argv:
            target.write_text(wanted)
    if stale and "--check" in sys.argv:
        print(f"not current: {', '.join(stale)}; run tools/unasync.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
