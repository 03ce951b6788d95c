"""Reads the files of the suites into steps: statements, the data of COPY, psql's own commands, records of sqllogictest."""

import re
from dataclasses import dataclass, field
from pathlib import Path

# Records of one sqllogictest file that are run, at most.
RECORDS_MAX = 20_000

_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*")
_DOLLAR = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$")
_VARIABLE = re.compile(r"""(?<![:\w]):(?:'(\w+)'|"(\w+)"|(\w+))""")
_COPY_IN = re.compile(r"^\s*COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)


@dataclass
class Step:
    """One thing that a file asks for: a query string, or a command of psql."""

    line: int
    text: str
    is_command: bool = False
    # What stands after a COPY … FROM STDIN, one block of lines for each in the string.
    data: list[str] = field(default_factory=list)
    # psql's command that ended the query string, as \gset or \gexec.
    ending: str = ""
    # Whether the order of the rows counts; None: where ORDER BY stands.
    is_ordered: bool | None = None


class _Reader:
    """psql's lexer, as far as the files need it: where a query string ends, and where a command begins."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.steps: list[Step] = []
        self.begin()

    def begin(self) -> None:
        self.parts: list[str] = []
        self.line = 0
        self.depth = 0
        self.words: list[str] = []
        self.blocks = 0

    def keep(self, end: int) -> None:
        piece = self.text[self.at : end]
        if not self.line and piece.strip():
            self.line = self.text.count("\n", 0, self.at) + 1
        self.parts.append(piece)
        self.at = end

    def finish(self, ending: str = "") -> None:
        statement = "".join(self.parts).strip()
        line = self.line or self.text.count("\n", 0, self.at) + 1
        self.begin()
        if not statement.strip("; \n\t"):
            return
        step = Step(line, statement, ending=ending)
        for part in statement.split("\\;") if _COPY_IN.search(statement) is None else [statement]:
            if _COPY_IN.match(part):
                step.data.append(self.copy_data())
        step.text = statement.replace("\\;", ";")
        self.steps.append(step)

    def copy_data(self) -> str:
        start = self.text.find("\n", self.at) + 1
        if start == 0:
            return ""
        end = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE).search(self.text, start)
        if end is None:
            return ""
        self.at = end.end()
        return self.text[start : end.start()]

    def quoted(self, quote: str, escapes: bool) -> int:
        at = self.at + 1
        while at < len(self.text):
            if escapes and self.text[at] == "\\":
                at += 2
                continue
            if self.text[at] == quote:
                return at + 1
            at += 1
        return len(self.text)

    def comment(self) -> int:
        depth, at = 0, self.at
        while at < len(self.text):
            if self.text.startswith("/*", at):
                depth, at = depth + 1, at + 2
            elif self.text.startswith("*/", at):
                depth, at = depth - 1, at + 2
                if depth == 0:
                    return at
            else:
                at += 1
        return at

    def word(self, found: str) -> None:
        """Keeps track of the bodies of SQL functions, whose semicolons end no statement."""
        lower = found.lower()
        self.words.append(lower)
        if self.words[0] != "create" or not {"function", "procedure"} & set(self.words[1:5]):
            return
        if lower == "begin" or (lower == "case" and self.blocks):
            self.blocks += 1
        elif lower == "end" and self.blocks:
            self.blocks -= 1

    def read(self) -> list[Step]:
        text = self.text
        while self.at < len(text):
            here = text[self.at]
            if text.startswith("--", self.at):
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif text.startswith("/*", self.at):
                self.keep(self.comment())
            elif here == "'":
                before = "".join(self.parts[-1:])[-1:]
                escapes = before in ("E", "e") and (len(self.parts) < 1 or self.parts[-1] in ("E", "e"))
                self.keep(self.quoted("'", escapes))
            elif here == '"':
                self.keep(self.quoted('"', False))
            elif here == "$" and (mark := _DOLLAR.match(text, self.at)):
                end = text.find(mark[0], mark.end())
                self.keep(len(text) if end < 0 else end + len(mark[0]))
            elif here == "\\" and text.startswith("\\;", self.at):
                self.keep(self.at + 2)
            elif here == "\\":
                self.command()
            elif found := _WORD.match(text, self.at):
                self.word(found[0])
                self.keep(found.end())
            else:
                self.depth += (here in "([") - (here in ")]")
                self.keep(self.at + 1)
                if here == ";" and self.depth <= 0 and self.blocks == 0:
                    self.finish()
        self.finish()
        return self.steps

    def command(self) -> None:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        line = self.text[self.at : end].strip()
        name = line.split()[0] if line.split() else line
        if name.startswith(("\\g", "\\bind", "\\parse", "\\crosstabview")) and name != "\\getenv":
            self.at = end
            self.finish(ending=line)
            return
        at = self.text.count("\n", 0, self.at) + 1
        self.at = end
        if line == "\\r" or name == "\\reset":
            self.begin()
        self.steps.append(Step(at, line, is_command=True))


def read_psql(path: Path) -> list[Step]:
    """The steps of a file that is written for psql."""
    return _Reader(path.read_text(encoding="utf-8", errors="surrogateescape")).read()


def interpolate(text: str, variables: dict[str, str]) -> str:
    """Puts in psql's variables, as :name, :'name' and :"name"; what is in quotes stays."""

    def value(found: re.Match) -> str:
        name = found[1] or found[2] or found[3]
        if name not in variables:
            return found[0]
        if found[1]:
            return "'" + variables[name].replace("'", "''") + "'"
        return '"' + variables[name].replace('"', '""') + '"' if found[2] else variables[name]

    if ":" not in text:
        return text
    pieces = re.split(r"((?<!:)'(?:[^']|'')*')", text)
    return "".join(piece if index % 2 else _VARIABLE.sub(value, piece) for index, piece in enumerate(pieces))


def read_sqllogictest(path: Path) -> list[Step]:
    """The records of a sqllogictest file that PostgreSQL is meant to run. What the file expects is not read: PostgreSQL tells."""
    steps: list[Step] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    at, skipped = 0, False
    while at < len(lines) and len(steps) < RECORDS_MAX:
        words = lines[at].split("#")[0].split()
        at += 1
        if not words:
            continue
        if words[0] in ("skipif", "onlyif"):
            skipped |= (words[1] == "postgresql") == (words[0] == "skipif")
        elif words[0] == "halt":
            if not skipped:
                break
            skipped = False
        elif words[0] in ("statement", "query"):
            start = at
            while at < len(lines) and lines[at].strip() and lines[at].strip() != "----":
                at += 1
            if not skipped:
                is_ordered = words[0] == "query" and "nosort" in words
                steps.append(Step(start + 1, "\n".join(lines[start:at]), is_ordered=is_ordered))
            while at < len(lines) and lines[at].strip():
                at += 1
            skipped = False
    return steps
