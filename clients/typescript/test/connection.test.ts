/** Servers that are not there, that go and come back, and passwords. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDistributedDb, type NebulusError } from "@nebulusdb/client";
import { closing, local, until } from "./servers.js";
import { freePort, spawnServer } from "./spawn-server.js";

const open = closing();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nebulusdb-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The servers that run on a data directory, from what the system knows of processes. */
async function serversOn(dataDir: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map(async (pid) => [Number(pid), await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")] as const));
  return lines.filter(([, line]) => line.includes(`\0${dataDir}\0`) && !line.startsWith("/bin/sh")).map(([pid]) => pid);
}

describe("a server of one's own", () => {
  it("keeps its data from one start to the next", async () => {
    const dataDir = path.join(folder, "it's \"data\"");
    const first = local({ temporary: false, dataDir });
    await first.collection("notes").insert({ id: "a", text: "kept" });
    await first.shutdown();
    await first.shutdown();
    expect(await serversOn(dataDir)).toEqual([]);
    await expect(first.collection("notes").find()).rejects.toMatchObject({ name: "ConnectionError", code: "08003" });
    const again = open(local({ temporary: false, dataDir }));
    expect(await again.collection("notes").find()).toEqual([{ id: "a", text: "kept" }]);
    expect(await again.connectionString()).not.toContain(":@");
  });

  it("takes its data along where they are temporary", async () => {
    vi.stubEnv("TMPDIR", folder);
    try {
      const db = local();
      await db.ready();
      const [name] = await readdir(folder);
      expect(existsSync(path.join(folder, name!, "rocksdb"))).toBe(true);
      await db.shutdown();
      expect(await readdir(folder)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("is one for each data directory", async () => {
    const dataDir = path.join(folder, "data");
    const first = open(local({ temporary: false, dataDir }));
    await first.ready();
    const second = local({ temporary: false, dataDir });
    await expect(second.ready()).rejects.toMatchObject({ name: "ServerStartError", code: "58000" });
    await expect(second.collection("x").find()).rejects.toThrow("did not start");
    await second.shutdown();
    expect(await first.collection("x").count()).toBe(0);
  });

  it("says why it did not start", async () => {
    await expect(local({ binary: "/nowhere/nebulusdb" }).ready()).rejects.toMatchObject({ name: "ServerStartError", code: "58P01" });
    const error = await local({ serverArguments: ["--no-such-option"] })
      .ready()
      .then(() => undefined)
      .catch((reason: unknown) => reason as NebulusError);
    expect(error?.name).toBe("ServerStartError");
    expect(error?.detail).toContain("--no-such-option");
    await expect(local({ binary: "/bin/cat", startTimeoutMs: 300 }).ready()).rejects.toThrow("did not start");
    const mute = path.join(folder, "mute");
    await writeFile(mute, "#!/bin/sh\ntrap '' TERM\nexec sleep 30", { mode: 0o755 });
    await expect(local({ binary: mute, startTimeoutMs: 300, stopTimeoutMs: 300 }).ready()).rejects.toThrow("was not ready after 300 ms");
  });

  it("tells when it ends by itself", async () => {
    const dataDir = path.join(folder, "data");
    const db = open(local({ temporary: false, dataDir }));
    const problem = new Promise<NebulusError>((resolve) => db.once("error", resolve));
    await db.ready();
    const [pid] = await serversOn(dataDir);
    process.kill(pid!, "SIGKILL");
    expect(await problem).toMatchObject({ name: "ServerStartError", code: "57P02" });
    await expect(db.collection("x").find()).rejects.toMatchObject({ name: "ConnectionError" });
  });

  it("ends with its program, even where that is killed", async () => {
    const dataDir = path.join(folder, "data");
    const program = `
      import { createDistributedDb } from ${JSON.stringify(path.resolve("dist/esm/index.js"))};
      const db = createDistributedDb({ dataDir: ${JSON.stringify(dataDir)} });
      await db.ready();
      console.log("there");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const [pid] = await serversOn(dataDir);
    expect(isAlive(pid!)).toBe(true);
    child.kill("SIGKILL");
    await until("the server ends", () => Promise.resolve(!isAlive(pid!)));
  });
});

describe("a program that forgets to shut down", () => {
  it("ends all the same, and its server too", async () => {
    const dataDir = path.join(folder, "data");
    const program = `
      import { createDistributedDb } from ${JSON.stringify(path.resolve("dist/esm/index.js"))};
      const db = createDistributedDb({ dataDir: ${JSON.stringify(dataDir)} });
      await db.collection("notes").insert({ text: "x" });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    await until("the server ends", async () => (await serversOn(dataDir)).length === 0);
  });

  it("leaves nothing of a temporary one", async () => {
    const program = `
      import { createDistributedDb } from ${JSON.stringify(path.resolve("dist/esm/index.js"))};
      await createDistributedDb({ temporary: true }).collection("notes").insert({ text: "x" });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit", env: { ...process.env, TMPDIR: folder } });
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    await until("the directory is gone", async () => (await readdir(folder)).length === 0);
  });
});

describe("a server elsewhere", () => {
  it("may go and come back", async () => {
    const dataDir = path.join(folder, "data");
    const first = local({ temporary: false, dataDir, password: "a password" });
    await first.collection("notes").insert({ id: "a", n: 1 });
    const address = await first.connectionString();
    const client = open(createDistributedDb({ connectionString: address, password: "a password" }));
    const notes = client.collection<{ n?: number }>("notes");
    expect(await notes.count()).toBe(1);
    await first.shutdown();
    await expect(notes.count()).rejects.toMatchObject({ name: "ConnectionError" });
    await expect(notes.update({}, { $push: { list: 1 } as never })).rejects.toMatchObject({ name: "ConnectionError" });
    const again = await spawnServer(dataDir, Number(new URL(address).port));
    try {
      expect(await notes.find()).toEqual([{ id: "a", n: 1 }]);
      expect(await notes.update({}, { $inc: { n: 1 } })).toBe(1);
    } finally {
      await again.stop();
    }
    await expect(notes.count()).rejects.toMatchObject({ name: "ConnectionError" });
  });

  it("asks for the right password", async () => {
    const server = open(local({ password: "p@ss:word/%25 'x'" }));
    const connectionString = await server.connectionString();
    const right = open(createDistributedDb({ connectionString, password: "p@ss:word/%25 'x'" }));
    expect(await right.collection("x").count()).toBe(0);
    await expect(open(createDistributedDb({ connectionString })).ready()).rejects.toMatchObject({ name: "AuthenticationError", code: "28P01" });
    await expect(open(createDistributedDb({ connectionString, password: "wrong" })).ready()).rejects.toMatchObject({ name: "AuthenticationError" });
  });

  it("is not there", async () => {
    const port = await freePort();
    const db = open(createDistributedDb({ connectionString: `postgresql://nebulus@127.0.0.1:${port}/nebulus` }));
    await expect(db.ready()).rejects.toMatchObject({ name: "ConnectionError", code: "08001" });
    await expect(db.collection("x").insert({})).rejects.toMatchObject({ code: "08001" });
  });

  it("may be given a time for statements", async () => {
    const server = open(local({ password: "a password" }));
    const quick = open(createDistributedDb({ connectionString: await server.connectionString(), password: "a password", statementTimeoutMs: 2_000 }));
    await expect(quick.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ code: "57014" });
  });
});

describe("options", () => {
  it.each([
    [{}, "one of connectionString, dataDir and temporary"],
    [{ temporary: true, dataDir: "x" }, "one of connectionString, dataDir and temporary"],
    [{ connectionString: "postgresql://x", binary: "x" }, "binary is for a server of the program's own"],
    [{ connectionString: "postgresql://x", distributed: { enabled: true, listen: [] } }, "distributed.listen"],
  ])("%o are refused", (options, message) => {
    expect(() => createDistributedDb(options)).toThrow(message);
  });

  it("have to be there, and names have to be texts", async () => {
    const untyped = createDistributedDb as unknown as (options?: string) => unknown;
    expect(() => untyped()).toThrow("takes an object of options");
    expect(() => untyped("postgresql://x")).toThrow("takes an object of options");
    const db = open(local());
    expect(() => db.collection(5 as unknown as string)).toThrow("a name is a text");
    await expect(db.collection("x".repeat(64)).count()).rejects.toMatchObject({ name: "InvalidInputError", code: "54000" });
  });

  it("report errors of statements with their place", async () => {
    const db = open(local());
    await expect(db.query("SELEC 1")).rejects.toMatchObject({ name: "InvalidInputError", code: "42601", position: 1 });
    await expect(db.query("SELECT * FROM nowhere")).rejects.toMatchObject({ name: "NotFoundError", code: "42P01" });
    await expect(db.query("GET MEMORY WHERE")).rejects.toMatchObject({ name: "InvalidInputError", code: "42601" });
    await expect(db.query("SELECT 1/0")).rejects.toMatchObject({ name: "InvalidInputError", code: "22012" });
    expect((await db.query<{ n: number }>("SELECT $1::int8 + 1 AS n", [9007199254740993n])).rows).toEqual([{ n: 9007199254740994n }]);
    expect((await db.query("GET MEMORY WHERE metadata.a = $1", ["x"])).rows).toEqual([]);
  });
});
