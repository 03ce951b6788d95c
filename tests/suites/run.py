"""Runs the files of PostgreSQL's regression suite, of pgvector's, and of sqllogictest here and on PostgreSQL, and compares.

    make compat SUITES=folder                                  every file of the list that the folder holds
    scripts/test-compat folder --only postgres/numeric         files of a name
    scripts/test-compat folder --judged                        those about queries, expressions and types

Nothing of the suites is part of this repository: `sources.txt` pins each file (source, commit, path, SHA-256), and
`fill.py` fills the folder out of clones of the sources. A file that is not there, or is another one, is reported as
absent and never as passed. Each file runs against fresh databases, one statement after the other on both servers, with
bounds on the time of each. `summary.md` and `differences.jsonl` are written to the folder of `--output`.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

from answers import Lost, difference, is_ordered
from objects import Objects
from report import File, Report
from scripts import Step, interpolate, read_psql, read_sqllogictest
from worlds import Worlds

# Seconds that a file has, and how often its server may be lost, before the rest of it is not reached.
FILE_SECONDS_MAX = 240
LOST_MAX = 4
SETUP = "test_setup"

# Commands of psql that ask the server; the others are about psql itself.
_ASKS = re.compile(r"^\\(d[a-zA-Z]*[S+]*|l\+?|sf\+?|sv\+?|z)(\s|$)")
_COPY_FILE = re.compile(r"^\s*(copy\s+.*?\s+from)\s+'([^']+)'(.*)$", re.IGNORECASE | re.DOTALL)
_TRUE = ("1", "t", "true", "on", "y", "yes")


@dataclass
class Pinned:
    """A line of `sources.txt`."""

    suite: str
    path: str
    sha256: str
    is_judged: bool


def pinned() -> list[Pinned]:
    lines = []
    for line in (HERE / "sources.txt").read_text().splitlines():
        words = line.split()
        if words[:1] == ["file"]:
            lines.append(Pinned(words[1], words[2], words[4], words[5:] == ["judged"]))
    return lines


class Script:
    """One file while it runs."""

    def __init__(self, worlds: Worlds, report: Report, file: File, folder: Path):
        self.worlds, self.report, self.file, self.folder = worlds, report, file, folder
        self.objects = Objects()
        self.variables: dict[str, str] = {}
        # For each \if around: whether its part runs, and whether one of its parts has.
        self.branches: list[list[bool]] = []
        self.lost = 0
        self.ended = False

    def run(self, steps: list[Step]) -> None:
        began = time.monotonic()
        for index, step in enumerate(steps):
            if time.monotonic() - began > FILE_SECONDS_MAX or self.lost > LOST_MAX:
                self.file.not_reached = len(steps) - index
                break
            if step.is_command:
                self.command(step)
            elif all(branch[0] for branch in self.branches):
                self.statement(step)
            if self.ended:
                break
        self.file.seconds = time.monotonic() - began

    def statement(self, step: Step) -> None:
        if step.ending.startswith(("\\bind", "\\parse", "\\close", "\\gdesc", "\\watch")):
            return
        text, data = interpolate(step.text, self.variables), step.data
        found = _COPY_FILE.match(text)
        if found and (source := self.folder / "postgres" / "data" / Path(found[2]).name).exists():
            # Files of the server are read by this program for both.
            text, data = f"{found[1]} STDIN{found[3]}", [source.read_text(encoding="utf-8", errors="surrogateescape")]
        theirs = self.compare(step.line, text, data, step.is_ordered)
        if not theirs or theirs[-1].sqlstate:
            return
        last = theirs[-1]
        if step.ending.startswith("\\gset") and len(last.rows) == 1:
            prefix = step.ending.split()[1] if len(step.ending.split()) > 1 else ""
            self.variables.update({prefix + name: value or "" for name, value in zip(last.names, last.rows[0], strict=True)})
        elif step.ending.startswith("\\gexec"):
            for cell in [value for row in last.rows for value in row if value][:1000]:
                self.compare(step.line, cell, [], None)

    def compare(self, line: int, text: str, data: list[str], ordered: bool | None):
        in_step = self.worlds.theirs.connection.transaction_status == self.worlds.ours.connection.transaction_status
        touches = self.objects.touches(text)
        try:
            theirs = self.worlds.theirs.ask(text, data)
        except Lost:
            self.worlds.reconnect()
            return []
        try:
            ours = self.worlds.ours.ask(text, data)
        except Lost as lost:
            self.lost += 1
            self.report.note(self.file, line, text, "lost", _shown(theirs), str(lost))
            self.objects.note(text, not theirs[-1].sqlstate if theirs else False, False)
            self.recover()
            return theirs
        kind = difference(theirs, ours, is_ordered(text) if ordered is None else ordered)
        answered = bool(theirs) and not theirs[-1].sqlstate
        if kind and kind in ("rows", "names", "types", "order") and re.match(r"\s*(--.*\n\s*)*explain\b", text, re.IGNORECASE):
            kind = "plan"
        self.objects.note(text, answered, kind in ("", "plan", "names", "types", "order"))
        if kind and kind != "plan" and (touches or not in_step):
            kind = "follows"
        self.report.note(self.file, line, text, kind or "same", _shown(theirs), _shown(ours))
        return theirs

    def recover(self) -> None:
        self.worlds.theirs.close()
        self.worlds.theirs.connect()
        self.worlds.start_ours()

    def command(self, step: Step) -> None:
        name, _, rest = step.text.partition(" ")
        if name in ("\\if", "\\elif", "\\else", "\\endif"):
            self.branch(name, rest)
        elif not all(branch[0] for branch in self.branches):
            return
        elif name in ("\\q", "\\quit"):
            self.ended = True
        elif name in ("\\c", "\\connect"):
            self.worlds.reconnect()
        elif name == "\\set":
            words = re.findall(r"'(?:[^']|'')*'|\S+", rest)
            self.variables[words[0]] = "".join(self.value(word) for word in words[1:]) if words else ""
        elif name == "\\unset":
            self.variables.pop(rest.strip(), None)
        elif name == "\\getenv":
            self.variables[rest.split()[0]] = str(self.folder / "postgres")
        elif _ASKS.match(step.text):
            line = interpolate(step.text, self.variables)
            theirs, ours = self.worlds.command(line)
            kind = "same" if theirs == ours else "follows" if self.objects.touches(line) else "command"
            self.report.note(self.file, step.line, line, kind, theirs, ours)

    def value(self, word: str) -> str:
        value = interpolate(word, self.variables) if not word.startswith("'") else word[1:-1].replace("''", "'")
        return value.replace("\\n", "\n").replace("\\t", "\t")

    def branch(self, name: str, condition: str) -> None:
        defined = re.sub(r":\{\?(\w+)\}", lambda found: str(found[1] in self.variables).lower(), condition)
        holds = interpolate(defined, self.variables).strip().strip("'").lower() in _TRUE
        if name == "\\if":
            self.branches.append([holds, holds])
        elif not self.branches:
            # A file that tries psql itself has such without a beginning.
            return
        elif name == "\\endif":
            self.branches.pop()
        elif name == "\\else":
            self.branches[-1] = [not self.branches[-1][1], True]
        else:
            runs = holds and not self.branches[-1][1]
            self.branches[-1] = [runs, runs or self.branches[-1][1]]


def _shown(answers) -> str:
    return "\n".join(answer.shown() for answer in answers)


def run_file(worlds: Worlds, report: Report, pin: Pinned, folder: Path, kept: str | None) -> None:
    path = folder / pin.path
    file = File(pin.suite, path.stem, pin.is_judged)
    report.files.append(file)
    if not path.exists():
        file.absent = "absent"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != pin.sha256:
        file.absent = "not the pinned file"
    if file.absent:
        return
    worlds.begin(kept)
    steps = read_sqllogictest(path) if pin.suite == "sqllogictest" else read_psql(path)
    script = Script(worlds, report, file, folder)
    script.run(steps)
    if file.name == SETUP:
        worlds.keep("setup")
    else:
        worlds.end()
    total = sum(file.counts.values())
    print(f"{file.suite}/{file.name}: {file.counts['same']} of {total} the same, {file.counts['follows']} apart, "
          f"{file.seconds:.0f} s", file=sys.stderr, flush=True)  # fmt: skip


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what fill.py filled")
    parser.add_argument("--only", action="append", default=[], help="suite/file, as often as wanted")
    parser.add_argument("--judged", action="store_true", help="only files about queries, expressions and types, and pgvector's")
    parser.add_argument("--output", type=Path, default=Path("compat-report"), help="folder for the report")
    return parser.parse_args(arguments)


def is_wanted(pin: Pinned, options: argparse.Namespace) -> bool:
    name = f"{pin.suite}/{Path(pin.path).stem}"
    if name == f"postgres/{SETUP}":
        return True
    if options.only:
        return name in options.only or pin.suite in options.only
    return pin.is_judged or pin.suite != "postgres" or not options.judged


def main() -> int:
    options = options_of(sys.argv[1:])
    if not options.folder.is_dir():
        raise SystemExit(f"compat: {options.folder} is no folder: tests/suites/README.md says how to fill one")
    report = Report(options.output)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="compat-") as work:
        Path(work).chmod(0o755)
        worlds = Worlds(Path(work), os.environ["NEBULUSDB_BIN"])
        try:
            versions = f"{worlds.postgres.version()} beside {worlds.nebulus.version()}"
            kept = False
            for pin in pinned():
                if pin.suite != "data" and is_wanted(pin, options):
                    run_file(worlds, report, pin, options.folder.resolve(), "setup" if kept and pin.suite == "postgres" else None)
                    kept |= Path(pin.path).stem == SETUP and not report.files[-1].absent
        finally:
            worlds.stop()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout.strip()
    header = [f"{versions}, commit {commit}, {time.monotonic() - began:.0f} s. Statements whose objects could not be made here, "
              "or that stand in a transaction that had failed in one of the two, are apart when they differ. The texts of plans are "
              "not compared. Files with * are about queries, expressions and types."]  # fmt: skip
    print(report.write(header))
    return 0


if __name__ == "__main__":
    sys.exit(main())
