"""LangGraph: checkpoints of graphs, and the store of long memories."""

import asyncio
import operator
import uuid
from typing import Annotated, TypedDict

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.store.postgres import PostgresStore


def thread() -> dict:
    return {"configurable": {"thread_id": str(uuid.uuid4()), "checkpoint_ns": ""}}


def test_checkpoints_are_written_found_and_deleted(place):
    with PostgresSaver.from_conn_string(place.url) as saver:
        saver.setup()
        saver.setup()
        config, checkpoint = thread(), empty_checkpoint()
        written = saver.put(config, checkpoint, {"source": "input", "step": 1, "writes": {}}, {})
        saver.put_writes(written, [("a", 1), ("b", {"x": 2})], "task")
        found = saver.get_tuple(written)
        assert found.checkpoint["id"] == checkpoint["id"]
        assert len(found.pending_writes) == 2
        assert len(list(saver.list(config, filter={"step": 1}))) == 1
        saver.delete_thread(config["configurable"]["thread_id"])
        assert saver.get_tuple(written) is None


def test_a_graph_goes_on_where_it_stood(place):
    class State(TypedDict):
        numbers: Annotated[list, operator.add]

    graph = StateGraph(State)
    graph.add_node("count", lambda state: {"numbers": [len(state["numbers"])]})
    graph.add_edge(START, "count")
    graph.add_edge("count", END)
    with PostgresSaver.from_conn_string(place.url) as saver:
        saver.setup()
        app, config = graph.compile(checkpointer=saver), thread()
        app.invoke({"numbers": [1]}, config)
        assert app.invoke({"numbers": [5]}, config)["numbers"] == [1, 1, 5, 3]
        assert len(list(app.get_state_history(config))) == 6


def test_the_store_keeps_finds_and_forgets_items(place, embedding):
    index = {"dims": 8, "embed": lambda texts: [embedding(text) for text in texts], "fields": ["text"]}
    with PostgresStore.from_conn_string(place.url, index=index) as store:
        store.setup()
        space = ("users", uuid.uuid4().hex[:8])
        store.put(space, "1", {"text": "hello", "rank": 1})
        store.put(space, "2", {"text": "bye", "rank": 2})
        store.put(space, "1", {"text": "hello again", "rank": 3})
        assert store.get(space, "1").value["rank"] == 3
        assert store.search(space, query="bye")[0].key == "2"
        assert [item.key for item in store.search(space, filter={"rank": {"$gt": 2}})] == ["1"]
        assert space in store.list_namespaces(prefix=("users",))
        store.delete(space, "1")
        assert store.get(space, "1") is None


def test_checkpoints_of_async_programs(place):
    async def work():
        async with AsyncPostgresSaver.from_conn_string(place.url) as saver:
            await saver.setup()
            written = await saver.aput(thread(), empty_checkpoint(), {"source": "input", "step": 1}, {})
            assert await saver.aget_tuple(written)

    asyncio.run(work())
