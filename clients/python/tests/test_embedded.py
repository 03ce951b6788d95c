"""The embedded server: started, shared between processes, ended by the last, and found again after a crash."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nebulusdb
import psycopg
import pytest
from nebulusdb import EmbeddedError
from nebulusdb.server import _is_alive, find_binary


def processes_of(data_dir: Path) -> list[int]:
    """The servers over this directory that run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"serve" in words and str(data_dir).encode() in words:
                found.append(int(process.name))
    return found


def run_python(text: str, *arguments: str) -> subprocess.Popen[str]:
    source = str(Path(nebulusdb.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": source}
    command = [sys.executable, "-c", textwrap.dedent(text), *arguments]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_it_starts_keeps_and_ends(data_dir: Path) -> None:
    with nebulusdb.embedded(str(data_dir)) as db:
        db.memory.remember(id="a", metadata={"x": 1}, vector=[1, 2, 3])
        assert len(processes_of(data_dir)) == 1
        assert "NEBULUSDB_PASSWORD" not in os.environ
    assert processes_of(data_dir) == [] and not _is_alive(data_dir)
    with nebulusdb.embedded(str(data_dir)) as db:
        assert [memory.id for memory in db.memory.recall([1, 2, 3])] == ["a"]
    assert not (data_dir / "embedded.json").exists()


def test_without_a_directory_nothing_is_left() -> None:
    with nebulusdb.embedded() as db:
        db.memory.remember("gone soon")
        assert db._server is not None
        data_dir = db._server.data_dir
        assert data_dir.exists()
    assert not data_dir.parent.exists()


def test_a_password_of_ones_own(data_dir: Path) -> None:
    with nebulusdb.embedded(str(data_dir), password="correct horse") as db:
        assert db._server is not None
        url = db._server.url
        with pytest.raises(psycopg.OperationalError, match="password"):
            nebulusdb.connect(url, password="wrong")
    with pytest.raises(psycopg.OperationalError):
        nebulusdb.embedded(str(data_dir))
    assert processes_of(data_dir) == []
    with nebulusdb.embedded(str(data_dir), password="correct horse"):
        pass


def test_keys_that_lie_elsewhere(data_dir: Path, tmp_path: Path) -> None:
    for arguments in (["--key-dir", str(tmp_path / "keys")], [f"--key-dir={tmp_path / 'keys'}"]):
        with nebulusdb.embedded(str(data_dir), arguments=arguments) as db:
            assert db.memory.count() == 0 and not (data_dir / "keys").exists()


async def test_for_asyncio(data_dir: Path) -> None:
    async with await nebulusdb.embedded_async(str(data_dir)) as db:
        await db.memory.remember("x")
        with nebulusdb.embedded(str(data_dir)) as second:
            assert second.memory.count() == 1
        assert len(processes_of(data_dir)) == 1
    assert processes_of(data_dir) == []


@pytest.mark.slow
def test_processes_share_one_server_and_the_last_ends_it(data_dir: Path) -> None:
    script = """
        import nebulusdb, sys
        with nebulusdb.embedded(sys.argv[1]) as db:
            for n in range(20):
                db.memory.remember(id=f"{sys.argv[2]}-{n}", metadata={"who": sys.argv[2]})
            print("written", flush=True)
            sys.stdin.readline()
    """
    children = [run_python(script, str(data_dir), str(number)) for number in range(5)]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "written\n"
    assert len(processes_of(data_dir)) == 1
    # Whoever has started it may go first: it ends in any order.
    for child in children[:4]:
        child.communicate("\n", timeout=30)
        assert child.returncode == 0
    assert len(processes_of(data_dir)) == 1
    with nebulusdb.embedded(str(data_dir)) as db:
        assert db.memory.count() == 100
        children[4].communicate("\n", timeout=30)
        assert db.memory.count() == 100
    assert processes_of(data_dir) == []


@pytest.mark.slow
def test_processes_that_crash(data_dir: Path) -> None:
    script = """
        import nebulusdb, os, signal, sys
        db = nebulusdb.embedded(sys.argv[1])
        db.memory.remember(id="kept", metadata={"x": 1})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run_python(script, str(data_dir)).wait(30)
    # Its server lives on, and is found.
    (pid,) = processes_of(data_dir)
    with nebulusdb.embedded(str(data_dir)) as db:
        assert db._server is not None and db._server.pid == pid
        assert db.memory.count() == 1
        # Now the server crashes: the next one starts over the same data, also under the same handle of another process.
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while _is_alive(data_dir) and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(psycopg.OperationalError):
            db.memory.count()
        with nebulusdb.embedded(str(data_dir)) as after:
            assert after.memory.count() == 1
        # The old handle finds it, or starts another one.
        assert db.memory.count() == 1 and db._server.pid != pid
    assert processes_of(data_dir) == []


@pytest.mark.slow
def test_the_end_of_the_interpreter_ends_it(data_dir: Path) -> None:
    script = """
        import nebulusdb, sys
        db = nebulusdb.embedded(sys.argv[1])
        db.memory.remember("never closed")
    """
    assert run_python(script, str(data_dir)).wait(30) == 0
    assert processes_of(data_dir) == []


@pytest.mark.slow
def test_a_forked_child_ends_nothing(data_dir: Path) -> None:
    script = """
        import nebulusdb, os, sys
        db = nebulusdb.embedded(sys.argv[1])
        child = os.fork()
        if not child:
            db._server.close()
            sys.exit(0)
        os.waitpid(child, 0)
        assert db.memory.count() == 0
        db.close()
    """
    assert run_python(script, str(data_dir)).wait(30) == 0
    assert processes_of(data_dir) == []


@pytest.mark.slow
def test_a_connection_that_broke_is_made_anew(data_dir: Path) -> None:
    """The statement that met the break fails, and so does the rest of its transaction; the next one outside does not."""
    with nebulusdb.embedded(str(data_dir)) as db:
        assert db._server is not None
        db.memory.remember(id="a", metadata={"x": 1})
        with pytest.raises(psycopg.OperationalError), db.transaction():
            db.memory.remember(id="b", metadata={"x": 1})
            os.kill(db._server.pid, signal.SIGKILL)
            deadline = time.monotonic() + 20
            while _is_alive(data_dir) and time.monotonic() < deadline:
                time.sleep(0.01)
            db.memory.count()
        assert [memory.id for memory in db.memory.find()] == ["a"]
    assert processes_of(data_dir) == []


def test_errors_say_what_to_do(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddedError, match="binary= names '/nowhere'"):
        nebulusdb.embedded(str(data_dir), binary="/nowhere")
    liar = tmp_path / "liar"
    liar.write_text("#!/bin/sh\necho hello\n")
    liar.chmod(0o755)
    with pytest.raises(EmbeddedError, match="said 'hello.*' where a server says"):
        nebulusdb.embedded(str(data_dir), binary=str(liar))
    liar.write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    with pytest.raises(EmbeddedError, match="ended with status 3 before it was ready: no such thing"):
        nebulusdb.embedded(str(data_dir), binary=str(liar))
    with pytest.raises(EmbeddedError, match="unexpected argument"):
        nebulusdb.embedded(str(data_dir), arguments=["--no-such-option"])
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="cannot be used"):
        nebulusdb.embedded(str(tmp_path / "file"))
    monkeypatch.setenv("NEBULUSDB_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match="NEBULUSDB_BIN names"):
        nebulusdb.embedded(str(data_dir))
    monkeypatch.delenv("NEBULUSDB_BIN")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("nebulusdb.server._script_directories", lambda: [])
    with pytest.raises(EmbeddedError, match="install a nebulusdb wheel"):
        find_binary()
    assert processes_of(data_dir) == []


def test_a_directory_that_another_server_holds(data_dir: Path) -> None:
    command = [find_binary(), "serve", "--data-dir", str(data_dir), "--listen", "127.0.0.1:0", "--admin", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as other:
        try:
            assert other.stdout is not None and other.stdout.readline().startswith("ready ")
            with pytest.raises(EmbeddedError, match="(?s)another server holds.*use connect\\(\\) with its address"):
                nebulusdb.embedded(str(data_dir))
        finally:
            other.terminate()


def test_what_lies_about_where_it_is(data_dir: Path) -> None:
    """An address file without a server that holds the lock is nothing but an old file."""
    data_dir.mkdir()
    (data_dir / "embedded.json").write_text(json.dumps({"url": "postgresql://127.0.0.1:1/nebulus", "pid": os.getpid()}))
    with nebulusdb.embedded(str(data_dir)) as db:
        assert db.memory.count() == 0
