"""The list of known differences, `known.txt`: what is not mended yet, most of it by binding.

A line is `kind | pattern | reason`: a difference of that kind whose shrunk statement, and our answer after ` => `, match the
regular expression is counted under that line and fails nothing.
"""

import re
from dataclasses import dataclass
from pathlib import Path

KINDS = ("rows", "scale", "sign", "type", "refused", "failed", "taken", "sqlstate")


@dataclass
class Known:
    """One line of the list."""

    kind: str
    pattern: re.Pattern
    reason: str
    count: int = 0


def read(path: Path) -> list[Known]:
    lines = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != 3 or parts[0] not in KINDS:
            raise SystemExit(f"{path}:{number}: kind | pattern | reason, with a kind of {', '.join(KINDS)}")
        lines.append(Known(parts[0], re.compile(parts[1], re.DOTALL), parts[2]))
    return lines


def find(lines: list[Known], kind: str, statement: str, ours: str) -> Known | None:
    text = f"{statement} => {ours}"
    return next((line for line in lines if line.kind == kind and line.pattern.search(text)), None)
