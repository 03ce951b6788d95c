/** The examples run and print what their comments say, and so do those of the README. */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import ts from "typescript";
import { findBinary } from "../src/embedded.js";

/** A folder in which the built package is installed. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nebulusdb-test-"));
  await mkdir(path.join(folder, "node_modules/@nebulusdb/client"), { recursive: true });
  for (const name of ["dist", "package.json"]) await cp(name, path.join(folder, "node_modules/@nebulusdb/client", name), { recursive: true });
  await symlink(path.resolve("node_modules/pg"), path.join(folder, "node_modules/pg"));
  await writeFile(path.join(folder, "package.json"), '{"type":"module"}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a program of TypeScript and returns what it printed. */
async function run(name: string, source: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const file = path.join(folder, `${name}.js`);
  await writeFile(file, ts.transpileModule(source, { compilerOptions: options }).outputText);
  const program = spawn(process.execPath, [file], { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env });
  let printed = "";
  for (const stream of [program.stdout, program.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const status = await new Promise((resolve) => program.once("close", resolve));
  expect(status, printed).toBe(0);
  return printed;
}

/** What the comments behind console.log say. */
function promised(source: string): string[] {
  return [...source.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!);
}

describe("examples", async () => {
  const names = (await readdir("examples")).filter((name) => name.endsWith(".ts"));
  it.each(names)("%s", async (name) => {
    const source = await readFile(path.join("examples", name), "utf8");
    const printed = await run(name, source);
    expect(printed.trim().split("\n")).toEqual(name === "specification.ts" ? ["Connected peers: 0"] : promised(source));
  });
});

describe("README.md", async () => {
  const readme = await readFile("README.md", "utf8");
  const blocks = [...readme.matchAll(/```ts run\n(.*?)```/gs)].map(([, block], number) => [number, block!] as const);
  it("has programs", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });
  it.each(blocks)("program %i", async (number, block) => {
    const printed = await run(`readme-${number}`, block);
    expect(printed.trim().split("\n")).toEqual(promised(block));
  });
});

describe("the built package", () => {
  it("finds the server that npm installed beside it", async () => {
    const server = path.join(folder, "node_modules/nebulusdb");
    await mkdir(path.join(server, "bin"), { recursive: true });
    await writeFile(path.join(server, "package.json"), '{"name":"nebulusdb","version":"0.1.0"}');
    await symlink(await findBinary(undefined), path.join(server, "bin/nebulusdb"));
    const source = 'import { createDistributedDb } from "@nebulusdb/client"; const db = createDistributedDb({ temporary: true }); console.log(await db.collection("x").count()); await db.shutdown();';
    expect(await run("beside", source, { PATH: "/usr/bin:/bin" })).toBe("0\n");
    await rm(server, { recursive: true });
    await expect(run("alone", source, { PATH: "/usr/bin:/bin" })).rejects.toThrow("the program nebulusdb was not found");
  });

  it("can be required", async () => {
    await writeFile(path.join(folder, "required.cjs"), 'const { createDistributedDb } = require("@nebulusdb/client"); console.log(typeof createDistributedDb);');
    const program = spawn(process.execPath, [path.join(folder, "required.cjs")], { stdio: ["ignore", "pipe", "inherit"] });
    const [printed] = await Promise.all([new Promise<string>((resolve) => program.stdout.once("data", (data: Buffer) => { resolve(data.toString()); })), new Promise((resolve) => program.once("close", resolve))]);
    expect(printed.trim()).toBe("function");
  });
});
