"""Where the server is, and with which password.

A URL comes from the argument, from `NEBULUSDB_URL`, or is that of a server of this machine. Its password comes from the URL,
the argument, `NEBULUSDB_PASSWORD`, or for a server of this machine from the file in which its first start has left one, where
`nebulusdb query` finds it as well.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from nebulusdb.errors import NebulusError

URL_DEFAULT: Final = "postgresql://nebulus@127.0.0.1:5433/nebulus"
CONNECT_SECONDS: Final = 10
PASSWORD_FILE: Final = "password"


def resolve(url: str | None, password: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a connection, as libpq names them."""
    try:
        found: dict[str, Any] = dict(conninfo_to_dict(url or os.environ.get("NEBULUSDB_URL") or URL_DEFAULT))
    except psycopg.ProgrammingError:
        # Not quoted, since it may hold a password.
        raise NebulusError(f"the server's URL cannot be read: write it as {URL_DEFAULT}") from None
    found.setdefault("user", "nebulus")
    found.setdefault("dbname", "nebulus")
    found.setdefault("application_name", "nebulusdb-python")
    found.setdefault("connect_timeout", CONNECT_SECONDS)
    if password is not None:
        found["password"] = password
    found.update(options)
    if not found.get("password"):
        near = password_of_this_machine(str(found.get("host", "")))
        if near is not None:
            found["password"] = near
    return found


def explained(error: psycopg.OperationalError, parameters: Mapping[str, Any]) -> psycopg.OperationalError:
    """The error of a connection that was not made, with what to do about it."""
    text = str(error)
    if "refused" in text and _is_near(str(parameters.get("host", ""))):
        hint = "start a server by `nebulusdb serve`, or one of your own by nebulusdb.embedded()"
    elif "password" in text:
        hint = (
            "the password is taken from the URL, password=, NEBULUSDB_PASSWORD, or for a server of this machine the file that its "
            "first start has left (NEBULUSDB_DATA_DIR names its directory)"
        )
    else:
        return error
    return type(error)(f"{text.rstrip()}\nHINT:  {hint}")


def password_of_this_machine(host: str) -> str | None:
    """The password in the environment, or in the file of a server of this machine, if there is one that can be read."""
    if "NEBULUSDB_PASSWORD" in os.environ:
        return os.environ["NEBULUSDB_PASSWORD"]
    if not _is_near(host):
        return None
    try:
        return (_key_directory() / PASSWORD_FILE).read_text().strip() or None
    except OSError:
        return None


def _is_near(host: str) -> bool:
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _key_directory() -> Path:
    """Where the server keeps its keys, by its own rules."""
    if "NEBULUSDB_KEY_DIR" in os.environ:
        return Path(os.environ["NEBULUSDB_KEY_DIR"])
    if "NEBULUSDB_DATA_DIR" in os.environ:
        return Path(os.environ["NEBULUSDB_DATA_DIR"]) / "keys"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nebulusdb" / "keys"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "nebulusdb" / "keys"
