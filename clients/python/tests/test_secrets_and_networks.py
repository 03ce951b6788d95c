"""Secrets, which show themselves nowhere, and networks, seen from one node and between two."""

from __future__ import annotations

import logging
import pickle
import time
from pathlib import Path

import nebulusdb
import psycopg
import pytest
from nebulusdb import F, InvalidEntry, Secret

HOSTILE = ['x"; DELETE AUTH WHERE key = "a', "it's 🙂", "' OR true --"]


def test_secrets(db: nebulusdb.Database) -> None:
    db.secrets.set("api", "first")
    db.secrets.set("api", Secret("second"))
    found = db.secrets.get("api")
    assert found == Secret("second") and found.reveal() == "second"
    assert db.secrets.get("nothing") is None
    for text in HOSTILE:
        db.secrets.set(text, text)
        held = db.secrets.get(text)
        assert held is not None and held.reveal() == text
    assert db.secrets.keys() == sorted(["api", *HOSTILE], key=lambda key: key.encode())
    assert db.secrets.delete("api") and not db.secrets.delete("api")
    for text in HOSTILE:
        assert db.secrets.delete(text)
    with pytest.raises(InvalidEntry, match="are texts"):
        db.secrets.set("k", 5)  # type: ignore[arg-type]


def test_a_secret_shows_itself_nowhere(db: nebulusdb.Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = Secret("never shown")
    db.secrets.set("k", secret)
    found = db.secrets.get("k")
    shown = f"{secret} {secret!r} {found} {db.secrets} {db} {[secret]} {db.notices}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(psycopg.Error) as caught, db.transaction():
        db.secrets.set("k", "never shown")
        db.sql("SELEC 1")
    assert "never shown" not in shown + str(caught.value) + repr(caught.value) + caplog.text
    assert "s3cret" not in repr(nebulusdb.AsyncDatabase({"host": "h", "port": 1, "password": "s3cret"}))
    db.secrets.delete("k")


def test_one_node(db: nebulusdb.Database) -> None:
    node = db.networks.node()
    assert node["peer_id"] == db.sql("SELECT nebulus_peer_id()").scalar()
    db.networks.create('team\'s "net"', secret=Secret("correct horse battery"), sync_interval_ms=86_400_000)
    network = 'team\'s "net"'
    assert db.networks.secret(network).reveal() == "correct horse battery"
    assert [row["name"] for row in db.networks.status()] == [network]
    db.networks.share("memory", network)
    db.memory.remember_many([{"id": f"e{n}", "metadata": {"n": n}} for n in range(5)])
    assert db.memory.stage("e0", "e1") == 2 and db.memory.stage(where=F.n == 2) == 1
    assert db.memory.unstage("e0", "e4") == 1
    assert sorted(row["id"] for row in db.networks.staged(network)) == ["e1", "e2"]
    assert [memory.stage for memory in db.memory.find(F.n == 1)] == ["post-pending"]
    report = db.networks.post("memory", F.n == 3)
    assert (report.networks, report.posted, report.peers) == (1, 3, 0)
    assert any("nobody is connected" in notice for notice in report.notices)
    assert db.networks.unstage("memory", F.n.in_([1, 2])) == 0
    db.memory.set_facts("e1", {"n": 100})
    assert db.memory.collection.revert(F["id"] == "e1") == 1 and db.memory.facts("e1") == {"n": 1}
    db.networks.alter(network, log_age_max_s=3600)
    assert db.networks.status(network)[0]["options"]["log_age_max_s"] == 3600
    db.networks.rotate_secret(network, "another secret text")
    assert db.networks.secret(network).reveal() == "another secret text"
    assert len(db.networks.peers()) == 0 and db.networks.stats(network)[0]["collections_shared"] == 1
    assert len(db.networks.quarantine()) == 0 and db.networks.sync_state(network)[0]["collection"] == "memory"
    with pytest.raises(psycopg.Error, match="exists"):
        db.networks.create(network)
    with pytest.raises(psycopg.Error, match="unrecognized option"):
        db.networks.create("other", max_peers=5)
    with pytest.raises(psycopg.Error, match="no id of a peer"):
        db.networks.remove_peer(network, "nobody")
    with pytest.raises(InvalidEntry, match="addresses of members"):
        db.networks.join("other", secret="correct horse")
    with pytest.raises(nebulusdb.InvalidFilter, match="revert\\(\\) takes"):
        db.memory.collection.revert(F.n.contains(1))
    db.networks.unshare("memory", network)
    db.networks.leave(network)
    assert len(db.networks.status()) == 0


@pytest.mark.slow
def test_two_nodes_share_what_was_staged(tmp_path: Path) -> None:
    listen = ["--p2p-listen", "/ip4/127.0.0.1/tcp/0"]
    with (
        nebulusdb.embedded(str(tmp_path / "a"), arguments=listen) as a,
        nebulusdb.embedded(str(tmp_path / "b"), arguments=listen) as b,
    ):
        a.networks.create("team", secret="correct horse battery", sync_interval_ms=100)
        a.networks.share("memory", "team")
        deadline = time.monotonic() + 40
        while not (addresses := a.networks.node()["addresses"]) and time.monotonic() < deadline:
            time.sleep(0.05)
        b.networks.join("team", addresses[0], secret=a.networks.secret("team"), sync_interval_ms=100)
        b.networks.share("memory", "team")
        shared = a.memory.remember("shared", vector=[1, 2, 3], blob=b"picture")
        a.memory.remember("private", vector=[1, 2, 3])
        a.networks.post("memory", F.text == "shared")
        while not b.memory.count() and time.monotonic() < deadline:
            b.networks.sync()
        (found,) = b.memory.recall([1, 2, 3])
        assert found.id == shared and found.peer_id == a.networks.node()["peer_id"]
        assert b.memory.blob(shared) == b"picture"
        while not any(row["connected"] for row in b.networks.peers("team")):
            assert time.monotonic() < deadline
