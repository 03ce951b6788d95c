/** Nearest neighbours, with and without filters and indexes. */
import { beforeAll, describe, expect, it } from "vitest";
import { vector, type Collection } from "@nebulusdb/client";
import { closing, local } from "./servers.js";

const open = closing("all");

interface Point {
  kind?: string;
  n?: number;
  vector?: readonly number[] | Float32Array;
}

describe("nearest", () => {
  let points: Collection<Point>;
  beforeAll(async () => {
    points = open(local()).collection<Point>("points");
    await points.insertBatch(Array.from({ length: 200 }, (_, n) => ({ id: `p${n}`, n, kind: n % 2 === 0 ? "even" : "odd", vector: [Math.cos(n / 100), Math.sin(n / 100)] })));
    await points.insert({ id: "none", kind: "even" });
  });

  it.each(["without an index", "with an index"])("finds what is near %s", async (how) => {
    if (how === "with an index") await points.createVectorIndex({ metric: "cosine", m: 8, efConstruction: 32 });
    const found = await points.nearest([1, 0], { limit: 3 });
    expect(found.map(({ id }) => id)).toEqual(["p0", "p1", "p2"]);
    expect(found[0]!.distance).toBeCloseTo(0);
    expect(found[0]!.vector).toEqual([1, 0]);
    expect((await points.nearest(new Float32Array([1, 0]), { limit: 2, skip: 1, where: { kind: "odd" } })).map(({ id }) => id)).toEqual(["p3", "p5"]);
    expect((await points.nearest([1, 0], { limit: 3, where: { n: { $gt: 100 } }, fields: ["n"] })).map(({ n }) => n)).toEqual([101, 102, 103]);
    expect((await points.nearest([1, 0], { metric: "l2", within: 0.015 })).map(({ id }) => id)).toEqual(["p0", "p1"]);
    expect(await points.nearest([1, 0])).toHaveLength(10);
    expect(await points.nearest([1, 0], { where: { id: "none" } })).toEqual([]);
  });

  it("refuses what is no vector of this collection", async () => {
    await expect(points.nearest([1, 0, 0])).rejects.toMatchObject({ code: "22000" });
    await expect(points.nearest([1, Number.NaN])).rejects.toThrow("component 1");
    await expect(points.nearest([1, 0], { limit: -1 })).rejects.toThrow("whole number");
    await expect(points.nearest([1, 0], { limit: 1.5 })).rejects.toThrow("whole number");
    await expect(points.nearest([1, 0], { within: Number.NaN })).rejects.toThrow("finite");
    await expect(points.nearest([1, 0], { metric: "taxi" as "l1" })).rejects.toThrow("unknown metric");
    await expect(points.nearest([1, 0], { column: "kind" })).rejects.toMatchObject({ name: "NotFoundError", code: "42703" });
  });

  it("asks which vector is meant", async () => {
    const db = open(local());
    const two = db.collection("two", { a: vector(2), b: vector(2) });
    await two.insert({ id: "x", a: [1, 0], b: [0, 1] });
    await expect(two.nearest([1, 0])).rejects.toMatchObject({ code: "42702" });
    expect((await two.nearest([1, 0], { column: "a" }))[0]!.distance).toBeCloseTo(0);
    expect((await two.nearest([1, 0], { column: "b" }))[0]!.distance).toBeCloseTo(1);
    await expect(db.collection("flat", { n: "integer" }).nearest([1])).rejects.toMatchObject({ code: "42703" });
  });

  it("leaves documents without a vector out", async () => {
    const few = open(local()).collection<Point>("few");
    await few.insertBatch([{ id: "a", vector: [1, 0] }, { id: "b" }, { id: "c", vector: [0, 1] }]);
    expect((await few.nearest([1, 0])).map(({ id }) => id)).toEqual(["a", "c"]);
    expect((await few.nearest([1, 0], { skip: 1, where: {} })).map(({ id }) => id)).toEqual(["c"]);
  });

  it("has indexes on facts and columns", async () => {
    const db = open(local());
    const items = db.collection<{ word?: string; n?: number | null }>("items", { n: "integer" });
    await items.createIndex("n", { unique: true });
    await items.createIndex("word");
    await items.insert({ n: 1, word: "one" });
    await expect(items.insert({ n: 1 })).rejects.toMatchObject({ code: "23505" });
    expect(await items.count({ word: "one" })).toBe(1);
    expect(await items.count({ word: { $in: ["one", "two"] } })).toBe(1);
    const { rows } = await db.query<{ "QUERY PLAN": string }>(`EXPLAIN SELECT *, metadata FROM items WHERE (metadata->>'word' = $1 AND metadata @> $2::jsonb)`, ["one", "{}"]);
    expect(rows.map((row) => row["QUERY PLAN"]).join()).toContain("Index Scan");
  });
});
