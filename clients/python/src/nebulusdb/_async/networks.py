"""Networks of peers: making and joining them, what is shared with them, and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nebulusdb._async.changes import AsyncSubscription
from nebulusdb.compile import WhereLike
from nebulusdb.entries import NetworkEvent, Secret, SyncReport
from nebulusdb.errors import InvalidEntry
from nebulusdb.json import jsonb
from nebulusdb.result import Result
from nebulusdb.statements import Statement

if TYPE_CHECKING:
    from nebulusdb._async.database import AsyncDatabase


class AsyncNetworks:
    """`db.networks`. Nothing leaves this node that was not staged.

    Options are the server's: `sync_interval_ms`, `private_by_default`, `replication="partial"`, `mdns`, …
    """

    def __init__(self, database: AsyncDatabase) -> None:
        self._database = database

    async def create(self, name: str, *, secret: str | Secret | None = None, **options: Any) -> None:
        """Founds a network. Without a secret it gets a random one, which `secret()` tells."""
        await self._call("nebulus_create_network", name, jsonb(_with_secret(secret, options)))

    async def join(self, name: str, *addresses: str, secret: str | Secret, **options: Any) -> None:
        """Joins a network at the addresses of some of its members, which `node()` tells there."""
        if not addresses or any("," in address for address in addresses):
            raise InvalidEntry("join() takes the addresses of members, each as a text of its own")
        await self._call("nebulus_join_network", name, ", ".join(addresses), jsonb(_with_secret(secret, options)))

    async def leave(self, name: str) -> None:
        """Leaves a network. Its collections stay here, as they are."""
        await self._call("nebulus_leave_network", name)

    async def alter(self, name: str, **options: Any) -> None:
        """Changes options of a network."""
        await self._call("nebulus_alter_network", name, jsonb(options))

    async def remove_peer(self, name: str, peer_id: str) -> None:
        """Shuts a peer out: the others get a new key."""
        await self._call("nebulus_remove_peer", name, peer_id)

    async def rotate_secret(self, name: str, secret: str | Secret | None = None) -> None:
        """Gives the network a new secret, a random one unless it is given, and a new key."""
        new = [] if secret is None else [secret.reveal() if isinstance(secret, Secret) else secret]
        await self._call("nebulus_rotate_secret", name, *new)

    async def secret(self, name: str) -> Secret:
        """The secret of a network: the invitation, for its owner."""
        return Secret((await self._call("nebulus_network_secret", name)).scalar())

    async def share(self, collection: str, network: str, **options: Any) -> None:
        """Attaches a collection to a network. What is staged in it from now on is posted there."""
        await self._call("nebulus_attach", collection, network, *([jsonb(options)] if options else []))

    async def unshare(self, collection: str, network: str) -> None:
        """Ends the sharing of a collection. Sync before, so that what was posted has reached somebody."""
        await self._call("nebulus_detach", collection, network)

    async def stage(self, collection: str, where: WhereLike) -> int:
        """Marks entries of a collection for its network; returns how many they are."""
        return await self._database.collection(collection).stage(where)

    async def unstage(self, collection: str, where: WhereLike) -> int:
        """Takes entries off the stage; returns how many were on it."""
        return await self._database.collection(collection).unstage(where)

    async def post(self, collection: str, where: WhereLike) -> SyncReport:
        """Stages entries and syncs now, instead of within the network's interval."""
        await self.stage(collection, where)
        return await self.sync()

    async def sync(self, name: str | None = None) -> SyncReport:
        """Posts what is staged and fetches what is missing now, for one network or for all.

        The notices of the report say where nobody is connected, and what an endpoint refused.
        """
        notices: list[str] = []

        def keep(notice: Any) -> None:
            notices.append(notice.message_primary or "")

        async with self._database._session() as connection:
            connection.add_notice_handler(keep)
            try:
                found = (await self._call("nebulus_sync", *([] if name is None else [name]))).scalar()
            finally:
                connection.remove_notice_handler(keep)
        return SyncReport(found["networks"], found["peers"], found["posted"], found["received"], tuple(notices))

    async def status(self, name: str | None = None) -> Result:
        """The networks of this node: collections, peers, what is staged, the last sync and the last error."""
        return await self._table("networks", "name", name)

    async def peers(self, name: str | None = None) -> Result:
        """The peers of the networks, who is connected, and how far behind each is."""
        return await self._table("peers", "network", name)

    async def stats(self, name: str | None = None) -> Result:
        """What went to and came from the networks since this node started."""
        return await self._table("network_stats", "network", name)

    async def sync_state(self, name: str | None = None) -> Result:
        """How much of each peer's writing is here, by collection."""
        return await self._table("sync_state", "network", name)

    async def staged(self, name: str | None = None) -> Result:
        """The entries that wait for the next sync."""
        return await self._table("staged", "network", name)

    async def quarantine(self, name: str | None = None) -> Result:
        """What peers sent and this node does not believe."""
        return await self._table("quarantine", "network", name)

    async def subscribe(self, name: str | None = None) -> AsyncSubscription[NetworkEvent]:
        """Listens to what happens in a network, or in all of them: peers that come and go, collections, postings.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        channel = "networks" if name is None else f"network:{name}"
        return await AsyncSubscription.open(self._database._parameters, channel, NetworkEvent.from_payload)

    async def node(self) -> dict[str, Any]:
        """This node: its id, and the addresses at which others join."""
        return (await self._database._run(Statement("SELECT * FROM nebulus.node")))[0]

    async def _call(self, function: str, *values: Any) -> Result:
        marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        return await self._database._run(Statement(f"SELECT {function}({marks})", values))

    async def _table(self, table: str, column: str, name: str | None) -> Result:
        if name is None:
            return await self._database._run(Statement(f"SELECT * FROM nebulus.{table}"))
        return await self._database._run(Statement(f"SELECT * FROM nebulus.{table} WHERE {column} = $1", [name]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _with_secret(secret: str | Secret | None, options: dict[str, Any]) -> dict[str, Any]:
    if secret is None:
        return options
    return {**options, "secret": secret.reveal() if isinstance(secret, Secret) else secret}
