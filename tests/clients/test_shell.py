"""The shell as somebody at a terminal sees it: `nebulusdb shell` behind a pseudo-terminal."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest

SECONDS_MAX = 30
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07")


class Terminal:
    """A shell with a terminal of its own."""

    def __init__(self, url, home):
        self.leader, follower = pty.openpty()
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm", "NEBULUSDB_URL": url}
        self.process = subprocess.Popen(
            [os.environ["NEBULUSDB_BIN"], "shell"],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environment,
            start_new_session=True,
            # The terminal's own, so that Ctrl-C reaches it as a signal.
            preexec_fn=lambda: fcntl.ioctl(follower, termios.TIOCSCTTY, 0),
        )
        os.close(follower)
        self.seen = b""

    def type(self, text):
        os.write(self.leader, text.encode())

    def enter(self, line, *answers):
        """Types a line at the prompt, and waits for what it answers, in this order."""
        self.wait_for("nebulus> ")
        self.type(line + "\r")
        for answer in answers:
            self.wait_for(answer)

    def wait_for(self, text):
        """Reads until the text was shown, behind what was waited for before."""
        end = time.monotonic() + SECONDS_MAX
        while (at := self.shown().find(text.encode())) < 0:
            assert time.monotonic() < end, self.seen
            self.read(1)
        self.seen = self.shown()[at + len(text) :]

    def shown(self):
        """What came without the sequences that steer a terminal."""
        return ESCAPES.sub(b"", self.seen)

    def shows(self, text, seconds):
        """Whether the text comes within so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text.encode() in self.shown():
                return True
            self.read(end - time.monotonic())
        return False

    def read(self, seconds):
        readable, _, _ = select.select([self.leader], [], [], max(seconds, 0))
        if not readable:
            return
        chunk = os.read(self.leader, 65536)
        self.seen += chunk
        # A line editor asks the terminal where its cursor is, and waits for the answer.
        for _ in range(chunk.count(b"\x1b[6n")):
            os.write(self.leader, b"\x1b[1;1R")

    def end(self):
        self.process.wait(timeout=SECONDS_MAX)
        os.close(self.leader)
        return self.process.returncode


@pytest.fixture
def terminal(server, tmp_path):
    shell = Terminal(server.url, tmp_path)
    yield shell
    shell.process.kill()


def test_statements_of_both_languages(terminal, tmp_path):
    terminal.enter("SELECT 40 + 2 AS answer;", "answer", "42", "(1 row)")
    # A statement goes on until its semicolon.
    terminal.enter("SHOW\rCOLLECTIONS;", "memory", "rows)")
    terminal.enter("GET MEMORY WHER id = 1;", "LINE 1: GET MEMORY WHER", "^", "HINT")
    terminal.enter("\\format json", "Format is json.")
    terminal.enter("SELECT 7 AS n, NULL AS x;", '[{"n": 7, "x": null}]')
    terminal.enter('GET AUTH WHERE key = "hush";', "[]")
    terminal.enter("\\nope", "there is no \\nope")
    terminal.wait_for("nebulus> ")
    terminal.type("\\q\r")
    assert terminal.end() == 0
    history = (tmp_path / ".local/state/nebulusdb/history").read_text()
    assert "SELECT 40 + 2 AS answer;" in history and "SHOW\\nCOLLECTIONS;" in history
    assert "hush" not in history


def test_ctrl_c_cancels_what_runs(terminal):
    terminal.enter("SELECT pg_sleep(100);")
    # Before the statement runs, it gives up an empty line only.
    for _ in range(SECONDS_MAX):
        terminal.type("\x03")
        if terminal.shows("canceling statement", seconds=1):
            break
    terminal.wait_for("canceling statement due to user request")
    terminal.enter("SELECT 'still here' AS x;", "(1 row)")
    terminal.wait_for("nebulus> ")
    terminal.type("\x04")
    assert terminal.end() == 0


def test_tab_completes_a_name(terminal):
    terminal.wait_for("nebulus> ")
    terminal.type("SELECT count(*) FROM memory_f\t")
    terminal.wait_for("memory_facts")
    terminal.type(";\r")
    terminal.wait_for("(1 row)")
    terminal.wait_for("nebulus> ")
    terminal.type("\x04")
    assert terminal.end() == 0
