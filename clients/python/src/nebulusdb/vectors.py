"""Vectors: what a collection's embeddings are in Python, and how they travel.

`Vector` holds single precision numbers as the server does. It is made from any sequence of numbers or NumPy array, gives a
NumPy array by `numpy()`, and needs NumPy for nothing else. On the wire vectors go in pgvector's binary format both ways: two
bytes for the dimension, two of zero, four big-endian bytes for each number.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from nebulusdb.errors import InvalidVector
from nebulusdb.optional import need

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

DIMENSIONS_MAX = 16_000
_HEADER = struct.Struct(">HH")


class Vector:
    """An embedding: single precision numbers, all finite.

    It is a read-only sequence, equal to another with the same numbers.
    """

    __slots__ = ("_numbers",)

    def __init__(self, numbers: VectorLike) -> None:
        """Copies the numbers.

        Raises `InvalidVector` for what is not a flat sequence of finite numbers, for none at all, and for more than 16,000.
        """
        self._numbers: array[float] = _numbers_of(numbers)

    @classmethod
    def from_binary(cls, data: bytes | bytearray | memoryview) -> Vector:
        """Reads pgvector's binary format."""
        dimensions, _ = _HEADER.unpack_from(data)
        numbers = array("f")
        numbers.frombytes(bytes(data[_HEADER.size :]))
        if len(numbers) != dimensions:
            raise InvalidVector(f"the server sent {len(numbers)} numbers for a vector of {dimensions}")
        if sys.byteorder == "little":
            numbers.byteswap()
        made = cls.__new__(cls)
        made._numbers = numbers
        return made

    @classmethod
    def from_text(cls, text: str) -> Vector:
        """Reads `[1,2,3]`."""
        return cls([float(number) for number in text.strip()[1:-1].split(",")])

    def to_binary(self) -> bytes:
        """Writes pgvector's binary format."""
        return _HEADER.pack(len(self._numbers), 0) + _big_endian(self._numbers)

    def numpy(self) -> NDArray[numpy.float32]:
        """The numbers as a NumPy array of its own. Raises `ImportError` where NumPy is not installed."""
        need("numpy", "numpy")
        import numpy

        return numpy.array(self._numbers, dtype=numpy.float32)

    def tolist(self) -> list[float]:
        """The numbers as a list."""
        return self._numbers.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a Vector gives NumPy a copy of its numbers")
        made: NDArray[Any] = self.numpy()
        return made if dtype is None else made.astype(dtype)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[float]:
        return iter(self._numbers)

    def __getitem__(self, index: int) -> float:
        return self._numbers[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self._numbers == other._numbers

    def __hash__(self) -> int:
        return hash(self._numbers.tobytes())

    def __repr__(self) -> str:
        shown = ", ".join(f"{number:g}" for number in self._numbers[:4])
        return f"Vector([{shown}{', …' if len(self) > 4 else ''}], dimensions={len(self)})"


VectorLike: TypeAlias = Union[Vector, Sequence[float], "NDArray[Any]"]


def _big_endian(numbers: array[float]) -> bytes:
    if sys.byteorder != "little":
        return numbers.tobytes()
    swapped = numbers[:]
    swapped.byteswap()
    return swapped.tobytes()


def _numbers_of(numbers: object) -> array[float]:
    if isinstance(numbers, Vector):
        return numbers._numbers
    if isinstance(numbers, (str, bytes, bytearray, dict, set, frozenset)):
        raise InvalidVector(f"a vector is a sequence of numbers, not {type(numbers).__name__}")
    if hasattr(numbers, "astype") and hasattr(numbers, "ndim"):
        made = _numbers_of_array(numbers)
    else:
        try:
            made = array("f", numbers)  # type: ignore[call-overload]
        except (TypeError, OverflowError) as error:
            raise InvalidVector(f"a vector is a sequence of numbers: {error}") from error
    if not 1 <= len(made) <= DIMENSIONS_MAX:
        raise InvalidVector(f"a vector has 1 to {DIMENSIONS_MAX} dimensions, this one has {len(made)}")
    # The sum is finite where all are, and otherwise the culprit is worth a second look.
    if not math.isfinite(sum(made)):
        for place, number in enumerate(made):
            if not math.isfinite(number):
                raise InvalidVector(f"a vector has finite numbers only, number {place} is {number}")
    return made


def _numbers_of_array(numbers: Any) -> array[float]:
    """The numbers of a NumPy array, without a Python object for each."""
    if numbers.ndim != 1:
        raise InvalidVector(f"a vector is one row of numbers, this array has {numbers.ndim} axes")
    if numbers.dtype.kind not in "fiu":
        raise InvalidVector(f"a vector is a sequence of numbers, not an array of {numbers.dtype}")
    made = array("f")
    made.frombytes(numbers.astype("=f4").tobytes())
    return made
