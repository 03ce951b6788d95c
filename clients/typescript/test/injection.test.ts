/** Names and values with quotes stay names and values. */
import { beforeAll, describe, expect, it } from "vitest";
import type { DistributedDatabase, Schema } from "@nebulusdb/client";
import { closing, LISTEN, local, networked } from "./servers.js";

const open = closing("all");
let db: DistributedDatabase;
beforeAll(async () => {
  db = open(local());
  await db.collection("victim").insert({ id: "v", safe: true });
});

const HOSTILE = [
  `x'; DROP TABLE victim; --`,
  `x"; DROP TABLE victim; --`,
  `x\\'; DELETE FROM victim; --`,
  `$1`,
  `' OR '1'='1`,
  `"} || '{"a":"b"}'`,
  `E'\\x'`,
  `/* x */ -- y`,
  `a"b'c\\d`,
  `{a,b}`,
  `$$x$$`,
  `naïve 日本語 🙂`,
];

describe.each(HOSTILE)("%s", (text) => {
  it("is a value", async () => {
    const values = db.collection("values");
    await values.delete({});
    await values.insert({ id: text, word: text, list: [text], deep: { word: text } });
    const stored = { id: text, word: text, list: [text], deep: { word: text } };
    for (const filter of [{ id: text }, { word: text }, { word: { $in: [text, "y"] } }, { list: { $contains: text } }, { "deep.word": text }, { word: { $gte: text } }]) {
      expect(await values.find(filter)).toEqual([stored]);
    }
    expect(await values.count({ word: { $ne: text } })).toBe(0);
    await values.update({ id: text }, { $push: { list: `${text}!` }, $set: { other: text } });
    expect(await values.findOne({})).toEqual({ ...stored, list: [text, `${text}!`], other: text });
    expect(await values.delete({ id: text })).toBe(1);
    expect(await db.collection("victim").count()).toBe(1);
  });

  it("is the name of a field, which a dot would divide", async () => {
    const name = text.replaceAll(".", "").replace(/^\$/, "_");
    const fields = db.collection("fields");
    await fields.delete({});
    const stored = await fields.insert({ [name]: 1, deep: { [name]: "x" } });
    expect(await fields.find({ [name]: 1 })).toEqual([stored]);
    expect(await fields.find({ [name]: { $gte: 0 }, [`deep.${name}`]: { $regex: "x" } }, { sort: { [name]: -1 } })).toEqual([stored]);
    expect(await fields.find({ [name]: { $exists: true } }, { fields: [name] })).toEqual([{ id: stored.id, [name]: 1 }]);
    await fields.update({}, { $inc: { [name]: 1 }, $unset: { [`deep.${name}`]: 1 } });
    expect(await fields.findOne({})).toEqual({ id: stored.id, [name]: 2, deep: {} });
    await fields.createIndex(name);
    expect(await db.collection("victim").count()).toBe(1);
  });

  it("is the name of a collection and of a column", async () => {
    const name = `c ${text}`;
    const column = text.replace(/^\$/, "_");
    const schema: Schema = { [column]: "text" };
    const things = db.collection(name, schema);
    await things.insert({ id: "a", [column]: "x", fact: 1 });
    expect(await things.find({ [column]: "x" })).toEqual([{ id: "a", [column]: "x", fact: 1 }]);
    await things.update({ [column]: "x" }, { $set: { [column]: "y" } });
    await things.update({}, { $set: { fact: 2 } });
    expect(await things.findOne({ fact: 2 })).toMatchObject({ id: "a" });
    await things.drop();
    expect(await db.collection("victim").count()).toBe(1);
  });

  it("is the key of a secret", async () => {
    await db.auth.set(text, text);
    expect(await db.auth.get(text)).toBe(text);
    expect(await db.auth.delete(text)).toBe(true);
  });
});

it("networks have odd names too", async () => {
  const node = open(networked({ distributed: { enabled: true, listen: LISTEN } }));
  const things = node.collection("it's");
  await things.insert({ id: "it's", n: 1 });
  for (const networkId of [`n'; LEAVE NETWORK x; --`, `n"x`]) {
    await node.createNetwork({ networkId, secret: `it's "secret"` });
    expect(await node.getNetworkSecret(networkId)).toBe(`it's "secret"`);
    await node.addCollectionToNetwork(networkId, "it's");
    expect(await things.stage({ id: "it's" })).toBe(1);
    expect((await things.getSyncState())!.stagedEntries).toEqual(["it's"]);
    expect(await things.unstage()).toBe(1);
    expect(await things.revert({})).toBe(0);
    await node.sync(networkId);
    await node.removeCollectionFromNetwork("it's");
    await node.leaveNetwork(networkId);
  }
});

it("null characters are refused", async () => {
  await expect(db.collection("values").insert({ word: "a\0b" })).rejects.toMatchObject({ name: "InvalidInputError" });
  await expect(db.collection("values").insert({ "a\0b": 1 })).rejects.toMatchObject({ code: "22023" });
  await expect(db.collection("values").find({ "a\0b": 1 })).rejects.toMatchObject({ name: "InvalidInputError" });
  expect(() => db.collection("a\0b")).toThrow("null character");
});
