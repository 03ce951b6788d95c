"""A server for the frameworks, as `tests/clients` starts it. `NEBULUSDB_BIN` names the binary; `NEBULUSDB_FRAMEWORKS_URL` is a
server that runs already, PostgreSQL's for example, in the place of it."""

import hashlib
import importlib.util
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

# Nothing is told to anybody about these runs.
os.environ.update(MEM0_TELEMETRY="False", HAYSTACK_TELEMETRY_ENABLED="False", AGNO_TELEMETRY="false", DO_NOT_TRACK="1")

_path = Path(__file__).resolve().parent.parent / "clients" / "conftest.py"
_spec = importlib.util.spec_from_file_location("client_servers", _path)
client_servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(client_servers)

DIMENSIONS = 8


@dataclass(frozen=True)
class Place:
    """Where the server is."""

    host: str
    port: int
    user: str
    database: str
    # The server asks for none; frameworks insist on one.
    password: str = "unused"

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    def sqlalchemy_url(self, driver: str) -> str:
        return self.url.replace("postgresql://", f"postgresql+{driver}://")


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    given = os.environ.get("NEBULUSDB_FRAMEWORKS_URL")
    if given:
        parts = urlsplit(given)
        yield Place(parts.hostname, parts.port or 5432, parts.username, parts.path.lstrip("/"))
        return
    running = client_servers.start_server(tmp_path_factory.mktemp("frameworks") / "data", "--trust-local")
    yield Place(running.host, running.port, "nebulus", "nebulus")
    assert running.stop() == 0


@pytest.fixture
def name():
    """A name that no other test uses."""
    return f"f{uuid.uuid4().hex[:10]}"


def embedding(text: str) -> list[float]:
    """A vector for a text: the same for the same text, another for every other one."""
    return [(byte - 128) / 128 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]


@pytest.fixture(name="embedding")
def embedding_fixture():
    return embedding
