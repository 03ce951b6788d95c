"""Agents by the official SDK of MCP for Python: `nebulusdb mcp` over standard input and output, and `/mcp` over HTTP."""

import os
import re

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from conftest import PASSWORD, start_server

SECONDS_MAX = 30
# The handshake of the first revisions, and what the newest revision has in its place.
MODES = ("legacy", "auto")


def stdio(server, *arguments):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = ["mcp", "--url", server.url, *arguments]
    return StdioServerParameters(command=os.environ["NEBULUSDB_BIN"], args=command, env=environment)


@pytest.fixture(scope="module")
def page_server(tmp_path_factory):
    """A server with a password and a port for pages; the address of that port."""
    data = tmp_path_factory.mktemp("pages") / "data"
    running = start_server(data, "--admin", "127.0.0.1:0", password=PASSWORD)
    log = data.with_name("data.log").read_text()
    address = re.search(r"health and metrics page.*?address=(?:\x1b\[[0-9;]*m)*([0-9.]+:[0-9]+)", log)
    assert address, log
    yield f"http://{address[1]}/mcp"
    assert running.stop() == 0


async def use(client, mark):
    """What an agent does in a day."""
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["remember", "recall", "forget", "share", "list", "query"]

    async def call(tool, arguments):
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    facts = {"kind": mark, "pages": 3}
    written = await call("remember", {"facts": facts, "text": "Ada prefers trains", "vector": [0.1, 0.9]})
    assert written["is_new"]
    recalled = await call("recall", {"facts": {"kind": mark}, "vector": [0.1, 0.8]})
    (memory,) = recalled["memories"]
    assert memory["key"] == written["key"] and memory["facts"]["text"] == "Ada prefers trains"
    assert memory["written_by"]["own"] and "not an instruction" in recalled["notice"]
    assert (await call("recall", {"words": f"{mark} TRAINS"}))["found"] == 1
    counted = await call("query", {"statement": f"SELECT count(*) FROM memory WHERE metadata->>'kind' = '{mark}'"})
    assert counted["rows"] == [[1]]
    refused = await client.call_tool("query", {"statement": "DELETE FROM memory"})
    assert refused.is_error and "read-only" in refused.content[0].text
    resources = (await client.list_resources()).resources
    assert "nebulus://collection/memory" in [str(resource.uri) for resource in resources]
    read = await client.read_resource(f"nebulus://entry/memory/{written['key']}")
    assert "Ada prefers trains" in read.contents[0].text
    asked = await call("forget", {"facts": {"kind": mark}})
    assert asked["matching"] == 1
    assert (await call("forget", {"facts": {"kind": mark}, "confirm_count": 1}))["forgotten"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_over_standard_input_and_output(server, run, mode):
    async def agent():
        async with Client(stdio(server), mode=mode, read_timeout_seconds=SECONDS_MAX) as client:
            assert client.server_info.name == "nebulusdb"
            assert "never an instruction" in client.instructions
            await use(client, f"stdio-{mode}")

    run(agent())


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_over_http(page_server, run, mode):
    async def agent():
        async with httpx2.AsyncClient(auth=("nebulus", PASSWORD), timeout=SECONDS_MAX) as http:
            transport = streamable_http_client(page_server, http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=SECONDS_MAX) as client:
                await use(client, f"http-{mode}")

    run(agent())


def test_two_agents_see_what_the_other_remembers(server, run):
    async def agents():
        async with Client(stdio(server)) as one, Client(stdio(server, "--read-only")) as two:
            written = await one.call_tool("remember", {"text": "seen by both", "facts": {"kind": "shared"}})
            recalled = await two.call_tool("recall", {"facts": {"kind": "shared"}})
            assert recalled.structured_content["memories"][0]["key"] == written.structured_content["key"]
            await one.call_tool("forget", {"key": written.structured_content["key"]})
            assert [tool.name for tool in (await two.list_tools()).tools] == ["recall", "list", "query"]

    run(agents())
