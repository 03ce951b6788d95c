"""LangGraph's long-term memory over NebulusDB. Needs nebulusdb[langgraph]."""

import sys

import nebulusdb
from nebulusdb.langgraph import NebulusStore
from words import DIMENSIONS, embed_many


def main(data_dir: str | None) -> None:
    with nebulusdb.embedded(data_dir) as db:
        store = NebulusStore(db, index={"dims": DIMENSIONS, "embed": embed_many, "fields": ["text"]})
        store.put(("users", "ada"), "drink", {"text": "she drinks strong coffee", "sure": 0.9})
        store.put(("users", "ada"), "train", {"text": "her train leaves at nine", "sure": 0.4})
        store.put(("users", "bob"), "drink", {"text": "he drinks tea", "sure": 0.8})
        for item in store.search(("users",), query="who drinks coffee", filter={"sure": {"$gt": 0.5}}, limit=2):
            print(item.namespace, item.key, item.value["text"])
        print(store.list_namespaces(prefix=("users",)))
        # A graph takes it as graph.compile(store=store).


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
