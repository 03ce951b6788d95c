"""Somebody who has a bare Debian, the package and the book, and nothing else, follows its pages.

The first page says what to install, and that is all that is installed. One shell then goes from the first page to three peers that share
entries, on the ports that servers take by themselves.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from bare import Machine
from book import block, differences, line_fits
from test_packages import only

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIRST_PAGE = DOCS / "first-ten-minutes.md"
# In the order of the table of contents.
TO_THREE_PEERS = ["first-ten-minutes.md", "concepts.md", "sql.md", "networks.md", "conflicts.md"]
# What these need beyond the package and psql, they say.
FURTHER = ["agents.md", "backup.md", "recipes.md", "moving.md"]


@pytest.fixture
def newcomer(machine: Machine, dist: Path) -> Machine:
    """The machine as the first page leaves it, with a user who may do nothing."""
    package = only(dist, "nebulusdb_*.deb")
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", "you")
    shutil.copy(package, machine.path("/home/you"))
    # What the reader says when apt asks.
    machine.path("/etc/apt/apt.conf.d/yes").write_text('APT::Get::Assume-Yes "true";\n')
    for line in block(FIRST_PAGE, "Install"):
        command = line.partition(" #")[0].strip()
        assert command.startswith("sudo "), f"not said to be for root: {command}"
        command = command.removeprefix("sudo ")
        if command.startswith("systemctl "):
            # For a service that was started by systemd, which does not run here.
            assert not machine.path("/run/systemd/system").exists()
        else:
            machine.run("sh", "-c", f"cd /home/you && {command}")
    return machine


def table_of_contents() -> list[str]:
    return [part.partition(")")[0] for part in (DOCS / "SUMMARY.md").read_text().split("](")[1:]]


def test_the_book_leads_from_a_bare_machine_to_three_peers(newcomer: Machine) -> None:
    order = [page for page in table_of_contents() if page in TO_THREE_PEERS]
    assert order == TO_THREE_PEERS
    wrong = differences(newcomer, "you", [DOCS / page for page in order])
    assert not wrong, wrong


def test_the_pages_behind_them_can_be_followed_too(newcomer: Machine) -> None:
    order = [page for page in table_of_contents() if page in FURTHER]
    assert sorted(order) == sorted(FURTHER)
    wrong = differences(newcomer, "you", [DOCS / page for page in order])
    assert not wrong, wrong


def test_what_stands_for_anything() -> None:
    assert line_fits("a…c", "abbc") and line_fits("…", "") and line_fits("abc", "abc") and not line_fits("a…c", "ab")
    assert line_fits("a…b…c", "a1b2c") and not line_fits("a…b…c", "a12c")


def headings(page: Path) -> set[str]:
    """What links call a page's headings."""
    named = (line.lstrip("#").strip().lower() for line in page.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", name).replace(" ", "-") for name in named}


@pytest.mark.parametrize("page", ["README.md", "docker/README.md", *(f"docs/{page}" for page in table_of_contents())])
def test_links_lead_to_headings_that_there_are(page: str) -> None:
    path = DOCS.parent / page
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        file, _, heading = link.partition("#")
        if "://" in link:
            continue
        target = path.parent / file if file else path
        assert target.exists(), f"{page} leads to {link}, which is not there"
        assert not heading or heading in headings(target), f"{page} leads to {link}, and {target.name} has no such heading"
