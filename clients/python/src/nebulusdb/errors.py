"""Errors of the client itself. What the server refuses comes as psycopg's errors, with SQLSTATE, detail and hint."""

from __future__ import annotations

import psycopg

ServerError = psycopg.Error
"""What the server or the connection reports: psycopg's base class. `error.sqlstate` and `error.diag` say more."""


class NebulusError(Exception):
    """The base of the client's own errors."""


class InvalidVector(NebulusError, ValueError):
    """What was given as a vector is none."""


class InvalidFilter(NebulusError, ValueError):
    """What was given as a filter cannot be one."""


class InvalidEntry(NebulusError, ValueError):
    """What was given as an entry, a row or a fact cannot be stored."""


class UnknownColumn(NebulusError, KeyError):
    """A collection has no column of this name, and no place for facts of undeclared names."""

    def __str__(self) -> str:
        return str(self.args[0])


class EmbeddedError(NebulusError):
    """The embedded server could not be found, started or stopped."""


class SubscriptionsUnsupported(NebulusError):
    """The server does not offer change feeds."""
