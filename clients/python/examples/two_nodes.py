"""Two nodes of one network on this machine: what is staged on the first arrives on the second, and nothing else."""

import sys
import tempfile
import time

import nebulusdb
from nebulusdb import F

LISTEN = ["--p2p-listen", "/ip4/127.0.0.1/tcp/0"]
SECONDS_MAX = 60


def main(directory: str) -> None:
    with (
        nebulusdb.embedded(f"{directory}/ada", arguments=LISTEN) as ada,
        nebulusdb.embedded(f"{directory}/bob", arguments=LISTEN) as bob,
    ):
        ada.networks.create("team", secret="correct horse battery", sync_interval_ms=200)
        ada.networks.share("memory", "team")
        deadline = time.monotonic() + SECONDS_MAX
        while not ada.networks.node()["addresses"] and time.monotonic() < deadline:
            time.sleep(0.1)
        address = ada.networks.node()["addresses"][0]
        bob.networks.join("team", address, secret=ada.networks.secret("team"), sync_interval_ms=200)
        bob.networks.share("memory", "team")

        ada.memory.remember("It will rain in Lund", metadata={"topic": "weather"})
        ada.memory.remember("The key lies under the mat", metadata={"topic": "home"})
        ada.networks.post("memory", F.topic == "weather")
        while not bob.memory.count() and time.monotonic() < deadline:
            bob.networks.sync()
        for memory in bob.memory.find():
            wrote = "ada" if memory.peer_id == ada.networks.node()["peer_id"] else "bob"
            print(f"bob reads, written by {wrote}: {memory.text}")
        for network in ada.networks.status():
            print(f"{network['name']}: {network['staged']} staged")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(made)
