/** Documents: what is stored comes back as it was, declared or not, and what could not is refused. */
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { vector, type Collection, type DistributedDatabase, type Infer, type Schema } from "@nebulusdb/client";
import { closing, local } from "./servers.js";

const open = closing("all");
let db: DistributedDatabase;
beforeAll(() => {
  db = open(local());
});

const ALL = {
  title: { type: "text", notNull: true },
  pages: "integer",
  big: "bigint",
  weight: "float",
  price: "numeric",
  read: "boolean",
  at: "timestamp",
  day: "date",
  key: "uuid",
  extra: "json",
  raw: "bytes",
  isbn: { type: "text", unique: true },
  embedding: vector(3),
} as const satisfies Schema;

describe("documents without a schema", () => {
  it("come back as they were", async () => {
    const notes = db.collection("notes");
    const fields = {
      text: "naïve — 日本語 🙂 'quoted' \"twice\" \\ and\nlines",
      number: 0.1,
      big: 2 ** 53 - 1,
      small: -1e-7,
      truth: false,
      list: [1, "two", null, [], {}],
      deep: { a: { b: { "c.d": 1, "": 2 } } },
      vector: [0.5, -1, 0],
      metadata: { of: "its own" },
      constructor: "a word",
      "odd name": 1,
      'with "quotes" and \'more\'': 2,
    };
    const stored = await notes.insert(fields);
    expect(stored).toEqual({ ...fields, id: stored.id });
    expect(stored.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await notes.findOne({ id: stored.id })).toEqual(stored);
    expect(await notes.findOne({ 'with "quotes" and \'more\'': 2 })).toEqual(stored);
    expect(await notes.findOne({ metadata: { of: "its own" } })).toEqual(stored);
  });

  it("have dates as texts, and leave out what is undefined or null", async () => {
    const notes = db.collection("dates");
    const at = new Date("2026-11-28T12:00:00Z");
    const stored = await notes.insert({ at, nothing: undefined, none: null, inside: { nothing: undefined, none: null } });
    expect(stored).toEqual({ id: stored.id, at: "2026-11-28T12:00:00.000Z", inside: { none: null } });
    expect(await notes.find({})).toEqual([stored]);
  });

  it("can be empty, many, and come back in their order", async () => {
    const many = db.collection<{ n?: number }>("many");
    expect(await many.insertBatch([])).toEqual([]);
    await many.insert({});
    const stored = await many.insertBatch(Array.from({ length: 2_500 }, (_, n) => ({ n })));
    expect(stored.map(({ n }) => n)).toEqual(Array.from({ length: 2_500 }, (_, n) => n));
    expect(stored.map(({ id }) => id)).toEqual(stored.map(({ id }) => id).sort());
    expect(await many.count()).toBe(2_501);
  });

  it("are all stored or none", async () => {
    const whole = db.collection("whole");
    await expect(whole.insertBatch([{ id: "a" }, { id: "b" }, { id: "a" }])).rejects.toMatchObject({ name: "ConstraintError", code: "23505" });
    expect(await whole.count()).toBe(0);
    await whole.insert({ id: "a", n: 1 });
    await expect(whole.insert({ id: "a", n: 2 })).rejects.toMatchObject({ code: "23505", table: "whole" });
    expect(await whole.find({})).toEqual([{ id: "a", n: 1 }]);
  });

  it.each([
    [{ id: 5 }, "is a text"],
    [{ id: "" }, "is a text"],
    [{ n: Number.NaN }, "JSON has no NaN"],
    [{ n: 1n }, "bigint"],
    [{ f: () => 1 }, "JSON cannot hold"],
    [{ s: Symbol("x") }, "JSON cannot hold"],
    [{ m: new Map() }, "object of class Map"],
    [{ deep: { b: new Uint8Array(2) } }, "object of class Uint8Array"],
    [{ v: new Float32Array(2) }, "object of class Float32Array"],
    [{ vector: "[1,2]" }, "not a vector"],
    [{ vector: [1, Number.NaN] }, "component 1"],
    [{ _stage: "post-pending" }, "the server's to write"],
    [{ _entryType: "AUTH" }, "documents are MEMORY entries"],
    [{ $set: 1 }, "operators"],
    [{ "": 1 }, "no name of a field"],
    [[], "an object of fields"],
    [null, "an object of fields"],
  ])("refuse %o", async (document, message) => {
    const refused = db.collection("refused");
    await expect(refused.insert(document as Record<string, unknown>)).rejects.toThrow(message);
    await expect(refused.insert(document as Record<string, unknown>)).rejects.toMatchObject({ code: "22023" });
    expect(await refused.count()).toBe(0);
  });

  it("may name their type, as the specification has it", async () => {
    expect(await db.collection("typed").insert({ id: "x", _entryType: "MEMORY", n: 1 })).toEqual({ id: "x", n: 1 });
  });
});

it("an undeclared date is typed as the text that it becomes", async () => {
  interface Task {
    due?: Date;
    steps?: { at: Date; who: string }[];
    vector?: Float32Array;
  }
  const tasks = db.collection<Task>("tasks");
  expectTypeOf<Parameters<typeof tasks.insert>[0]["due"]>().toEqualTypeOf<string | undefined>();
  const task = await tasks.insert({ due: new Date(0).toISOString(), steps: [{ at: "", who: "x" }], vector: new Float32Array(1) });
  expectTypeOf(task.steps).toEqualTypeOf<{ at: string; who: string }[] | undefined>();
  expect(task.due).toBe("1970-01-01T00:00:00.000Z");
});

describe("documents with a schema", () => {
  let books: Collection<Infer<typeof ALL>>;
  beforeAll(() => {
    books = db.collection("books", ALL);
  });

  it("keep their types", async () => {
    const book = {
      id: "one",
      title: "One",
      pages: 7,
      big: 9007199254740993n,
      weight: 0.1,
      price: "12345678901234567890.01",
      read: true,
      at: new Date("2026-01-02T03:04:05.678Z"),
      day: "2026-01-02",
      key: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
      extra: { a: [1] },
      raw: Buffer.from([0, 255, 39]),
      isbn: "1",
      embedding: [1, 2, 3],
    };
    expect(await books.insert(book)).toEqual(book);
    expect(await books.findOne({ id: "one" })).toEqual(book);
    expect(await books.findOne({ big: 9007199254740993n, at: book.at, "extra.a": [1] as unknown, read: true, day: { $gte: "2026-01-01" } })).toEqual(book);
    expect(await books.findOne({ pages: { $gt: 6.5 } }, { fields: ["pages"] })).toEqual({ id: "one", pages: 7 });
    const types = await db.query<{ type: string }>("SELECT data_type AS type FROM information_schema.columns WHERE table_name = 'books' AND column_name = 'pages'");
    expect(types.rows).toEqual([{ type: "integer" }]);
  });

  it("are typed", () => {
    type Book = Infer<typeof ALL>;
    expectTypeOf<Book["title"]>().toEqualTypeOf<string>();
    expectTypeOf<Book["pages"]>().toEqualTypeOf<number | null | undefined>();
    const wrong = (): unknown => [
      // @ts-expect-error a title is a text
      books.insert({ title: 5 }),
      // @ts-expect-error a title has to be there
      books.insert({ pages: 5 }),
      // @ts-expect-error there is no such field
      books.find({ titel: "x" }),
      // @ts-expect-error pages are numbers
      books.find({ pages: { $gt: "x" } }),
      // @ts-expect-error a text cannot be added to
      books.update({}, { $inc: { title: 1 } }),
      // @ts-expect-error there is no such operator
      books.find({ title: { $like: "x" } }),
    ];
    expect(wrong).toBeTypeOf("function");
  });

  it("keep the rules of their columns", async () => {
    await expect(books.insert({} as Infer<typeof ALL>)).rejects.toMatchObject({ name: "ConstraintError", code: "23502", column: "title" });
    await books.insert({ title: "Two", isbn: "2" });
    await expect(books.insert({ title: "Zwei", isbn: "2" })).rejects.toMatchObject({ code: "23505" });
    await expect(books.update({ isbn: "2" }, { $unset: { title: 1 } })).rejects.toMatchObject({ code: "23502" });
    await expect(books.insert({ title: "x", pages: 1.5 })).rejects.toMatchObject({ code: "22P02" });
    await expect(books.insert({ title: "x", embedding: [1, 2] })).rejects.toMatchObject({ name: "InvalidInputError", code: "22000" });
    await expect(books.insert({ title: "x", pages: "7" as unknown as number })).rejects.toMatchObject({ code: "42804" });
    await expect(books.insert({ title: "x", read: "yes" as unknown as boolean })).rejects.toMatchObject({ code: "42804" });
    await expect(books.insert({ title: "x", raw: "yes" as unknown as Uint8Array })).rejects.toMatchObject({ code: "42804" });
    await expect(books.insert({ title: "x", at: new Date("never") })).rejects.toThrow("invalid Date");
    await expect(books.find({ embedding: [1, 2, 3] })).rejects.toThrow("no equality");
  });

  it("have arithmetic in the server", async () => {
    await books.insert({ id: "sum", title: "Sum", pages: 1 });
    expect(await books.update({ id: "sum" }, { $inc: { pages: 2, weight: 0.5 }, $set: { read: true } })).toBe(1);
    expect(await books.findOne({ id: "sum" })).toEqual({ id: "sum", title: "Sum", pages: 3, weight: 0.5, read: true });
    await expect(books.update({ id: "sum" }, { $inc: { pages: 2_147_483_647 } })).rejects.toMatchObject({ code: "22003" });
  });

  it("may have more fields than are declared", async () => {
    const more = db.collection<Infer<typeof ALL> & { mood?: string }>("books");
    await more.insert({ id: "more", title: "More", mood: "good" });
    expect(await more.findOne({ mood: "good" })).toEqual({ id: "more", title: "More", mood: "good" });
    await more.update({ id: "more" }, { $set: { title: "Less", mood: "bad" } });
    expect(await more.findOne({ mood: "bad" })).toEqual({ id: "more", title: "Less", mood: "bad" });
  });

  it("are checked against the table that is there", async () => {
    await db.collection("sizes", { pages: "integer" }).insert({ pages: 1 });
    await expect(db.collection("sizes", { pages: "text" }).find()).rejects.toMatchObject({ code: "42804" });
    await expect(db.collection("sizes", { pages: "integer", more: "text" }).find()).rejects.toThrow("has no such column");
    expect(() => db.collection("sizes", { id: "text" })).toThrow("declared by the collection itself");
    expect(() => db.collection("sizes", { metadata: "json" })).toThrow("undeclared fields");
    expect(() => db.collection("sizes", { $v: "text" })).toThrow("are operators");
    expect(() => db.collection("sizes", { _stage: "text" })).toThrow("the server's");
    expect(() => db.collection("sizes", { v: { type: "text", dimensions: 3 } })).toThrow("is no vector");
    expect(() => db.collection("sizes", { v: vector(0) })).toThrow("0 dimensions");
    expect(() => db.collection("sizes", { v: "varchar" as "text" })).toThrow('unknown type "varchar"');
  });
});

describe("tables that others made", () => {
  it("are collections where their key is a text id", async () => {
    await db.query("CREATE TABLE hand (id text PRIMARY KEY, metadata jsonb, n int DEFAULT 7)");
    const hand = db.collection("hand");
    expect(await hand.insertBatch([{ id: "a", word: "x" }, { id: "b", n: 1 }])).toEqual([{ id: "a", word: "x", n: 7 }, { id: "b", n: 1 }]);
    await hand.update({ word: "x" }, { $set: { word: "y" }, $inc: { n: 1 } });
    expect((await db.query("SELECT metadata, n FROM hand WHERE id = 'a'")).rows).toEqual([{ metadata: { word: "y" }, n: 8 }]);
    await db.query("CREATE TABLE numbered (id bigserial PRIMARY KEY)");
    await expect(db.collection("numbered").find()).rejects.toMatchObject({ name: "NotSupportedError", code: "0A000" });
    expect(() => db.collection("auth")).toThrow("no collection of documents");
    expect(() => db.collection("")).toThrow("is empty");
  });

  it("can be dropped and made again", async () => {
    const brief = db.collection("brief");
    await brief.insert({ n: 1 });
    await brief.drop();
    await brief.drop();
    expect(await brief.count()).toBe(0);
  });
});

describe("secrets and blobs", () => {
  it("are kept apart", async () => {
    await db.auth.set("it's a key", "it's a 'value' \"\\");
    expect(await db.auth.get("it's a key")).toBe("it's a 'value' \"\\");
    await db.auth.set("it's a key", "another");
    expect(await db.auth.get("it's a key")).toBe("another");
    expect(await db.auth.delete("it's a key")).toBe(true);
    expect(await db.auth.delete("it's a key")).toBe(false);
    expect(await db.auth.get("it's a key")).toBeNull();
  });

  it("belong to entries of memory", async () => {
    const memory = db.collection("memory");
    await memory.insert({ id: "with a blob", kind: "picture" });
    await memory.setBlob("with a blob", new Uint8Array([0, 1, 255]));
    expect(new Uint8Array((await memory.getBlob("with a blob"))!)).toEqual(new Uint8Array([0, 1, 255]));
    expect(await memory.findOne({ id: "with a blob" })).toMatchObject({ kind: "picture", blob_size: 3 });
    await memory.insert({ id: "without" });
    expect(await memory.getBlob("without")).toBeNull();
    await expect(memory.setBlob("nobody", new Uint8Array(1))).rejects.toMatchObject({ name: "NotFoundError" });
    await expect(db.collection("notes").getBlob("x")).rejects.toMatchObject({ code: "0A000" });
  });
});
