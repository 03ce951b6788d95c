"""Asking the caller's model for vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from nebulusdb.errors import InvalidVector
from nebulusdb.vectors import VectorLike

Embed: TypeAlias = Callable[[Sequence[str]], Sequence[VectorLike]]


def embedded(embed: Embed, texts: Sequence[str]) -> list[VectorLike]:
    """A vector for each text.

    Raises `InvalidVector` when the function gives another number of them.
    """
    vectors = list(embed(texts))
    if len(vectors) != len(texts):
        raise InvalidVector(f"the embedding function made {len(vectors)} vectors of {len(texts)} texts")
    return vectors
