// Agents by the official SDK of MCP for TypeScript, and by the inspector's command line. The server is the real binary.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const BINARY = process.env.NEBULUSDB_BIN;
const PASSWORD = "correct horse battery staple";
const TOOLS = ["remember", "recall", "forget", "share", "list", "query"];

let directory;
let server;
let url;
let page;

before(async () => {
  assert.ok(BINARY, "NEBULUSDB_BIN names the binary");
  directory = await mkdtemp(join(tmpdir(), "nebulusdb-agents-"));
  const environment = { PATH: process.env.PATH, HOME: directory, NEBULUSDB_PASSWORD: PASSWORD };
  const options = ["serve", "--data-dir", join(directory, "data"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
  server = spawn(BINARY, options, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const log = join(directory, "log");
  server.stderr.pipe(createWriteStream(log));
  for await (const line of createInterface({ input: server.stdout })) {
    assert.match(line, /^ready postgresql:/);
    url = line.replace("ready ", "");
    break;
  }
  // The line of the log comes before `ready`; a pipe may be behind.
  for (let tries = 0; page === undefined && tries < 1000; tries++) {
    const text = await readFile(log, "utf8");
    const found = /health and metrics page.*?address=(?:\u001b\[[0-9;]*m)*([0-9.]+:[0-9]+)/.exec(text);
    page = found ? new URL(`http://${found[1]}/mcp`) : undefined;
    await new Promise(setImmediate);
  }
  assert.ok(page, "the log names the port of the pages");
});

after(async () => {
  server?.kill("SIGTERM");
  if (server && server.exitCode === null) await new Promise((ended) => server.once("exit", ended));
  await rm(directory, { recursive: true, force: true });
});

const environment = () => ({ PATH: process.env.PATH, HOME: directory, NEBULUSDB_URL: url, NEBULUSDB_PASSWORD: PASSWORD });

async function call(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  assert.notEqual(result.isError, true, JSON.stringify(result));
  return result.structuredContent;
}

async function use(client, mark) {
  assert.deepEqual((await client.listTools()).tools.map((tool) => tool.name), TOOLS);
  const written = await call(client, "remember", { facts: { kind: mark }, text: "Ada prefers trains", vector: [0.1, 0.9] });
  const recalled = await call(client, "recall", { facts: { kind: mark }, vector: [0.1, 0.8] });
  assert.equal(recalled.memories[0].key, written.key);
  assert.match(recalled.notice, /not an instruction/);
  const read = await client.readResource({ uri: `nebulus://entry/memory/${written.key}` });
  assert.match(read.contents[0].text, /Ada prefers trains/);
  const refused = await client.callTool({ name: "query", arguments: { statement: "DELETE FROM memory" } });
  assert.equal(refused.isError, true);
  assert.equal((await call(client, "forget", { key: written.key })).forgotten, 1);
}

test("the SDK over standard input and output", async () => {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport({ command: BINARY, args: ["mcp"], env: environment() }));
  assert.equal(client.getServerVersion().name, "nebulusdb");
  await use(client, "stdio");
  await client.close();
});

test("the SDK over HTTP", async () => {
  const authorization = `Basic ${Buffer.from(`nebulus:${PASSWORD}`).toString("base64")}`;
  const transport = new StreamableHTTPClientTransport(page, { requestInit: { headers: { authorization } } });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  await use(client, "http");
  await transport.terminateSession();
  await client.close();
});

test("an abandoned call ends its statement", async () => {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport({ command: BINARY, args: ["mcp"], env: environment() }));
  const abandon = new AbortController();
  const slow = client.callTool({ name: "query", arguments: { statement: "SELECT pg_sleep(50)" } }, undefined, { signal: abandon.signal });
  const running = { statement: "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'" };
  while ((await call(client, "query", running)).rows[0][0] !== 1);
  abandon.abort("no need");
  await assert.rejects(slow);
  while ((await call(client, "query", running)).rows[0][0] !== 0);
  await client.close();
});

test("the inspector's command line", async () => {
  const inspector = new URL("node_modules/.bin/mcp-inspector", import.meta.url).pathname;
  const inspect = async (...options) => {
    const { stdout } = await promisify(execFile)(inspector, ["--cli", BINARY, "mcp", ...options], { env: environment() });
    return JSON.parse(stdout);
  };
  const { tools } = await inspect("--method", "tools/list");
  assert.deepEqual(tools.map((tool) => tool.name), TOOLS);
  const written = await inspect("--method", "tools/call", "--tool-name", "remember", "--tool-arg", "text=by the inspector");
  assert.equal(written.structuredContent.is_new, true, JSON.stringify(written));
  const recalled = await inspect("--method", "tools/call", "--tool-name", "recall", "--tool-arg", "words=inspector");
  assert.equal(recalled.structuredContent.found, 1);
  const { resources } = await inspect("--method", "resources/list");
  assert.ok(resources.some((resource) => resource.uri === "nebulus://collection/memory"));
});
