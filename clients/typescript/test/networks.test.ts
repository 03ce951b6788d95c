/** Two nodes in one network: what is staged arrives, and nothing else. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DistributedDatabase } from "@nebulusdb/client";
import { closing, LISTEN, networked, until } from "./servers.js";

const SECRET = "correct horse battery";
const open = closing("all");

interface Note {
  topic?: string;
  classification?: string;
  n?: number;
}

describe("two nodes", () => {
  let founder: DistributedDatabase;
  let guest: DistributedDatabase;

  beforeAll(async () => {
    founder = open(networked());
    await founder.createNetwork({ networkId: "team", name: "The team", secret: SECRET, syncIntervalMs: 50, autoPostClassifications: ["Idea"] });
    const address = await until("an address", async () => (await founder.node()).addresses[0]);
    guest = open(
      networked({ distributed: { enabled: true, listen: LISTEN, networkId: "team", bootstrapPeers: [address], secret: SECRET, syncIntervalMs: 50 } }),
    );
    for (const db of [founder, guest]) {
      await db.collection("memory").ensure();
      await db.addCollectionToNetwork("team", "memory");
    }
    await until("they are connected", async () => (await guest.getConnectedPeers("team")).length === 1);
  });

  it("know one another", async () => {
    const [peer] = await guest.getConnectedPeers("team");
    expect(peer).toMatchObject({ networkId: "team", peerId: founder.getNetworkManager().getPeerId(), connected: true });
    expect(peer!.lastSeen).toBeGreaterThan(0);
    expect(await guest.getConnectedPeers("another")).toEqual([]);
    expect(await guest.getNetworkStats("team")).toMatchObject({ networkId: "team", connectedPeers: 1, totalPeers: 2, collectionsShared: 1 });
    expect((await founder.getNetworks())[0]).toMatchObject({ networkId: "team", name: "The team", collections: ["memory"], autoPostClassifications: ["Idea"] });
    expect(await guest.getNetworkSecret("team")).toBe(SECRET);
  });

  it("share what is staged, and keep the rest", async () => {
    const [mine, theirs] = [founder.collection<Note>("memory"), guest.collection<Note>("memory")];
    await mine.insertBatch([
      { id: "public", topic: "weather" },
      { id: "private", topic: "diary" },
      { id: "idea", classification: "Idea" },
    ]);
    expect(await mine.stage({ topic: "weather" })).toBe(1);
    await until("what was staged arrives", async () => (await theirs.count({ id: { $in: ["public", "idea"] } })) === 2);
    expect(await theirs.find({ id: "public" })).toEqual([{ id: "public", topic: "weather" }]);
    expect(await theirs.count({ id: "private" })).toBe(0);
    const [document] = await theirs.findDistributed({ id: "public" });
    expect(document!._peerId).toBe(founder.getNetworkManager().getPeerId());
    expect((await theirs.getSyncState())!.localVector[document!._peerId]).toBeGreaterThan(0);
    await until("it is counted", async () => (await founder.getNetworkStats("team")).operationsSent > 0);
  });

  it("take back what was not posted", async () => {
    const mine = founder.collection<Note>("memory");
    await mine.update({ id: "public" }, { $set: { n: 1 } });
    expect(await mine.revert({ id: "public" })).toBe(1);
    expect(await mine.findOne({ id: "public" })).toEqual({ id: "public", topic: "weather" });
    expect(await mine.unstage({ id: "private" })).toBe(0);
  });

  it("fetch blobs from one another", async () => {
    const [mine, theirs] = [founder.collection<Note>("memory"), guest.collection<Note>("memory")];
    await mine.insert({ id: "picture", topic: "weather" });
    await mine.setBlob("picture", new Uint8Array([1, 2, 3]));
    await mine.stage({ id: "picture" });
    await until("the entry arrives", () => theirs.findOne({ id: "picture" }));
    expect([...(await theirs.getBlob("picture"))!]).toEqual([1, 2, 3]);
  });

  it("share everything of a collection that is to be public", async () => {
    for (const db of [founder, guest]) {
      await db.collection("open").ensure();
      await db.addCollectionToNetwork("team", "open", { privateByDefault: false });
    }
    await founder.collection("open").insert({ id: "x", n: 1 });
    await until("it arrives", () => guest.collection("open").findOne({ id: "x" }));
  });

  it("part", async () => {
    await guest.collection("open").detachFromNetwork();
    expect(await guest.collection("open").getSyncState()).toBeNull();
    await guest.leaveNetwork("team");
    expect(await guest.getNetworks()).toEqual([]);
    await expect(guest.sync("team")).rejects.toMatchObject({ name: "NotFoundError", code: "42704" });
    await expect(guest.getNetworkStats("team")).rejects.toMatchObject({ code: "42704" });
    await expect(guest.joinNetwork("team", ["nonsense"], { secret: SECRET })).rejects.toMatchObject({ code: "22023" });
    await expect(guest.joinNetwork("team", ["/ip4/127.0.0.1/tcp/1"])).rejects.toMatchObject({ code: "22023" });
    await expect(guest.createNetwork({ networkId: "x", secret: "short" })).rejects.toMatchObject({ code: "22023" });
    await expect(guest.createNetwork({ networkId: "x", replication: { strategy: "leader" as "full" } })).rejects.toMatchObject({ code: "0A000" });
    expect(await guest.collection("memory").count({ id: "public" })).toBe(1);
  });
});

it("a network that is named at the start is found again", async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), "nebulusdb-test-"));
  afterAll(() => rm(dataDir, { recursive: true, force: true }));
  const options = { temporary: false, dataDir, distributed: { enabled: true, networkId: "home", listen: LISTEN } };
  for (let start = 0; start < 2; start += 1) {
    const db = networked(options);
    expect((await db.getNetworks()).map(({ networkId }) => networkId)).toEqual(["home"]);
    await db.shutdown();
  }
});
