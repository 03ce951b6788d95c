"""Bare Debian machines: directories made by debootstrap in which programs run by chroot.

They stand for a machine on which nothing was installed. Of a real one they have the programs, libraries, users and files, and
not the kernel, systemd, or a network of their own unless a program is started `alone`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 30
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A program that does not end within this hangs.
RUN_SECONDS_MAX = 1800
_ALONE = ["unshare", "--net", sys.executable, str(Path(__file__).with_name("alone.py"))]


def made_by_debootstrap(include: Sequence[str] = ()) -> Path:
    """A machine that no test changes, kept in the cache directory."""
    cache = Path(os.environ["NEBULUSDB_CACHE"])
    name = "-".join(["bare", _suite(), *include])
    root, unfinished = cache / name, cache / f"{name}.unfinished"
    if not root.exists():
        shutil.rmtree(unfinished, ignore_errors=True)
        options = [f"--include={','.join(include)}"] if include else []
        subprocess.run(["debootstrap", "--variant=minbase", *options, _suite(), unfinished], check=True, stdout=sys.stderr)
        unfinished.rename(root)
    return root


def _suite() -> str:
    """The Debian of this machine: what was built here runs there."""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise RuntimeError("/etc/os-release names no Debian")


class Machine:
    """A copy of a bare machine, to be changed by one test."""

    def __init__(self, template: Path, root: Path) -> None:
        self.root = root
        subprocess.run(["cp", "-a", f"{template}/.", root], check=True)
        # The caller has a mount namespace of its own, with which this goes away.
        subprocess.run(["mount", "--bind", "/proc", root / "proc"], check=True)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")

    def destroy(self) -> None:
        subprocess.run(["umount", self.root / "proc"], check=True)
        shutil.rmtree(self.root)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def run(
        self,
        *command: str | os.PathLike[str],
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        beside: Server | None = None,
        alone: bool = False,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program, `beside` a server in that one's network, or `alone` in a network of its own.

        Its output is in the error if it fails.
        """
        outside = _ALONE if alone else []
        if beside is not None:
            outside = ["nsenter", "--target", str(beside.process.pid), "--net"]
        done = subprocess.run(
            [*outside, *self._inside(user), *command], env=_environment(env), capture_output=True, text=True, timeout=RUN_SECONDS_MAX
        )
        assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def start(self, *command: str, user: str | None = None, env: Mapping[str, str] | None = None) -> Server:
        """Starts a server in a network of its own and waits until it says that it is ready."""
        log = self.path("/server.log").open("w")
        process = subprocess.Popen(
            [*_ALONE, *self._inside(user), *command],
            env=_environment(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        server = Server(process, self.path("/server.log"))
        server.wait_until_ready()
        return server

    def _inside(self, user: str | None) -> list[str | os.PathLike[str]]:
        return ["chroot", *([] if user is None else [f"--userspec={user}"]), self.root]


class Server:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def wait_until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if any(line.startswith("ready postgresql://") for line in self._log.read_text().splitlines()):
                return
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"the server is not ready:\n{self._log.read_text()}")

    def stop(self) -> None:
        """SIGTERM has to end it in order."""
        self.process.terminate()
        assert self.process.wait(STOP_SECONDS) == 0, self._log.read_text()


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **(more or {})}
