# Generated from _async/networks.py by tools/unasync.py: edit that one.
"""Networks of peers: making and joining them, what is shared with them, and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nebulusdb._sync.changes import Subscription
from nebulusdb.compile import WhereLike
from nebulusdb.entries import NetworkEvent, Secret, SyncReport
from nebulusdb.errors import InvalidEntry
from nebulusdb.json import jsonb
from nebulusdb.result import Result
from nebulusdb.statements import Statement

if TYPE_CHECKING:
    from nebulusdb._sync.database import Database


class Networks:
    """`db.networks`. Nothing leaves this node that was not staged.

    Options are the server's: `sync_interval_ms`, `private_by_default`, `replication="partial"`, `mdns`, …
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, *, secret: str | Secret | None = None, **options: Any) -> None:
        """Founds a network. Without a secret it gets a random one, which `secret()` tells."""
        self._call("nebulus_create_network", name, jsonb(_with_secret(secret, options)))

    def join(self, name: str, *addresses: str, secret: str | Secret, **options: Any) -> None:
        """Joins a network at the addresses of some of its members, which `node()` tells there."""
        if not addresses or any("," in address for address in addresses):
            raise InvalidEntry("join() takes the addresses of members, each as a text of its own")
        self._call("nebulus_join_network", name, ", ".join(addresses), jsonb(_with_secret(secret, options)))

    def leave(self, name: str) -> None:
        """Leaves a network. Its collections stay here, as they are."""
        self._call("nebulus_leave_network", name)

    def alter(self, name: str, **options: Any) -> None:
        """Changes options of a network."""
        self._call("nebulus_alter_network", name, jsonb(options))

    def remove_peer(self, name: str, peer_id: str) -> None:
        """Shuts a peer out: the others get a new key."""
        self._call("nebulus_remove_peer", name, peer_id)

    def rotate_secret(self, name: str, secret: str | Secret | None = None) -> None:
        """Gives the network a new secret, a random one unless it is given, and a new key."""
        new = [] if secret is None else [secret.reveal() if isinstance(secret, Secret) else secret]
        self._call("nebulus_rotate_secret", name, *new)

    def secret(self, name: str) -> Secret:
        """The secret of a network: the invitation, for its owner."""
        return Secret((self._call("nebulus_network_secret", name)).scalar())

    def share(self, collection: str, network: str, **options: Any) -> None:
        """Attaches a collection to a network. What is staged in it from now on is posted there."""
        self._call("nebulus_attach", collection, network, *([jsonb(options)] if options else []))

    def unshare(self, collection: str, network: str) -> None:
        """Ends the sharing of a collection. Sync before, so that what was posted has reached somebody."""
        self._call("nebulus_detach", collection, network)

    def stage(self, collection: str, where: WhereLike) -> int:
        """Marks entries of a collection for its network; returns how many they are."""
        return self._database.collection(collection).stage(where)

    def unstage(self, collection: str, where: WhereLike) -> int:
        """Takes entries off the stage; returns how many were on it."""
        return self._database.collection(collection).unstage(where)

    def post(self, collection: str, where: WhereLike) -> SyncReport:
        """Stages entries and syncs now, instead of within the network's interval."""
        self.stage(collection, where)
        return self.sync()

    def sync(self, name: str | None = None) -> SyncReport:
        """Posts what is staged and fetches what is missing now, for one network or for all.

        The notices of the report say where nobody is connected, and what an endpoint refused.
        """
        notices: list[str] = []

        def keep(notice: Any) -> None:
            notices.append(notice.message_primary or "")

        with self._database._session() as connection:
            connection.add_notice_handler(keep)
            try:
                found = (self._call("nebulus_sync", *([] if name is None else [name]))).scalar()
            finally:
                connection.remove_notice_handler(keep)
        return SyncReport(found["networks"], found["peers"], found["posted"], found["received"], tuple(notices))

    def status(self, name: str | None = None) -> Result:
        """The networks of this node: collections, peers, what is staged, the last sync and the last error."""
        return self._table("networks", "name", name)

    def peers(self, name: str | None = None) -> Result:
        """The peers of the networks, who is connected, and how far behind each is."""
        return self._table("peers", "network", name)

    def stats(self, name: str | None = None) -> Result:
        """What went to and came from the networks since this node started."""
        return self._table("network_stats", "network", name)

    def sync_state(self, name: str | None = None) -> Result:
        """How much of each peer's writing is here, by collection."""
        return self._table("sync_state", "network", name)

    def staged(self, name: str | None = None) -> Result:
        """The entries that wait for the next sync."""
        return self._table("staged", "network", name)

    def quarantine(self, name: str | None = None) -> Result:
        """What peers sent and this node does not believe."""
        return self._table("quarantine", "network", name)

    def subscribe(self, name: str | None = None) -> Subscription[NetworkEvent]:
        """Listens to what happens in a network, or in all of them: peers that come and go, collections, postings.

        Raises `SubscriptionsUnsupported` where the server has no change feeds.
        """
        channel = "networks" if name is None else f"network:{name}"
        return Subscription.open(self._database._parameters, channel, NetworkEvent.from_payload)

    def node(self) -> dict[str, Any]:
        """This node: its id, and the addresses at which others join."""
        return (self._database._run(Statement("SELECT * FROM nebulus.node")))[0]

    def _call(self, function: str, *values: Any) -> Result:
        marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        return self._database._run(Statement(f"SELECT {function}({marks})", values))

    def _table(self, table: str, column: str, name: str | None) -> Result:
        if name is None:
            return self._database._run(Statement(f"SELECT * FROM nebulus.{table}"))
        return self._database._run(Statement(f"SELECT * FROM nebulus.{table} WHERE {column} = $1", [name]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _with_secret(secret: str | Secret | None, options: dict[str, Any]) -> dict[str, Any]:
    if secret is None:
        return options
    return {**options, "secret": secret.reveal() if isinstance(secret, Secret) else secret}
