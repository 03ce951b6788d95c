// Requests to the server that this page came from. The cookie alone opens nothing: each request carries the token that the
// login gave to this page.

const TOKEN = "nebulusdb-console-token";

export interface Column {
  name: string;
  type: string | null;
}

export type Cell = string | null;

export interface ResultSet {
  columns: Column[];
  rows: Cell[][];
  count: number;
  truncated: boolean;
}

export interface Report {
  severity: string;
  code: string;
  message: string;
  detail: string | null;
  hint: string | null;
  position: number | null;
}

export interface Outcome {
  results: ResultSet[];
  notices: Report[];
  error: Report | null;
  milliseconds: number;
}

export interface MapPoint {
  key: string;
  label: string | null;
  x: number;
  y: number;
}

export interface MapAnswer {
  points: MapPoint[];
  explained: [number, number];
  truncated: boolean;
  error: Report | null;
}

export type Channel = "editor" | "pages" | "action";

/** A request that was refused, or a statement that failed. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly hint: string | null = null,
    readonly status = 0,
    readonly report: Report | null = null,
  ) {
    super(message);
  }
}

let onEnd: (reason: string) => void = () => {};

/** Calls `listener` when the server knows this session no more. */
export function onSessionEnd(listener: (reason: string) => void): void {
  onEnd = listener;
}

export function hasToken(): boolean {
  return localStorage.getItem(TOKEN) !== null;
}

function headers(): Record<string, string> {
  return { "content-type": "application/json", "x-console-token": localStorage.getItem(TOKEN) ?? "" };
}

async function request(method: "GET" | "POST", path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(`/console/api/${path}`, { method, headers: headers(), body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure("the server does not answer", "Is it still running? The page tries again by itself.");
  }
  if (answer.ok) return answer;
  let said: { message?: string; hint?: string | null } = {};
  try {
    said = await answer.json();
  } catch {
    said = { message: `${answer.status} ${answer.statusText}` };
  }
  if (answer.status === 401) {
    localStorage.removeItem(TOKEN);
    onEnd("Your session has ended. Log in again.");
  }
  throw new Failure(said.message ?? "the request failed", said.hint ?? null, answer.status);
}

async function call<T>(method: "GET" | "POST", path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  return (await request(method, path, body, signal)).json();
}

export const hello = () => call<{ version: string; is_trusted: boolean }>("GET", "hello");
export const session = () => call<{ user: string; version: string }>("GET", "session");

export async function login(user: string, password: string): Promise<void> {
  const { token } = await call<{ token: string }>("POST", "login", { user, password });
  localStorage.setItem(TOKEN, token);
}

export async function logout(): Promise<void> {
  try {
    await call("POST", "logout", {});
  } finally {
    localStorage.removeItem(TOKEN);
    onEnd("");
  }
}

/** Runs a text of statements; errors of the statements are in the outcome. */
export const run = (statement: string, channel: Channel, rows?: number, signal?: AbortSignal) =>
  call<Outcome>("POST", "run", { statement, channel, rows }, signal);

export const cancel = () => call<{ was_running: boolean }>("POST", "cancel", {});
export const map = (statement: string, signal?: AbortSignal) => call<MapAnswer>("POST", "map", { statement }, signal);
export const log = (after: number) => call<{ first: number; lines: string[] }>("GET", `log?after=${after}`);

/** The rows of one reading statement, each by the names of its columns. */
export async function read(statement: string, signal?: AbortSignal): Promise<Record<string, Cell>[]> {
  return rowsOf(await run(statement, "pages", undefined, signal));
}

/** Does what a button says. */
export async function act(statement: string): Promise<Outcome> {
  const outcome = await run(statement, "action");
  check(outcome);
  return outcome;
}

function check(outcome: Outcome): void {
  const report = outcome.error;
  if (report) throw new Failure(report.message, [report.detail, report.hint].filter(Boolean).join(" ") || null, 0, report);
}

function rowsOf(outcome: Outcome): Record<string, Cell>[] {
  check(outcome);
  const result = outcome.results.at(-1);
  if (!result) return [];
  return result.rows.map((row) => Object.fromEntries(result.columns.map((column, place) => [column.name, row[place] ?? null])));
}

/** What /metrics says, by the full name of each number. */
export async function metrics(signal?: AbortSignal): Promise<Map<string, number>> {
  const answer = await fetch("/metrics", { signal });
  if (!answer.ok) throw new Failure(`/metrics answers ${answer.status}`);
  const numbers = new Map<string, number>();
  for (const line of (await answer.text()).split("\n")) {
    const space = line.lastIndexOf(" ");
    if (space > 0 && !line.startsWith("#")) numbers.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return numbers;
}

/** A line for each thing that is wrong with the server, or waits for its owner; none when it is well. */
export async function problems(signal?: AbortSignal): Promise<string[]> {
  const answer = await fetch("/healthz", { signal });
  return answer.status === 404 ? [] : (await answer.text()).split("\n").filter((line) => line !== "" && line !== "ok");
}

export interface FeedMessage {
  channel: string;
  payload: string;
}

/** The change feed, until the signal says stop. It comes back by itself after the server was away. */
export async function listen(collections: string[], onMessage: (message: FeedMessage) => void, signal: AbortSignal): Promise<void> {
  let pause = 1000;
  while (!signal.aborted) {
    try {
      const answer = await request("GET", `events?collections=${encodeURIComponent(JSON.stringify(collections))}`, undefined, signal);
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      pause = 1000;
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          const data = event.split("\n").find((line) => line.startsWith("data:"));
          if (data) onMessage(JSON.parse(data.slice(5)));
        }
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Failure && error.status === 401)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 30_000);
  }
}
