/**
 * The specification's second suite. It merges two versions in the client; here the servers merge, and the suite is played by
 * two of them that write and meet. What it says of the outcome is kept.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EntryType, VectorClockManager, type Collection, type DistributedDatabase, type DistributedDocument } from "@nebulusdb/client";
import { networked, until } from "./servers.js";

interface Person {
  name?: string;
  age?: number;
  city?: string;
}

describe("merging of two versions", () => {
  let one: DistributedDatabase;
  let other: DistributedDatabase;
  let here: Collection<Person>;
  let there: Collection<Person>;

  beforeAll(async () => {
    [one, other] = [networked(), networked()];
    // Nothing is sent but by sync(), so that the versions are concurrent for as long as a test wants.
    const secret = "a secret of the tests";
    await one.createNetwork({ networkId: "meeting", secret, syncIntervalMs: 86_400_000 });
    here = one.collection("people");
    there = other.collection("people");
    await one.addCollectionToNetwork("meeting", "people");
    const address = await until("an address", async () => (await one.node()).addresses[0]);
    await other.joinNetwork("meeting", [address], { secret, syncIntervalMs: 86_400_000 });
    await other.addCollectionToNetwork("meeting", "people");
    // In the specification every member may delete what others have made.
    await one.query("ALTER NETWORK meeting ALTER COLLECTION people SET (deleters = 'members')");
    await until("the two are connected", async () => (await other.getConnectedPeers("meeting")).length === 1 && (await one.getConnectedPeers("meeting")).length === 1);
    await until("both know who may delete", async () => {
      await one.sync("meeting");
      await other.sync("meeting");
      const { rows } = await other.query<{ deleters: string | null }>("SELECT rights->'people'->>'deleters' AS deleters FROM nebulus.networks");
      return rows[0]?.deleters === "members";
    });
  });

  afterAll(async () => {
    await Promise.all([one.shutdown(), other.shutdown()]);
  });

  const at = async (collection: Collection<Person>, id: string): Promise<DistributedDocument<Person> | undefined> =>
    (await collection.findDistributed({ id }))[0];

  /** Posts what is staged on both sides, until both show the same. */
  async function meet(id: string): Promise<DistributedDocument<Person> | undefined> {
    return until("both hold the same", async () => {
      await one.sync("meeting");
      await other.sync("meeting");
      const [left, right] = [await at(here, id), await at(there, id)];
      const known = left?._stage === undefined && right?._stage === undefined && JSON.stringify(left?._vector) === JSON.stringify(right?._vector);
      if (!known) return undefined;
      expect(left).toEqual(right);
      return [left] as const;
    }).then(([document]) => document);
  }

  /** A document that both know. */
  async function shared(id: string, fields: Person): Promise<void> {
    await here.insert({ ...fields, id });
    await here.stage({ id });
    await meet(id);
    await until("the other has it", () => at(there, id));
  }

  it("should convert document to distributed document", async () => {
    await here.insert({ id: "1", name: "Test", age: 30 });
    const document = await at(here, "1");
    const peerId = one.getNetworkManager().getPeerId();
    expect(document).toMatchObject({ id: "1", name: "Test", age: 30, _entryType: EntryType.MEMORY, _peerId: peerId });
    expect(document!._vector).toEqual({ [peerId]: 1 });
    expect(document!._timestamp).toBeGreaterThan(0);
  });

  it("should convert distributed document to regular document", async () => {
    const document = await here.findOne({ id: "1" });
    expect(document).toEqual({ id: "1", name: "Test", age: 30 });
  });

  it("should resolve conflict with clear winner (after)", async () => {
    await shared("after", { name: "Remote" });
    await here.update({ id: "after" }, { $set: { name: "Local" } });
    await here.stage({ id: "after" });
    const before = (await at(there, "after"))!;
    const document = (await meet("after"))!;
    expect(document.name).toBe("Local");
    expect(VectorClockManager.compare(document._vector, before._vector)).toBe("after");
  });

  it("should resolve conflict with clear winner (before)", async () => {
    await shared("before", { name: "Local" });
    await there.update({ id: "before" }, { $set: { name: "Remote" } });
    await there.stage({ id: "before" });
    const before = (await at(here, "before"))!;
    const document = (await meet("before"))!;
    expect(document.name).toBe("Remote");
    expect(VectorClockManager.compare(before._vector, document._vector)).toBe("before");
  });

  it("should resolve concurrent conflicts using timestamp", async () => {
    await shared("concurrent", { name: "Old", age: 1, city: "A" });
    await there.update({ id: "concurrent" }, { $set: { name: "Remote", age: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await here.update({ id: "concurrent" }, { $set: { name: "Local" } });
    await here.stage({ id: "concurrent" });
    await there.stage({ id: "concurrent" });
    const document = (await meet("concurrent"))!;
    // The later write wins field by field; what only the other changed stays.
    expect(document).toMatchObject({ name: "Local", age: 2, city: "A" });
    expect(Object.keys(document._vector)).toHaveLength(2);
  });

  it("should apply insert operation", async () => {
    await there.insert({ id: "new", name: "New User" });
    await there.stage({ id: "new" });
    await meet("new");
    expect(await here.findOne({ id: "new" })).toEqual({ id: "new", name: "New User" });
  });

  it("should apply update operation", async () => {
    await shared("update", { name: "Old Name", age: 25 });
    await there.update({ id: "update" }, { $set: { name: "New Name" } });
    await there.stage({ id: "update" });
    await meet("update");
    expect(await here.findOne({ id: "update" })).toEqual({ id: "update", name: "New Name", age: 25 });
  });

  it("should apply delete operation", async () => {
    await shared("delete", { name: "To Delete" });
    await there.delete({ id: "delete" });
    await until("it is gone here", async () => {
      await other.sync("meeting");
      return (await here.findOne({ id: "delete" })) === null;
    });
  });

  it("should ignore stale operations", async () => {
    await shared("stale", { name: "Current" });
    const known = await at(there, "stale");
    // Posting again what is known already changes nothing.
    await there.stage({ id: "stale" });
    await meet("stale");
    expect(await at(here, "stale")).toEqual(known);
  });

  it("should handle deleted document conflicts", async () => {
    await shared("conflict", { name: "Active" });
    await here.update({ id: "conflict" }, { $set: { name: "Still active" } });
    await here.stage({ id: "conflict" });
    await there.delete({ id: "conflict" });
    await until("the deletion has won on both sides", async () => {
      await one.sync("meeting");
      await other.sync("meeting");
      return (await at(here, "conflict")) === undefined && (await at(there, "conflict")) === undefined;
    });
  });

  it("keeps private what was not staged", async () => {
    await here.insert({ id: "private", name: "Mine" });
    await meet("after");
    expect(await there.findOne({ id: "private" })).toBeNull();
  });
});
