// The editors' grammars against KNIRVQL's own golden statements: each word gets the colour that it has, and tree-sitter parses what the
// server parses.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { StreamLanguage } from "@codemirror/language";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";
import { knirvql } from "./codemirror/knirvql.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const golden = readFileSync(path.join(here, "../../tests/golden/knirvql/statements.txt"), "utf8");
/** The golden statements, without those that the editors' grammars say otherwise: nested block comments. */
const statements = [...golden.matchAll(/^>.*(?:\n>.*)*/gm)]
  .map(([block]) => block.replaceAll(/^> ?/gm, ""))
  .filter((statement) => !/\/\*[^*]*\/\*/.test(statement));

const SAMPLE = `-- a comment\nGET memory WHERE metadata.limit >= -1.5e3 AND x = 'it''s GET' LIMIT $1; /* GET */ SET "GET\\"" NULL`;

/** What the words of the sample are. */
const WANTED = [
  ["-- a comment", "comment"],
  ["GET", "keyword"],
  ["memory", "keyword"],
  ["limit", "member"],
  [">=", "operator"],
  ["-1.5e3", "number"],
  ["AND", "keyword"],
  ["'it''s GET'", "string"],
  ["$1", "parameter"],
  ["/* GET */", "comment"],
  ['"GET\\""', "string"],
  ["NULL", "constant"],
];

function check(kindAt) {
  let from = 0;
  for (const [text, kind] of WANTED) {
    const at = SAMPLE.indexOf(text, from);
    from = at + text.length;
    for (let place = at; place < from; place += 1) {
      if (!/\s/.test(SAMPLE[place])) assert.equal(kindAt(place), kind, `${text} at ${place}`);
    }
  }
}

test("TextMate's grammar (VS Code) colours each word as what it is", async () => {
  const wasm = readFileSync(path.join(here, "node_modules/vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const file = path.join(here, "vscode/syntaxes/knirvql.tmLanguage.json");
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(file, "utf8"), file),
  });
  const grammar = await registry.loadGrammar("source.knirvql");
  const kinds = [
    ["comment", "comment"],
    ["string", "string"],
    ["variable.parameter", "parameter"],
    ["variable.other.member", "member"],
    ["constant.numeric", "number"],
    ["constant.language", "constant"],
    ["keyword.operator", "operator"],
    ["keyword.control", "keyword"],
  ];
  const found = [];
  let state = textmate.INITIAL;
  for (const line of SAMPLE.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    for (let place = 0; place <= line.length; place += 1) {
      const token = tokens.find(({ startIndex, endIndex }) => startIndex <= place && place < endIndex);
      const scopes = token?.scopes.join(" ") ?? "";
      found.push(kinds.find(([scope]) => scopes.includes(scope))?.[1]);
    }
  }
  check((place) => found[place]);
});

test("CodeMirror's language colours each word as what it is", () => {
  const kinds = {
    comment: "comment",
    string: "string",
    "variableName.special": "parameter",
    propertyName: "member",
    number: "number",
    atom: "constant",
    operator: "operator",
    keyword: "keyword",
  };
  assert.ok(StreamLanguage.define(knirvql));
  const state = knirvql.startState();
  const found = [];
  for (const line of SAMPLE.split("\n")) {
    const stream = new Stream(line);
    while (!stream.eol()) {
      const start = stream.pos;
      const style = knirvql.token(stream, state);
      assert.ok(stream.pos > start, "it moves on");
      for (let place = start; place < stream.pos; place += 1) found.push(kinds[style]);
    }
    found.push(undefined);
  }
  check((place) => found[place]);
});

/** As much of CodeMirror's StringStream as a language calls. */
class Stream {
  constructor(string) {
    this.string = string;
    this.pos = 0;
  }
  eol() {
    return this.pos >= this.string.length;
  }
  next() {
    return this.eol() ? undefined : this.string[this.pos++];
  }
  eat(wanted) {
    if (this.string[this.pos] !== wanted) return undefined;
    return this.next();
  }
  eatSpace() {
    return this.match(/^\s+/) !== null;
  }
  skipToEnd() {
    this.pos = this.string.length;
  }
  match(pattern) {
    const rest = this.string.slice(this.pos);
    if (typeof pattern === "string") {
      if (!rest.startsWith(pattern)) return null;
      this.pos += pattern.length;
      return true;
    }
    const found = rest.match(pattern);
    if (found === null || found.index !== 0) return null;
    this.pos += found[0].length;
    return found;
  }
}

const treeSitter = process.env.TREE_SITTER ?? "tree-sitter";
const hasTreeSitter = spawnSync(treeSitter, ["--version"]).status === 0;

test("tree-sitter parses the golden statements", { skip: !hasTreeSitter && "the program tree-sitter is not there: its grammar was NOT tried" }, () => {
  assert.ok(statements.length > 50, `${statements.length} statements`);
  const folder = mkdtempSync(path.join(tmpdir(), "knirvql-"));
  try {
    cpSync(path.join(here, "tree-sitter"), folder, { recursive: true });
    const run = (...args) => {
      const done = spawnSync(treeSitter, args, { cwd: folder, encoding: "utf8", env: { ...process.env, XDG_CACHE_HOME: folder } });
      return { status: done.status, said: done.stdout + done.stderr };
    };
    const generated = run("generate");
    assert.equal(generated.status, 0, generated.said);
    const files = statements.map((statement, number) => {
      const file = path.join(folder, `${number}.knirvql`);
      writeFileSync(file, statement);
      return file;
    });
    writeFileSync(path.join(folder, "files"), files.join("\n"));
    const parsed = run("parse", "--quiet", "--paths", path.join(folder, "files"));
    const failed = statements.filter((_, number) => parsed.said.includes(`${path.sep}${number}.knirvql`));
    assert.deepEqual(failed, [], parsed.said);
    assert.equal(parsed.status, 0, parsed.said);
    const coloured = run("query", "queries/highlights.scm", files[0]);
    assert.equal(coloured.status, 0, coloured.said);
    assert.match(coloured.said, /keyword/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
