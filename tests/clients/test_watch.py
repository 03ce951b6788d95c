"""`nebulusdb sync-status --watch` as somebody at a terminal sees it."""

import os
import pty
import select
import signal
import subprocess
import time

from conftest import start_server

SECONDS_MAX = 30
HOME = b"\x1b[H"


def read_until(leader, condition, seen=b""):
    end = time.monotonic() + SECONDS_MAX
    while not condition(seen):
        assert time.monotonic() < end, seen
        if select.select([leader], [], [], 1)[0]:
            seen += os.read(leader, 65536)
    return seen


def test_watch_draws_over_what_was_there_and_waits_for_a_server_that_goes_away(tmp_path):
    server = start_server(tmp_path / "data", "--trust-local")
    leader, follower = pty.openpty()
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm", "NEBULUSDB_URL": server.url}
    watching = subprocess.Popen(
        [os.environ["NEBULUSDB_BIN"], "sync-status", "--watch", "1"],
        stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, env=environment,
        # A shell without job control has what it starts in the background ignore Ctrl-C, and children take that over.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    os.close(follower)
    try:
        seen = read_until(leader, lambda seen: seen.count(HOME) >= 3)
        first, second = seen.split(HOME)[1:3]
        assert b"every 1 second" in first and b"Node" in first and b"Node" in second
        assert b"\x1b[2J" not in seen[seen.index(HOME) :], "it is drawn over, not cleared"
        server.stop()
        seen = read_until(leader, lambda seen: b"trying again" in seen)
        assert watching.poll() is None
    finally:
        watching.send_signal(signal.SIGINT)
        watching.wait(SECONDS_MAX)
        os.close(leader)
