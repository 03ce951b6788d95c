"""NebulusDB: a local-first database for memories, from Python.

    import nebulusdb
    from nebulusdb import F

    with nebulusdb.connect() as db:
        db.memory.remember("Bloom filters may lie about presence", metadata={"source": "web"}, vector=[0.45, 0.12, 0.80])
        for memory in db.memory.recall([0.44, 0.10, 0.80], where=F.source == "web", limit=5):
            print(memory.distance, memory.text)

`connect` and `embedded` block, `connect_async` and `embedded_async` are for asyncio; both have the same methods.
"""

from nebulusdb._async.changes import AsyncSubscription
from nebulusdb._async.collection import AsyncCollection
from nebulusdb._async.database import AsyncDatabase, connect_async, embedded_async
from nebulusdb._async.memory import AsyncMemoryCollection
from nebulusdb._async.networks import AsyncNetworks
from nebulusdb._async.secrets import AsyncSecrets
from nebulusdb._sync.changes import Subscription
from nebulusdb._sync.collection import Collection
from nebulusdb._sync.database import Database, connect, embedded
from nebulusdb._sync.memory import MemoryCollection
from nebulusdb._sync.networks import Networks
from nebulusdb._sync.secrets import Secrets
from nebulusdb.entries import Change, Memories, Memory, NetworkEvent, NewMemory, Secret, SyncReport
from nebulusdb.errors import (
    EmbeddedError,
    InvalidEntry,
    InvalidFilter,
    InvalidVector,
    NebulusError,
    ServerError,
    SubscriptionsUnsupported,
    UnknownColumn,
)
from nebulusdb.filters import ALL, F, Field, Filter
from nebulusdb.result import Column, Result
from nebulusdb.statements import Descending, desc
from nebulusdb.vectors import Vector

__version__ = "0.1.0"

__all__ = [
    "ALL",
    "AsyncCollection",
    "AsyncDatabase",
    "AsyncMemoryCollection",
    "AsyncNetworks",
    "AsyncSecrets",
    "AsyncSubscription",
    "Change",
    "Collection",
    "Column",
    "Database",
    "Descending",
    "EmbeddedError",
    "F",
    "Field",
    "Filter",
    "InvalidEntry",
    "InvalidFilter",
    "InvalidVector",
    "Memories",
    "Memory",
    "MemoryCollection",
    "NebulusError",
    "NetworkEvent",
    "Networks",
    "NewMemory",
    "Result",
    "Secret",
    "Secrets",
    "ServerError",
    "Subscription",
    "SubscriptionsUnsupported",
    "SyncReport",
    "UnknownColumn",
    "Vector",
    "connect",
    "connect_async",
    "desc",
    "embedded",
    "embedded_async",
]
