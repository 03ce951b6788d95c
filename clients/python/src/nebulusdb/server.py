"""A server of one's own: started over a data directory, shared by all processes that use that directory, ended by the last.

Four files lie beside the data, each for one thing:

* `embedded.lock`: held while a process starts or stops the server, so that only one does;
* `embedded.users`: held (shared) by every process that uses the server; whoever closes and finds nobody else stops it;
* `embedded.alive`: held by the server itself, which inherits it: free means that no embedded server runs, however it ended;
* `embedded.json`: its address and process id, true as long as `embedded.alive` is held.

The locks are flock(2)'s, which end with their processes, so that a crash of any of them leaves nothing behind to be cleaned: at
worst the server lives on for the next process that comes. A server that was started over the directory in another way is not
found by this; the error says so.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from nebulusdb.conninfo import PASSWORD_FILE
from nebulusdb.errors import EmbeddedError

if sys.platform != "win32":
    import fcntl

READY_SECONDS: Final = 60
STOP_SECONDS: Final = 30
LOOK_SECONDS: Final = 0.02
LOG_FILE: Final = "embedded.log"
PROGRAM: Final = "nebulusdb"


def find_binary(binary: str | os.PathLike[str] | None = None) -> str:
    """The server's program: the argument, `NEBULUSDB_BIN`, the one that was installed with this package, or one on `PATH`.

    Raises `EmbeddedError` that names the places.
    """
    for chosen, named in ((binary, "binary="), (os.environ.get("NEBULUSDB_BIN"), "NEBULUSDB_BIN")):
        if chosen:
            if not os.access(chosen, os.X_OK) or os.path.isdir(chosen):
                raise EmbeddedError(f"{named} names {os.fspath(chosen)!r}, which is no program that can be run")
            return os.fspath(chosen)
    for directory in _script_directories():
        beside = directory / PROGRAM
        if beside.is_file() and os.access(beside, os.X_OK):
            return str(beside)
    on_path = shutil.which(PROGRAM)
    if on_path is not None:
        return on_path
    raise EmbeddedError(
        "no nebulusdb program was found beside this package or on PATH: name one by binary= or NEBULUSDB_BIN, "
        "or install a nebulusdb wheel that brings it"
    )


@dataclass(frozen=True)
class _Launch:
    """How a server is started."""

    data_dir: Path
    program: str
    password: str | None
    arguments: tuple[str, ...]
    ready_seconds: float

    @property
    def key_dir(self) -> Path:
        """Where the server keeps its keys: beside the data, unless the arguments say otherwise."""
        for option, value in zip(self.arguments, (*self.arguments[1:], "")):
            if option.startswith("--key-dir"):
                return Path(option.partition("=")[2] or value)
        return self.data_dir / "keys"


class EmbeddedServer:
    """A use of an embedded server. `close` ends it, and so does the end of the interpreter."""

    def __init__(self, launch: _Launch, url: str, pid: int, users: IO[Any], temporary: Path | None) -> None:
        self.data_dir = launch.data_dir
        self.url = url
        self.pid = pid
        self.password = launch.password if launch.password is not None else _password(launch.key_dir)
        self._launch = launch
        self._release = weakref.finalize(self, _release, launch.data_dir, users, temporary, os.getpid())

    def revive(self) -> None:
        """Starts the server again if it has crashed, or finds the one that another process has started meanwhile."""
        if not self._release.alive:
            raise EmbeddedError("the embedded server was closed")
        with _locked(self.data_dir / "embedded.lock"):
            self.url, self.pid = _running(self.data_dir) or _launched(self._launch)

    def close(self) -> None:
        """Lets the server go, and stops it when nobody else uses it. Closing twice does nothing, and so does a forked child.

        Raises `EmbeddedError` when the server does not end in time.
        """
        self._release()

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EmbeddedServer({str(self.data_dir)!r}, pid={self.pid})"


def _release(data_dir: Path, users: IO[Any], temporary: Path | None, owner: int) -> None:
    if os.getpid() != owner:
        return
    with users, _locked(data_dir / "embedded.lock"):
        if _try_lock(users):
            _stop(data_dir)
    if temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)


def start(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    binary: str | os.PathLike[str] | None = None,
    password: str | None = None,
    arguments: Sequence[str] = (),
    ready_seconds: float = READY_SECONDS,
) -> EmbeddedServer:
    """Starts a server over a data directory, or finds the one that another process has started there.

    Blocks until it answers. `password` is the owner's: a first start sets it, and without one makes a random one, which lies in
    `keys/password` of the data directory. Without `data_dir` the data are removed at the end.

    Raises `EmbeddedError` with what the server wrote when it does not start.
    """
    if sys.platform == "win32":
        raise EmbeddedError("the embedded server needs a POSIX system: start one by hand and use connect()")
    temporary = Path(tempfile.mkdtemp(prefix="nebulusdb-")) if data_dir is None else None
    users: IO[Any] | None = None
    try:
        directory = (temporary / "data" if temporary is not None else Path(os.fspath(data_dir or ""))).absolute()
        _make(directory)
        with _locked(directory / "embedded.lock"):
            users = _open(directory / "embedded.users")
            fcntl.flock(users, fcntl.LOCK_SH)
            launch = _Launch(directory, find_binary(binary), password, tuple(arguments), ready_seconds)
            url, pid = _running(directory) or _launched(launch)
            return EmbeddedServer(launch, url, pid, users, temporary)
    except BaseException:
        if users is not None:
            users.close()
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise EmbeddedError(f"the data directory {str(directory)!r} cannot be used: it is no directory") from None
    except OSError as error:
        raise EmbeddedError(f"the data directory {str(directory)!r} cannot be used: {error.strerror}") from error


def _launched(launch: _Launch) -> tuple[str, int]:
    """Starts the program and waits for its `ready` line; gives its address and process id."""
    directory = launch.data_dir
    command = [launch.program, "serve", "--data-dir", str(directory)]
    for option, value in (("--listen", "127.0.0.1:0"), ("--admin", "off")):
        if not any(argument.partition("=")[0] == option for argument in launch.arguments):
            command += [option, value]
    # What the surroundings say of another server is not meant for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEBULUSDB_", "PG"))}
    if launch.password is not None:
        environment["NEBULUSDB_PASSWORD"] = launch.password
    log_path = directory / LOG_FILE
    with _open(directory / "embedded.alive") as alive, _open(log_path) as log:
        log_start = log.tell()
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            process = subprocess.Popen(
                [*command, *launch.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                pass_fds=[alive.fileno()],
                # A Ctrl-C at this process's terminal is not meant for the server, which others may use.
                start_new_session=True,
            )
        except OSError as error:
            raise EmbeddedError(f"{launch.program} cannot be run: {error.strerror}") from error
    try:
        url = _ready_line(process, launch.ready_seconds)
        _write_private(directory / "embedded.json", json.dumps({"url": url, "pid": process.pid}))
    except BaseException as error:
        process.kill()
        process.wait()
        if isinstance(error, EmbeddedError):
            raise EmbeddedError(f"{error}{_last_words(log_path, log_start)}") from None
        raise
    _CHILDREN[process.pid] = process
    return url, process.pid


# Kept so that a server of this process is waited for when it ends, and is no zombie until then.
_CHILDREN: Final[dict[int, subprocess.Popen[bytes]]] = {}


def _ready_line(process: subprocess.Popen[bytes], seconds: float) -> str:
    """The URL that the server prints when it is ready."""
    assert process.stdout is not None, "it is a pipe"
    deadline = time.monotonic() + seconds
    said = b""
    while b"\n" not in said:
        left = deadline - time.monotonic()
        if left <= 0:
            raise EmbeddedError(f"the server was not ready after {seconds:g} seconds")
        if not select.select([process.stdout], [], [], left)[0]:
            continue
        read = os.read(process.stdout.fileno(), 4096)
        if not read:
            raise EmbeddedError(f"the server ended with status {process.wait()} before it was ready")
        said += read
    process.stdout.close()
    word, _, url = said.decode(errors="replace").partition("\n")[0].partition(" ")
    if word != "ready" or not url.startswith("postgresql://"):
        text = said[:200].decode(errors="replace").strip()
        raise EmbeddedError(f"the program said {text!r} where a server says that it is ready")
    return url


def _running(directory: Path) -> tuple[str, int] | None:
    """The address and process id of the embedded server that runs here, if one does."""
    if not _is_alive(directory):
        return None
    try:
        found = json.loads((directory / "embedded.json").read_text())
        return str(found["url"]), int(found["pid"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbeddedError(
            f"an embedded server runs over {str(directory)!r}, and embedded.json there does not tell where"
        ) from error


def _is_alive(directory: Path) -> bool:
    with _open(directory / "embedded.alive") as alive:
        return not _try_lock(alive)


def _stop(directory: Path) -> None:
    """Asks the server to end, and waits until it has. That `embedded.alive` is held says that the process id is its own."""
    found = _running(directory)
    if found is None:
        return
    _, pid = found
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_alive(directory):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the server (process {pid}) did not end within {STOP_SECONDS} seconds")
        time.sleep(LOOK_SECONDS)
    child = _CHILDREN.pop(pid, None)
    if child is not None:
        child.wait()
    (directory / "embedded.json").unlink(missing_ok=True)


def _password(key_directory: Path) -> str | None:
    """The random password of the first start, if it is still there."""
    try:
        return (key_directory / PASSWORD_FILE).read_text().strip() or None
    except OSError:
        return None


def _last_words(path: Path, start: int) -> str:
    """What the server wrote to its log in this start."""
    with contextlib.suppress(OSError), open(path, "rb") as log:
        log.seek(start)
        said = log.read()[-2000:].decode(errors="replace").strip()
        hint = (
            "\nAnother program serves this directory: use connect() with its address." if "another server holds" in said else ""
        )
        return f": {said}{hint}" if said else ""
    return ""


def _script_directories() -> list[Path]:
    """Where pip has put the program of the wheel: what its record says, beside this interpreter, or in the user's own folder."""
    found: list[str | os.PathLike[str]] = []
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        files = importlib.metadata.distribution(PROGRAM).files or []
        found += [os.path.dirname(str(file.locate())) for file in files if file.name == PROGRAM and file.parent.name == "bin"]
    found.append(Path(__file__).parent.parent / "bin")
    found += [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user"), os.path.dirname(sys.executable)]
    return [Path(os.path.normpath(each)) for each in dict.fromkeys(found) if each]


def _write_private(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(beside, path)


def _open(path: Path) -> IO[bytes]:
    """A file that only this user can open, since whoever can may hold its lock."""
    try:
        return open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")
    except OSError as error:
        raise EmbeddedError(f"{str(path)!r} cannot be written: {error.strerror}") from error


def _try_lock(file: IO[Any]) -> bool:
    """Whether nobody else held the lock, which is this process's then."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
