"""Reads a Dockerfile: its stages, and the instructions of each."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Stage:
    image: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """The arguments of every instruction of this kind, in their order."""
        return [arguments for kind, arguments in self.instructions if kind == instruction]

    def last_list(self, instruction: str) -> list[str]:
        """The last one's arguments, which are a list of JSON."""
        return json.loads(self.all(instruction)[-1])

    def environment(self) -> dict[str, str]:
        pairs = (pair for arguments in self.all("ENV") for pair in shlex.split(arguments))
        return dict(pair.split("=", 1) for pair in pairs)

    def health_command(self) -> list[str]:
        return json.loads(self.all("HEALTHCHECK")[-1].partition("CMD ")[2])


def read(path: Path) -> list[Stage]:
    text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.strip():
            continue
        instruction, _, arguments = line.strip().partition(" ")
        if instruction == "FROM":
            image, _, name = arguments.partition(" AS ")
            stages.append(Stage(image.strip(), name.strip()))
        else:
            stages[-1].instructions.append((instruction, re.sub(r"\s+", " ", arguments.strip())))
    return stages
