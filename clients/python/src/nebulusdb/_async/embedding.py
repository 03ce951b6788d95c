"""Asking the caller's model for vectors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, Union

from nebulusdb._async.compat import in_thread
from nebulusdb.errors import InvalidVector
from nebulusdb.vectors import VectorLike

Embed: TypeAlias = Callable[[Sequence[str]], Union[Sequence[VectorLike], Awaitable[Sequence[VectorLike]]]]


async def embedded(embed: Embed, texts: Sequence[str]) -> list[VectorLike]:
    """A vector for each text. A function that blocks is run beside the loop, one that is awaited on it.

    Raises `InvalidVector` when it gives another number of them.
    """
    answer = await in_thread(embed, texts)
    vectors = list(await answer if isinstance(answer, Awaitable) else answer)
    if len(vectors) != len(texts):
        raise InvalidVector(f"the embedding function made {len(vectors)} vectors of {len(texts)} texts")
    return vectors
