/** Updates: every operator, on facts, on declared columns and in the collection memory. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Collection, DistributedDatabase, Schema, Update } from "@nebulusdb/client";
import { local } from "./servers.js";

interface Item {
  name?: string | null;
  n?: number | null;
  tags?: (string | number | { a: number })[];
  address?: { city?: string; zip?: number; lines?: string[] };
  other?: unknown;
}

const START: Item = { name: "Alice", n: 30, tags: ["x", "y", "x"], address: { city: "Bonn", lines: ["one", "two"] } };

/** An update, and what it makes of the document; `undefined` for fields that go. */
const CASES: [Update<Item>, Partial<Record<keyof Item, unknown>>][] = [
  [{ $set: { name: "Eve" } }, { name: "Eve" }],
  [{ $set: { name: null } }, { name: undefined }],
  [{ $set: { other: { deep: [1, null] } } }, { other: { deep: [1, null] } }],
  [{ $set: { "address.city": "Ulm" } }, { address: { city: "Ulm", lines: ["one", "two"] } }],
  [{ $set: { "address.lines.1": "zwei" } }, { address: { city: "Bonn", lines: ["one", "zwei"] } }],
  [{ $set: { "other.new.place": 1 } }, { other: { new: { place: 1 } } }],
  [{ $unset: { name: 1 } }, { name: undefined }],
  [{ $unset: { name: true, other: "" } }, { name: undefined }],
  [{ $unset: { "address.city": 1 } }, { address: { lines: ["one", "two"] } }],
  [{ $unset: { "nowhere.at.all": 1 } }, {}],
  [{ $inc: { n: 1 } }, { n: 31 }],
  [{ $inc: { n: -0.5 } }, { n: 29.5 }],
  [{ $inc: { "address.zip": 2 } }, { address: { city: "Bonn", lines: ["one", "two"], zip: 2 } }],
  [{ $mul: { n: 3 } }, { n: 90 }],
  [{ $min: { n: 5 } }, { n: 5 }],
  [{ $min: { n: 50 } }, {}],
  [{ $max: { n: 50 } }, { n: 50 }],
  [{ $max: { other: 7 } }, { other: 7 }],
  [{ $push: { tags: "z" } }, { tags: ["x", "y", "x", "z"] }],
  [{ $push: { tags: { $each: ["z", 1] } } }, { tags: ["x", "y", "x", "z", 1] }],
  [{ $push: { other: 1 } }, { other: [1] }],
  [{ $push: { "address.lines": "three" } }, { address: { city: "Bonn", lines: ["one", "two", "three"] } }],
  [{ $addToSet: { tags: "y" } }, {}],
  [{ $addToSet: { tags: { $each: ["y", { a: 1 }, { a: 1 }] } } }, { tags: ["x", "y", "x", { a: 1 }] }],
  [{ $pull: { tags: "x" } }, { tags: ["y"] }],
  [{ $pull: { tags: { $in: ["x", "y"] } } }, { tags: [] }],
  [{ $pull: { other: 1 } }, {}],
  [{ $pop: { tags: 1 } }, { tags: ["x", "y"] }],
  [{ $pop: { tags: -1 } }, { tags: ["y", "x"] }],
  [{ $rename: { name: "other" } }, { name: undefined, other: "Alice" }],
  [{ $set: { name: "Eve" }, $inc: { n: 1 }, $push: { tags: "z" } }, { name: "Eve", n: 31, tags: ["x", "y", "x", "z"] }],
];

const DECLARED = { name: "text", n: "float", tags: "json", address: "json", other: "json" } as const satisfies Schema;

let db: DistributedDatabase;
beforeAll(() => {
  db = local();
});
afterAll(() => db.shutdown());

describe.each([
  ["facts", "facts", undefined],
  ["declared columns", "declared", DECLARED],
  ["memory", "memory", undefined],
] as const)("updates of %s", (_, name, schema) => {
  let items: Collection<Item>;

  beforeEach(async () => {
    items = schema === undefined ? db.collection<Item>(name) : (db.collection<Item>(name, schema));
    await items.delete({});
    await items.insertBatch([{ id: "it", ...START }, { id: "not", ...START }]);
  });

  it.each(CASES.filter(([update]) => !(schema !== undefined && "$rename" in update)).map(([update, change]) => [JSON.stringify(update), update, change] as const))(
    "%s",
    async (_text, update, change) => {
      expect(await items.update({ id: "it" }, update)).toBe(1);
      const expected = Object.fromEntries(Object.entries({ id: "it", ...START, ...change }).filter(([, value]) => value !== undefined));
      expect(await items.findOne({ id: "it" })).toEqual(expected);
      expect(await items.findOne({ id: "not" })).toEqual({ id: "not", ...START });
    },
  );

  it("counts what it changed, and nothing where nothing is meant", async () => {
    expect(await items.update({}, { $set: { n: 1 } })).toBe(2);
    expect(await items.update({}, { $push: { tags: "all" } })).toBe(2);
    expect(await items.count({ tags: { $contains: "all" }, n: 1 })).toBe(2);
    expect(await items.update({ id: "nobody" }, { $push: { tags: "z" } })).toBe(0);
    expect(await items.count()).toBe(2);
  });

  it.each([
    [{}, "changes nothing"],
    [{ name: "x" }, 'unknown update operator "name"'],
    [{ $set: { id: "x" } }, "id of a document cannot be changed"],
    [{ $set: { _stage: "x" } }, "server's to write"],
    [{ $set: { name: undefined } }, "undefined"],
    [{ $set: "x" }, "takes an object"],
    [{ $set: { name: 1 }, $unset: { name: 1 } }, "changed by one update"],
    [{ $set: { address: {}, "address.city": 1 } }, "changed by one update"],
    [{ $inc: { n: "1" } }, "takes a finite number"],
    [{ $inc: { tags: 1 } }, "needs a number"],
    [{ $push: { name: 1 } }, "needs an array"],
    [{ $push: { tags: { $each: 1 } } }, "takes a value or"],
    [{ $pull: { tags: { $gt: 1 } } }, "takes a value or"],
    [{ $pop: { tags: 2 } }, "takes 1 for the last"],
    [{ $set: { "name.first": "x" } }, "neither an object nor an array"],
    [{ $set: { "tags.9": "x" } }, "beyond the end"],
    [{ $set: { "tags.x": 1 } }, "no member"],
    [{ $set: { "__proto__.polluted": 1 } }, "is no field"],
    [{ $set: { other: 1n } }, "bigint"],
    [{ $set: { other: Number.POSITIVE_INFINITY } }, "JSON has no Infinity"],
    [{ $min: { n: "x" } }, "compares"],
  ])("refuses %o", async (update, message) => {
    await expect(items.update({ id: "it" }, update as Update<Item>)).rejects.toThrow(new RegExp(message));
    expect(await items.findOne({ id: "it" })).toEqual({ id: "it", ...START });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
