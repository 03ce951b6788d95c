"""Packages that only a part of the client needs."""

from __future__ import annotations

import importlib


def need(package: str, extra: str) -> None:
    """Makes sure that a package which does not come with the client is there.

    Raises `ImportError` that names the extra which installs it.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise missing(package, extra) from error


def missing(package: str, extra: str) -> ImportError:
    """The error for a package that is not installed."""
    return ImportError(f"this needs {package}, which is not installed: pip install 'nebulusdb[{extra}]'", name=package)
