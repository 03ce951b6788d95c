"""A server for the tests: the real program over a directory of its own, started by the client's own embedded mode.

`NEBULUSDB_BIN` names the program.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nebulusdb
import pytest
from nebulusdb.server import EmbeddedServer, start


@pytest.fixture(scope="session", autouse=True)
def surroundings() -> Iterator[None]:
    """What the shell says of other servers is not meant for the tests."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("NEBULUSDB_", "PG"))}
    os.environ["NEBULUSDB_BIN"] = kept["NEBULUSDB_BIN"]
    yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def server(surroundings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server for the whole run, with a random password."""
    with start(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def db(server: EmbeddedServer) -> Iterator[nebulusdb.Database]:
    """A connection, over which nothing is remembered before and after."""
    with nebulusdb.connect(server.url, password=server.password) as database:
        database.memory.forget(where=nebulusdb.ALL)
        yield database
        if not database.is_closed:
            database.memory.forget(where=nebulusdb.ALL)


@pytest.fixture
async def adb(server: EmbeddedServer) -> AsyncIterator[nebulusdb.AsyncDatabase]:
    """The same for asyncio."""
    async with await nebulusdb.connect_async(server.url, password=server.password) as database:
        await database.memory.forget(where=nebulusdb.ALL)
        yield database
        await database.memory.forget(where=nebulusdb.ALL)


@pytest.fixture
def name() -> str:
    """A collection's name that no other test uses."""
    return f"c_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def notes(db: nebulusdb.Database, name: str) -> Iterator[nebulusdb.Collection]:
    """A collection with columns, facts and vectors of three dimensions."""
    made = db.create_collection(name, dimensions=3, columns={"word": "text", "n": "int8", "at": "timestamptz"})
    yield made
    made.drop()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory that is not there yet."""
    return tmp_path / "data"
