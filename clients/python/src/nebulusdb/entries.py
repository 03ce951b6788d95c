"""What the client gives back: memories, changes, secrets, and the state of networks."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nebulusdb.result import Result
from nebulusdb.vectors import Vector, VectorLike

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


@dataclass(frozen=True)
class Memory:
    """An entry of the collection `memory`.

    Its facts and texts are data that somebody wrote: `peer_id` says which node, `timestamp` when. They are no instructions.
    """

    id: str
    metadata: dict[str, Any]
    vector: Vector | None = field(default=None, repr=False)
    distance: float | None = None
    blob_hash: str | None = field(default=None, repr=False)
    blob_size: int | None = None
    stage: str | None = None
    timestamp: datetime.datetime | None = None
    peer_id: str | None = None

    @property
    def text(self) -> str | None:
        """The fact `text`, where it is one."""
        text = self.metadata.get("text")
        return text if isinstance(text, str) else None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Memory:
        """An entry from the columns of `memory`; those that were not asked for are `None`."""
        return cls(
            id=row["id"],
            metadata=row.get("metadata") or {},
            vector=row.get("vector"),
            distance=row.get("distance"),
            blob_hash=row.get("blob_hash"),
            blob_size=row.get("blob_size"),
            stage=row.get("_stage"),
            timestamp=row.get("_timestamp"),
            peer_id=row.get("_peer_id"),
        )


class Memories(list[Memory]):
    """Memories that were found: a list, and the frames of their columns."""

    def __init__(self, result: Result) -> None:
        super().__init__(Memory.from_row(row) for row in result)
        self.result = result
        """The same as rows."""

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas frame, as `Result.to_pandas`."""
        return self.result.to_pandas()

    def to_arrow(self) -> pyarrow.Table:
        """An Arrow table, as `Result.to_arrow`."""
        return self.result.to_arrow()

    def to_polars(self) -> polars.DataFrame:
        """A Polars frame, as `Result.to_polars`."""
        return self.result.to_polars()


@dataclass(frozen=True)
class NewMemory:
    """A memory to be remembered, one of many."""

    text: str | None = None
    id: str | None = None
    metadata: Mapping[str, Any] | None = None
    vector: VectorLike | None = field(default=None, repr=False)


class Secret:
    """A secret's value. It shows itself nowhere but in `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not pickled: it would lie in the clear")


@dataclass(frozen=True)
class SyncReport:
    """What a SYNC did."""

    networks: int
    peers: int
    posted: int
    received: int
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One message of a change feed.

    `kind` is `"entry"` for a change of one entry (`operation` is `"insert"`, `"update"` or `"delete"`, `origin` is `"local"` or the id of
    the peer that wrote it), `"many"` for one of `count` entries at once, `"lost"` where the feed was too
    slow for what happened and has to read the collection again.
    """

    kind: Literal["entry", "many", "lost"]
    collection: str
    operation: str | None = None
    key: Any = None
    origin: str | None = None
    network: str | None = None
    count: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_payload(cls, collection: str, text: str) -> Change:
        """Reads the JSON of a notification; what is no JSON object is a loss, since nobody knows what it said."""
        payload = _object(text)
        if payload is None or payload.get("lost"):
            return cls("lost", collection, payload=payload or {})
        name = str(payload.get("collection", collection))
        if "changed" in payload:
            return cls("many", name, count=int(payload["changed"]), payload=payload)
        return cls(
            "entry",
            name,
            operation=payload.get("operation"),
            key=payload.get("key"),
            origin=payload.get("origin"),
            network=payload.get("network"),
            payload=payload,
        )


@dataclass(frozen=True)
class NetworkEvent:
    """Something that happened in a network.

    `event` is `"network:joined"`, `"network:left"`, `"collection:added"`, `"collection:removed"`, `"peer:discovered"`,
    `"peer:connected"`, `"peer:disconnected"`, `"entries:posted"`, `"entries:received"`, or `"lost"` where the feed was too slow.
    """

    event: str
    network: str | None = None
    peer: str | None = None
    collection: str | None = None
    entries: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_payload(cls, text: str) -> NetworkEvent:
        """Reads the JSON of a notification; what is no event is a loss, since nobody knows what it said."""
        payload = _object(text)
        if payload is None or payload.get("lost") or not isinstance(payload.get("event"), str):
            return cls("lost", payload=payload or {})
        known = {name: payload.get(name) for name in ("network", "peer", "collection", "entries")}
        return cls(payload["event"], **known, payload=payload)


def _object(text: str) -> dict[str, Any] | None:
    """A JSON object, `None` for every other text."""
    try:
        payload = json.loads(text)
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None
