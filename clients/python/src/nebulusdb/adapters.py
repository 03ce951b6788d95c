"""psycopg's adapters for the server's `vector`: NumPy arrays and `Vector` go in by the binary format, `Vector` comes out."""

from __future__ import annotations

from typing import Any

from psycopg.abc import AdaptContext
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo

from nebulusdb.vectors import Vector


class _VectorDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer | None:
        return (obj if isinstance(obj, Vector) else Vector(obj)).to_binary()


class _VectorBinaryLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Vector:
        return Vector.from_binary(data)


class _VectorLoader(Loader):
    format = Format.TEXT

    def load(self, data: Buffer) -> Vector:
        return Vector.from_text(bytes(data).decode())


def register_vector(context: AdaptContext, oid: int) -> None:
    """Teaches a connection the type `vector`, which the server knows by this OID."""
    adapters = context.adapters
    TypeInfo("vector", oid, 0).register(context)
    dumper = type("VectorDumper", (_VectorDumper,), {"oid": oid})
    adapters.register_dumper(Vector, dumper)
    adapters.register_dumper("numpy.ndarray", dumper)
    adapters.register_loader(oid, _VectorBinaryLoader)
    adapters.register_loader(oid, _VectorLoader)
