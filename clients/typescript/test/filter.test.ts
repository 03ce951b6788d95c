/** Filters: every operator, on facts, on declared columns and in the collection memory. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Collection, Filter } from "@nebulusdb/client";
import { closing, local } from "./servers.js";

interface Item {
  name?: string | null;
  n?: number | string | null;
  ok?: boolean;
  tags?: string[];
  at?: Date | string;
  address?: { city?: string; zip?: number; lines?: string[] };
}

const ITEMS: (Item & { id: string })[] = [
  { id: "a", name: "Alice", n: 30, ok: true, tags: ["x", "y"], address: { city: "Bonn", zip: 5 } },
  { id: "b", name: "Bob", n: 25.5, ok: false, tags: ["x"], address: { city: "Ulm", lines: ["one", "two"] } },
  { id: "c", name: "30", n: "30", address: {} },
  { id: "d", name: null },
  { id: "e", name: "al", n: -1, at: "2026-01-02T00:00:00.000Z" },
];

/** A filter, and the documents that it accepts. */
const CASES: [Filter<Item>, string][] = [
  [{}, "abcde"],
  [{ id: "a" }, "a"],
  [{ name: "Alice" }, "a"],
  [{ n: 30 }, "a"],
  [{ n: "30" }, "c"],
  [{ n: { $eq: 30 } }, "a"],
  [{ n: { $ne: 30 } }, "bcde"],
  [{ name: { $ne: null } }, "abce"],
  [{ name: null }, "d"],
  [{ n: { $gt: 25.5 } }, "a"],
  [{ n: { $gte: 25.5 } }, "ab"],
  [{ n: { $lt: 30 } }, "be"],
  [{ n: { $lte: 30, $gt: 0 } }, "ab"],
  [{ n: { $gt: "2" } }, "c"],
  [{ name: { $gte: "Bob" } }, "be"],
  [{ ok: { $gt: false } }, "a"],
  [{ n: { $in: [30, "30", 7] } }, "ac"],
  [{ n: { $in: [] } }, ""],
  [{ n: { $in: [null, 30] } }, "ad"],
  [{ n: { $nin: [30, null] } }, "bce"],
  [{ n: { $nin: [] } }, "abcde"],
  [{ n: { $in: [30, ...Array.from({ length: 50 }, (_, index) => index + 100), "3\"0'"] } }, "a"],
  [{ tags: { $exists: true } }, "ab"],
  [{ tags: { $exists: false } }, "cde"],
  [{ name: { $exists: false } }, "d"],
  [{ name: { $regex: "^A" } }, "a"],
  [{ name: { $regex: /^a/i } }, "ae"],
  [{ name: { $regex: "o.$", $ne: "Bib" } }, "b"],
  [{ tags: { $contains: "y" } }, "a"],
  [{ tags: { $contains: "x" } }, "ab"],
  [{ tags: ["x"] }, "b"],
  [{ tags: { $in: [["x"], ["x", "y"]] } }, "ab"],
  [{ "tags.0": "x" }, "ab"],
  [{ "tags.1": { $exists: true } }, "a"],
  [{ "address.city": "Bonn" }, "a"],
  [{ "address.city": { $ne: "Bonn" } }, "bcde"],
  [{ "address.city": { $regex: "^[BU]" } }, "ab"],
  [{ "address.lines.1": "two" }, "b"],
  [{ "address.lines": { $contains: "one" } }, "b"],
  [{ "address.zip": { $gt: 4 } }, "a"],
  [{ address: { city: "Bonn", zip: 5 } }, "a"],
  [{ address: { city: "Bonn" } }, ""],
  [{ address: {} }, "c"],
  [{ address: { $contains: { city: "Bonn" } } }, "a"],
  [{ at: new Date("2026-01-02") }, "e"],
  [{ at: { $gt: new Date("2026-01-01") } }, "e"],
  [{ n: { $not: { $gt: 0 } } }, "cde"],
  [{ $not: { n: { $gt: 0 } } }, "cde"],
  [{ $or: [{ name: "Alice" }, { name: "Bob" }] }, "ab"],
  [{ $and: [{ ok: { $exists: true } }, { n: { $lt: 30 } }] }, "b"],
  [{ $nor: [{ name: "Alice" }, { n: { $exists: false } }] }, "bce"],
  [{ $or: [{ $and: [{ n: 30 }, { ok: true }] }, { id: { $in: ["d", "e"] } }], name: { $ne: "al" } }, "ad"],
  [{ id: { $gt: "c" } }, "de"],
];

const open = closing("all");

describe.each(["items", "memory"])("filters on %s", (name) => {
  let items: Collection<Item>;
  beforeAll(async () => {
    items = open(local()).collection<Item>(name);
    await items.insertBatch(ITEMS);
  });

  it.each(CASES.map(([filter, ids]) => [JSON.stringify(filter), filter, ids] as const))("%s", async (_, filter, ids) => {
    const found = await items.find(filter, { sort: { id: 1 } });
    expect(found.map(({ id }) => id).join("")).toBe(ids);
    expect(await items.count(filter)).toBe(ids.length);
  });

  it("sorts, limits, skips and reads fields", async () => {
    const ids = async (...options: Parameters<typeof items.find>): Promise<string> => (await items.find(...options)).map(({ id }) => id).join("");
    expect(await ids({ n: { $exists: true } }, { sort: { ok: 1, id: -1 } })).toBe("baec");
    expect(await ids({}, { sort: { name: 1 } })).toBe("cabed");
    expect(await ids({}, { sort: { id: 1 }, limit: 2, skip: 1 })).toBe("bc");
    expect(await ids({}, { sort: { "address.city": -1, id: 1 }, limit: 3, skip: 3 })).toBe("ba");
    expect(await ids({}, { limit: 0 })).toBe("");
    expect(await items.find({ id: "a" }, { fields: ["name", "tags"] })).toEqual([{ id: "a", name: "Alice", tags: ["x", "y"] }]);
    expect(await items.find({ id: "d" }, { fields: ["name"] })).toEqual([{ id: "d" }]);
    expect(await items.findOne({ n: { $gt: 0 } }, { sort: { n: -1 } })).toMatchObject({ id: "a" });
    expect(await items.findOne({ name: "nobody" })).toBeNull();
  });

  it.each([
    ["a", "a filter is an object"],
    [[{ name: "a" }], "a filter is an object"],
    [null, "a filter is an object"],
    [{ name: undefined }, "undefined"],
    [{ name: { $eq: undefined } }, "undefined"],
    [{ $where: "1" }, "unknown operator $where"],
    [{ name: { $like: "x" } }, "unknown operator $like"],
    [{ name: { $gt: null } }, "true for nothing"],
    [{ name: { $gt: ["x"] } }, "takes a number"],
    [{ name: { $in: "x" } }, "takes an array"],
    [{ name: { $exists: 1 } }, "true or false"],
    [{ name: { $regex: 5 } }, "takes a string or a RegExp"],
    [{ name: { $regex: /a/m } }, 'the flag "m"'],
    [{ name: { $not: "x" } }, "takes operators"],
    [{ $and: [] }, "one or more filters"],
    [{ $or: { name: "x" } }, "one or more filters"],
    [{ $not: 1 }, "takes a filter"],
    [{ "name..x": 1 }, "a name is empty"],
    [{ n: Number.NaN }, "JSON has no NaN"],
    [{ n: 5n }, "bigint"],
  ] as [unknown, string][])("refuses %o", async (filter, message) => {
    await expect(items.find(filter as Filter<Item>)).rejects.toThrow(message);
    await expect(items.delete(filter as Filter<Item>)).rejects.toMatchObject({ code: "22023" });
    expect(await items.count()).toBe(ITEMS.length);
  });

  it("refuses to delete without a filter, as programs without types may ask for", async () => {
    const untyped = items as unknown as { delete: () => Promise<number>; update: (filter: object) => Promise<number> };
    await expect(untyped.delete()).rejects.toMatchObject({ code: "22023", hint: "{} accepts all documents." });
    await expect(untyped.update({})).rejects.toMatchObject({ code: "22023" });
    expect(await items.count()).toBe(ITEMS.length);
  });

  it("refuses a pattern that the server does not know", async () => {
    expect(await items.find({ name: { $regex: "(?=x)" } })).toEqual([]);
    await expect(items.find({ name: { $regex: "(" } })).rejects.toMatchObject({ code: "2201B" });
  });
});
