"""The tables that are printed: each file, and the most frequent causes."""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

# Causes that are listed, at most.
CAUSES_MAX = 80
SHOWN_MAX = 400

# Kinds of outcomes, by column. A statement is in one of them.
COLUMNS = {
    "same": ("same",),
    "apart": ("follows",),
    "plans": ("plan",),
    "refused 0A000": ("refused",),
    "other error": ("error",),
    "wrong answer": ("rows", "tag", "order", "names", "answers", "command"),
    "type only": ("types",),
    "taken": ("taken",),
    "other SQLSTATE": ("sqlstate",),
    "XX000": ("internal",),
    "lost": ("lost",),
}


@dataclass
class File:
    """What came of one file."""

    suite: str
    name: str
    is_judged: bool
    counts: Counter = field(default_factory=Counter)
    seconds: float = 0.0
    not_reached: int = 0
    absent: str = ""

    def column(self, name: str) -> int:
        return sum(self.counts[kind] for kind in COLUMNS[name])

    def judged(self) -> int:
        """Statements whose objects could be made, without plans, whose texts are each server's own."""
        return sum(self.counts.values()) - self.counts["follows"] - self.counts["plan"]


def shape(message: str) -> str:
    """A message without its names and numbers."""
    sqlstate, _, text = message.split("\n")[0].partition(" ")
    text = re.sub(r'"[^"]*"', '"…"', text)
    text = re.sub(r"'[^']*'", "'…'", text)
    return f"{sqlstate} {re.sub(r'[0-9]+', 'N', text)[:160]}"


class Report:
    """Collects, and writes `summary.md` and `differences.jsonl`."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.details = open(folder / "differences.jsonl", "w", encoding="utf-8", errors="replace")
        self.files: list[File] = []
        self.causes: Counter = Counter()
        self.where: dict[str, set[str]] = defaultdict(set)
        self.examples: dict[str, str] = {}

    def note(self, file: File, line: int, statement: str, kind: str, theirs: str, ours: str) -> None:
        file.counts[kind] += 1
        if kind in ("same", "plan"):
            return
        record = {"suite": file.suite, "file": file.name, "line": line, "kind": kind, "statement": statement[:2000],
                  "theirs": theirs[:2000], "ours": ours[:2000]}  # fmt: skip
        self.details.write(json.dumps(record, ensure_ascii=False) + "\n")
        if kind == "follows":
            return
        cause = f"{kind}: {shape(ours)}" if kind in ("refused", "error", "sqlstate", "internal", "lost") else kind
        if kind == "taken":
            cause = f"taken: PostgreSQL says {shape(theirs)}"
        self.causes[cause] += 1
        self.where[cause].add(file.name)
        self.examples.setdefault(cause, " ".join(statement.split())[:110])

    def write(self, header: list[str]) -> str:
        self.details.close()
        lines = ["# PostgreSQL's and pgvector's files, and sqllogictest, held against PostgreSQL", "", *header, ""]
        lines += self._suites() + [""] + self._table() + [""] + self._causes()
        text = "\n".join(lines) + "\n"
        (self.folder / "summary.md").write_text(text, encoding="utf-8", errors="replace")
        return text

    def _row(self, name: str, files: list[File]) -> str:
        total = sum(sum(file.counts.values()) for file in files)
        judged, same = sum(file.judged() for file in files), sum(file.counts["same"] for file in files)
        cells = [str(sum(file.column(column) for file in files)) for column in COLUMNS]
        percent = f"{100 * same / judged:.1f} %" if judged else "–"
        left = sum(file.not_reached for file in files)
        return f"| {name} | {total} | {' | '.join(cells)} | {left} | {percent} |"

    def _head(self, first: str) -> list[str]:
        names = [first, "statements", *COLUMNS, "not reached", "same of those not apart"]
        return ["| " + " | ".join(names) + " |", "|---|" + "---:|" * (len(names) - 1)]

    def _suites(self) -> list[str]:
        lines = self._head("suite")
        for suite in dict.fromkeys(file.suite for file in self.files):
            files = [file for file in self.files if file.suite == suite and not file.absent]
            lines.append(self._row(suite, files))
            judged = [file for file in files if file.is_judged]
            if judged and len(judged) < len(files):
                lines.append(self._row(f"{suite}: queries, expressions, types", judged))
            absent = [file.name for file in self.files if file.suite == suite and file.absent]
            if absent:
                lines.append(f"| {suite}: absent or not as pinned, NOT run: {', '.join(absent)} |" + " |" * (len(COLUMNS) + 3))
        return lines

    def _table(self) -> list[str]:
        lines = self._head("file")
        for file in self.files:
            lines.append(self._row(f"{file.suite}/{file.name}{' *' if file.is_judged else ''}", [file]))
            if file.absent:
                lines[-1] = f"| {file.suite}/{file.name} | {file.absent} |" + " |" * (len(COLUMNS) + 2)
        return lines

    def _causes(self) -> list[str]:
        lines = ["## The most frequent causes", "", "| statements | files | cause | first example |", "|---:|---:|---|---|"]
        for cause, count in self.causes.most_common(CAUSES_MAX):
            cells = [cause[:SHOWN_MAX].replace("|", "\\|"), self.examples[cause].replace("|", "\\|")]
            lines.append(f"| {count} | {len(self.where[cause])} | {cells[0]} | `{cells[1]}` |")
        return lines
