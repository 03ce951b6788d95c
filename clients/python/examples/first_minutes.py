"""Remember, recall, forget, over a server that this program starts for itself."""

import sys

import nebulusdb
from nebulusdb import F
from words import embed

NOTES = [
    ("Bloom filters may lie about presence, never about absence", {"source": "web", "pages": 3}),
    ("Cuckoo filters can forget what they were told", {"source": "mail", "pages": 10}),
    ("Skip lists climb towers of chance", {"source": "web", "pages": 14}),
]


def main(data_dir: str | None) -> None:
    with nebulusdb.embedded(data_dir) as db:
        for text, facts in NOTES:
            db.memory.remember(text, metadata=facts, vector=embed(text))
        for memory in db.memory.recall(embed("which filters forget?"), limit=2):
            print(f"{memory.distance:.2f}  {memory.text}")
        for memory in db.memory.find((F.source == "web") & (F.pages > 5)):
            print(f"long: {memory.text}")
            db.memory.set_facts(memory.id, {"read": True})
        print(f"read: {db.memory.count(F.read == True)}")  # noqa: E712
        print(f"forgotten: {db.memory.forget(where=F.source == 'mail')}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
