/** Subscriptions: what happens to documents, in order; or a clear error where the server has no change feed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createDistributedDb, type ChangeEvent, type DistributedDatabase, type NebulusError } from "@nebulusdb/client";
import { Deliverer, parsePayload } from "../src/subscription.js";
import { closing, LISTEN, local, networked, until } from "./servers.js";
import { freePort, spawnServer } from "./spawn-server.js";

interface Note {
  topic?: string;
  n?: number;
}

const probe = local();
const hasFeed = await probe.query("LISTEN probe").then(
  () => true,
  () => false,
);
await probe.shutdown();

describe("payloads", () => {
  it.each<[string | undefined, object]>([
    ['{"collection":"c","operation":"insert","key":"a","origin":"local","network":null}', { type: "insert", id: "a", origin: "local", network: undefined }],
    ['{"collection":"c","operation":"delete","key":"a","origin":"12D3","network":"team"}', { type: "delete", id: "a", origin: "12D3", network: "team" }],
    ['{"collection":"c","operation":"update","key":null,"origin":"local","network":null}', { type: "changed", count: 1 }],
    ['{"collection":"c","changed":7}', { type: "changed", count: 7 }],
    ['{"lost":true}', { type: "lost" }],
    ["nonsense", { type: "changed", count: 1 }],
    [undefined, { type: "lost" }],
  ])("%s", (payload, item) => {
    expect(parsePayload(payload)).toEqual(item);
  });

  it("are delivered one after the other, and given up where there are too many", async () => {
    const events: ChangeEvent<Note>[] = [];
    const problems: NebulusError[] = [];
    const deliverer = new Deliverer<Note>(
      (ids) => Promise.resolve(ids.filter((id) => id !== "gone").map((id) => ({ id }))),
      (event) => {
        events.push(event);
        if (event.type === "delete") throw new Error("a fault of the callback");
      },
      (error) => problems.push(error),
    );
    for (const [operation, key] of [["insert", "a"], ["update", "gone"], ["delete", "b"]]) deliverer.push(JSON.stringify({ operation, key }));
    await until("all are delivered", () => Promise.resolve(problems.length === 1));
    expect(events.map((event) => event.type)).toEqual(["insert", "delete"]);
    expect(problems[0]).toMatchObject({ name: "NebulusError", code: "38000", message: "the callback of a subscription failed: a fault of the callback" });
    for (let n = 0; n <= 10_001; n += 1) deliverer.push(JSON.stringify({ operation: "insert", key: `k${n}` }));
    await until("the loss is told", () => Promise.resolve(events.some(({ type }) => type === "lost")));
    deliverer.end();
    deliverer.push('{"lost":true}');
  });
});

describe.skipIf(hasFeed)("a server without a change feed", () => {
  const open = closing();
  it("is told apart, and nothing polls", async () => {
    const db = open(networked());
    await expect(db.collection("notes").subscribe({}, () => undefined)).rejects.toMatchObject({ name: "NotSupportedError", code: "0A000" });
    await expect(db.watchNetworks()).rejects.toMatchObject({ code: "0A000" });
    const problem = new Promise((resolve) => db.once("error", resolve));
    db.on("peer:connected", () => undefined);
    expect(await problem).toMatchObject({ code: "0A000" });
  });
});

describe.runIf(hasFeed)("a server with a change feed", () => {
  const open = closing("all");
  let db: DistributedDatabase;
  let other: DistributedDatabase;
  beforeAll(async () => {
    db = open(networked({ password: "a password" }));
    other = open(createDistributedDb({ connectionString: await db.connectionString(), password: "a password" }));
  });

  it("tells what others change", async () => {
    const events: ChangeEvent<Note>[] = [];
    const notes = db.collection<Note>("notes");
    const subscription = await notes.subscribe({ topic: "weather" }, (event) => events.push(event));
    const theirs = other.collection<Note>("notes");
    await theirs.insert({ id: "a", topic: "weather", n: 1 });
    await theirs.insert({ id: "b", topic: "sport" });
    await until("the insertion is told", () => Promise.resolve(events.length === 1));
    await theirs.update({ id: "a" }, { $set: { n: 2 } });
    await until("the update is told", () => Promise.resolve(events.length === 2));
    await theirs.delete({ id: "a" });
    await until("the deletion is told", () => Promise.resolve(events.length === 3));
    expect(events).toEqual([
      { type: "insert", id: "a", document: { id: "a", topic: "weather", n: 1 }, origin: "local", network: undefined },
      { type: "update", id: "a", document: { id: "a", topic: "weather", n: 2 }, origin: "local", network: undefined },
      { type: "delete", id: "a", document: null, origin: "local", network: undefined },
    ]);
    await subscription.unsubscribe();
    await theirs.insert({ id: "c", topic: "weather" });
    const last = await notes.subscribe({}, (event) => events.push(event));
    await theirs.insert({ id: "d" });
    await until("only the second subscriber hears", () => Promise.resolve(events.length === 4));
    expect(events[3]).toMatchObject({ type: "insert", id: "d" });
    await last.unsubscribe();
  });

  it("tells how many where there are many", async () => {
    const events: ChangeEvent<Note>[] = [];
    const subscription = await db.collection<Note>("many").subscribe({}, (event) => events.push(event));
    await other.collection<Note>("many").insertBatch(Array.from({ length: 1_000 }, (_, n) => ({ n })));
    await until("they are told", () => Promise.resolve(events.length > 0));
    expect(events).toEqual([{ type: "changed", count: 1_000 }]);
    await subscription.unsubscribe();
  });

  it("refuses a wrong filter at once", async () => {
    await expect(db.collection("notes").subscribe({ topic: { $like: 1 } }, () => undefined)).rejects.toThrow("unknown operator");
  });

  it("tells of networks, and what came with them", async () => {
    const told: [string, unknown][] = [];
    db.on("peer:connected", (event) => told.push(["peer:connected", event]));
    db.on("entries:received", (event) => told.push(["entries:received", event]));
    await db.watchNetworks();
    await db.createNetwork({ networkId: "team", secret: "correct horse battery", syncIntervalMs: 50 });
    await db.collection("shared").attachToNetwork("team");
    const address = await until("an address", async () => (await db.node()).addresses[0]);
    const peer = open(networked({ distributed: { enabled: true, listen: LISTEN, networkId: "team", bootstrapPeers: [address], secret: "correct horse battery", syncIntervalMs: 50 } }));
    await peer.collection("shared").attachToNetwork("team");
    const events: ChangeEvent<Note>[] = [];
    await db.collection<Note>("shared").subscribe({}, (event) => events.push(event));
    await peer.collection("shared").insert({ id: "x", n: 1 });
    await peer.collection("shared").stage({ id: "x" });
    const peerId = (await peer.node()).peerId;
    await until("it is told", () => Promise.resolve(events.length === 1 && told.some(([name]) => name === "entries:received")));
    expect(events).toEqual([{ type: "insert", id: "x", document: { id: "x", n: 1 }, origin: peerId, network: "team" }]);
    expect(told).toContainEqual(["peer:connected", { peerId, networkId: "team" }]);
  });
});

describe.runIf(hasFeed)("a connection that is lost", () => {
  it("is made again, and the gap is told", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "nebulusdb-test-"));
    const port = await freePort();
    const first = await spawnServer(folder, port);
    const db = createDistributedDb({ connectionString: `postgresql://nebulus@127.0.0.1:${port}/nebulus` });
    const events: ChangeEvent<Note>[] = [];
    const notes = db.collection<Note>("notes");
    await notes.subscribe({}, (event) => events.push(event));
    await notes.insert({ id: "before" });
    await until("what comes before is told", () => Promise.resolve(events.length === 1));
    await first.stop();
    const second = await spawnServer(folder, port);
    await until("the gap is told", () => Promise.resolve(events.some(({ type }) => type === "lost")));
    await notes.insert({ id: "after" });
    await until("what comes after is told", () => Promise.resolve(events.length === 3));
    expect(events).toMatchObject([{ id: "before" }, { type: "lost" }, { id: "after" }]);
    await db.shutdown();
    await second.stop();
    await rm(folder, { recursive: true });
  });
});
