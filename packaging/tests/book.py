"""Types what the pages of the book show, as a reader does, and compares the answers with what the pages say.

In a block marked `console` a command stands behind `$ `, further lines of it behind `> `, and below it what it answers; in that
`…` stands for anything within a line, and alone for any lines. A command that ends with `&` serves on, and the next one waits
until it is ready. `tests/it/pages.rs` reads the pages in the same way, on free ports and in a home directory of its own; here one
shell goes through several pages, on a machine that has nothing but what they had it install.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from bare import Machine

PAGE_SECONDS_MAX = 240
READY_SECONDS_MAX = 60
OUTPUTS = "/tmp/outputs"


@dataclass
class Step:
    page: str
    command: str
    expected: list[str] = field(default_factory=list)

    def serves_on(self) -> bool:
        return self.command.endswith("&")


def steps(page: Path) -> list[Step]:
    """The commands of a page with what follows them."""
    found: list[Step] = []
    inside = False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            found.append(Step(page.name, line[2:]))
        elif inside and line.startswith("> ") and not found[-1].expected:
            found[-1].command += "\n" + line[2:]
        elif inside:
            found[-1].expected.append(line)
    return found


def block(page: Path, heading: str) -> list[str]:
    """The lines of the first block of code below a heading."""
    _, _, below = page.read_text().partition(f"\n## {heading}\n")
    assert below, f"{page.name} has no heading {heading}"
    lines = below.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("```"))
    return lines[begin + 1 : lines.index("```", begin + 1)]


def script(typed: list[Step]) -> str:
    """One shell that runs all of it, the output of each command in a file of its own."""
    lines = ["trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT", "cd"]
    for number, step in enumerate(typed):
        # The shell's own words about its jobs are no output of a page.
        lines.append(f"{{ {step.command}\n}} >{OUTPUTS}/{number} 2>&1 </dev/null")
        if step.serves_on():
            ready = f"for _ in $(seq {READY_SECONDS_MAX * 20})"
            lines.append(f"{ready}; do grep -q '^ready ' {OUTPUTS}/{number} && break; sleep 0.05; done")
    return "\n".join(lines) + "\n"


def differences(machine: Machine, user: str, pages: list[Path]) -> str:
    """Has a user type the pages one after the other; returns what was answered otherwise than they say."""
    typed = [step for page in pages for step in steps(page)]
    outputs = machine.path(OUTPUTS)
    outputs.mkdir(mode=0o777)
    outputs.chmod(0o777)
    machine.path("/tmp/typed").write_text(script(typed))
    seconds = PAGE_SECONDS_MAX * len(pages)
    home = machine.run("sh", "-c", f"echo ~{shlex.quote(user)}").stdout.strip()
    done = machine.run(
        "timeout", "-k", "5", str(seconds), "bash", "/tmp/typed", user=user, env={"HOME": home}, alone=True, check=False
    )
    wrong = [] if done.returncode != 124 else [f"it did not end in {seconds} s"]
    for number, step in enumerate(typed):
        file = outputs / str(number)
        # Tables end with an empty line, which pages leave out.
        said = file.read_text(errors="replace").rstrip() if file.exists() else "(it was not reached)"
        lines = [line.rstrip().replace(home, "/home/you") for line in said.splitlines()]
        # What a server that serves on says comes whenever it comes.
        if not step.serves_on() and not fits(step.expected, lines):
            wrong.append(f"{step.page}: $ {step.command}\n" + "\n".join(lines))
    return "\n\n".join(wrong)


def fits(expected: list[str], lines: list[str]) -> bool:
    if not expected:
        return not lines
    if expected[0] == "…":
        return any(fits(expected[1:], lines[skipped:]) for skipped in range(len(lines) + 1))
    return bool(lines) and line_fits(expected[0], lines[0]) and fits(expected[1:], lines[1:])


def line_fits(expected: str, line: str) -> bool:
    first, *parts = expected.split("…")
    if not line.startswith(first):
        return False
    rest = line[len(first) :]
    if not parts:
        return rest == ""
    for part in parts[:-1]:
        _, found, rest = rest.partition(part)
        if not found and part:
            return False
    return rest.endswith(parts[-1])
