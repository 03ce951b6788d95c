"""Servers for the driver tests: the real binary, on a free port, with a data directory of its own.

`NEBULUSDB_BIN` names the binary. `server` lets loopback connections in without a password; `password_server` asks for
one by SCRAM-SHA-256. Both live for the whole run; tests use tables of their own names.
"""

import asyncio
import os
import queue
import signal
import subprocess
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

READY_SECONDS = 30
STOP_SECONDS = 20
PASSWORD = "correct horse battery staple"


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen
    host: str
    port: int
    data_dir: Path

    @property
    def url(self) -> str:
        return f"postgresql://nebulus@{self.host}:{self.port}/nebulus"

    def stop(self) -> int:
        """Asks it to drain; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def _read_lines(stream, lines: queue.Queue) -> None:
    for line in stream:
        lines.put(line)


def start_server(data_dir: Path, *flags: str, password: str | None = None) -> Server:
    """Starts the binary and waits for its `ready` line."""
    binary = os.environ["NEBULUSDB_BIN"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEBULUSDB_", "PG"))}
    if password is not None:
        environment["NEBULUSDB_PASSWORD"] = password
    log_path = data_dir.with_name(data_dir.name + ".log")
    admin = [] if "--admin" in flags else ["--admin", "off"]
    with open(log_path, "ab") as log:
        process = subprocess.Popen(
            [binary, "serve", "--data-dir", str(data_dir), "--listen", "127.0.0.1:0", *admin, *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
    lines: queue.Queue = queue.Queue()
    threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True).start()
    try:
        line = lines.get(timeout=READY_SECONDS).strip()
        assert line.startswith("ready postgresql://nebulus@"), line
    except Exception as error:
        process.kill()
        process.wait()
        raise AssertionError(f"no ready line: {error!r}\n{log_path.read_text(errors='replace')[-4000:]}") from error
    host, port = line.split("@")[1].split("/")[0].rsplit(":", 1)
    return Server(process, host, int(port), data_dir)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = start_server(tmp_path_factory.mktemp("trust") / "data", "--trust-local")
    yield running
    assert running.stop() == 0, "SIGTERM drains and exits 0"


@pytest.fixture(scope="session")
def password_server(tmp_path_factory):
    running = start_server(tmp_path_factory.mktemp("password") / "data", password=PASSWORD)
    yield running
    assert running.stop() == 0


@pytest.fixture
def connection(server):
    """A psycopg connection in autocommit."""
    with psycopg.connect(server.url, autocommit=True, connect_timeout=10) as connection:
        yield connection


@pytest.fixture
def table_name():
    """A name that no other test uses."""
    return f"t_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def run():
    """Runs a coroutine to its end, bounded in time."""

    def runner(coroutine):
        async def bounded():
            return await asyncio.wait_for(coroutine, 45)

        return asyncio.run(bounded())

    return runner
