"""Where the packages are, and machines to install them on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bare import Machine, made_by_debootstrap


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder that scripts/dist wrote."""
    return Path(os.environ["NEBULUSDB_DIST"])


@pytest.fixture(scope="session")
def bare_template() -> Path:
    return made_by_debootstrap()


@pytest.fixture
def machine(bare_template: Path, tmp_path: Path) -> Iterator[Machine]:
    """A Debian on which nothing was installed."""
    made = Machine(bare_template, tmp_path / "machine")
    yield made
    made.destroy()


@pytest.fixture
def machine_with_python(tmp_path: Path) -> Iterator[Machine]:
    """A Debian with Python and what `python3 -m venv` needs."""
    made = Machine(made_by_debootstrap(["python3-venv"]), tmp_path / "machine")
    yield made
    made.destroy()
