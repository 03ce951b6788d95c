// The console in a browser, on a server with the sample of data/: each page is used as a person would, checked by axe in
// light and dark, and may not scroll sideways on a narrow screen. Everything that a page asks for must come from the server.
//
// --screenshot FILE writes the picture of the README instead; --screenshots FOLDER writes one of every page in every form there.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import axe from "axe-core";
import { chromium } from "playwright-core";

const root = join(import.meta.dirname, "../../../..");
const binary = process.env.NEBULUSDB_BIN;
const screenshot = process.argv[2] === "--screenshot" ? process.argv[3] : null;
const screenshots = process.argv[2] === "--screenshots" ? process.argv[3] : null;
const work = mkdtempSync(join(tmpdir(), "nebulusdb-console-"));
const children = [];

/** Starts a server and waits for its ready line; where its pages are, the log says. */
async function serve(name) {
  const data = join(work, name);
  const server = spawn(binary, ["serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0"], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(server);
  let log = "";
  const address = new Promise((found) => {
    server.stderr.on("data", (text) => {
      log += text;
      const pages = log.match(/pages?\b[^\n]*address=\S*?(127\.0\.0\.1:\d+)/);
      if (pages) found(pages[1]);
    });
  });
  const url = await new Promise((found, failed) => {
    createInterface({ input: server.stdout }).on("line", (line) => line.startsWith("ready ") && found(line.slice(6)));
    server.on("exit", () => failed(new Error(`the server ended:\n${log}`)));
  });
  const password = readFileSync(join(data, "keys/password"), "utf8").trim();
  const query = (...statements) => {
    const done = spawnSync(binary, ["query", "--url", url, "--plain", ...statements], { env: { ...process.env, NEBULUSDB_PASSWORD: password }, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
  };
  return { url, password, query, pages: `http://${await address}` };
}

async function until(what, check) {
  const end = Date.now() + WAIT_MAX;
  for (;;) {
    if (await check()) return;
    assert.ok(Date.now() < end, `no ${what} within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Two servers in one network, the sample on the first, some of it staged. */
async function fill() {
  const [here, there] = [await serve("here"), await serve("there")];
  const loaded = spawnSync(binary, ["demo-load", "--url", here.url, "--data", join(root, "data")], { env: { ...process.env, NEBULUSDB_PASSWORD: here.password }, encoding: "utf8" });
  assert.equal(loaded.status, 0, loaded.stderr);
  here.query(
    "CREATE TABLE book (id bigserial PRIMARY KEY, title text NOT NULL, pages int, embedding vector(3))",
    "INSERT INTO book (title, pages, embedding) VALUES ('Dune', 412, '[1,0,0]'), ('Emma', 474, '[0,1,0]'), ('Momo', 304, '[0,0.9,0.1]')",
    'SET AUTH key = "maps" value = "AIzaSecret"',
    "CREATE NETWORK team WITH (secret = 'correct horse battery')",
    "ATTACH COLLECTION memory TO NETWORK team",
  );
  await until("an address", () => here.query("SELECT addresses[1] FROM nebulus.node").includes("tcp"));
  const address = here.query("SELECT addresses[1] FROM nebulus.node");
  there.query(`JOIN NETWORK team AT '${address}' WITH (secret = 'correct horse battery')`, "ATTACH COLLECTION memory TO NETWORK team");
  await until("a peer", () => here.query("SELECT connected_peers FROM nebulus.networks") === "1");
  here.query('STAGE MEMORY WHERE metadata.section = "games"', "SYNC");
  return here;
}

const problems = [];

// A wait that is in vain ends with what it waited for.
const WAIT_MAX = 60_000;

/** A page of a browser whose every request is to the server. */
async function open(here, options) {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(work, "profile-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    ...options,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(WAIT_MAX);
  page.on("request", (request) => {
    if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(here.pages)) problems.push(`a request to ${request.url()}`);
  });
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 40[13]/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
  await page.goto(`${here.pages}/`);
  return { context, page };
}

async function login(page, password) {
  await page.fill('input[name="password"]', password);
  await page.press('input[name="password"]', "Enter");
  // The navigation is hidden where the page is narrow.
  await page.waitForSelector(".frame h1");
}

async function go(page, place, ready) {
  console.error(`test-console: ${place}`);
  await page.evaluate((hash) => { location.hash = hash; }, `/${place}`);
  try {
    await page.waitForSelector(ready);
  } catch (error) {
    throw new Error(`${page.url()} shows no ${ready}, but:\n${await page.innerText("body")}`, { cause: error });
  }
}

/** What axe finds wrong. The policy of the page lets no script of the page in, but the debugger's. */
async function check(page, name) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const each of found.violations) problems.push(`${name}: axe: ${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary?.split("\n")[1] ?? ""}`).join("; ")}`);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (sideways > 0) problems.push(`${name}: scrolls sideways by ${sideways}`);
}

async function look(page, place, theme, width) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${place.replaceAll("/", "-")}-${theme}-${width}.png`), fullPage: true });
  else await check(page, `${place} ${theme} ${width}`);
}

/** Closing changes the address of a page: the next one comes after that. */
async function closeDialog(page) {
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
}

const PLACES = [
  ["overview", ".parts-bar span"],
  ["query", ".editor"],
  ["collections", ".pick-card >> text=auth"],
  ["collections/memory", ".histogram"],
  ["collections/memory/entries", "tbody tr"],
  ["collections/memory/entries/postgresql-15-hll", ".near li button"],
  ["collections/memory/shape", "text=hnsw"],
  ["collections/auth", "text=maps"],
  ["collections/book", ".histogram"],
  ["map", ".plane canvas"],
  ["map/book", ".plane canvas"],
  ["map/memory", ".legend"],
  ["map/memory/postgresql-15-hll", ".near li button"],
  ["networks", ".peer.here"],
  ["quarantine", "text=Nothing is in quarantine"],
  ["activity", "tbody tr"],
  ["logs", ".log div"],
];

async function everyPage(here, theme, width) {
  const { context, page } = await open(here, { colorScheme: theme, viewport: { width, height: 860 } });
  await page.waitForSelector("form");
  await look(page, "login", theme, width);
  await login(page, here.password);
  for (const [place, ready] of PLACES) {
    await go(page, place, ready);
    await look(page, place, theme, width);
    const text = await page.evaluate(() => document.body.innerText);
    if (text.includes("AIza") || text.includes("undefined") || text.includes("NaN")) problems.push(`${place}: ${text.match(/.*(AIza|undefined|NaN).*/)[0]}`);
    if (place.includes("entries/")) await closeDialog(page);
  }
  await context.close();
}

/** A client whose statement runs until somebody ends it. */
function sleep(here) {
  const sleeper = spawn(binary, ["query", "--url", here.url, "SELECT pg_sleep(600)"], { env: { ...process.env, NEBULUSDB_PASSWORD: here.password }, stdio: "ignore" });
  children.push(sleeper);
  return sleeper;
}

async function used(here) {
  const { context, page } = await open(here, { viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  await page.waitForSelector("form");
  await page.fill('input[name="password"]', "wrong");
  await page.click('button[type="submit"]');
  await page.waitForSelector("[role=alert] >> text=/password authentication failed/i");
  await login(page, here.password);
  assert.equal(await page.evaluate(() => document.cookie), "", "the cookie is out of the page's reach");

  // Statements: keyboard, colours, completion, errors, plans, files.
  await go(page, "query", ".editor textarea");
  const editor = page.locator(".editor textarea");
  await editor.fill("");
  await editor.pressSequentially("GET MEMORY WHERE metadata.sec");
  await page.waitForSelector('[role=option] >> text="fact"');
  await editor.press("Tab");
  await editor.pressSequentially(' = "games" LIMIT 20');
  assert.equal(await page.locator(".editor .t-keyword").count(), 5);
  await editor.press("Control+Enter");
  await page.waitForSelector("text=20 rows");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click('button >> text="JSON"')]);
  const rows = JSON.parse(readFileSync(await file.path(), "utf8"));
  assert.ok(rows.length === 20 && rows.every((row) => row.metadata.section === "games"));
  const [table] = await Promise.all([page.waitForEvent("download"), page.click('button >> text="CSV"')]);
  assert.match(readFileSync(await table.path(), "utf8"), /^id,metadata,/);
  await page.click('button >> text="Explain"');
  await page.waitForSelector(".plan-node");
  await editor.fill("SELECT id\nFROM memory\nWHERE metadata ->> 'section' = 1");
  await editor.press("Control+Enter");
  await page.waitForSelector("[role=alert] .caret");
  assert.match(await page.innerText("[role=alert]"), /operator does not exist/i);
  await editor.fill("SELECT pg_sleep(600)");
  await editor.press("Control+Enter");
  await page.click(".button.danger");
  await page.waitForSelector("text=/canceling statement/i");
  await editor.fill("SELECT generate_series(1, 250) AS n");
  await editor.press("Control+Enter");
  await page.waitForSelector("text=1 to 100 of 250");
  await page.click('[aria-label="The next page"]');
  await page.waitForSelector('td >> text="150"');
  await page.click('button >> text="History"');
  await page.waitForSelector("dialog >> text=pg_sleep");
  await closeDialog(page);

  // An entry, its neighbours, and the map.
  await go(page, "collections/memory/entries/bb", ".near li button");
  const near = await page.innerText(".near li button");
  await page.click(".near li button");
  await page.waitForSelector(`dialog h2 >> text="${near}"`);
  await closeDialog(page);
  await go(page, "map", ".legend");
  assert.equal(await page.inputValue("label:has-text('Collection') select"), "memory", "the map begins with memories");
  await page.focus("canvas");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector(".map-entry .near li button");

  // What leaves the machine is said before it does.
  await go(page, "networks", ".peer.here");
  await page.click('button >> text="Stage entries"');
  await page.fill("dialog input", 'metadata.section = "mail"');
  await page.click('button >> text="See what would leave"');
  await page.waitForSelector("text=What will leave this machine");
  assert.match(await page.innerText(".leaving"), /facts:.*section.*\n?.*/s);
  assert.match(await page.innerText(".leaving"), /1 known member of team/);
  assert.equal(here.query("SELECT count(*) FROM memory WHERE _publicity = 'public' AND metadata->>'section' = 'mail'"), "0");
  await page.click(".leaving .button.primary");
  await page.waitForSelector("text=/entries are staged|entry is staged/");
  await until("the posting", () => here.query("SELECT count(*) FROM memory WHERE _publicity <> 'public' AND metadata->>'section' = 'mail'") === "0");
  await page.click('button >> text="Done"');

  // What happens shows by itself.
  await go(page, "overview", ".parts-bar span");
  await page.waitForSelector("text=Quiet");
  here.query('SET MEMORY id = "seen-at-once" metadata = {"a": 1}');
  await page.waitForSelector(".feed >> text=seen-at-once");

  // Statements of others can be ended.
  const sleeper = sleep(here);
  const ended = new Promise((resolve) => sleeper.on("exit", resolve));
  await go(page, "activity", "td >> text=pg_sleep(600)");
  await page.click('[aria-label^="Cancel what process"]');
  await ended;

  // Colours are switched, and stay.
  const before = await page.evaluate(() => document.documentElement.dataset.theme);
  await page.click('[aria-label$=" colours"]');
  await page.reload();
  await page.waitForSelector("nav");
  assert.notEqual(await page.evaluate(() => document.documentElement.dataset.theme), before);
  await page.click('[aria-label="Log out"]');
  await page.waitForSelector("form");
  await page.reload();
  await page.waitForSelector("form");
  await context.close();
}

async function picture(here, file) {
  const { context, page } = await open(here, { viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  await page.waitForSelector("form");
  await login(page, here.password);
  await go(page, "map/memory/postgresql-15-hll", ".near li button");
  await page.waitForTimeout(1500);
  await page.screenshot({ path: file });
  await context.close();
}

let failed = true;
try {
  const size = statSync(join(root, "src/console/files/console.js")).size;
  assert.ok(size < 250_000, `the console's script has ${size} bytes`);
  const here = await fill();
  if (screenshot) await picture(here, screenshot);
  else {
    if (screenshots) mkdirSync(screenshots, { recursive: true });
    else await used(here);
    // Somebody is there for the page on activity.
    sleep(here);
    for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 400], ["dark", 400]]) await everyPage(here, theme, width);
    assert.deepEqual(problems, []);
    console.log("1 passed, 0 failed");
  }
  failed = false;
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
  if (failed) for (const problem of problems) console.error(problem);
}
