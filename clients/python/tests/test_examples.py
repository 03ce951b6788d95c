"""The examples and the code of README.md run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nebulusdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
WANTED = {
    "first_minutes.py": [
        "0.59  Cuckoo filters can forget what they were told",
        "long: Skip lists climb towers of chance",
        "read: 1",
        "forgotten: 1",
    ],
    "agent_memory.py": ["[here] I take my coffee without sugar"],
    "frames.py": ["inserted 4", "(4, Decimal('1124'), 30.0)", "The Art of Memory"],
    "two_nodes.py": ["bob reads, written by ada: It will rain in Lund", "team: 0 staged"],
    "langchain_store.py": ["cuckoo Cuckoo filters can forget", "skip Skip lists climb towers"],
    "llama_index_store.py": ["2014 Cuckoo filters can forget", "1990 Skip lists climb towers"],
    "langgraph_store.py": ["('users', 'ada') drink she drinks strong coffee", "[('users', 'ada'), ('users', 'bob')]"],
}


def run(command: list[str], directory: Path) -> str:
    source = str(Path(nebulusdb.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run(
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_example_is_here() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {*WANTED, "words.py"}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WANTED)
def test_an_example(name: str, tmp_path: Path) -> None:
    said = run([sys.executable, "-B", str(ROOT / "examples" / name)], tmp_path)
    for line in WANTED[name]:
        assert line in said


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_code_of_the_readme(tmp_path: Path) -> None:
    """All blocks in their order, as one program."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 8
    program = tmp_path / "readme.py"
    program.write_text("\n".join(blocks))
    run([sys.executable, "-B", str(program)], tmp_path)
