/** Several clients at once: nothing is lost, nothing happens twice. */
import { beforeAll, describe, expect, it } from "vitest";
import { ConflictError, createDistributedDb, type DistributedDatabase } from "@nebulusdb/client";
import { closing, local } from "./servers.js";

const PASSWORD = "correct horse battery";
const open = closing("all");
let one: DistributedDatabase;
let other: DistributedDatabase;

beforeAll(async () => {
  one = open(local({ password: PASSWORD }));
  other = open(createDistributedDb({ connectionString: await one.connectionString(), password: PASSWORD }));
});

interface Counter {
  n?: number;
  list?: number[];
}

describe("two clients", () => {
  it("make the same collection at the same time", async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? one : other).collection(`same ${n >> 1}`).insert({ n })),
    );
    expect(made).toHaveLength(8);
    for (const n of [0, 1, 2, 3]) expect(await one.collection(`same ${n}`).count()).toBe(2);
  });

  it.each([
    ["facts", undefined],
    ["declared", { n: "integer", list: "json" }],
    ["memory", undefined],
  ] as const)("count in %s, and no count is lost", async (name, schema) => {
    const [left, right] = [one, other].map((db) => (schema === undefined ? db.collection<Counter>(name) : db.collection<Counter>(name, schema)));
    await left!.insert({ id: "counter", n: 0 });
    await left!.count();
    const TIMES = 20;
    await Promise.all(
      [left!, right!].map(async (counters, side) => {
        for (let time = 0; time < TIMES; time += 1) {
          expect(await counters.update({ id: "counter" }, { $inc: { n: 1 }, $push: { list: side * 1_000 + time } })).toBe(1);
        }
      }),
    );
    const counter = (await left!.findOne({ id: "counter" }))!;
    expect(counter.n).toBe(2 * TIMES);
    expect(counter.list).toHaveLength(2 * TIMES);
    for (const side of [0, 1]) {
      const own = counter.list!.filter((number) => Math.floor(number / 1_000) === side);
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
  });

  it("insert one id, and one of them gets it", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one : other).collection("single").insert({ id: "it", n })),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const tried of tries) if (tried.status === "rejected") expect(tried.reason).toMatchObject({ name: "ConstraintError", code: "23505" });
    expect(await one.collection("single").count()).toBe(1);
  });

  it("delete and update the same documents", async () => {
    const things = one.collection<Counter>("things");
    await things.insertBatch(Array.from({ length: 40 }, (_, n) => ({ n })));
    const [deleted, updated] = await Promise.all([
      things.delete({ n: { $lt: 20 } }),
      other.collection<Counter>("things").update({}, { $push: { list: 1 } }),
    ]);
    expect(deleted).toBe(20);
    expect([20, 40]).toContain(updated);
    expect(await things.count()).toBe(20);
    expect(await things.count({ list: [1] })).toBe(20);
  });

  it("do more at a time than there are connections", async () => {
    const many = one.collection<Counter>("crowd");
    const stored = await Promise.all(Array.from({ length: 100 }, (_, n) => many.insert({ n })));
    const found = await Promise.all(stored.map(({ id }) => many.findOne({ id })));
    expect(found).toEqual(stored);
  });

  it("hear of it when they lose against others in a statement of their own", async () => {
    await one.query("CREATE TABLE raw (id int PRIMARY KEY, n int)");
    await one.query("INSERT INTO raw VALUES ($1, $2)", [1, 0]);
    await expect(one.query("INSERT INTO raw VALUES ($1, $2)", [1, 0])).rejects.toMatchObject({ code: "23505", constraint: "raw_pkey" });
    expect(new ConflictError("40001", "x")).toBeInstanceOf(Error);
  });
});
