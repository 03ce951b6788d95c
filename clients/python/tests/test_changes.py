"""Change feeds: what a message says, and what happens where the server has none."""

from __future__ import annotations

import asyncio
import threading

import nebulusdb
import psycopg
import pytest
from nebulusdb import Change, F, SubscriptionsUnsupported


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (
            '{"collection": "memory", "operation": "insert", "key": "a", "origin": "12D3", "network": null}',
            Change("entry", "memory", operation="insert", key="a", origin="12D3"),
        ),
        ('{"collection": "memory", "changed": 5000}', Change("many", "memory", count=5000)),
        ('{"lost": true}', Change("lost", "notes")),
        ("not json", Change("lost", "notes")),
        ("[1]", Change("lost", "notes")),
    ],
)
def test_what_a_message_says(payload: str, wanted: Change) -> None:
    change = Change.from_payload("notes", payload)
    assert (change.kind, change.collection, change.operation, change.key, change.origin, change.network, change.count) == (
        wanted.kind,
        wanted.collection,
        wanted.operation,
        wanted.key,
        wanted.origin,
        wanted.network,
        wanted.count,
    )


@pytest.fixture
def feed(db: nebulusdb.Database) -> nebulusdb.Database:
    """A database whose server has change feeds."""
    try:
        db.subscribe().close()
    except SubscriptionsUnsupported as error:
        pytest.skip(str(error).partition("\n")[0])
    return db


def test_a_server_without_feeds_says_so(db: nebulusdb.Database) -> None:
    try:
        db.subscribe().close()
    except SubscriptionsUnsupported as error:
        assert "no change feeds" in str(error) and "LISTEN" in str(error)


def test_changes_of_memories(feed: nebulusdb.Database) -> None:
    with feed.memory.subscribe() as changes:
        assert changes.get(timeout=0.01) is None
        feed.memory.remember(id='a "quoted" key', metadata={"n": 1})
        change = changes.get(timeout=10)
        assert change is not None and (change.kind, change.collection, change.key) == ("entry", "memory", 'a "quoted" key')
        feed.memory.set_facts('a "quoted" key', {"n": 2})
        feed.memory.forget(where=F.n == 2)
        changed, deleted = changes.get(timeout=10), changes.get(timeout=10)
        assert changed is not None and deleted is not None
        assert len({change.operation, changed.operation, deleted.operation}) == 3
        with pytest.raises(RuntimeError), feed.transaction():
            feed.memory.remember(id="rolled back", metadata={"n": 1})
            raise RuntimeError
        assert changes.get(timeout=0.3) is None


def test_events_of_networks(feed: nebulusdb.Database) -> None:
    with pytest.raises(psycopg.Error, match="does not exist"):
        feed.networks.subscribe("team")
    with feed.networks.subscribe() as all_of_them:
        feed.networks.create("team", sync_interval_ms=86_400_000)
        team = feed.networks.subscribe("team")
        feed.networks.share("memory", "team")
        feed.memory.remember(id="a", metadata={"n": 1})
        feed.networks.post("memory", F.n == 1)
        feed.networks.unshare("memory", "team")
        feed.networks.leave("team")
        seen: list[nebulusdb.NetworkEvent] = []
        while not seen or seen[-1].event != "network:left":
            event = all_of_them.get(timeout=20)
            assert event is not None
            seen.append(event)
        assert {"network:joined", "collection:added", "entries:posted", "collection:removed"} <= {event.event for event in seen}
        assert {event.network for event in seen} == {"team"}
        assert [event.entries for event in seen if event.event == "entries:posted"] == [1]
        first = team.get(timeout=20)
        assert first is not None and first in seen and first.network == "team"
        team.close()


@pytest.mark.parametrize("text", ["", "[]", '{"lost": true}', '{"network": "x"}'])
def test_what_is_no_event_is_a_loss(text: str) -> None:
    assert nebulusdb.NetworkEvent.from_payload(text).event == "lost"


def test_an_iteration_ends_when_it_is_closed(feed: nebulusdb.Database, notes: nebulusdb.Collection) -> None:
    seen: list[Change] = []
    changes = notes.subscribe()

    def listen() -> None:
        for change in changes:
            seen.append(change)
            if change.key == "last":
                changes.close()

    listener = threading.Thread(target=listen)
    listener.start()
    for key in ("first", "second", "last"):
        notes.insert({"id": key})
    listener.join(20)
    assert not listener.is_alive() and [change.key for change in seen] == ["first", "second", "last"]


async def test_changes_for_asyncio(feed: nebulusdb.Database, adb: nebulusdb.AsyncDatabase) -> None:
    async with await adb.memory.subscribe() as changes:

        async def listen() -> list[Change]:
            found = []
            async for change in changes:
                found.append(change)
                if len(found) == 3:
                    break
            return found

        listening = asyncio.create_task(listen())
        for number in range(3):
            await adb.memory.remember(id=str(number), metadata={"n": number})
        found = await asyncio.wait_for(listening, 20)
    assert [change.key for change in found] == ["0", "1", "2"]
