"""A minimal client of PostgreSQL's wire protocol, version 3, so that a benchmark measures servers and not drivers.

Prepared statements only, Bind messages are built before the clock starts, results come in binary. No TLS, no password:
both servers of the comparison trust loopback connections.
"""

import socket
import struct

RECEIVE_BYTES = 1 << 18


class WireError(Exception):
    """What the server refused, with its SQLSTATE."""


def vector(components) -> bytes:
    """pgvector's binary form: dimension, zero, big-endian floats."""
    return struct.pack(">hh", len(components), 0) + components.astype(">f4").tobytes()


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


def execution(statement: str, parameters: list[bytes]) -> bytes:
    """Bind, Execute and Sync for a prepared statement; parameters and results in binary."""
    bind = text("") + text(statement) + struct.pack(">hhh", 1, 1, len(parameters))
    for parameter in parameters:
        bind += struct.pack(">i", len(parameter)) + parameter
    bind += struct.pack(">hh", 1, 1)
    return message(b"B", bind) + message(b"E", text("") + struct.pack(">i", 0)) + message(b"S", b"")


def beginning(user: str, database: str, settings: list[str], name: str, statement: str) -> list[bytes]:
    """What a connection begins with: the startup, settings, and a statement that is prepared."""
    body = struct.pack(">i", 196608) + text("user") + text(user) + text("database") + text(database) + b"\0"
    parse = message(b"P", text(name) + text(statement) + struct.pack(">h", 0)) + message(b"S", b"")
    return [struct.pack(">i", len(body) + 4) + body, *(message(b"Q", text(setting)) for setting in settings), parse]


def length_before(part: bytes) -> bytes:
    """As `load_client` reads it."""
    return struct.pack("<I", len(part)) + part


class Wire:
    """One connection."""

    def __init__(self, host: str, port: int, user: str, database: str, timeout_seconds: float = 120):
        self.socket = socket.create_connection((host, port), timeout=timeout_seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        body = struct.pack(">i", 196608) + text("user") + text(user) + text("database") + text(database) + b"\0"
        self.socket.sendall(struct.pack(">i", len(body) + 4) + body)
        self._until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def simple(self, statement: str) -> list[list[bytes | None]]:
        """Runs a statement by the simple query protocol; the rows in text."""
        self.socket.sendall(message(b"Q", text(statement)))
        return self._until_ready()

    def prepare(self, name: str, statement: str) -> None:
        """Parses a statement; the server infers the types of its parameters."""
        body = text(name) + text(statement) + struct.pack(">h", 0)
        self.socket.sendall(message(b"P", body) + message(b"S", b""))
        self._until_ready()

    def execute(self, prepared: bytes) -> list[list[bytes | None]]:
        """Sends what `execution` built; the rows in binary."""
        self.socket.sendall(prepared)
        return self._until_ready()

    def _until_ready(self) -> list[list[bytes | None]]:
        rows = []
        failure = None
        buffer = self.buffer
        at = 0
        while True:
            while len(buffer) - at < 5 or len(buffer) - at < 1 + int.from_bytes(buffer[at + 1 : at + 5], "big"):
                received = self.socket.recv(RECEIVE_BYTES)
                if not received:
                    raise WireError("the server closed the connection")
                buffer += received
            kind = buffer[at]
            end = at + 1 + int.from_bytes(buffer[at + 1 : at + 5], "big")
            if kind == 0x44:  # DataRow
                rows.append(_row(buffer, at + 5))
            elif kind == 0x45:  # ErrorResponse
                failure, fatal = _error(bytes(buffer[at + 5 : end]))
                if fatal:
                    raise failure
            elif kind == 0x52 and buffer[at + 5 : at + 9] != b"\0\0\0\0":
                raise WireError("the server asks for a password")
            elif kind == 0x5A:  # ReadyForQuery
                del buffer[:end]
                if failure is not None:
                    raise failure
                return rows
            at = end


def _row(buffer: bytearray, at: int) -> list[bytes | None]:
    (count,) = struct.unpack_from(">h", buffer, at)
    at += 2
    row = []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", buffer, at)
        at += 4
        if length < 0:
            row.append(None)
        else:
            row.append(bytes(buffer[at : at + length]))
            at += length
    return row


def _error(body: bytes) -> tuple[WireError, bool]:
    """The error, and whether the connection ends with it."""
    fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    severity = fields.get(b"S", "ERROR")
    return WireError(f"{severity} {fields.get(b'C')}: {fields.get(b'M')}"), severity in ("FATAL", "PANIC")
