"""Embeddings for the examples: each word is thrown into one of 256 places by its hash. It knows spelling, and no meaning.

A real program asks a model instead.
"""

import hashlib
import math
from collections.abc import Sequence

DIMENSIONS = 256


def embed(text: str) -> list[float]:
    """A vector of length one."""
    vector = [0.0] * DIMENSIONS
    for word in text.lower().replace(",", " ").replace(".", " ").replace("?", " ").split():
        vector[hashlib.blake2b(word.encode(), digest_size=1).digest()[0]] += 1
    length = math.sqrt(sum(number * number for number in vector))
    return [number / length for number in vector] if length else [1.0, *[0.0] * (DIMENSIONS - 1)]


def embed_many(texts: Sequence[str]) -> list[list[float]]:
    """A vector for each text."""
    return [embed(text) for text in texts]
